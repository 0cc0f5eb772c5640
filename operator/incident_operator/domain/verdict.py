"""A diagnosis before it is written down, whoever gave it."""

from __future__ import annotations

from dataclasses import dataclass

from incident_crds.action import Action, ActionParams
from incident_crds.catalogue import ActionType, FaultType, Severity


@dataclass(frozen=True, slots=True)
class Verdict:
    """A diagnosis before it is written down. No fault means undetermined, and then there is no action."""

    fault: FaultType | None
    system: str
    summary: str
    solution: str
    severity: Severity
    confidence: int
    evidence: tuple[str, ...]
    actions: tuple[ActionDraft, ...] = ()
    reasoning: str = ""
    """Why these actions, for the person who decides."""


@dataclass(frozen=True, slots=True)
class ActionDraft:
    """An action with its parameters, as the evidence gave them."""

    type: ActionType
    system: str
    params: ActionParams
    expected_impact: str

    def to_action(self, number: int) -> Action:
        return Action(
            id=f"step-{number}",
            type=self.type,
            system=self.system,
            params=self.params,
            expected_impact=self.expected_impact,
        )
