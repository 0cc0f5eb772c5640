"""How often one address may try something in a minute."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable

WINDOW_SECONDS = 60.0
MOST_ADDRESSES = 10_000


class Limiter:
    """Counts tries in windows of a minute; the oldest addresses are forgotten before memory grows."""

    def __init__(self, most: int, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._most = most
        self._clock = clock
        self._tries: OrderedDict[str, tuple[float, int]] = OrderedDict()

    def wait(self, address: str) -> float:
        """Seconds until the address may try again; 0 where it may now."""
        began, count = self._tries.get(address, (0.0, 0))
        left = began + WINDOW_SECONDS - self._clock()
        return left if count >= self._most and left > 0 else 0.0

    def count(self, address: str) -> None:
        """A try was made."""
        now = self._clock()
        began, count = self._tries.pop(address, (now, 0))
        if now - began >= WINDOW_SECONDS:
            began, count = now, 0
        self._tries[address] = (began, count + 1)
        while len(self._tries) > MOST_ADDRESSES:
            self._tries.popitem(last=False)
