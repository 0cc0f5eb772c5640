"""What a plan may do: the actions of the catalogue with their parameters."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from pydantic import ConfigDict, Field

from incident_crds.base import (
    Model,
    Name,
    Text,
    cel_rules,
)
from incident_crds.catalogue import ActionType, Risk


class RedisOption(StrEnum):
    """The options of Redis that can be set back: those that keep clients or writes out when they are wrong."""

    MAX_CLIENTS = "maxclients"
    MAX_MEMORY = "maxmemory"
    MAX_MEMORY_POLICY = "maxmemory-policy"
    TIMEOUT = "timeout"


class ActionParams(Model):
    """Parameters, as far as the action's type takes them."""

    prefix: Annotated[str, Field(min_length=3, max_length=128)] | None = None
    """RedisEvictPrefix: keys that begin so are deleted."""
    client_name: Annotated[str, Field(pattern="^[A-Za-z0-9][A-Za-z0-9_.:@/+-]{0,127}$")] | None = None
    """RedisKillClients: whose connections are ended, as CLIENT SETNAME gave it."""
    application_name: Annotated[str, Field(min_length=1, max_length=63)] | None = None
    """PostgresTerminateIdle: whose sessions are ended. PostgresTerminateBlockers: only this one's, or all's."""
    idle_seconds: Annotated[int, Field(ge=0, le=86400)] | None = None
    """PostgresTerminateIdle: only sessions that are idle for so long."""
    min_blocked_seconds: Annotated[int, Field(ge=0, le=86400)] | None = None
    """PostgresTerminateBlockers: only sessions that somebody has waited for so long; 2 where absent."""
    table: (
        Annotated[
            str,
            Field(pattern="^[A-Za-z_][A-Za-z0-9_$]{0,62}([.][A-Za-z_][A-Za-z0-9_$]{0,62})?$"),
        ]
        | None
    ) = None
    """PostgresVacuum: the table, with its schema where it is not public."""
    files: (
        Annotated[
            list[Annotated[str, Field(min_length=1, max_length=255)]],
            Field(min_length=1, max_length=64),
        ]
        | None
    ) = None
    """DiskCleanup: the files, relative to the disk's root."""
    option: RedisOption | None = None
    """RedisResetConfig: the option that is set back."""
    value: Annotated[str, Field(pattern="^[a-z0-9-]{1,32}$")] | None = None
    """RedisResetConfig: the value to set, as CONFIG SET takes it; where absent, what the system was created with, or
    else the default of Redis."""


class Action(Model):
    """One typed step from the closed catalogue."""

    model_config = ConfigDict(
        json_schema_extra=cel_rules(
            (
                "self.type != 'RedisEvictPrefix' || (has(self.params) && has(self.params.prefix))",
                "RedisEvictPrefix needs params.prefix",
            ),
            (
                "self.type != 'RedisKillClients' || (has(self.params) && has(self.params.clientName))",
                "RedisKillClients needs params.clientName",
            ),
            (
                "self.type != 'PostgresTerminateIdle' || (has(self.params) && has(self.params.applicationName))",
                "PostgresTerminateIdle needs params.applicationName",
            ),
            (
                "self.type != 'PostgresVacuum' || (has(self.params) && has(self.params.table))",
                "PostgresVacuum needs params.table",
            ),
            (
                "self.type != 'DiskCleanup' || (has(self.params) && has(self.params.files))",
                "DiskCleanup needs params.files",
            ),
            (
                "self.type != 'RedisResetConfig' || (has(self.params) && has(self.params.option))",
                "RedisResetConfig needs params.option",
            ),
        )
    )

    id: Annotated[str, Field(pattern="^[a-z0-9]([a-z0-9-]{0,30}[a-z0-9])?$")]
    """Unique in the plan."""
    type: ActionType
    """What to do, from the closed catalogue."""
    system: Name
    """The MockSystem to do it on."""
    params: ActionParams = Field(default_factory=ActionParams)
    """Parameters, as far as the action's type takes them."""
    risk: Risk = Risk.LOW
    """What it may cost when it goes wrong."""
    expected_impact: Text = ""
    """What will change, for the person who approves."""
    reversible: bool = False
    """It can be taken back."""
