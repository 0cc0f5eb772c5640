"""Who diagnoses is set by the environment, and a key is never shown."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from incident_operator.diagnosis.chain import Diagnoser
from incident_operator.diagnosis.factory import build_diagnoser
from incident_operator.settings import Settings

from .conftest import KEY


def names(diagnoser: Diagnoser) -> list[str]:
    return [type(link).__name__ for link in diagnoser._links]


@pytest.mark.parametrize(
    ("environment", "links"),
    [
        ({}, ["RulesLink"]),
        ({"GROQ_API_KEY": KEY}, ["GroqProvider", "RulesLink"]),
        ({"GEMINI_API_KEY": KEY}, ["GeminiLegacyProvider", "RulesLink"]),
        ({"GEMINI_API_KEY": KEY, "INCIDENTSIM_GEMINI_SDK": "google-genai"}, ["GeminiProvider", "RulesLink"]),
        (
            {"GROQ_API_KEY": KEY, "GEMINI_API_KEY": KEY, "INCIDENTSIM_DIAGNOSERS": "rules, groq"},
            ["RulesLink", "GroqProvider"],
        ),
        ({"GROQ_API_KEY": "", "INCIDENTSIM_DIAGNOSERS": "groq"}, []),
    ],
)
async def test_the_chain_is_what_was_set(
    environment: dict[str, str], links: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("GROQ_API_KEY", "GEMINI_API_KEY"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    settings = Settings()
    diagnoser = build_diagnoser(settings.diagnosis)
    assert names(diagnoser) == links
    assert KEY not in repr(settings) + repr(settings.diagnosis)
    await diagnoser.close()


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("INCIDENTSIM_DIAGNOSERS", "groq,claude"),
        ("INCIDENTSIM_DIAGNOSERS", "rules,rules"),
        ("INCIDENTSIM_DIAGNOSERS", ","),
        ("INCIDENTSIM_GEMINI_SDK", "vertex"),
        ("INCIDENTSIM_GROQ_URL", "ftp://example.org"),
    ],
)
def test_a_setting_that_makes_no_sense_is_refused(variable: str, value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(variable, value)
    with pytest.raises(ValidationError) as caught:
        Settings()
    errors: list[Any] = caught.value.errors()
    assert f"INCIDENTSIM_{errors[0]['loc'][0]}".upper() == variable


def test_an_empty_variable_is_one_that_is_not_set(monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in ("INCIDENTSIM_DIAGNOSERS", "INCIDENTSIM_GROQ_URL", "INCIDENTSIM_HOLD_SECONDS", "GROQ_API_KEY"):
        monkeypatch.setenv(variable, "")
    settings = Settings()
    assert settings.diagnosers == "groq,gemini,rules"
    assert settings.groq_url is None
    assert settings.groq_api_key is None
    assert settings.hold_seconds == 5
