"""A fault whose process dies, or whose target fails, at any call; and a successor that has only the undo record."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Callable, Coroutine
from enum import Enum
from functools import wraps
from typing import Any, ClassVar

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule

from incident_crds.fault import Fault as FaultSpec
from incident_crds.mocksystem import HealthPolicy
from incident_operator.faults.base import Fault
from incident_operator.targets import Access, Target, TargetError, Unreachable, open_target
from tests.systems.test_faults import LIFETIME

_HASH = "0a1b2c3d4e5f"


class Cut(Enum):
    """What happens at the chosen call, before it has its effect or after it."""

    KILLED_BEFORE = "killed before"
    KILLED_AFTER = "killed after"
    FAILS = "fails"
    ANSWER_LOST = "answer lost"

    @property
    def kills(self) -> bool:
        return self in (Cut.KILLED_BEFORE, Cut.KILLED_AFTER)

    def error(self) -> BaseException:
        return asyncio.CancelledError() if self.kills else Unreachable("cut off by the test")


class Interrupter:
    """Cuts off one of the calls to a target, and to all connections that it makes.

    A process that was killed makes no call any more, be it to clean up.
    """

    def __init__(self) -> None:
        self._left: int | None = None
        self._cut = Cut.FAILS
        self._is_dead = False
        self.lost: list[Any] = []
        """Answers that nobody got; connections among them have to be closed."""

    def arm(self, calls: int, cut: Cut) -> None:
        """Let so many calls through, and cut the next."""
        self._left, self._cut, self._is_dead = calls, cut, False

    def disarm(self) -> bool:
        """Let all calls through; whether the process was killed."""
        was_dead, self._left, self._is_dead = self._is_dead, None, False
        return was_dead

    def watch(self, made: Any) -> None:
        """Have all its calls go through here."""
        for name, function in inspect.getmembers(type(made), inspect.isfunction):
            if name.startswith("_") or name == "close":
                continue
            if inspect.iscoroutinefunction(function):
                setattr(made, name, self._guarded(getattr(made, name)))
            elif name.startswith("new_"):
                setattr(made, name, self._watching(getattr(made, name)))

    def _guarded(self, call: Callable[..., Coroutine[Any, Any, Any]]) -> Callable[..., Coroutine[Any, Any, Any]]:
        @wraps(call)
        async def guarded(*args: Any, **named: Any) -> Any:
            if self._is_dead:
                raise self._cut.error()
            if self._left is None:
                return await call(*args, **named)
            self._left -= 1
            if self._left >= 0:
                return await call(*args, **named)
            self._left = None
            if self._cut in (Cut.KILLED_AFTER, Cut.ANSWER_LOST):
                self.lost.append(await call(*args, **named))
            self._is_dead = self._cut.kills
            raise self._cut.error()

        return guarded

    def _watching(self, make: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(make)
        def watching(*args: Any, **named: Any) -> Any:
            made = make(*args, **named)
            self.watch(made)
            return made

        return watching


class UndoMachine(RuleBasedStateMachine):
    """Whatever was begun and cut off, in whatever order, a new process undoes it and harms nothing."""

    fault_class: ClassVar[type[Fault]]
    spec: ClassVar[FaultSpec]
    access: ClassVar[Access]
    ordinary: ClassVar[int]

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.interrupter = Interrupter()
        self.left_behind: list[tuple[Fault, Target]] = []
        self.fault, self.target = self._process()
        self.undo = self.fault.undo_record(_HASH, self.spec, HealthPolicy())

    def _process(self) -> tuple[Fault, Target]:
        fault = self.fault_class()
        assert fault.system_type is not None
        target = open_target(fault.system_type, self.access)
        self.interrupter.watch(target)
        return fault, target

    def _restart(self) -> None:
        self.left_behind.append((self.fault, self.target))
        self.fault, self.target = self._process()

    def _attempt(self, work: Coroutine[Any, Any, None], calls: int, cut: Cut) -> None:
        async def attempt() -> None:
            try:
                await work
            except (TargetError, asyncio.CancelledError):
                return

        self.interrupter.arm(calls, cut)
        self.runner.run(attempt())
        if self.interrupter.disarm():
            self._restart()

    @rule(calls=st.integers(0, 14), cut=st.sampled_from(Cut))
    def inject_is_cut_off(self, calls: int, cut: Cut) -> None:
        self._attempt(self.fault.inject(self.target, self.spec, self.undo, LIFETIME), calls, cut)

    @rule(calls=st.integers(0, 3), cut=st.sampled_from(Cut))
    def keep_is_cut_off(self, calls: int, cut: Cut) -> None:
        self._attempt(self.fault.keep(self.target, self.undo, LIFETIME), calls, cut)

    @rule(calls=st.integers(0, 6), cut=st.sampled_from(Cut))
    def recover_is_cut_off(self, calls: int, cut: Cut) -> None:
        self._attempt(self.fault.recover(self.target, self.undo), calls, cut)

    @rule()
    def a_new_process_undoes_it(self) -> None:
        self._restart()
        self.runner.run(self._undo())

    async def _undo(self) -> None:
        for time in ("once", "again"):
            await self.fault.recover(self.target, self.undo)
            assert await self.fault.residue(self.target, self.undo) == 0, f"recovered {time}"
        assert await self.target.count_ordinary() == self.ordinary

    def teardown(self) -> None:
        self.interrupter.disarm()
        try:
            self.a_new_process_undoes_it()
        finally:
            self.runner.run(self._close())
            self.runner.close()

    async def _close(self) -> None:
        """In a real restart the sockets of the dead process are gone; here they are only now."""
        for fault, target in [*self.left_behind, (self.fault, self.target)]:
            try:
                await fault.recover(target, self.undo)
            finally:
                await target.close()
        for connection in [made for made in self.interrupter.lost if hasattr(made, "close")]:
            await connection.close()
