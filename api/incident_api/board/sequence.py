"""A position in the stream: the epoch of one API process, and the number of a change there."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Self

from typing_extensions import override

_FORM = re.compile(r"([a-z0-9]{1,32}):([0-9]{1,18})", re.ASCII)


@dataclass(frozen=True, slots=True)
class Seq:
    """Written as `epoch:number`."""

    epoch: str
    number: int

    @override
    def __str__(self) -> str:
        return f"{self.epoch}:{self.number}"

    @classmethod
    def parse(cls, text: str) -> Self | None:
        """None for what is no position: whoever sent it gets everything anew."""
        found = _FORM.fullmatch(text.strip())
        return None if found is None else cls(found[1], int(found[2]))
