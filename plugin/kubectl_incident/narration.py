"""Turns what stands in the objects into lines for the person who watches. Each fact is told once."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timezone
from itertools import groupby

from kubectl_incident.documents import Document
from kubectl_incident.plans import FINAL, describe, outcome, signals
from kubectl_incident.terminal import Terminal


@dataclass(frozen=True)
class Fact:
    """Something that happened. `key` is the same whenever it is seen again; without `at`, it is known only by now."""

    key: str
    text: str
    at: datetime | None = None


class Narrator:
    """Remembers what was told."""

    def __init__(self, since: datetime | None = None) -> None:
        """`since`: what happened earlier is of an earlier run, and not told."""
        self._told: set[str] = set()
        self._since = since

    def tell(self, terminal: Terminal, facts: Iterator[Fact], start: datetime, *, beside: bool = False) -> None:
        """The facts that were not told before, by their time since `start`. `beside`: not as the answer."""
        now = datetime.now(timezone.utc)
        fresh = [fact for fact in facts if fact.key not in self._told]
        self._told.update(fact.key for fact in fresh)
        timed = [(fact.at or now, fact.text) for fact in fresh if not self._is_old(fact)]
        for at, text in sorted(timed, key=lambda pair: pair[0]):
            line = f"  {(at - start).total_seconds():7.2f} s  {text}"
            terminal.note(line) if beside else terminal.line(line)

    def _is_old(self, fact: Fact) -> bool:
        return self._since is not None and fact.at is not None and fact.at < self._since


def experiment_facts(experiment: Document) -> Iterator[Fact]:
    status = experiment.part("status")
    targets = status.parts("targets")
    where = ", ".join(target.text("system") for target in targets)
    if experiment.phase == "Pending":
        reason = status.text("reason")
        yield Fact(f"held {reason}", f"waiting, {reason}: {status.text('message')}")
    if at := status.time("startedAt"):
        yield Fact("injecting", f"injecting {experiment.text('spec.fault.type')} into {where}", at)
    if at := status.time("injectedAt"):
        dead_man = next((t.text("undo.deadMan") for t in targets if t.text("undo.deadMan")), "")
        yield Fact("injected", f"injected{f'; dead-man: {dead_man}' if dead_man else ''}", at)
    before = {(m.text("system"), m.text("signal")): m.text("health") for m in status.parts("baseline")}
    for seen in status.parts("observedEffect"):
        system, signal = seen.text("system"), seen.text("signal")
        change = f"{before.get((system, signal)) or 'unknown'} -> {seen.text('health') or 'unknown'}"
        yield Fact(f"effect {system} {signal}", f"effect measured: {system} {signal} {change}", seen.time("at"))
    for target in targets:
        if error := target.text("lastError"):
            tries = target.text("attempts")
            yield Fact(
                f"undo {target.text('system')} {tries}", f"undo on {target.text('system')}, try {tries}: {error}"
            )
    if by := status.text("healedBy"):
        yield Fact("healed", f"harm ended by {by}")
    if at := status.time("recoveredAt"):
        residue = sum(int(target.number("residue") or 0) for target in targets)
        yield Fact("recovered", f"fault undone, residue {residue}", at)
    if experiment.phase in ("Rejected", "Failed", "Aborted"):
        yield Fact("ended", f"experiment {experiment.phase}: {status.text('reason')}: {status.text('message')}")


def incident_facts(incident: Document) -> Iterator[Fact]:
    name, status = incident.name, incident.part("status")
    number, relapses = status.text("number"), status.text("relapses")
    if number:
        severity = f" {status.text('severity')}" if status.text("severity") else ""
        yield Fact(f"breach {name} {relapses}", "breach detected", status.time("timestamps.breachedAt"))
        text = f"incident {number}{severity}: {incident.text('spec.title')}"
        yield Fact(f"incident {name} {relapses}", text, status.time("timestamps.detectedAt"))
    for joined in status.parts("joined"):
        system, moment = joined.text("system"), joined.time("at")
        text = f"{system} broke, too: {joined.text('relation').lower()}, same incident"
        yield Fact(f"joined {name} {system} {moment}", text, moment)
    found = status.part("diagnosis")
    if found.raw:
        at = status.time("timestamps.diagnosedAt")
        cause = (
            f"{found.text('rootCause.faultType') or 'undetermined'} on {found.text('rootCause.system') or 'no system'}"
        )
        text = f"diagnosed by {found.text('provider')}: {cause}, confidence {found.text('confidence')} %"
        yield Fact(f"diagnosis {name} {at}", text, at)
    for condition in status.parts("conditions"):
        if condition.text("type") == "Escalated" and condition.text("status") == "True":
            text = f"escalated to a person: {condition.text('message')}"
            yield Fact(f"escalated {name}", text, condition.time("lastTransitionTime"))
    if incident.phase == "Resolved":
        at = status.time("timestamps.resolvedAt")
        yield Fact(f"resolved {name} {at}", f"incident {number} resolved: {status.text('reason') or 'no reason'}", at)


def plan_facts(plan: Document) -> Iterator[Fact]:
    name, status = plan.name, plan.part("status")
    if hash := status.text("planHash"):
        actions = ", ".join(describe(action) for action in plan.parts("spec.actions"))
        yield Fact(f"plan {name}", f"plan {name}: {actions}; risk {status.text('risk') or 'unknown'}; hash {hash}")
    decision = status.part("decision")
    if decision.raw:
        verdict = "approved" if decision.flag("approved") else "rejected"
        why = f": {decision.text('reason')}" if decision.text("reason") else ""
        yield Fact(f"decision {name}", f"{verdict} by {decision.text('by')}{why}", decision.time("at"))
    for result in status.parts("actionResults"):
        if at := result.time("endedAt"):
            text = f"{result.text('type')}: {outcome(result)}"
            yield Fact(f"action {name} {result.text('id')}", text, at)
        if at := result.time("rolledBack.endedAt"):
            verdict = "taken back" if result.flag("rolledBack.succeeded") else "NOT taken back"
            text = f"{result.text('type')}: {verdict}: {result.text('rolledBack.output')}"
            yield Fact(f"rollback {name} {result.text('id')}", text, at)
    samples = sorted(status.parts("verificationSamples"), key=lambda sample: sample.text("at"))
    for moment, measured in groupby(samples, key=lambda sample: sample.text("at")):
        group = list(measured)
        yield Fact(f"sample {name} {moment}", f"verifying: {', '.join(signals(group))}", group[0].time("at"))
    if at := status.time("verifiedAt"):
        yield Fact(f"verified {name}", "recovery held for the whole window", at)
    if plan.phase in FINAL and plan.phase != "Succeeded":
        yield Fact(f"ended {name}", f"plan {name} {plan.phase}: {status.text('reason')}: {status.text('message')}")
