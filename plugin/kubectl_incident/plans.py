"""A plan as text: what would be done, what must hold afterwards, and where it stands."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from kubectl_incident.documents import GROUP, Document, clean
from kubectl_incident.terminal import Terminal, age

FINAL = ("Succeeded", "Failed", "RolledBack", "Rejected", "Expired", "Superseded")
APPROVE, REJECT = f"{GROUP}/approve", f"{GROUP}/reject"
APPROVED_BY, VIA = f"{GROUP}/approved-by", f"{GROUP}/via"
_LONGEST = 160


def show_plan(terminal: Terminal, plan: Document, now: datetime) -> None:
    """All that whoever decides has to read."""
    state = f"{terminal.word(plan.phase or 'Proposed')}, risk {terminal.word(plan.text('status.risk') or 'unknown')}"
    terminal.line(f"  state       {state}{_expiry(plan, now)}{', a dry run' if plan.flag('spec.dryRun') else ''}")
    terminal.line(f"  hash        {plan.text('status.planHash') or 'none yet'}")
    terminal.line(
        f"  by          {plan.text('spec.author') or 'unknown'}, for incident {plan.text('spec.incidentRef')}"
    )
    for path in ("spec.analysis", "spec.reasoning"):
        if text := plan.text(path):
            terminal.paragraph(text)
    terminal.line("  Steps:")
    results = {result.text("id"): result for result in plan.parts("status.actionResults")}
    for index, action in enumerate(plan.parts("spec.actions"), 1):
        terminal.line(f"    {index}. {describe(action)}")
        terminal.paragraph(impact(action), " " * 7)
        if (result := results.get(action.text("id"))) and result.text("endedAt"):
            terminal.line(f"       done: {outcome(result)}", "green" if result.flag("succeeded") else "red")
    terminal.line("  Proven when:")
    for check in plan.parts("spec.verification"):
        terminal.line(f"    - {requirement(check)}")
    if decision := decided(plan):
        terminal.line(f"  Decided: {decision}")
    if plan.phase not in ("AwaitingApproval", "Succeeded") and (why := plan.text("status.message")):
        terminal.paragraph(f"{plan.text('status.reason')}: {why}" if plan.text("status.reason") else why)


def _expiry(plan: Document, now: datetime) -> str:
    expires = plan.time("status.expiresAt")
    if plan.phase != "AwaitingApproval" or expires is None:
        return ""
    return f", expires in {age(now, expires)}" if expires > now else ", expired"


def describe(action: Document) -> str:
    """The step with its parameters."""
    params = action.value("params")
    given = " ".join(f"{k}={short(v)}" for k, v in params.items()) if isinstance(params, dict) else ""
    return f"{action.text('type')} on {action.text('system')}{f' ({given})' if given else ''}"


def impact(action: Document) -> str:
    undo = "can be taken back" if action.flag("reversible") else "cannot be taken back"
    expected = action.text("expectedImpact").rstrip(".") or "Its effect is not described"
    return f"{expected}. Risk {action.text('risk') or 'Low'}, {undo}."


def requirement(check: Document) -> str:
    """What must hold, for how long."""
    where = f"{check.text('system')} {check.text('signal')}"
    hold, limit = check.text("holdSeconds") or "5", check.text("timeoutSeconds") or "60"
    return f"{where} is at least {check.text('minHealth') or '50'} for {hold} s, beginning within {limit} s"


def outcome(result: Document) -> str:
    """What one step did, by measurements before and after."""
    before, after = result.value("before") or {}, result.value("after") or {}
    changed = [f"{k} {short(v)} -> {short(after[k])}" for k, v in before.items() if k in after and after[k] != v]
    verdict = "" if result.flag("succeeded") else "FAILED: "
    return "; ".join([f"{verdict}{result.text('output')}", *changed[:4]])


def decided(plan: Document) -> str:
    """Who decided what and by which door, or empty."""
    decision = plan.part("status.decision")
    if not decision.raw:
        return ""
    verdict = "approved" if decision.flag("approved") else "rejected"
    why = f": {decision.text('reason')}" if decision.text("reason") else ""
    return f"{verdict} by {decision.text('by') or 'unknown'}, by way of {decision.text('via') or 'annotation'}{why}"


def is_asked(plan: Document) -> bool:
    """Somebody's decision stands on it, and the operator has not answered yet."""
    return bool(set(plan.value("metadata.annotations") or {}) & {APPROVE, REJECT})


def short(value: object) -> str:
    text = clean(str(value))
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}..."


def signals(samples: list[Document]) -> Iterator[str]:
    """What verification measured at one moment."""
    for sample in samples:
        health: float | None = sample.number("health")
        told = "unknown" if health is None else f"{health:g}"
        yield f"{sample.text('signal')} {told}{'' if sample.flag('ok') else ' (too low)'}"
