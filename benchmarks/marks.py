"""Marks: text inside a change that tells its number and when it was sent, so that any client can be timed alike."""

from __future__ import annotations

import time

START = b"^"
"""One byte, so that finding it is a memchr; it is in no other text of the benchmark."""
WORD = b"mark-"
DIGITS_FROM, DIGITS_TO = 6, 12
"""Where the number stands, counted from START."""
LENGTH = 32
_FORM = "^mark-{number:06d}-{sent_ns:019d}"
LARGEST = 999_999


def make_mark(number: int) -> str:
    """A mark sent now. The clock is CLOCK_MONOTONIC, which all processes of a machine share."""
    return _FORM.format(number=number, sent_ns=time.monotonic_ns())


def incomplete_tail(data: bytes) -> int:
    """Where a mark begins that the end of the data cuts off; -1 where none does."""
    at = data.rfind(START, max(0, len(data) - LENGTH + 1))
    if at < 0:
        return -1
    rest = data[at + 1 : at + DIGITS_FROM]
    return at if WORD.startswith(rest) else -1


def find_marks(data: bytes) -> list[tuple[int, int]]:
    """(number, nanoseconds when sent) of each whole mark."""
    marks = []
    at, end = data.find(START), len(data) - LENGTH
    while 0 <= at <= end:
        if data.startswith(WORD, at + 1):
            number = int(data[at + DIGITS_FROM : at + DIGITS_TO])
            marks.append((number, int(data[at + DIGITS_TO + 1 : at + LENGTH])))
        at = data.find(START, at + 1)
    return marks
