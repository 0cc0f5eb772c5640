"""A close look at what a few boards receive: whole frames, valid JSON, a sequence that only grows."""

from __future__ import annotations

from collections import Counter

import orjson

from benchmarks.websocket import FrameReader

_KEPT = 5


class Inspection:
    """Of one connection: messages by type, and the first problems."""

    def __init__(self) -> None:
        self.types: Counter[str] = Counter()
        self.problems: list[str] = []
        self.message_bytes = 0
        self._reader = FrameReader()
        self._is_lost = False
        self._epoch, self._number = "", -1

    def feed(self, data: bytes) -> None:
        """The next bytes of the stream after its opening."""
        if self._is_lost:
            return
        try:
            messages = self._reader.feed(data)
        except ValueError as error:
            self._is_lost = True
            self._complain(str(error))
            return
        for message in messages:
            self._look_at(message)

    def _look_at(self, message: bytes) -> None:
        self.message_bytes += len(message)
        try:
            document = orjson.loads(message)
        except orjson.JSONDecodeError as error:
            self._complain(f"a message that is no JSON: {error}")
            return
        if not isinstance(document, dict):
            self._complain("a message that is no JSON object")
            return
        self.types[str(document.get("type", "untyped"))] += 1
        if "seq" in document:
            self._follow(str(document["seq"]))

    def _follow(self, seq: str) -> None:
        epoch, _, number = seq.rpartition(":")
        if not number.isdigit():
            self._complain(f"seq {seq!r} is not epoch:number")
            return
        if epoch == self._epoch and int(number) < self._number:
            self._complain(f"seq went back from {self._number} to {number}")
        self._epoch, self._number = epoch, int(number)

    def _complain(self, problem: str) -> None:
        if len(self.problems) < _KEPT:
            self.problems.append(problem)
