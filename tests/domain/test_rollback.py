"""What of a plan is taken back, and when it is not."""

from __future__ import annotations

from typing import Any

import pytest

from incident_crds.action import Action, ActionParams, RedisOption
from incident_crds.catalogue import ActionType, SignalName
from incident_crds.remediationplan import ActionResult, VerificationSample
from incident_operator.domain.approval import is_replaced, pin_targets
from incident_operator.domain.rollback import actions_to_take_back, got_better

from .factories import NOW, at, plan, system

RESET = ActionType.REDIS_RESET_CONFIG
ACTIONS = [
    Action(id=id, type=type, system="redis-test", params=params)
    for id, type, params in (
        ("a", RESET, ActionParams(option=RedisOption.TIMEOUT)),
        ("b", ActionType.REDIS_EVICT_PREFIX, ActionParams(prefix="session:")),
        ("c", RESET, ActionParams(option=RedisOption.MAX_CLIENTS)),
        ("d", RESET, ActionParams(option=RedisOption.MAX_MEMORY)),
    )
]


def result(id: str, **fields: Any) -> ActionResult:
    return ActionResult(id=id, type=RESET, started_at=NOW, **fields)


def test_what_was_begun_and_is_reversible_is_taken_back_the_last_first() -> None:
    read = {"value": "1"}
    results = [result("a", before=read), result("b", before=read), result("c", before=read), result("d")]
    made = plan(spec={"actions": ACTIONS}, action_results=results)
    assert [a.id for a in actions_to_take_back(made, {RESET})] == ["c", "a"], "nothing is known of d's beginning"
    dry = plan(spec={"actions": ACTIONS, "dry_run": True}, action_results=results)
    assert actions_to_take_back(dry, {RESET}) == []


def measured(memory: int | None, canary: int | None, second: float) -> list[VerificationSample]:
    values = {SignalName.MEMORY: memory, SignalName.CANARY: canary}
    return [
        VerificationSample(at=at(second), system="redis-test", signal=name, health=health, ok=(health or 0) >= 50)
        for name, health in values.items()
    ]


@pytest.mark.parametrize(
    ("after", "better"),
    [
        ((10, 100), False),
        ((19, 100), False),
        ((35, 100), True),
        ((90, 0), True),
        ((None, None), False),
    ],
)
def test_what_clearly_helped_is_kept(after: tuple[int | None, int | None], better: bool) -> None:
    samples = [*measured(90, 100, 1), *measured(*after, 2)]
    assert got_better(measured(9, 100, -1), samples) is better, "the latest sample counts"


def test_a_system_that_is_gone_or_another_is_not_the_one_that_was_approved() -> None:
    pinned = plan(targets=pin_targets(plan().spec, {"redis-test": system()}))
    assert not is_replaced(pinned, "redis-test", system())
    assert is_replaced(pinned, "redis-test", None)
    changed, going, other = system(), system(), system()
    changed.metadata.generation = 7
    going.metadata.deletion_timestamp = NOW
    other.metadata.uid = "uid-other"
    found = [is_replaced(pinned, "redis-test", s) for s in (changed, going, other)]
    assert found == [False, True, True]
