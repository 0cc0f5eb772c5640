"""What an experiment can break: one block of parameters for each fault."""

from __future__ import annotations

from typing import Annotated

from pydantic import ConfigDict, Field

from incident_crds.base import Model, cel_rules
from incident_crds.catalogue import FaultType

FillPercent = Annotated[int, Field(ge=1, le=100)]


class RedisMemoryFault(Model):
    """Fills Redis with real keys."""

    fill_percent: FillPercent = 90
    """used_memory to reach, as a percent of maxmemory."""


class RedisConnectionsFault(Model):
    """Holds real idle connections."""

    fill_percent: FillPercent = 90
    """Connections to reach, as a percent of maxclients; some have to stay free for the operator."""


class RedisLatencyFault(Model):
    """Keeps Redis busy with short scripts, so that everybody waits for each answer."""

    delay_milliseconds: Annotated[int, Field(ge=1, le=10000)] | None = None
    """Time that each answer takes; where absent, so much that the canary takes about eight times its budget."""


class PostgresConnectionsFault(Model):
    """Opens real idle sessions."""

    fill_percent: FillPercent = 90
    """Sessions to reach, as a percent of max_connections."""


class PostgresBloatFault(Model):
    """Makes real dead rows in a table of its own."""

    dead_percent: FillPercent = 90
    """Share of the table's rows that are dead."""
    rows: Annotated[int, Field(ge=2000, le=1000000)] = 20000
    """Rows to write before some are deleted."""


class PostgresLockFault(Model):
    """Holds a lock in a transaction that does nothing more, while other sessions wait for it."""

    waiters: Annotated[int, Field(ge=2, le=500)] | None = None
    """Sessions that wait; where absent, so many that most of those that are connected wait."""


class DiskFillFault(Model):
    """Fills the disk with a real file."""

    fill_percent: FillPercent = 90
    """Bytes used to reach, as a percent of the capacity."""


class NetworkLatencyFault(Model):
    """Holds back what the system answers, in the proxy in front of it."""

    delay_milliseconds: Annotated[int, Field(ge=1, le=60000)] | None = None
    """Delay of each answer; where absent, so much that the canary takes eight times its budget."""


class SystemDownFault(Model):
    """Stops the system's process, and keeps it stopped."""


class PodKillFault(Model):
    """Kills the system's pod. Kubernetes starts another: what is tried is whether that is noticed, and heals."""


class NoneFault(Model):
    """A control: nothing is broken, so nothing may be noticed."""


_BLOCKS = {
    "RedisMemory": "redisMemory",
    "RedisConnections": "redisConnections",
    "RedisLatency": "redisLatency",
    "PostgresConnections": "postgresConnections",
    "PostgresBloat": "postgresBloat",
    "PostgresLock": "postgresLock",
    "DiskFill": "diskFill",
    "NetworkLatency": "networkLatency",
    "SystemDown": "systemDown",
    "PodKill": "podKill",
}


class Fault(Model):
    """What to break, with the matching block of parameters."""

    model_config = ConfigDict(
        json_schema_extra=cel_rules(
            *(
                (
                    f"(self.type == '{kind}') == has(self.{block})",
                    f"type {kind} goes with the block {block}, and only with it",
                )
                for kind, block in _BLOCKS.items()
            )
        )
    )

    type: FaultType
    """The fault; None is a control run without one."""
    redis_memory: RedisMemoryFault | None = None
    """Parameters of RedisMemory."""
    redis_connections: RedisConnectionsFault | None = None
    """Parameters of RedisConnections."""
    redis_latency: RedisLatencyFault | None = None
    """Parameters of RedisLatency."""
    postgres_connections: PostgresConnectionsFault | None = None
    """Parameters of PostgresConnections."""
    postgres_bloat: PostgresBloatFault | None = None
    """Parameters of PostgresBloat."""
    postgres_lock: PostgresLockFault | None = None
    """Parameters of PostgresLock."""
    disk_fill: DiskFillFault | None = None
    """Parameters of DiskFill."""
    network_latency: NetworkLatencyFault | None = None
    """Parameters of NetworkLatency."""
    system_down: SystemDownFault | None = None
    """Parameters of SystemDown; it has none."""
    pod_kill: PodKillFault | None = None
    """Parameters of PodKill; it has none."""
