"""Makes a real pile-up: a transaction that holds a lock and does nothing, and sessions that wait for it."""

from __future__ import annotations

import asyncio
import math
from dataclasses import dataclass
from datetime import timedelta
from typing import ClassVar

from psycopg import sql
from typing_extensions import override

from incident_crds.catalogue import ActionType, FaultType, SignalName, SystemType
from incident_crds.chaosexperiment import UndoRecord
from incident_crds.failpoint import Failpoint
from incident_crds.fault import Fault as FaultSpec
from incident_crds.fault import PostgresLockFault
from incident_crds.mocksystem import HealthPolicy
from incident_operator.domain.sample import clamp_health
from incident_operator.failpoints import reached
from incident_operator.faults.base import Fault
from incident_operator.faults.sessions import end_sessions
from incident_operator.targets import Refused, Target
from incident_operator.targets.base import OPERATOR_NAME, narrow
from incident_operator.targets.postgres import PostgresTarget
from incident_operator.targets.postgres_link import PostgresConnection

_AT_ONCE = 8  # a log-in costs the server a process and a key derivation
_MOST_ROUNDS = 500
_PAUSE = timedelta(milliseconds=10)
_FEWEST_WAITERS = 8
_MOST_PERCENT = 80
"""Of max_connections that the fault brings the sessions to: clients still get in, as this is not about connections."""
_THRESHOLD = "thresholdPercent"
_IDLE_AFTER = timedelta(milliseconds=500)
"""When the server ends a waiter that has got the lock, should its holder here not do so at once."""
_TALLY = """
SELECT count(*) FILTER (WHERE application_name <> %s), count(*) FILTER (WHERE application_name = %s),
       count(*) FILTER (WHERE application_name = %s AND wait_event_type = 'Lock'),
       current_setting('max_connections')::int
FROM pg_stat_activity WHERE backend_type = 'client backend' AND application_name <> %s
"""


@dataclass(frozen=True, slots=True)
class _Tally:
    """Sessions as the probe of locks counts them: others', and the fault's own."""

    others: int
    own: int
    waiting: int
    limit: int

    def health(self, waiters: int) -> int:
        return _health(waiters, self.others)


class PostgresLock(Fault):
    """One session idle in a transaction, and others of the application's user that wait for what it holds.

    The lock is an advisory one whose key is the tag's: no table has to be made or dropped, no row of others is touched,
    and when the sessions are gone, so is the lock. A lock on the ordinary tables would hold up the operator's own
    seeding (which alters their owner) and every user of them; one on the canary's table would make the harm look like
    an outage, and a pile-up behind one lock is to be found while the server answers all others.
    """

    type: ClassVar[FaultType] = FaultType.POSTGRES_LOCK
    system_type: ClassVar[SystemType | None] = SystemType.POSTGRES
    signal: ClassVar[SignalName | None] = SignalName.LOCKS
    acceptable_actions = frozenset({ActionType.POSTGRES_TERMINATE_BLOCKERS})
    dead_man: ClassVar[str] = (
        "The holder's session ends with the operator's process, and by idle_in_transaction_session_timeout at the "
        "server; then each waiter gets the lock and ends, or by statement_timeout."
    )

    def __init__(self) -> None:
        self._held: dict[str, list[PostgresConnection]] = {}

    @override
    def parameters_error(self, spec: FaultSpec, policy: HealthPolicy) -> str | None:
        waiters = (spec.postgres_lock or PostgresLockFault()).waiters
        if waiters is None or _health(waiters, others=0) < policy.threshold_percent:
            return None
        return _too_few(waiters, 0, policy.threshold_percent)

    @override
    def undo_record(self, tag_hash: str, spec: FaultSpec, policy: HealthPolicy) -> UndoRecord:
        details = {_THRESHOLD: policy.threshold_percent}
        return UndoRecord(tag=f"worker-{tag_hash}", dead_man=self.dead_man, details=details)

    @override
    async def rehearse(self, target: Target, spec: FaultSpec, undo: UndoRecord) -> str:
        tally = await self._tally(narrow(target, PostgresTarget), undo)
        waiters = _choose_waiters(spec, undo, tally)
        return f"{waiters} sessions would wait behind one, beside the {tally.others} that there are, of {tally.limit}"

    @override
    async def inject(self, target: Target, spec: FaultSpec, undo: UndoRecord, lifetime: timedelta) -> None:
        postgres = narrow(target, PostgresTarget)
        self._let_go(undo)
        await end_sessions(postgres, undo.tag)
        waiters = _choose_waiters(spec, undo, await self._tally(postgres, undo))
        await self._hold(postgres, undo, lifetime)
        reached(Failpoint.HALF_INJECTED)
        for _ in range(_MOST_ROUNDS):
            tally = await self._tally(postgres, undo)
            if tally.waiting >= waiters:
                return
            missing = waiters + 1 - tally.own
            opening = [self._wait(postgres, undo, lifetime) for _ in range(min(missing, _AT_ONCE))]
            for failure in await asyncio.gather(*opening, return_exceptions=True):
                if isinstance(failure, BaseException):
                    raise failure
            await asyncio.sleep(_PAUSE.total_seconds())
        raise Refused(f"{postgres.access.address} does not let {waiters} sessions of {undo.tag} wait for a lock")

    @override
    async def recover(self, target: Target, undo: UndoRecord) -> None:
        self._let_go(undo)
        reached(Failpoint.HALF_RECOVERED)
        # who waits for a lock does not notice that its client is gone
        await end_sessions(narrow(target, PostgresTarget), undo.tag)

    @override
    async def residue(self, target: Target, undo: UndoRecord) -> int:
        here = sum(not session.closed for session in self._held.get(undo.tag, []))
        return max(here, await narrow(target, PostgresTarget).count_sessions(undo.tag))

    def _let_go(self, undo: UndoRecord) -> None:
        for session in self._held.pop(undo.tag, []):
            _close(session)

    async def _tally(self, postgres: PostgresTarget, undo: UndoRecord) -> _Tally:
        row, *_ = await postgres.execute(_TALLY, (undo.tag, undo.tag, undo.tag, OPERATOR_NAME))
        return _Tally(*(int(value) for value in row))

    async def _hold(self, postgres: PostgresTarget, undo: UndoRecord, lifetime: timedelta) -> None:
        milliseconds = _milliseconds(lifetime)
        settings = {"idle_in_transaction_session_timeout": milliseconds, "idle_session_timeout": milliseconds}
        session = await postgres.new_session(undo.tag, ordinary=True, settings=settings)
        self._held.setdefault(undo.tag, []).append(session)
        await postgres.run_on(session, "BEGIN")
        await postgres.run_on(session, _lock(undo))
        _close_when_told(session)

    async def _wait(self, postgres: PostgresTarget, undo: UndoRecord, lifetime: timedelta) -> None:
        settings = {
            "statement_timeout": _milliseconds(lifetime),
            "idle_session_timeout": _milliseconds(_IDLE_AFTER),
        }
        session = await postgres.new_session(undo.tag, ordinary=True, settings=settings)
        self._held.setdefault(undo.tag, []).append(session)
        # sent and not awaited: it answers when the fault is over
        session.pgconn.send_query(_lock(undo).as_bytes())
        session.pgconn.flush()
        _close_when_told(session)


def _close_when_told(session: PostgresConnection) -> None:
    """When the server says anything: a waiter has the lock and is done, as a worker is, or the session was ended.

    A crowd that stayed on idle would be harm of another kind.
    """
    asyncio.get_running_loop().add_reader(session.fileno(), _close, session)


def _close(session: PostgresConnection) -> None:
    """At once, and never with the loop still looking at a descriptor that may be another's soon."""
    if not session.closed:
        asyncio.get_running_loop().remove_reader(session.fileno())
        session.pgconn.finish()


def _lock(undo: UndoRecord) -> sql.Composed:
    key = int(undo.tag.rpartition("-")[2], 16)
    return sql.SQL("SELECT pg_advisory_xact_lock({})").format(sql.Literal(key))


def _milliseconds(time: timedelta) -> str:
    return str(max(1, int(time.total_seconds() * 1000)))


def _health(waiters: int, others: int) -> int:
    """What the probe of locks will say: the holder is connected, too."""
    return clamp_health(100 - waiters / (waiters + 1 + others) * 100)


def _choose_waiters(spec: FaultSpec, undo: UndoRecord, tally: _Tally) -> int:
    """As asked for, else enough for half the threshold, so that a few more clients do not hide the harm."""
    wanted = (spec.postgres_lock or PostgresLockFault()).waiters
    threshold = undo.details.get(_THRESHOLD)
    threshold = threshold if isinstance(threshold, int) else HealthPolicy().threshold_percent
    room = tally.limit * _MOST_PERCENT // 100 - tally.others - 1
    goal = max(1, threshold // 2)
    enough = max(_FEWEST_WAITERS, math.ceil((tally.others + 1) * (100 - goal) / goal))
    waiters = min(enough, room) if wanted is None else wanted
    if waiters > room:
        raise Refused(
            f"{tally.others} sessions are connected and max_connections is {tally.limit}, of which the fault takes "
            f"{_MOST_PERCENT} % at most; set waiters to {max(0, room)} or fewer"
        )
    if waiters < 1 or tally.health(waiters) >= threshold:
        raise Refused(_too_few(waiters, tally.others, threshold))
    return waiters


def _too_few(waiters: int, others: int, threshold: int) -> str:
    return (
        f"{max(0, waiters)} waiting sessions beside {others} others leave the health of locks at "
        f"{_health(max(0, waiters), others)} %, which is not below the system's threshold of {threshold} %; "
        f"set waiters higher, raise max_connections, or end sessions that nobody needs"
    )
