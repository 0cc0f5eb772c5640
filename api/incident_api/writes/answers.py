"""What became of a write: done, or written and not acted on yet."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta

SEEN_SECONDS = timedelta(seconds=2)
"""How long a write waits until this process sees it itself, so that a read after it shows it."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """The object as JSON; `is_done` where the operator has acted on what was asked."""

    body: bytes = field(repr=False)
    version: str
    is_done: bool = True
