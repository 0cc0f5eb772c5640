"""What a remedy is: evidence before, one typed step, evidence after, and a judgement from both."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import ClassVar

from pydantic import JsonValue

from incident_crds.action import ActionParams
from incident_crds.catalogue import ActionType, Risk, SystemType
from incident_operator.targets import Facility, Refused, Target

Evidence = dict[str, JsonValue]
"""Numbers and short texts read from the target, as they go into a plan's status."""


class Remedy(ABC):
    """One action of the catalogue. Stateless; all but `effect` raise TargetError."""

    type: ClassVar[ActionType]
    system_type: ClassVar[SystemType | None]
    """None: any system that has what it needs."""
    risk: ClassVar[Risk]
    reversible: ClassVar[bool]
    needs: ClassVar[Facility | None] = None
    """What the system must have besides."""

    @abstractmethod
    async def observe(self, target: Target, params: ActionParams) -> Evidence:
        """What the action is about, as the target shows it now. Changes nothing."""

    @abstractmethod
    async def execute(self, target: Target, params: ActionParams) -> str:
        """Do it; what was done, in a sentence. May be repeated."""

    async def revert(self, target: Target, params: ActionParams, before: Mapping[str, JsonValue]) -> str:
        """Take it back to what `observe` read `before`; what was done, in a sentence. May be repeated.

        Called only where the remedy is `reversible`, and its effect is still there.
        """
        raise Refused(f"{self.type} cannot be taken back")

    def is_same(self, one: Mapping[str, JsonValue], other: Mapping[str, JsonValue]) -> bool:
        """Whether what the action changes is the same in two observations. Pure; what is unknown is not the same."""
        return False

    @abstractmethod
    def effect(self, before: Mapping[str, JsonValue], after: Mapping[str, JsonValue]) -> str | None:
        """None when the two observations prove the effect, else the sentence that says why not. Pure."""


def number(evidence: Mapping[str, JsonValue], name: str) -> float | None:
    """A number from an observation; None where it is missing, which never proves anything."""
    value = evidence.get(name)
    return value if isinstance(value, int | float) and not isinstance(value, bool) else None


def judge_removal(before: float | None, after: float | None, what: str) -> str | None:
    """At least nine of ten are gone. Not all need be: a system at work makes new ones at any time."""
    if before is None or after is None:
        return f"the {what} could not be counted before and after, so nothing is proven"
    if before == 0:
        return f"there were no {what}, so nothing was done"
    if after * 10 > before:
        return f"{after:g} of {before:g} {what} are still there"
    return None


def required(value: str | None, name: str) -> str:
    """A parameter that the action cannot do without."""
    if not value:
        raise Refused(f"the action needs params.{name}, so nothing was done")
    return value
