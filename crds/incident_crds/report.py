"""The graded report of a drill: one document in the experiment's status and on the command line."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from incident_crds.base import Name, ShortText, StatusModel
from incident_crds.catalogue import ActionType, FaultType

Seconds = Annotated[float, Field(ge=0)]


class ReportIncident(StatusModel):
    """The incident that the fault opened."""

    name: ShortText = ""
    """Object name; empty when there was none."""
    number: ShortText = ""
    """Running number such as INC-0001."""
    phase: ShortText = ""
    """Its phase when graded."""
    reason: ShortText = ""
    """Why it was resolved."""


class ReportDiagnosis(StatusModel):
    """What the diagnoser said, against the truth."""

    provider: ShortText = ""
    """Who diagnosed."""
    system: ShortText = ""
    """System named as the root cause."""
    fault_type: FaultType | None = None
    """Fault named as the root cause."""
    correct: bool = False
    """Both are what was injected."""


class ReportPlan(StatusModel):
    """The plan that was executed, or the latest one."""

    name: ShortText = ""
    """Object name; empty when there was none."""
    approved_by: ShortText = ""
    """The authenticated user who approved it."""
    actions: Annotated[list[ActionType], Field(max_length=16)] = Field(default_factory=list)
    """Its actions in order."""


class Grade(StatusModel):
    """What was right, each by a measurement or by the truth on the experiment."""

    detected: bool = False
    """An incident was opened for the broken system (for a control: none was)."""
    cause_correct: bool = False
    """The diagnosis names the injected fault and its system."""
    action_correct: bool = False
    """Every executed action is acceptable for the fault, and ordinary data survived."""
    verified: bool = False
    """Recovery was measured over the hold window before the incident was resolved."""
    residue: Annotated[int, Field(ge=0)] = 0
    """Things that the fault left on the system after all was undone."""
    collateral: Annotated[int, Field(ge=0)] = 0
    """Ordinary keys, rows or files that were lost."""
    passed: bool = False
    """All of the above are as they should be."""


class Durations(StatusModel):
    """Seconds between the milestones; absent where one was not reached."""

    detect: Seconds | None = None
    """From the fault's effect to the incident."""
    diagnose: Seconds | None = None
    """From the incident to the diagnosis."""
    propose: Seconds | None = None
    """From the diagnosis to the plan awaiting approval."""
    approve: Seconds | None = None
    """From the plan to its approval: the person's time."""
    execute: Seconds | None = None
    """From the approval to the end of the last action."""
    verify: Seconds | None = None
    """From the last action to proven recovery; includes the hold window."""
    hold: Seconds | None = None
    """The hold window, which is part of verify."""
    resolve: Seconds | None = None
    """From proven recovery to the incident's resolution."""
    total: Seconds | None = None
    """From the fault's effect to the resolution."""
    machine: Seconds | None = None
    """Total less the person's time and the hold window: the machine's share."""


class DrillReport(StatusModel):
    """How a drill went."""

    drill: ShortText = ""
    """The scenario's name."""
    experiment: Name
    """The experiment's name."""
    incident: ReportIncident = Field(default_factory=ReportIncident)
    """The incident that the fault opened."""
    diagnosis: ReportDiagnosis = Field(default_factory=ReportDiagnosis)
    """What the diagnoser said."""
    plan: ReportPlan = Field(default_factory=ReportPlan)
    """What was done about it."""
    grade: Grade = Field(default_factory=Grade)
    """What was right."""
    durations: Durations = Field(default_factory=Durations)
    """How long each step took."""
