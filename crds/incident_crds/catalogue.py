"""The closed vocabularies: what can be broken, what is measured, what may be done about it."""

from __future__ import annotations

from enum import StrEnum


class SystemType(StrEnum):
    """The kinds of system."""

    REDIS = "Redis"
    POSTGRES = "Postgres"
    DISK = "Disk"


class FaultType(StrEnum):
    """The faults an experiment can inject, and the root causes a diagnosis can name."""

    REDIS_MEMORY = "RedisMemory"
    REDIS_CONNECTIONS = "RedisConnections"
    REDIS_LATENCY = "RedisLatency"
    POSTGRES_CONNECTIONS = "PostgresConnections"
    POSTGRES_BLOAT = "PostgresBloat"
    POSTGRES_LOCK = "PostgresLock"
    DISK_FILL = "DiskFill"
    NETWORK_LATENCY = "NetworkLatency"
    SYSTEM_DOWN = "SystemDown"
    POD_KILL = "PodKill"
    NONE = "None"


class SignalName(StrEnum):
    """What is measured. 100 is healthy, 0 is worst."""

    MEMORY = "memory"
    CLIENTS = "clients"
    CONNECTIONS = "connections"
    BLOAT = "bloat"
    LOCKS = "locks"
    USAGE = "usage"
    CANARY = "canary"
    LATENCY = "latency"
    REACHABLE = "reachable"


class ActionType(StrEnum):
    """The closed catalogue of remedies."""

    REDIS_EVICT_PREFIX = "RedisEvictPrefix"
    REDIS_CLEAR_CACHE = "RedisClearCache"
    REDIS_KILL_CLIENTS = "RedisKillClients"
    REDIS_RESET_CONFIG = "RedisResetConfig"
    POSTGRES_TERMINATE_IDLE = "PostgresTerminateIdle"
    POSTGRES_TERMINATE_BLOCKERS = "PostgresTerminateBlockers"
    POSTGRES_VACUUM = "PostgresVacuum"
    DISK_CLEANUP = "DiskCleanup"
    RESTART_SYSTEM = "RestartSystem"
    REMOVE_LATENCY = "RemoveLatency"


class Risk(StrEnum):
    """What an action may cost when it goes wrong."""

    LOW = "Low"
    MEDIUM = "Medium"
    HIGH = "High"


class Severity(StrEnum):
    """How bad an incident is; P0 is worst."""

    P0 = "P0"
    P1 = "P1"
    P2 = "P2"
    P3 = "P3"
