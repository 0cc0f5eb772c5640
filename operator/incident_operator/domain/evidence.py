"""What a diagnosis stands on: facts read from the target, never from the experiment."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from incident_crds.catalogue import SignalName, SystemType
from incident_operator.domain.sample import Signal

FEWEST_DEAD = 1000
"""A table with fewer dead rows is never bloated: autovacuum sees to it."""
PROCESS = "process"
"""Fact: what the control endpoint says of the process: running, or one of the next two."""
STOPPED, NOT_RUNNING = "stopped", "not running"
POD, POD_AGE_SECONDS = "pod", "pod_age_seconds"
"""Facts: what Kubernetes says of the pod."""
BLOCKED_SESSIONS = "blocked_sessions"
"""Fact: Postgres clients' sessions that wait for a lock, whoever has it."""
CREATED_MAX_MEMORY, CREATED_MAX_CLIENTS = "created_with_maxmemory", "created_with_maxclients"
"""Facts: the limits that a Redis of ours was created with; absent for one that somebody else set up."""
DIRECT_MILLISECONDS = "direct_milliseconds"
"""Fact: the time of the smallest question and answer that does not go the way of ordinary clients."""


@dataclass(frozen=True, slots=True)
class PrefixUsage:
    """Redis keys that begin alike, scaled up from a sample."""

    prefix: str
    keys: int
    bytes: int
    expiring: int
    """Keys that have a time to live."""


@dataclass(frozen=True, slots=True)
class ClientGroup:
    """Redis connections with the same name."""

    name: str
    """Empty for those that gave none."""
    command: str
    """What most of them asked for last."""
    count: int
    shortest_idle_seconds: int
    longest_idle_seconds: int


@dataclass(frozen=True, slots=True)
class SlowCommand:
    """What the slow log of Redis has of one client name and command. Arguments are left out: they may be secrets."""

    client: str
    command: str
    count: int
    milliseconds: float
    """Of all of them together."""
    longest_milliseconds: float


@dataclass(frozen=True, slots=True)
class SessionGroup:
    """Postgres client sessions with the same application, user and state."""

    application_name: str
    user: str
    state: str
    count: int
    longest_idle_seconds: int


@dataclass(frozen=True, slots=True)
class Statement:
    """What one Postgres session does, and for which application's session it waits, if for any."""

    application_name: str
    state: str
    seconds: int
    waits_for: str
    statement: str


@dataclass(frozen=True, slots=True)
class Blocker:
    """A Postgres client's session that others wait for, and that waits for nobody."""

    session: str
    """Its id as the server's log has it (%c)."""
    application_name: str
    user: str
    state: str
    seconds: int
    """How long its transaction has been open."""
    blocked: int
    """Clients' sessions that wait for it, also through others."""
    longest_wait: float
    """Seconds that the one of them which began first has waited."""
    statement: str


@dataclass(frozen=True, slots=True)
class TableUsage:
    """A user table; `name` carries its schema where that is not public."""

    name: str
    live: int
    dead: int
    bytes: int
    autovacuum: bool
    is_unknown: bool = False
    """Whether the server has lost its statistics, so that `live` and `dead` say little."""

    @property
    def health(self) -> float:
        return table_health(live=self.live, dead=self.dead)


@dataclass(frozen=True, slots=True)
class FileUsage:
    """A file, relative to the disk's root."""

    path: str
    bytes: int
    age_seconds: int
    """Seconds since it was last written."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """Everything read from one system for a diagnosis. Lists are sorted, largest first, and bounded."""

    system: str
    type: SystemType | None
    """None where no system is known, as of an incident that a person reported."""
    signals: tuple[Signal, ...]
    prefixes: tuple[PrefixUsage, ...] = ()
    clients: tuple[ClientGroup, ...] = ()
    slow_commands: tuple[SlowCommand, ...] = ()
    """Of the last minute only."""
    sessions: tuple[SessionGroup, ...] = ()
    statements: tuple[Statement, ...] = ()
    blockers: tuple[Blocker, ...] = ()
    tables: tuple[TableUsage, ...] = ()
    files: tuple[FileUsage, ...] = ()
    facts: Mapping[str, float | str] = field(default_factory=dict)
    """Server settings and counters, such as maxmemory and evicted_keys."""


@dataclass(frozen=True, slots=True)
class Related:
    """Another system that broke under the same incident, and its signals that are broken now."""

    evidence: Evidence
    breached: Collection[SignalName]

    @property
    def harm(self) -> str:
        """What was measured on it, in a sentence; empty where nothing is broken any more."""
        return "; ".join(f"{s.name}: {s.message}" for s in self.evidence.signals if s.name in self.breached)


def table_health(*, live: int, dead: int) -> float:
    """What the bloat signal says of one table, 0 to 100."""
    return 100 / (1 + dead / live) if live else 0.0
