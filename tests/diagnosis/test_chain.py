"""The chain: who answers when others fail, within which time, and what is told of it."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import pytest
from typing_extensions import override

from incident_crds.catalogue import FaultType
from incident_operator.diagnosis.chain import Budget, Diagnosed, Diagnoser, Question, RulesLink
from incident_operator.diagnosis.provider import Answer, Prompt, Provider, parse_retry_after

from .conftest import KEY, NOW, MakeProvider
from .wire import GOOD, ModelServer, Script, says


def told(diagnosed: Diagnosed) -> list[str]:
    return [f"{a.provider} {a.outcome}" for a in diagnosed.diagnosis.fallback_chain]


def changed(**fields: Any) -> dict[str, Any]:
    return {**GOOD, **fields}


def with_action(**fields: Any) -> dict[str, Any]:
    return changed(actions=[{**GOOD["actions"][0], **fields}])


async def ask(
    make: MakeProvider, question: Question, names: Sequence[str] = ("groq", "gemini"), budget: Budget | None = None
) -> Diagnosed:
    return await Diagnoser([*map(make, names), RulesLink()], budget=budget).diagnose(question)


async def test_the_first_that_answers_is_believed(make: MakeProvider, models: ModelServer, question: Question) -> None:
    models.scripts.append(says(GOOD))
    found = await ask(make, question)
    assert told(found) == ["groq Answered"]
    assert found.diagnosis.provider == "groq"
    assert found.diagnosis.model == "openai/gpt-oss-120b"
    assert (found.diagnosis.root_cause.fault_type, found.diagnosis.confidence) == (FaultType.REDIS_MEMORY, 88)
    assert found.diagnosis.fallback_chain[0].input_tokens == 900
    (action,) = found.verdict.actions
    assert action.params.to_json() == {"prefix": "session:ab12:"}
    assert found.verdict.reasoning == GOOD["reasoning"]


@pytest.mark.parametrize(
    ("script", "outcome", "asks"),
    [
        (Script(status=429), "RateLimited", 1),
        (Script(status=500), "ServerError", 1),
        (Script(status=401), "BadCredentials", 1),
        (Script(status=404), "ModelRetired", 1),
        (Script(text=json.dumps(GOOD), cut=True), "Unreachable", 1),
        (says("not JSON"), "InvalidReply", 2),
        (says(""), "InvalidReply", 2),
        (says([1, 2]), "InvalidReply", 2),
        (says(changed(cause="Sabotage")), "InvalidReply", 2),
        (says(changed(confidence=101)), "InvalidReply", 2),
        (says(changed(extra="field")), "InvalidReply", 2),
        (says(changed(system="postgres-test")), "InvalidReply", 2),
        (says({k: v for k, v in GOOD.items() if k != "summary"}), "InvalidReply", 2),
        (says(changed(summary="x" * 10_000_000)), "InvalidReply", 2),
        (says(with_action(type="RunShell")), "InvalidReply", 2),
        (says(with_action(type="PostgresVacuum", prefix=None, table="orders")), "InvalidReply", 2),
        (says(with_action(system="postgres-test")), "InvalidReply", 2),
        (says(with_action(prefix="customer:")), "InvalidReply", 2),
        (says(with_action(prefix=None)), "InvalidReply", 2),
        (says(with_action(table="orders")), "InvalidReply", 2),
        (says(changed(cause="Undetermined")), "InvalidReply", 2),
        (says(changed(actions=[])), "InvalidReply", 2),
        (Script(raw=b'{"choices": 7}'), "InvalidReply", 2),
        (Script(status=400, message="json_validate_failed"), "InvalidReply", 2),
        (Script(status=408), "Timeout", 1),
        (Script(status=413), "RateLimited", 1),
        (Script(status=498), "RateLimited", 1),
        (Script(status=429, headers={"Retry-After": "inf"}), "RateLimited", 1),
        (Script(status=429, headers={"Retry-After": "1e300"}), "RateLimited", 1),
        (Script(status=429, headers={"Retry-After": "soon"}), "RateLimited", 1),
        (says(changed(actions=GOOD["actions"] * 7)), "InvalidReply", 2),
    ],
)
async def test_what_fails_is_told_and_the_next_is_asked(
    script: Script, outcome: str, asks: int, make: MakeProvider, models: ModelServer, question: Question
) -> None:
    models.scripts.extend([*[script] * asks, says(GOOD)])
    found = await ask(make, question)
    assert told(found) == [f"groq {outcome}", "gemini Answered"]
    assert len(models.requests) == asks + 1
    message = found.diagnosis.fallback_chain[0].message
    assert message
    assert len(message) < 1000
    assert KEY not in found.diagnosis.model_dump_json()


async def test_with_no_model_left_the_rules_answer(make: MakeProvider, models: ModelServer, question: Question) -> None:
    models.scripts.extend([Script(status=500), Script(status=401)])
    found = await ask(make, question)
    assert told(found) == ["groq ServerError", "gemini BadCredentials", "rules Answered"]
    assert found.diagnosis.root_cause.fault_type is FaultType.REDIS_MEMORY


async def test_a_reply_in_a_code_fence_is_read(make: MakeProvider, models: ModelServer, question: Question) -> None:
    models.scripts.append(says(f"```json\n{json.dumps(GOOD, indent=1)}\n```"))
    assert told(await ask(make, question)) == ["groq Answered"]


async def test_a_reply_that_was_mended_counts(make: MakeProvider, models: ModelServer, question: Question) -> None:
    models.scripts.extend([says(with_action(prefix="session:")), says(GOOD)])
    found = await ask(make, question)
    assert told(found) == ["groq Answered"]
    assert found.diagnosis.fallback_chain[0].output_tokens == 240
    repair = json.dumps(models.requests[1][2])
    assert "is not in the evidence" in repair


async def test_what_an_unusable_reply_cost_is_told_too(
    make: MakeProvider, models: ModelServer, question: Question
) -> None:
    models.scripts.extend([says("no"), says("no"), says("no"), Script(status=500)])
    found = await ask(make, question)
    assert told(found) == ["groq InvalidReply", "gemini ServerError", "rules Answered"]
    assert [a.input_tokens for a in found.diagnosis.fallback_chain] == [1800, 900, None]


async def test_undetermined_is_an_answer_and_makes_no_action(
    make: MakeProvider, models: ModelServer, question: Question
) -> None:
    models.scripts.append(says(changed(cause="Undetermined", actions=[])))
    found = await ask(make, question)
    assert told(found) == ["groq Undetermined"]
    assert (found.verdict.fault, found.verdict.actions, found.diagnosis.confidence) == (None, (), 0)


@pytest.mark.parametrize("script", [Script(hang=True), Script(trickle=True)])
async def test_slow_ones_take_no_longer_than_their_budget(
    script: Script, make: MakeProvider, models: ModelServer, question: Question
) -> None:
    models.scripts.extend([script, script])
    budget = Budget(each=timedelta(seconds=0.4), total=timedelta(seconds=0.6))
    started = time.monotonic()
    found = await ask(make, question, budget=budget)
    assert told(found) == ["groq Timeout", "gemini Timeout", "rules Answered"]
    assert 0.5 < time.monotonic() - started < 5
    assert [a.latency_ms >= 100 for a in found.diagnosis.fallback_chain] == [True, True, False]


async def test_nobody_set_up_is_undetermined_and_said_so(question: Question) -> None:
    found = await Diagnoser([]).diagnose(question)
    assert (found.verdict.fault, found.diagnosis.provider) == (None, "none")
    assert "No diagnoser could be used" in found.diagnosis.summary


class Scripted(Provider):
    """Raises or answers as told, without a network."""

    name = "groq"

    def __init__(self, *outcomes: Exception | str) -> None:
        super().__init__("m")
        self.left = list(outcomes)

    @override
    async def ask(self, prompt: Prompt, *, timeout: timedelta) -> Answer:
        outcome = self.left.pop(0)
        if isinstance(outcome, Exception):
            raise outcome
        return Answer(outcome)


async def test_a_bug_of_ours_is_no_outage_and_nobody_waits_for_it(question: Question) -> None:
    provider = Scripted(*[KeyError("bug")] * 4)
    diagnoser = Diagnoser([provider, RulesLink()])
    for _ in range(4):
        found = await diagnoser.diagnose(question)
        assert told(found) == ["groq InternalError", "rules Answered"]
        assert "a bug in the groq adapter" in found.diagnosis.fallback_chain[0].message
    assert provider.left == []


async def test_three_outages_in_a_row_and_it_is_left_alone_for_a_minute(
    make: MakeProvider, models: ModelServer, question: Question
) -> None:
    clock = [NOW]
    diagnoser = Diagnoser([make("groq"), RulesLink()], now=lambda: clock[0])
    models.scripts.extend([Script(status=500)] * 3)
    for _ in range(3):
        await diagnoser.diagnose(question)
    found = await diagnoser.diagnose(question)
    assert told(found) == ["groq Skipped", "rules Answered"]
    clock[0] = NOW + timedelta(seconds=61)
    models.scripts.append(says(GOOD))
    assert told(await diagnoser.diagnose(question)) == ["groq Answered"]


async def test_a_wait_that_was_asked_for_is_kept(make: MakeProvider, models: ModelServer, question: Question) -> None:
    clock: list[datetime] = [NOW]
    diagnoser = Diagnoser([make("groq"), RulesLink()], now=lambda: clock[0])
    models.scripts.append(Script(status=429, headers={"Retry-After": "120"}))
    await diagnoser.diagnose(question)
    clock[0] = NOW + timedelta(seconds=119)
    assert told(await diagnoser.diagnose(question))[0] == "groq Skipped"
    clock[0] = NOW + timedelta(seconds=121)
    models.scripts.append(says(GOOD))
    assert told(await diagnoser.diagnose(question)) == ["groq Answered"]


@pytest.mark.parametrize(
    ("value", "seconds"),
    [("7", 7), ("1.5", 1.5), ("-3", 0), ("nan", 0), ("inf", 0), ("1e300", 3600), ("soon", 0), ("", 0),
     ("Sat, 31 Jan 2026 12:02:00 GMT", 120), ("Sat, 31 Jan 2026 11:00:00 GMT", 0)],
)  # fmt: skip
def test_a_wait_is_a_number_or_a_date_and_never_for_ever(value: str, seconds: float) -> None:
    assert parse_retry_after(value, now=NOW) == seconds
