"""Diagnosis: what is believed to be wrong, who was asked, and the evidence that it stands on."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from incident_crds.base import Name, Percent, ShortText, StatusModel, Text, Timestamp
from incident_crds.catalogue import FaultType, Severity, SignalName, SystemType


class RootCause(StatusModel):
    """The system and fault that a diagnosis blames."""

    system: ShortText = ""
    """Name of the MockSystem."""
    fault_type: FaultType | None = None
    """The fault; absent when undetermined."""


class ProviderAttempt(StatusModel):
    """One provider's try at a diagnosis."""

    provider: ShortText
    """Who was asked."""
    model: ShortText = ""
    """Which model, where there is one."""
    outcome: ShortText
    """Answered, or why not, in CamelCase."""
    message: Text = ""
    """What happened, for people."""
    latency_ms: Annotated[int, Field(ge=0)] = 0
    """How long it took, in milliseconds."""
    input_tokens: Annotated[int, Field(ge=0)] | None = None
    """Tokens that were sent, where the provider counts them."""
    output_tokens: Annotated[int, Field(ge=0)] | None = None
    """Tokens that came back, where the provider counts them."""


class Diagnosis(StatusModel):
    """What is believed to be wrong, and why."""

    provider: ShortText
    """Who diagnosed."""
    model: ShortText = ""
    """Which model, where there is one."""
    summary: Text
    """What is wrong, in a sentence or two."""
    root_cause: RootCause = Field(default_factory=RootCause)
    """The system and fault that are blamed."""
    severity: Severity
    """How bad it is."""
    solution: Text = ""
    """What should be done."""
    confidence: Percent = 0
    """How sure the diagnoser is; shown, never used to approve."""
    evidence: Annotated[list[Text], Field(max_length=32)] = Field(default_factory=list)
    """The measurements it stands on."""
    fallback_chain: Annotated[list[ProviderAttempt], Field(max_length=8)] = Field(default_factory=list)
    """Every provider that was asked, in order."""
    latency_ms: Annotated[int, Field(ge=0)] = 0
    """How long the diagnosis took in all, in milliseconds."""


class HealthPoint(StatusModel):
    """A signal's health at one moment."""

    seconds_ago: Annotated[int, Field(ge=0)]
    """Seconds before the evidence was collected."""
    health: Percent | None = None
    """Its health; absent where it could not be known."""


class SignalEvidence(StatusModel):
    """One signal of the system, and how it came to what it is."""

    name: SignalName
    """The signal."""
    health: Percent | None = None
    """Its health now; absent where it cannot be known."""
    breached: bool = False
    """It is below the system's threshold."""
    message: ShortText = ""
    """What was measured, in a sentence."""
    history: Annotated[list[HealthPoint], Field(max_length=30)] = Field(default_factory=list)
    """Its health over the last minutes, oldest first; where it did not change, points are left out."""


Cell = Annotated[str, Field(max_length=300)]


class EvidenceTable(StatusModel):
    """What was read from the system, as rows of text."""

    title: ShortText
    """What the rows are."""
    columns: Annotated[list[ShortText], Field(max_length=12)]
    """What each cell of a row is."""
    rows: Annotated[list[Annotated[list[Cell], Field(max_length=12)]], Field(max_length=20)]
    """The rows, the most telling first."""
    left_out: Annotated[int, Field(ge=0)] = 0
    """Rows that were read and are not shown."""


class EvidenceDocument(StatusModel):
    """All that a diagnosis stands on, and all that a model is sent of a system. Its texts are data from there."""

    system: Name
    """The MockSystem; `unknown` where the incident is about none."""
    type: SystemType | None = None
    """Its kind; absent where no system is known."""
    threshold_percent: Percent
    """A signal below this health is breached."""
    collected_at: Timestamp
    """When it was read."""
    signals: Annotated[list[SignalEvidence], Field(max_length=16)] = Field(default_factory=list)
    """Every signal of the system."""
    facts: Annotated[dict[str, Cell], Field(max_length=32)] = Field(default_factory=dict)
    """Settings and counters of the system."""
    tables: Annotated[list[EvidenceTable], Field(max_length=8)] = Field(default_factory=list)
    """What was read besides: keys by prefix, sessions, tables, files, Events, earlier attempts."""
    problem: Text = ""
    """What could not be read, and why."""
