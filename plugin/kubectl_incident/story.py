"""`show`: the whole story of an incident on one screen."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timezone

from kubectl_incident.documents import EXPERIMENTS, PLANS, Document, escalation
from kubectl_incident.errors import KubectlFailed, PluginError
from kubectl_incident.finding import find_incident, plans_of
from kubectl_incident.grading import grade_rows
from kubectl_incident.kubectl import Kubectl, optional_list
from kubectl_incident.plans import is_asked, show_plan
from kubectl_incident.terminal import Terminal, age, duration, wrap


def run_show(kubectl: Kubectl, terminal: Terminal, wanted: str, *, as_json: bool) -> int:
    incident = find_incident(kubectl, wanted)
    here = kubectl.within(incident.namespace)
    plans = plans_of(incident, here.list(PLANS))
    experiment, problem = find_experiment(here, incident)
    if as_json:
        terminal.json(
            {
                "incident": incident.raw,
                "plans": [plan.raw for plan in plans],
                "grade": experiment.value("status.grade") if experiment else None,
            }
        )
        return 0
    now = datetime.now(timezone.utc)
    _head(terminal, incident, now)
    _diagnosis(terminal, incident)
    for plan in plans:
        terminal.heading(f"Plan {plan.name}")
        show_plan(terminal, plan, now)
    _timeline(terminal, incident)
    _times(terminal, incident, experiment)
    _grade(terminal, experiment, problem)
    if waits := [plan for plan in plans if plan.phase == "AwaitingApproval" and not is_asked(plan)]:
        terminal.line()
        terminal.line(f"To decide: kubectl incident approve {waits[-1].name} -n {incident.namespace}", "bold")
    return 0


def find_experiment(kubectl: Kubectl, incident: Document) -> tuple[Document | None, PluginError | None]:
    """The latest experiment whose damage opened the incident; where they cannot be read, why."""
    known, problem = optional_list(kubectl, EXPERIMENTS)
    own = [e for e in known if incident.name in e.texts("status.incidents")]
    return max(own, key=lambda e: e.text("metadata.creationTimestamp"), default=None), problem


def _head(terminal: Terminal, incident: Document, now: datetime) -> None:
    number = incident.text("status.number") or incident.name
    terminal.line(f"{number}  {incident.text('spec.title')}", "bold")
    severity = incident.text("status.severity")
    reason = incident.text("status.reason")
    phase = terminal.word(incident.phase or "not looked at yet") + (f" ({reason})" if reason else "")
    rows = [
        ("state", f"{phase}, {terminal.word(severity) or 'no severity yet'}, opened {age(incident.created, now)} ago"),
        ("system", ", ".join(incident.systems) or "none"),
        ("signals", ", ".join(incident.texts("status.signals")) or incident.text("spec.signal")),
        ("name", f"{incident.name} in namespace {incident.namespace}"),
        ("team", ", ".join(filter(None, [incident.text("spec.team"), incident.text("spec.assignee")]))),
        ("relapses", incident.text("status.relapses").replace("0", "") and incident.text("status.relapses")),
        ("merged into", incident.text("status.mergedInto")),
        ("notes", incident.text("spec.notes")),
    ]
    _rows(terminal, rows)
    if incident.phase != "Resolved" and (why := escalation(incident)):
        terminal.line(f"  A person is needed: {why}", "red")


def _rows(terminal: Terminal, rows: list[tuple[str, str]]) -> None:
    for name, text in rows:
        if text:
            terminal.line(f"  {name:<12}{text}")


def _diagnosis(terminal: Terminal, incident: Document) -> None:
    found = incident.part("status.diagnosis")
    terminal.heading("Diagnosis")
    if not found.raw:
        terminal.line("  none yet")
        return
    cause = found.text("rootCause.faultType") or "undetermined"
    blamed = found.text("rootCause.system") or "no system"
    model = f" ({found.text('model')})" if found.text("model") else ""
    terminal.paragraph(found.text("summary"))
    _rows(
        terminal,
        [
            ("cause", f"{cause} on {blamed}, confidence {found.text('confidence')} %"),
            ("by", f"{found.text('provider')}{model}"),
        ],
    )
    if solution := found.text("solution"):
        _labelled(terminal, "advice", solution)
    for index, row in enumerate(found.texts("evidence")):
        _labelled(terminal, "" if index else "evidence", f"- {row}")
    for attempt in found.parts("fallbackChain"):
        if attempt.text("outcome") not in ("", "Answered"):
            _labelled(terminal, "not by", f"{attempt.text('provider')}: {attempt.text('message')}")


def _labelled(terminal: Terminal, label: str, text: str) -> None:
    for index, row in enumerate(wrap(text, terminal.width, " " * 14)):
        terminal.line(f"  {'' if index else label:<12}{row[14:]}")


def _timeline(terminal: Terminal, incident: Document) -> None:
    terminal.heading("Timeline")
    entries = incident.parts("status.timeline")
    if not entries:
        terminal.line("  nothing yet")
    first: datetime | None = incident.time("status.timestamps.breachedAt")
    for entry in entries:
        at = entry.time("at")
        first = first or at
        clock = at.astimezone().strftime("%H:%M:%S") if at else "--:--:--"
        since = f"{(at - first).total_seconds():+9.2f} s" if at and first else " " * 11
        told = f"{entry.text('type')} by {entry.text('actor')}"
        detail = entry.text("detail")
        text = f"{told}: {detail}" if detail else told
        head = f"  {clock} {since}  "
        for index, row in enumerate(wrap(text, terminal.width, " " * len(head))):
            terminal.line(f"{' ' * len(head) if index else head}{row[len(head) :]}")


def _times(terminal: Terminal, incident: Document, experiment: Document | None) -> None:
    """Who took the time: machine, person, and the window that proves."""
    rows = list(spans(incident, experiment))
    if not rows:
        return
    terminal.heading("Time")
    for name, seconds, remark in rows:
        terminal.line(f"  {name:<12}{duration(seconds):<12}{remark}".rstrip())


def spans(incident: Document, experiment: Document | None) -> Iterator[tuple[str, float, str]]:
    """(what, seconds, remark), by the grade where there is one, else by the incident's own times."""
    graded = experiment.part("status.grade.durations") if experiment else Document({})
    if (total := graded.number("total")) is not None:
        yield "total", total, "from the fault's effect to the resolution"
        yield from _known("machine", graded.number("machine"), "")
        yield from _known("person", graded.number("approve"), "from the plan to its approval")
        yield from _known("hold window", graded.number("hold"), "recovery had to hold so long to be proven")
        return
    own = incident.part("status.durations")
    total, person = own.number("resolve"), own.number("approve")
    if total is None:
        yield from _known("detect", own.number("detect"), "from the first bad sample to the incident")
        yield from _known("diagnose", own.number("diagnose"), "from the incident to the diagnosis")
    else:
        yield "total", total, "from the first bad sample to the resolution"
        yield "machine", max(0.0, total - (person or 0.0)), "its hold window included"
    yield from _known("person", person, "from the plan to its approval")


def _known(name: str, seconds: float | None, remark: str) -> Iterator[tuple[str, float, str]]:
    if seconds is not None:
        yield name, seconds, remark


def _grade(terminal: Terminal, experiment: Document | None, problem: PluginError | None) -> None:
    if isinstance(problem, KubectlFailed):
        terminal.heading("Grade")
        terminal.line(f"  cannot be read: {problem.what}")
        return
    if experiment is None:
        return
    terminal.heading(f"Drill {experiment.name}")
    if not experiment.part("status.grade").raw:
        terminal.line(f"  {experiment.phase or 'not begun'}; not graded yet")
        return
    for row in grade_rows(experiment.part("status.grade")):
        terminal.line(f"  {row}")
