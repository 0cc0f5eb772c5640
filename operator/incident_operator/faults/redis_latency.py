"""Keeps Redis busy with scripts, as a client does that computes there what it should compute at home."""

from __future__ import annotations

import asyncio
import math
from dataclasses import dataclass
from datetime import timedelta
from typing import ClassVar

from typing_extensions import override

from incident_crds.catalogue import ActionType, FaultType, SignalName, SystemType
from incident_crds.chaosexperiment import UndoRecord
from incident_crds.failpoint import Failpoint
from incident_crds.fault import Fault as FaultSpec
from incident_crds.fault import RedisLatencyFault
from incident_crds.mocksystem import HealthPolicy
from incident_operator.failpoints import reached
from incident_operator.faults.base import Fault
from incident_operator.faults.clients import end_clients
from incident_operator.targets import Refused, Target, TargetError
from incident_operator.targets.base import narrow
from incident_operator.targets.redis import RedisTarget, as_text
from incident_operator.targets.redis_link import RedisLink

_BUDGETS = 8
"""The canary then takes about so many times its budget: far below any usual threshold, and still an answer."""
_MOST_OF_TIMEOUT = 0.6
_TURNS = RedisTarget.canary_round_trips
"""Answers that a canary awaits. Before the first it waits for the end of a script that runs: up to one more."""
_ZERO_AT = 10  # budgets at which the signal is 0
_ANSWER = "answerMilliseconds"

_LONGEST_SCRIPT_MILLISECONDS = 500.0
_FEWEST = 2
"""While the answer to one is on its way another one's script runs: else the server had a pause after each."""
_USUAL_LIMIT_MILLISECONDS = 5000
_MOST_LOOKS = 20

# Bounded by the server's own clock; one that is set back meanwhile ends it, too, and one that stands still cannot keep
# it: a round takes 0.05 to 0.1 ms, of which there are at most enough for some four times the length. It writes nothing,
# so that it can be killed. Looking at the clock more often would make millions of commands a second of it.
_SCRIPT = """
local function clock()
  local time = redis.call('TIME')
  return time[1] * 1000000 + time[2]
end
local begun, total, rounds = clock(), 0, ARGV[1] / 25
local now = begun
while now >= begun and now < begun + ARGV[1] and rounds > 0 do
  rounds = rounds - 1
  for n = 1, 10000 do total = total + n % 7 end
  now = clock()
end
return total
"""


class RedisLatency(Fault):
    """Each answer waits for scripts of other clients, one after the other, each well below what Redis calls busy."""

    type: ClassVar[FaultType] = FaultType.REDIS_LATENCY
    system_type: ClassVar[SystemType | None] = SystemType.REDIS
    signal: ClassVar[SignalName | None] = SignalName.LATENCY
    acceptable_actions = frozenset({ActionType.REDIS_KILL_CLIENTS})
    dead_man: ClassVar[str] = (
        "The connections end with the operator's process, which asks for no script once the fault is over; one that "
        "runs ends by the server's clock within half a second."
    )

    def __init__(self) -> None:
        self._working: dict[str, list[_Worker]] = {}

    @override
    def parameters_error(self, spec: FaultSpec, policy: HealthPolicy) -> str | None:
        answer, budget = _answer(spec, policy), policy.latency_budget_milliseconds
        timeout = policy.timeout_seconds * 1000
        noticed = budget * (1 + (100 - policy.threshold_percent) / 100 * (_ZERO_AT - 1))
        lowest, highest = math.floor(noticed / _TURNS) + 1, math.ceil(timeout / (_TURNS + 1)) - 1
        bounds = f"set delayMilliseconds to between {lowest} and {highest}"
        if lowest > highest:
            bounds = "raise the system's timeoutSeconds, or lower its latencyBudgetMilliseconds"
        if answer > highest:
            return f"with {answer} ms for each answer the canary would fail after {timeout} ms, not be slow; {bounds}"
        if answer < lowest:
            return (
                f"with {answer} ms for each answer the canary may take as little as {answer * _TURNS} ms, which is not "
                f"below the system's threshold of {policy.threshold_percent} %; {bounds}"
            )
        return None

    @override
    def undo_record(self, tag_hash: str, spec: FaultSpec, policy: HealthPolicy) -> UndoRecord:
        details = {_ANSWER: _answer(spec, policy)}
        return UndoRecord(tag=f"report-{tag_hash}", dead_man=self.dead_man, details=details)

    @override
    async def rehearse(self, target: Target, spec: FaultSpec, undo: UndoRecord) -> str:
        now = (await narrow(target, RedisTarget).ping()).total_seconds() * 1000
        return f"each answer, which takes {now:.1f} ms now, would take up to {undo.details.get(_ANSWER)} ms"

    @override
    async def inject(self, target: Target, spec: FaultSpec, undo: UndoRecord, lifetime: timedelta) -> None:
        redis = narrow(target, RedisTarget)
        await self.recover(target, undo)
        answer = undo.details.get(_ANSWER)
        plan = _share(float(answer) if isinstance(answer, int) else 1.0, await _busy_limit(redis))
        end = asyncio.get_running_loop().time() + lifetime.total_seconds()
        working = self._working.setdefault(undo.tag, [])
        links: list[RedisLink] = []
        try:
            while len(links) < plan.clients:
                links.append(await _connect(redis, undo.tag))
                reached(Failpoint.HALF_INJECTED)
        except BaseException:
            for link in links:
                await link.close()
            raise
        # all at once: those that work already would hold up the others' log-in
        for number, link in enumerate(links):
            pause = plan.microseconds / 2_000_000 * number / plan.clients
            work = _work(link, plan.microseconds, pause_seconds=pause, end=end)
            working.append(_Worker(link, asyncio.create_task(work)))
        for _ in range(_MOST_LOOKS):
            if await redis.ping() > timedelta(microseconds=plan.microseconds / 2):
                return  # they are at work

    @override
    async def recover(self, target: Target, undo: UndoRecord) -> None:
        working = self._working.pop(undo.tag, [])
        for worker in working:
            worker.task.cancel()
        await asyncio.gather(*(worker.task for worker in working), return_exceptions=True)
        for worker in working:
            await worker.link.close()  # a task that never began to run closed nothing
            reached(Failpoint.HALF_RECOVERED)
        await end_clients(narrow(target, RedisTarget), undo.tag)

    @override
    async def residue(self, target: Target, undo: UndoRecord) -> int:
        here = sum(not worker.task.done() for worker in self._working.get(undo.tag, []))
        return max(here, len(await narrow(target, RedisTarget).client_ids(undo.tag)))


@dataclass(frozen=True, slots=True)
class _Worker:
    """A client and what asks through it."""

    link: RedisLink
    task: asyncio.Task[None]


@dataclass(frozen=True, slots=True)
class _Plan:
    """So many clients, each of which asks again and again for a script of this length."""

    clients: int
    microseconds: int


def _answer(spec: FaultSpec, policy: HealthPolicy) -> int:
    """Milliseconds that every answer shall take. The canary takes two and a half to four times that, as it falls."""
    wanted = (spec.redis_latency or RedisLatencyFault()).delay_milliseconds
    if wanted is not None:
        return wanted
    goal = min(_BUDGETS * policy.latency_budget_milliseconds, policy.timeout_seconds * 1000 * _MOST_OF_TIMEOUT)
    return max(1, int(goal / _TURNS))


def _share(answer_milliseconds: float, limit_milliseconds: float) -> _Plan:
    """A command waits for one script of every client: whose turn is next is decided when it comes.

    So it takes the sum of them, however many they are, and each can be short.
    """
    longest = min(_LONGEST_SCRIPT_MILLISECONDS, limit_milliseconds / 2)
    clients = max(_FEWEST, math.ceil(answer_milliseconds / longest))
    return _Plan(clients, max(1, int(answer_milliseconds * 1000 / clients)))


async def _busy_limit(redis: RedisTarget) -> float:
    """Milliseconds after which others get BUSY for an answer; the usual where the server does not tell."""
    try:
        reply = await redis.call("CONFIG", "GET", "lua-time-limit")
    except Refused:
        return _USUAL_LIMIT_MILLISECONDS
    limit = int(as_text(reply[1])) if isinstance(reply, list) and len(reply) == 2 else 0
    return limit if limit > 0 else _USUAL_LIMIT_MILLISECONDS


async def _connect(redis: RedisTarget, name: str) -> RedisLink:
    """With ordinary rights where these allow scripts, else with control rights. Raises TargetError."""
    link = await redis.new_client(name)
    try:
        return await _try(redis, link)
    except Refused:
        return await _try(redis, redis.new_link(name))


async def _try(redis: RedisTarget, link: RedisLink) -> RedisLink:
    """The link, if it may run a script; else it is closed."""
    try:
        async with redis.bounded():
            await link.call("EVAL", _SCRIPT, 0, 0)
    except BaseException:
        await link.close()
        raise
    return link


async def _work(link: RedisLink, microseconds: int, *, pause_seconds: float, end: float) -> None:
    """Until the time is over, or somebody ends the connection: then it stays ended, or no remedy could help.

    Each client pauses for another time between two scripts, less than one takes. Else they could all wait for their
    answers, get them in one go, and leave the server free for a moment that hits just who asked with them.
    """
    loop, task = asyncio.get_running_loop(), asyncio.current_task()
    try:
        # the library may swallow a cancellation, when it comes just as a command has been sent
        while loop.time() < end and not (task and task.cancelling()):
            await link.call("EVAL", _SCRIPT, 0, microseconds)
            await asyncio.sleep(pause_seconds)
    except TargetError:
        return
    finally:
        await link.close()
