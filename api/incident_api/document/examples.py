"""An example of every path, in an order in which all can be run. `make check` fails where one is missing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from incident_api.openapi import PREFIX


@dataclass(frozen=True, slots=True)
class Example:
    """One request. Its method, path, body and status come from the OpenAPI document."""

    operation: str
    """The operationId."""
    path: Mapping[str, str] = field(default_factory=dict)
    """The path's parameters; a shell variable after a $."""
    query: str = ""
    body: Mapping[str, str] = field(default_factory=dict)
    """Members of the body in place of those in the model's example; a shell variable after a $."""
    options: str = ""
    """Options of curl."""
    has_token: bool = True
    note: str = ""


@dataclass(frozen=True, slots=True)
class Step:
    """What has to be run between two examples."""

    note: str
    command: str


def _get(path: str) -> str:
    return f'curl -s -H "Authorization: Bearer $TOKEN" "$API{PREFIX}{path}"'


def _first(variable: str, field: str, path: str, note: str) -> Step:
    return Step(note, f"{variable}=$({_get(path)} | first {field})")


_INCIDENT = {"id": "$INCIDENT"}
_EXPERIMENT = {"id": "$EXPERIMENT"}
_PLAN = {"id": "$PLAN"}
_AWAITING = "/plans?status=awaiting_approval&limit=1"
_WAIT = f"until PLAN=$({_get(_AWAITING)} \\\n  | first id 2>/dev/null); do sleep 1; done"
_HASH = _first("HASH", "plan_hash", _AWAITING, "A decision names what was read by its hash.")

SECTIONS: dict[str, tuple[Example | Step, ...]] = {
    "Before anybody signs in": (Example("get_board", has_token=False),),
    "Who you are": (
        Example("get_session"),
        Example("sign_in", body={"token": "$TOKEN"}, options="-c cookies.txt", has_token=False),
        Example("make_link"),
        Step(
            "A link holds a ticket.",
            f'TICKET=$(curl -s -X POST -H "Authorization: Bearer $TOKEN" "$API{PREFIX}/session/links" '
            "| grep -o 'ticket=[A-Za-z0-9_=-]*')",
        ),
        Example("follow_link", query="$TICKET", options="-c cookies.txt", has_token=False),
        Example("sign_out"),
    ),
    "Systems": (
        Example("list_systems"),
        Example("list_history"),
        Example("get_system", {"id": "redis-test"}),
        Example("status"),
        Example("diagnose"),
    ),
    "Incidents": (
        Example("create_incident"),
        _first("INCIDENT", "id", "/incidents?team=payments&limit=1", "The newest comes first."),
        Example("list_incidents", query="status=triage&severity=P0&severity=P1&limit=5"),
        Example("get_incident", _INCIDENT),
        Example("change_incident", _INCIDENT),
        Example("acknowledge", _INCIDENT, body={"reason": "I am on it."}),
        Example("move_incident", _INCIDENT),
        Example("write_notes", _INCIDENT),
        Example("assign", _INCIDENT),
        Example("analyze", _INCIDENT),
        Example("generate_incident"),
        _first("OTHER", "id", "/incidents?type=synthetic&limit=1", "Into another that goes on:"),
        Example("merge", _INCIDENT, body={"into": "$OTHER"}),
        Example("list_resolved", query="sort=-updated_at&limit=5"),
        Example("reopen", _INCIDENT, body={"reason": "It is back."}),
        Example("false_alarm", _INCIDENT, body={"reason": "The monitor was wrong."}),
        Example("delete_incident", _INCIDENT),
    ),
    "A drill": (
        Example("list_scenarios"),
        Example("create_experiment"),
        _first("EXPERIMENT", "id", "/experiments?limit=1", "The newest comes first."),
        Example("list_experiments", query="status=active&limit=5"),
        Example("get_experiment", _EXPERIMENT),
        Step("Some seconds later there is an incident, and a plan that awaits approval.", _WAIT),
        _HASH,
        Example("list_plans", query="status=awaiting_approval"),
        Example("get_plan", _PLAN),
        Example("get_execution", _PLAN),
        Example("reject", _PLAN, body={"plan_hash": "$HASH"}),
        _first("INCIDENT", "incident_id", "/plans?status=rejected&limit=1", "Another plan for the same incident:"),
        Example("propose", _INCIDENT),
        Example("list_executions", _INCIDENT),
        Step("This one may run.", _WAIT),
        _HASH,
        Example("approve", _PLAN, body={"plan_hash": "$HASH"}),
        Example("abort_experiment", _EXPERIMENT),
        Example("trigger", {"name": "disk-full"}),
        Example("clear", {"name": "disk"}),
    ),
    "Game days": (Example("list_game_days"),),
    "The kill switch": (
        Example("turn_on_kill_switch"),
        Example("get_kill_switch"),
        Example("turn_off_kill_switch"),
    ),
    "Practice incidents": (
        Example("generator_status"),
        Example("start_generator"),
        Example("stop_generator"),
    ),
    "The stream as events": (
        Example("follow_events", options="-N --max-time 2", note="curl ends it after two seconds"),
        Step(
            "The notice `synced` names the connection.",
            f'curl -s -N --max-time 30 -H "Authorization: Bearer $TOKEN" "$API{PREFIX}/events" > events.txt &',
        ),
        Step(
            "It comes at once.",
            "until CONNECTION=$(grep -o -m 1 '\"connection\":\"[0-9a-f]*' events.txt | cut -d '\"' -f 4) "
            '&& [ "$CONNECTION" ]; do sleep 0.2; done',
        ),
        Example("show_presence", body={"connection": "$CONNECTION", "incident": "$INCIDENT"}),
    ),
    "The process": (
        Example("health", has_token=False),
        Example("healthz", has_token=False),
        Example("readyz", has_token=False),
        Example("metrics", has_token=False),
    ),
    "Beginning anew": (Example("reset_incidents"),),
}
