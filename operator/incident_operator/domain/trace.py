"""A graded drill as spans, made of the times that stand in the resources: asked twice, it gives the same."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from incident_crds.base import DRILL_LABEL
from incident_crds.catalogue import SystemType
from incident_crds.chaosexperiment import ChaosExperiment
from incident_crds.incident import Incident, Timestamps
from incident_crds.remediationplan import RemediationPlan
from incident_operator.domain.grading import shortcomings

Value = str | bool


@dataclass(frozen=True, slots=True)
class SpanFact:
    """One span. The first of a trace is its root, and the parent of the others."""

    name: str
    start: datetime
    end: datetime
    span_id: int
    attributes: Mapping[str, Value] = field(default_factory=dict)
    problem: str | None = None
    """Why it failed; None where it did not."""


@dataclass(frozen=True, slots=True)
class TraceFacts:
    """One trace: its id, and its spans, the root first."""

    trace_id: int
    spans: Sequence[SpanFact]


def build_trace(
    experiment: ChaosExperiment,
    incident: Incident | None,
    plan: RemediationPlan | None,
    system_type: SystemType | None,
) -> TraceFacts | None:
    """None for an experiment that is not graded, or that never began.

    Nothing in it tells who approved, what a model was sent, or what it said.
    """
    status = experiment.status
    if status.grade is None or status.started_at is None:
        return None
    uid = experiment.metadata.uid
    children = [
        SpanFact(name, start, max(start, end), _id(f"{uid}/{number}/{name}", 8), attributes, problem)
        for number, (name, start, end, attributes, problem) in enumerate(_steps(experiment, incident, plan))
        if start is not None and end is not None
    ]
    grade = status.grade.grade
    missed = shortcomings(grade)
    root = SpanFact(
        name=f"drill {experiment.metadata.labels.get(DRILL_LABEL) or experiment.metadata.name}",
        start=status.started_at,
        end=max([status.started_at, *(c.end for c in children)]),
        span_id=_id(f"{uid}/root", 8),
        attributes={
            "incidentsim.experiment": experiment.metadata.name,
            "incidentsim.namespace": experiment.metadata.namespace,
            "incidentsim.fault.type": experiment.spec.fault.type.value,
            "incidentsim.system.type": system_type.value if system_type else "",
            "incidentsim.healed_by": status.healed_by.value if status.healed_by else "",
            "incidentsim.grade.passed": grade.passed,
            "incidentsim.diagnosis.provider": status.grade.diagnosis.provider,
        },
        problem=None if grade.passed else f"not passed: {', '.join(missed) or 'not healed by a plan'}",
    )
    return TraceFacts(_id(f"{uid}/trace", 16), [root, *children])


_Step = tuple[str, datetime | None, datetime | None, dict[str, Value], str | None]


def _steps(experiment: ChaosExperiment, incident: Incident | None, plan: RemediationPlan | None) -> list[_Step]:
    status = experiment.status
    t = incident.status.timestamps if incident else Timestamps()
    provider = incident.status.diagnosis.provider if incident and incident.status.diagnosis else ""
    began = min((at for at in (status.injected_at, t.breached_at) if at is not None), default=None)
    steps: list[_Step] = [
        ("inject", status.started_at, status.injected_at, {}, None),
        ("detect", began, t.detected_at, {}, None),
        ("diagnose", t.detected_at, t.diagnosed_at, {"incidentsim.diagnosis.provider": provider}, None),
        ("propose", t.diagnosed_at, t.plan_proposed_at, {}, None),
    ]
    verified = plan.status.verified_at if plan else None
    if plan is not None:
        decision = plan.status.decision
        approved: dict[str, Value] = {"incidentsim.approved": decision.approved} if decision else {}
        steps.append(("await approval", t.plan_proposed_at, decision.at if decision else None, approved, None))
        for result in plan.status.action_results:
            problem = None if result.succeeded else "the action failed"
            steps.append((f"execute {result.type.value}", result.started_at, result.ended_at, {}, problem))
        steps.append(("verify", plan.status.verification_started_at, verified, {}, None))
    steps.append(("resolve", verified or t.mitigated_at, t.resolved_at, {}, None))
    over = [at for at in (status.injected_at, status.expires_at, verified, t.resolved_at) if at is not None]
    undone = status.recovered_at
    # no time says when the undo began: it is told from when the harm was over
    harmless = max((at for at in over if undone is not None and at <= undone), default=status.started_at)
    steps.append(("undo", harmless, undone, {}, None))
    return steps


def _id(text: str, size: int) -> int:
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:size], "big") or 1
