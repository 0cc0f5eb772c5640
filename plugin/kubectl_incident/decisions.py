"""`approve` and `reject`: bound to the plan that the person saw, in the person's own name."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

from kubectl_incident.documents import PLANS, Document
from kubectl_incident.errors import Changed, PluginError, UsageError
from kubectl_incident.finding import find_plan
from kubectl_incident.kubectl import APPROVER, Kubectl, optional_list
from kubectl_incident.narration import Narrator, plan_facts
from kubectl_incident.plans import APPROVE, APPROVED_BY, FINAL, REJECT, VIA, decided, is_asked, show_plan
from kubectl_incident.terminal import Terminal
from kubectl_incident.watching import Watch

_TRIES = 5
_LONGEST_REASON = 4096
_ANSWER_WITHIN = timedelta(seconds=20)


def run_approve(
    kubectl: Kubectl, terminal: Terminal, wanted: str, *, yes: bool, hash: str, wait: bool, timeout: timedelta
) -> int:
    """0 once the plan succeeded, or with `wait` off once the approval was taken."""
    plan = find_plan(kubectl, wanted)
    here = kubectl.within(plan.namespace)
    require_waiting(plan, datetime.now(timezone.utc))
    if hash and hash != plan.text("status.planHash"):
        raise _other_hash(plan, hash)
    terminal.line(f"Plan {plan.name}", "bold")
    show_plan(terminal, plan, datetime.now(timezone.utc))
    user = here.user()
    _confirm(terminal, plan, user, yes=yes, hash=hash)
    written = decide(here, plan, user, {APPROVE: plan.text("status.planHash")})
    terminal.line(f"Approval of {plan.name} sent as {user}.")
    return follow(here, terminal, written, until_done=True, timeout=timeout, approves=True) if wait else 0


def run_reject(kubectl: Kubectl, terminal: Terminal, wanted: str, reason: str, *, wait: bool) -> int:
    """0 once the rejection was taken."""
    reason = reason.strip()
    if not reason or len(reason) > _LONGEST_REASON:
        raise UsageError(
            "A rejection needs a reason of 1 to 4096 characters",
            "say why with --reason: it calls a person, who reads it",
        )
    plan = find_plan(kubectl, wanted)
    here = kubectl.within(plan.namespace)
    require_waiting(plan, datetime.now(timezone.utc))
    user = here.user()
    written = decide(here, plan, user, {REJECT: reason})
    terminal.line(f"Rejection of {plan.name} sent as {user}.")
    if not wait:
        return 0
    return follow(here, terminal, written, until_done=False, timeout=_ANSWER_WITHIN, approves=False)


def require_waiting(plan: Document, now: datetime) -> None:
    """Raises PluginError with the plan's phase and who decided."""
    expires = plan.time("status.expiresAt")
    told, phase = decided(plan), plan.phase
    show = f"`kubectl incident show {plan.text('spec.incidentRef')} -n {plan.namespace}` tells the whole story"
    if phase in ("", "Proposed"):
        raise PluginError(f"Plan {plan.name} was not checked by the operator yet", "try again in a moment")
    if phase == "Expired" or (phase == "AwaitingApproval" and expires is not None and expires <= now):
        at = expires.astimezone().strftime("%H:%M:%S") if expires else "some time ago"
        raise PluginError(
            f"Plan {plan.name} expired at {at}: nobody decided in time",
            "ask for another on the board, or see whether the incident has a newer one; " + show,
        )
    if phase != "AwaitingApproval":
        why = told or plan.text("status.message") or plan.text("status.reason")
        raise PluginError(
            f"Plan {plan.name} does not wait for a decision: it is {phase}{f', {why}' if why else ''}", show
        )
    if is_asked(plan):
        raise PluginError(f"Plan {plan.name} is just being decided on by somebody else", show)


def _other_hash(plan: Document, hash: str) -> PluginError:
    return PluginError(
        f"The hash {hash} is not that of plan {plan.name}, which is {plan.text('status.planHash')}",
        f"read the plan again, it is not the one that you saw: `kubectl incident approve {plan.name}` shows it",
    )


def _confirm(terminal: Terminal, plan: Document, user: str, *, yes: bool, hash: str) -> None:
    """Returns where the person means it."""
    is_high = plan.text("status.risk") == "High"
    if yes:
        if is_high and not hash:
            raise UsageError(
                f"Plan {plan.name} is of high risk: --yes alone does not approve it",
                f"read it, then give the hash that you read: --yes --hash {plan.text('status.planHash')}",
            )
        return
    if not terminal.can_ask:
        raise UsageError(
            "There is no terminal to ask at", "give --yes, best with --hash HASH of the plan that was read"
        )
    terminal.line()
    if is_high:
        typed = terminal.ask(f"Its risk is HIGH. To approve it as {user}, type the plan's name:")
        meant = typed == plan.name
    else:
        meant = terminal.ask(f"Approve it as {user}? [y/N]").lower() in ("y", "yes")
    if not meant:
        raise PluginError("Not approved: nothing was done", "to say no for good, use `kubectl incident reject`")


def decide(kubectl: Kubectl, seen: Document, user: str, note: dict[str, str]) -> Document:
    """Writes the decision on the plan that was seen and on no other; returns it as written."""
    for _ in range(_TRIES):
        now = kubectl.get(PLANS, seen.name)
        if now.uid != seen.uid or now.text("status.planHash") != seen.text("status.planHash"):
            raise _other_hash(now, seen.text("status.planHash"))
        require_waiting(now, datetime.now(timezone.utc))
        try:
            # servers that fill in who decided overwrite the name; the others compare it
            return kubectl.patch(now, PLANS, {**note, APPROVED_BY: user, VIA: "plugin"}, APPROVER)
        except Changed:
            continue  # such as a new status: read it again, it may wait still
    raise PluginError(f"Plan {seen.name} changes all the time", "look at it, and try again")


def follow(
    kubectl: Kubectl, terminal: Terminal, plan: Document, *, until_done: bool, timeout: timedelta, approves: bool
) -> int:
    """Tells what becomes of the decision. Raises PluginError where it was not taken."""
    started = datetime.now(timezone.utc)
    deadline = started + (timeout if until_done else _ANSWER_WITHIN)
    narrator, was_slow = Narrator(), False
    selector = f"--field-selector=metadata.name={plan.name}"
    with Watch(kubectl, [(PLANS, selector)]) as watch:
        for found in watch.news(deadline):
            if found is None:
                if not was_slow and datetime.now(timezone.utc) - started > _ANSWER_WITHIN / 4:
                    was_slow = True
                    terminal.note("  still waiting for the operator", "dim")
                continue
            if found.uid != plan.uid or found.is_deleted:
                raise PluginError(f"Plan {plan.name} was deleted", "see `kubectl incident list`")
            if (taken := taken_of(kubectl, found, approves=approves)) is None:
                continue
            narrator.tell(terminal, plan_facts(found), taken)
            if found.phase in FINAL or not until_done:
                return _end(terminal, found, approves=approves)
    waited = int((deadline - started).total_seconds())
    raise PluginError(
        f"Plan {plan.name} is not done after {waited} s",
        "the decision stands and the operator goes on when it runs: see `kubectl get pods -n incidentsim-system`",
    )


def taken_of(kubectl: Kubectl, plan: Document, *, approves: bool) -> datetime | None:
    """When our decision was taken; None while it was not answered. Raises PluginError where it was refused."""
    decision = plan.part("status.decision")
    if decision.raw:
        if decision.flag("approved") is not approves:
            raise PluginError(f"Somebody was faster: plan {plan.name} was {decided(plan)}", "the first decision stands")
        return decision.time("at") or datetime.now(timezone.utc)
    if is_asked(plan):
        return None
    why = plan.text("status.message") if plan.phase in FINAL else last_warning(kubectl, plan)
    raise PluginError(
        f"The operator did not take the decision on {plan.name}, which is {plan.phase}: {why or 'it does not say why'}",
        f"`kubectl describe rplan {plan.name} -n {plan.namespace}` shows what it says",
    )


def last_warning(kubectl: Kubectl, plan: Document) -> str:
    """The operator's latest Warning about the plan, or empty."""
    events, _ = optional_list(kubectl, "events", f"--field-selector=involvedObject.uid={plan.uid},type=Warning")
    latest = max(events, key=lambda e: e.text("lastTimestamp"), default=None)
    return latest.text("message") if latest else ""


def _end(terminal: Terminal, plan: Document, *, approves: bool) -> int:
    if not approves:
        terminal.line(f"Plan {plan.name} {decided(plan)}. It will not run, and a person is called.")
        return 0
    if plan.phase not in FINAL:
        terminal.line(f"Plan {plan.name} {decided(plan)}; it is {plan.phase}.")
        return 0
    done = plan.phase == "Succeeded"
    terminal.line(f"Plan {plan.name} {plan.phase}.", "bold", "green" if done else "red")
    if not done and (why := plan.text("status.message")):
        terminal.line(f"  {why}")
    return 0 if done else 1
