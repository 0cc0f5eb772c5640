"""Every action of the catalogue is told to a model, and taken back from it with the parameters that it takes."""

from __future__ import annotations

import json

import pytest

from incident_crds.catalogue import ActionType
from incident_operator.diagnosis.chain import Question
from incident_operator.diagnosis.errors import InvalidReply
from incident_operator.diagnosis.prompt import build_prompt
from incident_operator.diagnosis.reply import Scope, parse_reply

from .conftest import RISKS, redis_evidence
from .wire import GOOD

SCOPE = Scope("redis-test", list(ActionType), redis_evidence())


def reply(**action: str | None) -> str:
    nothing = dict.fromkeys(GOOD["actions"][0]) | {"system": "redis-test", "expected_impact": "it has room again"}
    return json.dumps({**GOOD, "actions": [nothing | action]})


def test_every_action_is_described(question: Question) -> None:
    prompt = build_prompt(question.document, list(ActionType), RISKS)
    assert all(f"- {type} (risk " in prompt.system for type in ActionType)


def test_an_option_is_of_the_list_and_its_value_is_not_the_models() -> None:
    (draft,) = parse_reply(reply(type="RedisResetConfig", option="maxmemory"), SCOPE).actions
    assert draft.params.to_json() == {"option": "maxmemory"}
    with pytest.raises(InvalidReply, match="option"):
        parse_reply(reply(type="RedisResetConfig", option="requirepass"), SCOPE)
    with pytest.raises(InvalidReply, match="needs option"):
        parse_reply(reply(type="RedisResetConfig"), SCOPE)
    with pytest.raises(InvalidReply, match="value"):
        parse_reply(reply(type="RedisResetConfig", option="maxmemory", value="1"), SCOPE)
