"""A step of a build: a program of somebody else's that either does its work or says why not."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from incident_local.errors import BuildFailed
from incident_local.oneshot import run_to_end
from incident_local.processes import tail


@dataclass(frozen=True, slots=True)
class BuildStep:
    """What is run, and how it is spoken of when it fails."""

    argv: tuple[str, ...]
    shown: str
    """The command as people know it."""
    product: str
    """What is built by it, to begin a sentence."""
    environment: dict[str, str]
    folder: Path
    log: Path
    timeout_seconds: float
    remedy: Callable[[Path], str]
    """What the log asks for."""

    async def run(self, on_line: Callable[[str], None] = lambda _: None) -> None:
        """Raises BuildFailed with the log's end and what to do."""
        try:
            code = await run_to_end(
                self.argv,
                environment=self.environment,
                folder=self.folder,
                log=self.log,
                timeout_seconds=self.timeout_seconds,
                on_line=on_line,
            )
        except TimeoutError:
            minutes = self.timeout_seconds / 60
            raise BuildFailed(f"`{self.shown}` took more than {minutes:g} minutes", log=self.log) from None
        if code != 0:
            raise BuildFailed(
                f"{self.product} could not be built: `{self.shown}` ended with exit code {code}\n{tail(self.log)}",
                remedy=self.remedy(self.log),
                log=self.log,
            )
