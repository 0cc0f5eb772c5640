"""When a process that ended is started again."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta


@dataclass(frozen=True, slots=True)
class Backoff:
    """Doubling delays that begin anew once a process has lived long enough."""

    first: timedelta = timedelta(seconds=0.5)
    longest: timedelta = timedelta(seconds=30)
    healthy_after: timedelta = timedelta(seconds=60)
    failures: int = 0

    def after_exit(self, started_at: datetime, ended_at: datetime) -> tuple[timedelta, Backoff]:
        """The delay before the next start, and the state to ask after the exit that follows it."""
        failures = 0 if ended_at - started_at >= self.healthy_after else self.failures
        delay = min(self.first * 2 ** min(failures, 16), self.longest)
        return delay, replace(self, failures=failures + 1)
