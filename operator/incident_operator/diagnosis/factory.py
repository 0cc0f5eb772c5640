"""Builds the chain from settings. An SDK, which costs tens of megabytes, is imported only where there is a key."""

from __future__ import annotations

from enum import StrEnum

from pydantic import BaseModel, ConfigDict, SecretStr

from incident_operator.diagnosis.chain import RULES, Diagnoser, RulesLink
from incident_operator.diagnosis.provider import Provider

DIAGNOSERS = ("groq", "gemini", RULES)


class GeminiSdk(StrEnum):
    """Which library speaks to Gemini."""

    LEGACY = "google-generativeai"
    CURRENT = "google-genai"


class ProviderSettings(BaseModel):
    """One vendor. Without a key it is left out."""

    model_config = ConfigDict(frozen=True)

    key: SecretStr | None = None
    model: str
    base_url: str | None = None


class DiagnosisSettings(BaseModel):
    """Who diagnoses, in which order."""

    model_config = ConfigDict(frozen=True)

    order: tuple[str, ...] = DIAGNOSERS
    groq: ProviderSettings
    gemini: ProviderSettings
    gemini_sdk: GeminiSdk = GeminiSdk.LEGACY


def build_diagnoser(settings: DiagnosisSettings) -> Diagnoser:
    """Raises ImportError where a provider has a key and its SDK is not installed."""
    links = [link for name in settings.order if (link := _build(name, settings)) is not None]
    return Diagnoser(links)


def _build(name: str, settings: DiagnosisSettings) -> Provider | RulesLink | None:
    if name == RULES:
        return RulesLink()
    chosen = settings.groq if name == "groq" else settings.gemini
    if chosen.key is None or not chosen.key.get_secret_value():
        return None
    given = {"key": chosen.key.get_secret_value(), "base_url": chosen.base_url}
    if name == "groq":
        from incident_operator.diagnosis.groq import GroqProvider

        return GroqProvider(chosen.model, **given)  # type: ignore[arg-type]
    if settings.gemini_sdk is GeminiSdk.CURRENT:
        from incident_operator.diagnosis.gemini import GeminiProvider

        return GeminiProvider(chosen.model, **given)  # type: ignore[arg-type]
    from incident_operator.diagnosis.gemini_legacy import GeminiLegacyProvider

    return GeminiLegacyProvider(chosen.model, **given)  # type: ignore[arg-type]
