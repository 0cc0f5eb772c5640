"""The model server, the adapters that talk to it, and one incident's question."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime

import pytest
import pytest_asyncio

from incident_crds.catalogue import ActionType, Risk, SignalName, SystemType
from incident_crds.mocksystem import HealthPolicy
from incident_operator.diagnosis.chain import Question
from incident_operator.diagnosis.gemini import GeminiProvider
from incident_operator.diagnosis.gemini_legacy import GeminiLegacyProvider
from incident_operator.diagnosis.groq import GroqProvider
from incident_operator.diagnosis.provider import Provider
from incident_operator.domain.evidence import Evidence, PrefixUsage
from incident_operator.domain.evidence_document import build_document
from incident_operator.domain.sample import Signal

from .wire import ModelServer

KEY = "gsk_not-a-real-key-0123456789"
MIB = 1024 * 1024
NOW = datetime(2026, 1, 31, 12, 0, 0, tzinfo=UTC)
RISKS = dict.fromkeys(ActionType, Risk.MEDIUM)
ADAPTERS: dict[str, type[GroqProvider | GeminiProvider | GeminiLegacyProvider]] = {
    "groq": GroqProvider,
    "gemini": GeminiProvider,
    "gemini-legacy": GeminiLegacyProvider,
}
MakeProvider = Callable[[str], Provider]


@pytest_asyncio.fixture
async def models() -> AsyncIterator[ModelServer]:
    async with ModelServer().serve() as server:
        yield server


@pytest_asyncio.fixture
async def make(models: ModelServer) -> AsyncIterator[MakeProvider]:
    """Builds an adapter that talks to the local server through its real SDK."""
    made: list[Provider] = []

    def build(name: str) -> Provider:
        provider = ADAPTERS[name]("openai/gpt-oss-120b" if name == "groq" else "gemini-x", key=KEY, base_url=models.url)
        made.append(provider)
        return provider

    yield build
    for provider in made:
        await provider.close()


def redis_evidence(*prefixes: str) -> Evidence:
    """Redis at 9 %, filled by the first of these prefixes."""
    names = prefixes or ("session:ab12:",)
    return Evidence(
        system="redis-test",
        type=SystemType.REDIS,
        signals=(Signal(SignalName.MEMORY, 9, "used 57.6 of 64.0 MiB"), Signal(SignalName.CANARY, 100, "took 2 ms")),
        prefixes=tuple(PrefixUsage(name, 1446, (56 if n == 0 else 1) * MIB, 0) for n, name in enumerate(names)),
        facts={"used_memory": 57.6 * MIB, "maxmemory": 64.0 * MIB, "sampled_bytes": 57.0 * MIB},
    )


def question_about(evidence: Evidence) -> Question:
    breached = [SignalName.MEMORY]
    return Question(
        evidence=evidence,
        document=build_document(
            evidence, breached=breached, history=(), policy=HealthPolicy(), context=(), collected_at=NOW
        ),
        breached=breached,
        remedies=[ActionType.REDIS_EVICT_PREFIX, ActionType.REDIS_CLEAR_CACHE],
        risks=RISKS,
    )


@pytest.fixture
def question() -> Question:
    return question_about(redis_evidence())
