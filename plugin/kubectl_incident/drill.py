"""`drill`: breaks a system for real, tells what happens, and brings back the grade."""

from __future__ import annotations

import json
import secrets
import time
from collections.abc import Iterator
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from itertools import chain

from kubectl_incident.decisions import decide, require_waiting
from kubectl_incident.documents import EXPERIMENTS, INCIDENTS, PLANS, SYSTEMS, Document, escalation
from kubectl_incident.errors import KubectlFailed, Missing, PluginError, UsageError
from kubectl_incident.finding import nearest
from kubectl_incident.grading import passed, print_report
from kubectl_incident.kubectl import RESPONDER, Kubectl
from kubectl_incident.narration import Fact, Narrator, experiment_facts, incident_facts, plan_facts
from kubectl_incident.plans import APPROVE, REJECT, is_asked, show_plan
from kubectl_incident.terminal import Terminal
from kubectl_incident.watching import Watch

_READY_WITHIN = timedelta(seconds=60)
_UNDO_WITHIN = timedelta(seconds=120)
_GRADE_WITHIN = timedelta(seconds=20)
_POLL_SECONDS = 0.5


class _GivenUp(Exception):
    """Nobody who takes part can bring the drill further; the text says why."""


@dataclass
class _Run:
    """One run, and the latest of every object that may be part of it."""

    experiment: Document
    system: str
    started_at: datetime
    settled: frozenset[str]
    """uids of the incidents that were resolved at the start; one is part of the run once it is reopened."""
    incidents: dict[str, Document] = field(default_factory=dict)
    plans: dict[str, Document] = field(default_factory=dict)

    @property
    def since(self) -> datetime:
        """The start as the API server writes times: in whole seconds."""
        return self.started_at.replace(microsecond=0)

    def note(self, found: Document) -> None:
        if found.kind == "ChaosExperiment" and found.uid == self.experiment.uid:
            self.experiment = found
        elif found.kind == "Incident" and self.system in found.systems:
            is_new = found.phase != "Resolved" or found.uid not in self.settled
            if is_new or found.name in self.incidents:
                self.incidents[found.name] = found
        elif found.kind == "RemediationPlan":
            self.plans[found.name] = found

    def own_plans(self) -> list[Document]:
        """Made for its incidents since the start, the oldest first."""
        own = [
            plan
            for plan in self.plans.values()
            if plan.text("spec.incidentRef") in self.incidents
            and plan.created is not None
            and plan.created >= self.since
        ]
        return sorted(own, key=lambda plan: (plan.number("spec.attempt") or 0, plan.name))

    def facts(self) -> Iterator[Fact]:
        return chain(
            experiment_facts(self.experiment),
            chain.from_iterable(incident_facts(incident) for incident in self.incidents.values()),
            chain.from_iterable(plan_facts(plan) for plan in self.own_plans()),
        )

    def escalation(self) -> str:
        """Why a person has to go on since the start, or empty."""
        for incident in self.incidents.values():
            if incident.phase != "Resolved" and (why := escalation(incident, self.since)):
                return f"{incident.text('status.number')} was escalated: {why}"
        return ""


class Drill:
    """Runs one scenario with the rights of whoever calls."""

    def __init__(self, kubectl: Kubectl, terminal: Terminal, *, mode: str, timeout: timedelta) -> None:
        """`kubectl` looks at one namespace; `mode` is auto, ask or wait: who approves."""
        self._kubectl = kubectl
        self._terminal = terminal
        self._mode = mode
        self._timeout = timeout
        self._seen: set[str] = set()
        self._user = ""

    def run(self, scenario: Document, *, as_json: bool) -> int:
        """0 only where it passed. The fault never outlives the call, whatever ends it."""
        if self._mode != "wait":
            self._user = self._kubectl.user()
        system = scenario.text("spec.target.systemRef.name")
        self._wait_ready(system)
        resolved = (i.uid for i in self._kubectl.list(INCIDENTS) if i.phase == "Resolved")
        run = _Run(self._manifest(scenario), system, datetime.now(timezone.utc), frozenset(resolved))
        try:
            created = self._kubectl.json("create", "--filename=-", stdin=json.dumps(run.experiment.raw), role=RESPONDER)
            run.experiment = Document(created)
            self._terminal.note(f"{scenario.name}: experiment {run.experiment.name} on {system}", "bold")
            report = self._observe(run)
        except _GivenUp as why:
            self._withdraw(run.experiment)
            raise PluginError(
                f"{scenario.name} ended without a grade: {why}; its fault was withdrawn",
                "to heal it by hand and be graded, run it with --approve wait",
            ) from None
        except (KeyboardInterrupt, SystemExit, PluginError):
            self._withdraw(run.experiment)
            raise
        if as_json:
            self._terminal.json(report.raw)
        else:
            self._terminal.note("")
            print_report(self._terminal, report)
        return 0 if passed(report) else 1

    def _manifest(self, scenario: Document) -> Document:
        """A name of our own, so that it can be withdrawn even where the answer to its creation never came."""
        raw = deepcopy(scenario.raw)
        name = f"{scenario.name[:200]}-{secrets.token_hex(3)}"
        kept = {key: raw["metadata"].get(key) or {} for key in ("labels", "annotations")}
        raw["metadata"] = {"name": name, "namespace": self._kubectl.namespace, **kept}
        raw.pop("status", None)
        return Document(raw)

    def _wait_ready(self, name: str) -> None:
        """Probed and healthy, or its damage could not be told from what was there before."""
        deadline, told = time.monotonic() + _READY_WITHIN.total_seconds(), False
        while True:
            try:
                system = self._kubectl.get(SYSTEMS, name)
            except Missing as error:
                raise self._no_system(name) from error
            if _is_healthy(system):
                return
            state = f"phase {system.phase or 'unknown'}, health {system.text('status.health') or 'unknown'}"
            if time.monotonic() > deadline:
                raise PluginError(
                    f"{name} was not healthy within {_READY_WITHIN.total_seconds():g} s: {state}",
                    f"see `kubectl describe msys {name} -n {self._kubectl.namespace}`, and the operator's log",
                )
            if not told:
                self._terminal.note(f"waiting until {name} is healthy ({state})")
                told = True
            time.sleep(_POLL_SECONDS)

    def _no_system(self, name: str) -> PluginError:
        known = [system.name for system in self._kubectl.list(SYSTEMS)]
        place = f"namespace {self._kubectl.namespace}"
        if not known:
            return PluginError(
                f"There is no system in {place}", "choose where they are with -n; `kubectl get msys -A` tells"
            )
        close = nearest(name, known) or known
        return PluginError(f"There is no system {name} in {place}", f"use --system with one of: {', '.join(close)}")

    def _observe(self, run: _Run) -> Document:
        narrator, ended = Narrator(run.started_at), None
        deadline = run.started_at + self._timeout
        with Watch(self._kubectl, [(EXPERIMENTS,), (INCIDENTS,), (PLANS,)]) as watch:
            for found in watch.news(deadline):
                if found is not None:
                    self._require_there(run, found)
                    run.note(found)
                    narrator.tell(self._terminal, run.facts(), run.started_at, beside=True)
                if run.experiment.phase == "Rejected":
                    raise _GivenUp(f"it was rejected: {run.experiment.text('status.message')}")
                if run.experiment.part("status.grade").raw:
                    return run.experiment.part("status.grade")
                for plan in run.own_plans():
                    self._consider(plan)
                if self._mode != "wait" and (why := run.escalation()):
                    raise _GivenUp(why)
                ended = _ended(run.experiment, ended)
        raise PluginError(
            f"{run.experiment.name} was not graded within {self._timeout.total_seconds():g} s; its fault was withdrawn",
            "see the lines above for the step that is missing, and the operator's log for why",
        )

    @staticmethod
    def _require_there(run: _Run, found: Document) -> None:
        if found.uid == run.experiment.uid and found.is_deleted:
            raise PluginError(f"{found.name} was deleted by somebody else", "its fault is undone by the operator")

    def _consider(self, plan: Document) -> None:
        """Decide on a plan that waits, once."""
        if plan.phase != "AwaitingApproval" or plan.uid in self._seen or is_asked(plan):
            return
        self._seen.add(plan.uid)
        if self._mode == "wait":
            place = f" -n {plan.namespace}"
            self._terminal.note(f"  waiting for: kubectl incident approve {plan.name}{place}", "bold")
            return
        note = {APPROVE: plan.text("status.planHash")}
        if self._mode == "ask" and (reason := self._ask(plan)):
            note = {REJECT: reason}
        decide(self._kubectl, plan, self._user, note)
        self._terminal.note(f"  {'approval' if APPROVE in note else 'rejection'} of {plan.name} sent as {self._user}")

    def _ask(self, plan: Document) -> str:
        """Empty for yes, else the reason to reject."""
        shown = Terminal(out=self._terminal.beside, err=self._terminal.beside)
        shown.line(f"\nPlan {plan.name}", "bold")
        show_plan(shown, plan, datetime.now(timezone.utc))
        require_waiting(plan, datetime.now(timezone.utc))
        answer = shown.ask(f"\nApprove it as {self._user}? [y = yes, anything else is the reason to reject]")
        return "" if answer.lower() in ("y", "yes") else answer or "rejected at the terminal"

    def _withdraw(self, experiment: Document) -> None:
        """Delete it and wait until the operator undid the fault; where it cannot now, the dead-man does later."""
        name = experiment.name
        self._terminal.note(f"  withdrawing {name} and waiting until its fault is undone", "yellow")
        deadline = time.monotonic() + _UNDO_WITHIN.total_seconds()
        why: object = "the operator did not let go of it in time"
        try:
            self._kubectl.run("delete", EXPERIMENTS, name, "--ignore-not-found", "--wait=false", role=RESPONDER)
            while time.monotonic() < deadline:
                self._kubectl.get(EXPERIMENTS, name)
                time.sleep(_POLL_SECONDS)
        except Missing:
            return
        except KubectlFailed as error:
            why = error
        self._terminal.note(f"  {name} could not be seen to be undone ({why}); its dead-man ends the fault", "red")


def _ended(experiment: Document, ended: float | None) -> float | None:
    """Since when it has been over without a grade. Raises _GivenUp where none will come."""
    if experiment.phase not in ("Aborted", "Failed", "Recovered"):
        return None
    if ended is None:
        return time.monotonic()
    if experiment.phase != "Recovered" and time.monotonic() - ended > _GRADE_WITHIN.total_seconds():
        raise _GivenUp(f"it is {experiment.phase}: {experiment.text('status.message')}")
    return ended


def _is_healthy(system: Document) -> bool:
    threshold = system.number("spec.health.thresholdPercent") or 50
    return (
        system.phase == "Ready" and system.flag("status.seeded") and (system.number("status.health") or 0) >= threshold
    )


def with_system(scenario: Document, system: str) -> Document:
    """The scenario against another system. Raises UsageError where it names none."""
    raw = deepcopy(scenario.raw)
    if system:
        raw.setdefault("spec", {})["target"] = {"systemRef": {"name": system}}
    changed = Document(raw)
    if not changed.text("spec.target.systemRef.name"):
        raise UsageError(f"{scenario.name} names no system of its own", "say which one to break with --system")
    return changed
