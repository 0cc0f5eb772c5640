"""The grade of a drill as text: what was right, and where the time went."""

from __future__ import annotations

from kubectl_incident.documents import Document
from kubectl_incident.terminal import Terminal

_STAGES = ("detect", "diagnose", "propose", "approve", "execute", "verify", "resolve")


def passed(grade: Document) -> bool:
    return grade.flag("grade.passed")


def grade_rows(report: Document) -> list[str]:
    """The verdict, one row for each thing that was graded."""
    grade = report.part("grade")
    verdicts = [
        f"detected {_yes(grade.flag('detected'))}",
        f"cause right {_yes(grade.flag('causeCorrect'))}",
        f"action right {_yes(grade.flag('actionCorrect'))}",
        f"verified {_yes(grade.flag('verified'))}",
        f"residue {grade.text('residue') or '0'}",
        f"collateral {grade.text('collateral') or '0'}",
    ]
    return ["PASSED" if passed(report) else "NOT PASSED", ", ".join(verdicts)]


def print_report(terminal: Terminal, report: Document) -> None:
    """The graded timeline of one drill."""
    verdict, details = grade_rows(report)
    title = report.text("drill") or report.text("experiment")
    terminal.line(f"{title}: {verdict}", "bold", "green" if passed(report) else "red")
    incident = report.part("incident")
    about = " ".join(filter(None, (incident.text(key) for key in ("number", "phase", "reason"))))
    terminal.line(f"  incident    {about or 'none'}")
    terminal.line(f"  diagnosis   {_cause(report)}")
    terminal.line(f"  plan        {_plan(report)}")
    terminal.line(f"  grade       {details}")
    elapsed, times = 0.0, report.part("durations")
    for stage in _STAGES:
        seconds = times.number(stage)
        if seconds is None:
            terminal.line(f"  {stage:<10}     not reached", "dim")
            continue
        elapsed += seconds
        terminal.line(f"  {stage:<10} {seconds:8.2f} s   at {elapsed:7.2f} s{_remark(times, stage)}")
    for name, remark in (("total", ""), ("machine", "   total less the person's time and the hold window")):
        seconds = times.number(name)
        terminal.line(f"  {name:<10} {'not reached' if seconds is None else f'{seconds:8.2f} s'}{remark}")


def _cause(report: Document) -> str:
    found = report.part("diagnosis")
    if not found.text("provider"):
        return "none"
    cause = found.text("faultType") or "undetermined"
    return f"{cause} on {found.text('system') or 'no system'}, by {found.text('provider')}"


def _plan(report: Document) -> str:
    plan = report.part("plan")
    if not plan.text("name"):
        return "none"
    by = f", approved by {plan.text('approvedBy')}" if plan.text("approvedBy") else ", not approved"
    return f"{plan.text('name')}: {', '.join(plan.texts('actions'))}{by}"


def _remark(times: Document, stage: str) -> str:
    hold = times.number("hold")
    if stage == "verify" and hold is not None:
        return f"   of it {hold:.2f} s hold window"
    return "   the person's time" if stage == "approve" else ""


def _yes(value: bool) -> str:
    return "yes" if value else "NO"
