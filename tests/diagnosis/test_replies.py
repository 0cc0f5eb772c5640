"""Names in a reply must be of those that the evidence has for just that step."""

from __future__ import annotations

import json
from typing import Any

import pytest

from incident_crds.catalogue import ActionType, SystemType
from incident_operator.diagnosis.errors import InvalidReply
from incident_operator.diagnosis.reply import ReplyAction, Scope, parse_reply
from incident_operator.domain.evidence import Blocker, Evidence, SessionGroup

EVIDENCE = Evidence(
    "postgres-test",
    SystemType.POSTGRES,
    (),
    sessions=(SessionGroup("web", "app", "active", 8, 0), SessionGroup("batch", "app", "idle in transaction", 1, 4)),
    blockers=(Blocker("65.1", "batch", "app", "idle in transaction", 4, 8, 3.5, "LOCK TABLE orders"),),
)
SCOPE = Scope("postgres-test", [ActionType.POSTGRES_TERMINATE_BLOCKERS], EVIDENCE)


def reply(**parameters: Any) -> str:
    action = {
        **dict.fromkeys(ReplyAction.model_fields),
        "type": "PostgresTerminateBlockers",
        "system": "postgres-test",
        "expected_impact": "one session ends",
        **parameters,
    }
    return json.dumps(
        {
            "cause": "PostgresLock",
            "system": "postgres-test",
            "summary": "batch holds up all others",
            "reasoning": "it is at the head",
            "severity": "P2",
            "confidence": 90,
            "solution": "end it",
            "evidence": [],
            "actions": [action],
        }
    )


@pytest.mark.parametrize(("name", "params"), [("batch", {"applicationName": "batch"}), (None, {})])
def test_who_is_at_the_head_may_be_named_or_nobody(name: str | None, params: dict[str, Any]) -> None:
    (draft,) = parse_reply(reply(application_name=name), SCOPE).actions
    assert (draft.type, draft.params.to_json()) == (ActionType.POSTGRES_TERMINATE_BLOCKERS, params)


@pytest.mark.parametrize(
    ("parameters", "says"),
    [
        ({"application_name": "web"}, "'web' is not in the evidence"),
        ({"application_name": "batch", "idle_seconds": 5}, "does not take idle_seconds"),
        ({"table": "orders"}, "does not take table"),
    ],
)
def test_who_waits_is_not_ended(parameters: dict[str, Any], says: str) -> None:
    with pytest.raises(InvalidReply, match=says):
        parse_reply(reply(**parameters), SCOPE)
