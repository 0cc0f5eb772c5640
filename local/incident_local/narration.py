"""Turns what stands in the objects into lines for the person who watches. Pure: each fact is told once."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby

from pydantic import JsonValue

from incident_crds.action import Action
from incident_crds.chaosexperiment import ChaosExperiment, ExperimentPhase
from incident_crds.incident import Incident, IncidentPhase
from incident_crds.remediationplan import ActionResult, PlanPhase, RemediationPlan

LONGEST = 160


@dataclass(frozen=True, slots=True)
class Fact:
    """Something that happened. `key` is the same whenever it is seen again; without `at`, it is known only by now."""

    key: str
    text: str
    at: datetime | None = None


class Narrator:
    """Remembers what was told."""

    def __init__(self) -> None:
        self._told: set[str] = set()

    def news(self, found: Iterator[Fact]) -> list[Fact]:
        """The facts that were not told before, in order."""
        fresh = [fact for fact in found if fact.key not in self._told]
        self._told.update(fact.key for fact in fresh)
        return fresh


def experiment_facts(experiment: ChaosExperiment) -> Iterator[Fact]:
    status, fault = experiment.status, experiment.spec.fault.type
    where = ", ".join(target.system for target in status.targets)
    if status.phase is ExperimentPhase.PENDING:
        yield Fact(f"held {status.reason}", f"waiting, {status.reason}: {status.message}")
    if status.started_at:
        yield Fact("injecting", f"injecting {fault} into {where}", status.started_at)
    if status.injected_at:
        dead_man = next((t.undo.dead_man for t in status.targets if t.undo and t.undo.dead_man), "")
        yield Fact("injected", f"injected{f'; dead-man: {dead_man}' if dead_man else ''}", status.injected_at)
    before = {(m.system, m.signal): m.health for m in status.baseline}
    for seen in status.observed_effect:
        change = f"{_health(before.get((seen.system, seen.signal)))} -> {_health(seen.health)}"
        yield Fact(
            f"effect {seen.system} {seen.signal}", f"effect measured: {seen.system} {seen.signal} {change}", seen.at
        )
    for target in status.targets:
        if target.last_error:
            text = f"undo on {target.system}, try {target.attempts}: {target.last_error}"
            yield Fact(f"undo {target.system} {target.attempts}", text)
    if status.healed_by:
        yield Fact("healed", f"harm ended by {status.healed_by}")
    if status.recovered_at:
        residue = sum(target.residue or 0 for target in status.targets)
        yield Fact("recovered", f"fault undone, residue {residue}", status.recovered_at)
    if status.phase in (ExperimentPhase.REJECTED, ExperimentPhase.FAILED, ExperimentPhase.ABORTED):
        yield Fact("ended", f"experiment {status.phase}: {status.reason}: {status.message}")
    if status.grade:
        yield Fact("graded", f"graded: {'passed' if status.grade.grade.passed else 'not passed'}")


def incident_facts(incident: Incident) -> Iterator[Fact]:
    name, status, times = incident.metadata.name, incident.status, incident.status.timestamps
    if status.number:
        severity = f" {status.severity}" if status.severity else ""
        text = f"incident {status.number}{severity}: {incident.spec.title}"
        yield Fact(f"breach {name} {status.relapses}", "breach detected", times.breached_at)
        yield Fact(f"incident {name} {status.relapses}", text, times.detected_at)
    for joined in status.joined:
        text = f"{joined.system} broke, too: {joined.relation.lower()}, same incident"
        yield Fact(f"joined {name} {joined.system} {joined.at}", text, joined.at)
    if found := status.diagnosis:
        cause = f"{found.root_cause.fault_type or 'undetermined'} on {found.root_cause.system or 'no system'}"
        text = f"diagnosed by {found.provider}: {cause}, confidence {found.confidence} %"
        yield Fact(f"diagnosis {name} {times.diagnosed_at}", text, times.diagnosed_at)
    for condition in status.conditions:
        if condition.type == "Escalated" and condition.status == "True":
            yield Fact(
                f"escalated {name}", f"escalated to a person: {condition.message}", condition.last_transition_time
            )
    if status.phase is IncidentPhase.RESOLVED:
        yield Fact(
            f"resolved {name} {times.resolved_at}",
            f"incident {status.number} resolved: {status.reason or 'no reason'}",
            times.resolved_at,
        )


def plan_facts(plan: RemediationPlan) -> Iterator[Fact]:
    name, status = plan.metadata.name, plan.status
    if status.plan_hash:
        actions = ", ".join(describe_action(action) for action in plan.spec.actions)
        text = f"plan {name}: {actions}; risk {status.risk or 'unknown'}; hash {status.plan_hash}"
        yield Fact(f"plan {name}", text)
    if decision := status.decision:
        verdict = "approved" if decision.approved else "rejected"
        why = f": {decision.reason}" if decision.reason else ""
        yield Fact(f"decision {name}", f"{verdict} by {decision.by}{why}", decision.at)
    for result in status.action_results:
        if result.ended_at:
            yield Fact(f"action {name} {result.id}", _result(result), result.ended_at)
        if (back := result.rolled_back) and back.ended_at:
            verdict = "taken back" if back.succeeded else "NOT taken back"
            yield Fact(f"rollback {name} {result.id}", f"{result.type}: {verdict}: {back.output}", back.ended_at)
    samples = sorted(status.verification_samples, key=lambda sample: sample.at)
    is_one = len({s.system for s in samples}) <= 1
    for at, measured in groupby(samples, key=lambda sample: sample.at):
        parts = [
            f"{'' if is_one else f'{s.system} '}{s.signal} {_health(s.health)}{'' if s.ok else ' (too low)'}"
            for s in measured
        ]
        yield Fact(f"sample {name} {at}", f"verifying: {', '.join(parts)}", at)
    if status.verified_at:
        yield Fact(f"verified {name}", "recovery held for the whole window", status.verified_at)
    if status.phase and status.phase.is_final and status.phase is not PlanPhase.SUCCEEDED:
        yield Fact(f"ended {name}", f"plan {name} {status.phase}: {status.reason}: {status.message}")


def describe_action(action: Action) -> str:
    """The action with its parameters, as the person who approves should read it."""
    params = action.params.to_json()
    given = " ".join(f"{name}={_short(value)}" for name, value in params.items())
    return f"{action.type} on {action.system}{f' ({given})' if given else ''}"


def _result(result: ActionResult) -> str:
    changed = [
        f"{name} {_short(before)} -> {_short(result.after[name])}"
        for name, before in result.before.items()
        if name in result.after and result.after[name] != before
    ]
    verdict = "" if result.succeeded else "FAILED: "
    return "; ".join([f"{result.type}: {verdict}{result.output}", *changed[:4]])


def _health(value: int | None) -> str:
    return "unknown" if value is None else str(value)


def _short(value: JsonValue) -> str:
    """Text from a system is data: it may not reach the terminal with its control characters."""
    text = "".join(c if c.isprintable() else "?" for c in str(value))
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}..."
