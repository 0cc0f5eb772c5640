"""Each adapter through its real SDK: what every kind of answer becomes."""

from __future__ import annotations

import json
import warnings
from datetime import timedelta

import pytest

from incident_crds.catalogue import ActionType
from incident_operator.diagnosis.chain import Question
from incident_operator.diagnosis.errors import (
    BadCredentials,
    InvalidReply,
    ModelRetired,
    ProviderError,
    RateLimited,
    RequestRefused,
    ServerFailed,
    TimedOut,
    Unreachable,
)
from incident_operator.diagnosis.prompt import build_prompt
from incident_operator.diagnosis.provider import Prompt

from .conftest import ADAPTERS, KEY, RISKS, MakeProvider
from .wire import GOOD, ModelServer, Script, says

SOON = timedelta(seconds=20)
EACH = pytest.mark.parametrize("adapter", ADAPTERS)


@pytest.fixture
def prompt(question: Question) -> Prompt:
    return build_prompt(question.document, question.remedies, RISKS)


def test_a_model_is_told_of_every_action(question: Question) -> None:
    told = build_prompt(question.document, list(ActionType), RISKS).system
    assert all(f"- {action} (risk " in told for action in ActionType)


@EACH
async def test_an_answer_comes_with_what_it_cost(
    adapter: str, make: MakeProvider, models: ModelServer, prompt: Prompt
) -> None:
    models.scripts.append(says(GOOD))
    answer = await make(adapter).ask(prompt, timeout=SOON)
    assert json.loads(answer.text) == GOOD
    assert (answer.input_tokens, answer.output_tokens) == (900, 120)
    path, headers, body = models.requests[0]
    sent = json.dumps(body)
    assert "session:ab12:" in sent
    assert "on-call engineer" in sent
    assert KEY not in sent + path
    assert KEY in json.dumps(headers), "the key goes in a header, never in an address that somebody logs"


@EACH
@pytest.mark.parametrize(
    ("script", "kind", "words"),
    [
        (Script(status=401, message="Invalid API Key"), BadCredentials, "does not take the key"),
        (Script(status=403, message="Permission denied"), BadCredentials, "does not take the key"),
        (Script(status=400, message="API key not valid. Please pass a valid API key."), BadCredentials, "the key"),
        (Script(status=404, message="models/x is not found"), ModelRetired, "choose another"),
        (Script(status=400, message="The model has been decommissioned"), ModelRetired, "decommissioned"),
        (Script(status=400, message="unknown field"), RequestRefused, "unknown field"),
        (Script(status=500, message="oops"), ServerFailed, "HTTP 500"),
        (Script(status=503, raw=b"<html>busy</html>"), ServerFailed, "HTTP 503"),
        (Script(raw=b"no JSON at all"), InvalidReply, "no "),
        (Script(raw=b'{"choices": [], "candidates": 7}'), InvalidReply, "no "),
        (Script(text=json.dumps(GOOD), cut=True), Unreachable, "cannot be reached"),
    ],
    ids=lambda value: value.__name__ if isinstance(value, type) else None,
)
async def test_every_failure_has_its_name(
    adapter: str,
    script: Script,
    kind: type[ProviderError],
    words: str,
    make: MakeProvider,
    models: ModelServer,
    prompt: Prompt,
) -> None:
    # google-auth answers a 401 by asking again, twice; nobody else tries again by itself
    asks = 3 if adapter == "gemini-legacy" and script.status == 401 else 1
    models.scripts.extend([script] * asks)
    with pytest.raises(ProviderError) as caught:
        await make(adapter).ask(prompt, timeout=SOON)
    assert type(caught.value) is kind, repr(caught.value)
    assert words in str(caught.value)
    assert KEY not in str(caught.value)
    assert len(models.requests) == asks


async def test_a_redirect_is_not_followed(make: MakeProvider, models: ModelServer, prompt: Prompt) -> None:
    elsewhere = {"Location": "/openai/v1/chat/completions"}
    models.scripts.extend([Script(status=307, headers=elsewhere), says(GOOD)])
    with pytest.raises(ProviderError, match="307"):
        await make("groq").ask(prompt, timeout=SOON)
    assert len(models.requests) == 1


@EACH
async def test_a_slow_one_is_given_up_in_time(
    adapter: str, make: MakeProvider, models: ModelServer, prompt: Prompt
) -> None:
    models.scripts.append(Script(hang=True))
    with pytest.raises(TimedOut, match=r"within 0\.3 s"):
        await make(adapter).ask(prompt, timeout=timedelta(seconds=0.3))


async def test_a_wait_that_groq_asks_for_is_kept(make: MakeProvider, models: ModelServer, prompt: Prompt) -> None:
    models.scripts.append(Script(status=429, message="slow down", headers={"Retry-After": "7"}))
    with pytest.raises(RateLimited, match="asks for 7 s") as caught:
        await make("groq").ask(prompt, timeout=SOON)
    assert caught.value.retry_after == 7


@pytest.mark.parametrize("adapter", ["gemini", "gemini-legacy"])
async def test_a_wait_that_gemini_asks_for_is_kept(
    adapter: str, make: MakeProvider, models: ModelServer, prompt: Prompt
) -> None:
    details = [{"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "7s"}]
    body = {"error": {"code": 429, "message": "quota", "status": "RESOURCE_EXHAUSTED", "details": details}}
    models.scripts.append(Script(status=429, raw=json.dumps(body).encode()))
    with pytest.raises(RateLimited) as caught:
        await make(adapter).ask(prompt, timeout=SOON)
    assert caught.value.retry_after == 7


@EACH
async def test_nobody_there_is_unreachable(adapter: str, prompt: Prompt) -> None:
    provider = ADAPTERS[adapter]("m", key=KEY, base_url="http://127.0.0.1:1")
    with pytest.raises(Unreachable) as caught:
        await provider.ask(prompt, timeout=SOON)
    assert KEY not in str(caught.value)
    await provider.close()


def test_the_old_sdk_s_farewell_is_kept_from_users() -> None:
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")
        import importlib

        from incident_operator.diagnosis import gemini_legacy

        importlib.reload(gemini_legacy)
    assert [str(w.message)[:60] for w in seen] == []
