"""A grade as text: what was right, and where the time went."""

from __future__ import annotations

from incident_crds.report import DrillReport, Grade

_STAGES = ("detect", "diagnose", "propose", "approve", "execute", "verify", "resolve")


def render_report(report: DrillReport) -> str:
    """The graded timeline of one drill, some 80 columns wide."""
    grade, times = report.grade, report.durations
    title = f"{report.drill or report.experiment}: {'PASSED' if grade.passed else 'NOT PASSED'}"
    rows = [
        title,
        f"  incident    {report.incident.number or 'none'} {report.incident.phase} {report.incident.reason}".rstrip(),
        f"  diagnosis   {_cause(report)}",
        f"  plan        {_plan(report)}",
        f"  grade       {_verdicts(grade)}",
    ]
    elapsed = 0.0
    for stage in _STAGES:
        seconds: float | None = getattr(times, stage)
        if seconds is None:
            rows.append(f"  {stage:<10}     not reached")
            continue
        elapsed += seconds
        rows.append(f"  {stage:<10} {seconds:8.2f} s   at {elapsed:7.2f} s{_remark(report, stage)}")
    rows.append(f"  total      {_seconds(times.total)}")
    rows.append(f"  machine    {_seconds(times.machine)}   total less the person's time and the hold window")
    return "\n".join(rows)


def _verdicts(grade: Grade) -> str:
    return (
        f"detected {_yes(grade.detected)}, cause right {_yes(grade.cause_correct)}, "
        f"action right {_yes(grade.action_correct)}, verified {_yes(grade.verified)}, "
        f"residue {grade.residue}, collateral {grade.collateral}"
    )


def _cause(report: DrillReport) -> str:
    found = report.diagnosis
    if not found.provider:
        return "none"
    return f"{found.fault_type or 'undetermined'} on {found.system or 'no system'}, by {found.provider}"


def _plan(report: DrillReport) -> str:
    plan = report.plan
    if not plan.name:
        return "none"
    by = f", approved by {plan.approved_by}" if plan.approved_by else ", not approved"
    return f"{plan.name}: {', '.join(plan.actions)}{by}"


def _remark(report: DrillReport, stage: str) -> str:
    hold = report.durations.hold
    if stage == "verify" and hold is not None:
        return f"   of it {hold:.2f} s hold window"
    return "   the person's time" if stage == "approve" else ""


def _seconds(value: float | None) -> str:
    return f"{value:8.2f} s" if value is not None else "   not reached"


def _yes(value: bool) -> str:
    return "yes" if value else "NO"
