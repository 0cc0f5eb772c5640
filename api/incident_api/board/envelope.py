"""The stream's messages: one typed envelope {v, seq, type, ts, data}, written once for everybody."""

from __future__ import annotations

from enum import StrEnum

import orjson
from pydantic import JsonValue

from incident_api.board.scope import Topic

VERSION = 1


class EventType(StrEnum):
    """What a message is about."""

    SNAPSHOT = "snapshot"
    INCIDENT_UPSERT = "incident.upsert"
    INCIDENT_DELETE = "incident.delete"
    PLAN_UPSERT = "plan.upsert"
    PLAN_DELETE = "plan.delete"
    EXPERIMENT_UPSERT = "experiment.upsert"
    EXPERIMENT_DELETE = "experiment.delete"
    SYSTEM_HEALTH = "system.health"
    SYSTEM_DELETE = "system.delete"
    PRESENCE = "presence"
    KILL_SWITCH = "kill_switch"
    NOTICE = "notice"


UPSERT = {
    Topic.INCIDENT: EventType.INCIDENT_UPSERT,
    Topic.PLAN: EventType.PLAN_UPSERT,
    Topic.EXPERIMENT: EventType.EXPERIMENT_UPSERT,
    Topic.SYSTEM: EventType.SYSTEM_HEALTH,
}
DELETE = {
    Topic.INCIDENT: EventType.INCIDENT_DELETE,
    Topic.PLAN: EventType.PLAN_DELETE,
    Topic.EXPERIMENT: EventType.EXPERIMENT_DELETE,
    Topic.SYSTEM: EventType.SYSTEM_DELETE,
}


def write_envelope(type: EventType, seq: str, ts: str, data: bytes) -> bytes:
    """`data` is JSON already; `seq` and `ts` are ours, and need no escaping."""
    head = f'{{"v":{VERSION},"seq":"{seq}","type":"{type}","ts":"{ts}","data":'
    return b"%b%b}" % (head.encode(), data)


def write_json(value: JsonValue) -> bytes:
    """Compact JSON."""
    return orjson.dumps(value)
