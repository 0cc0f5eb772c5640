"""A provider that fails again and again is left alone for a while. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

FAILURES = 3
PAUSE = timedelta(minutes=1)
LONGEST_PAUSE = timedelta(hours=1)
"""However long a provider asks to be left alone."""


@dataclass(frozen=True, slots=True)
class Breaker:
    """Outages in a row, and until when nobody asks."""

    failures: int = 0
    until: datetime | None = None

    def is_open(self, now: datetime) -> bool:
        return self.until is not None and now < self.until

    def after_outage(self, now: datetime, *, retry_after: timedelta = timedelta(0)) -> Breaker:
        """The third in a row opens it for a minute; a wait that the provider asks for is kept in any case."""
        failures = self.failures + 1
        pause = max(min(retry_after, LONGEST_PAUSE), PAUSE if failures >= FAILURES else timedelta(0))
        return Breaker(0 if failures >= FAILURES else failures, now + pause if pause else self.until)
