"""What one rule finds, and what all rules share."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from incident_crds.catalogue import FaultType, SignalName
from incident_operator.domain.evidence import DIRECT_MILLISECONDS, Evidence
from incident_operator.domain.verdict import ActionDraft

S = TypeVar("S")

DOMINANT_SHARE = 0.5
"""One prefix, application or table is blamed only when it makes up at least this share."""
MIB = 1024 * 1024
_SLOWER = 10
"""A client's operation is a handful of questions and answers; more than so many times one of them is a delay."""


@dataclass(frozen=True, slots=True)
class Finding:
    """The cause that explains one signal, and what would end it."""

    fault: FaultType
    summary: str
    solution: str
    confidence: int
    fact: str
    actions: tuple[ActionDraft, ...]
    """None of them where the harm ends by itself."""


Rule = Callable[[Evidence], Finding | None]
"""Looks at one signal's possible cause; None where it is not that."""
Rules = Mapping[SignalName, tuple[Rule, ...]]
"""The causes of each signal, the likeliest first."""


def fact_number(e: Evidence, name: str) -> float:
    """A number among the facts; 0 where there is none."""
    value = e.facts.get(name)
    return value if isinstance(value, int | float) else 0.0


def is_fast_when_asked(e: Evidence) -> bool:
    """Whether clients wait far longer than a direct question does: then the way to the system is slow, not itself."""
    direct = e.facts.get(DIRECT_MILLISECONDS)
    canary = canary_milliseconds(e)
    return isinstance(direct, int | float) and canary is not None and canary >= _SLOWER * max(1.0, direct)


def canary_milliseconds(e: Evidence) -> float | None:
    """What a client's small operation took; None where it failed."""
    return next((s.metrics.get("milliseconds") for s in e.signals if s.name is SignalName.LATENCY), None)


def find_dominant(suspects: Sequence[S], size: Callable[[S], float], total: float) -> tuple[S, float] | None:
    """The largest and its share of `total`, where that is enough to blame it; None where no one stands out."""
    if not suspects or total == 0:
        return None
    top = max(suspects, key=size)
    share = size(top) / total
    return (top, share) if share >= DOMINANT_SHARE else None


def confidence_of(share: float) -> int:
    """Grows with how much of the harm the suspect explains: half of it is 50, all of it is 95."""
    return max(5, round(50 + 90 * (min(1.0, share) - DOMINANT_SHARE)))
