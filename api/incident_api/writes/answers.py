"""What became of a write: done, or written and not acted on yet."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Outcome:
    """The object as JSON; `is_done` where the operator has acted on what was asked."""

    body: bytes = field(repr=False)
    version: str
    is_done: bool = True
