"""Cutting a coroutine off at a chosen await."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Generator
from functools import partial
from typing import Any


class Stepper:
    """Counts the awaits at which a coroutine is suspended, and cancels its task at one of them."""

    def __init__(self, coroutine: Coroutine[Any, Any, None], cancel_at: int = 0) -> None:
        self._coroutine = coroutine
        self._cancel_at = cancel_at
        self.steps = 0

    def __await__(self) -> Generator[Any, Any, None]:
        inner = self._coroutine.__await__()
        resume: Callable[[], Any] = partial(inner.send, None)
        while True:
            try:
                awaited = resume()
            except StopIteration:
                return
            self.steps += 1
            task = asyncio.current_task()
            if self.steps == self._cancel_at and task is not None:
                task.cancel()
            try:
                yield awaited
                resume = partial(inner.send, None)
            except BaseException as error:  # noqa: BLE001 - handed on to the coroutine, whatever it is
                resume = partial(inner.throw, error)


async def run(stepper: Stepper) -> None:
    await stepper
