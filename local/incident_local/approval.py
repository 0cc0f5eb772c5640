"""Decides on a plan as the laptop's approver: at once, by asking the person, or not at all."""

from __future__ import annotations

import asyncio
import sys
from enum import StrEnum

from incident_crds.base import APPROVE_ANNOTATION, APPROVED_BY_ANNOTATION, REJECT_ANNOTATION
from incident_crds.client import ApiClient
from incident_crds.errors import NotFound
from incident_crds.remediationplan import PlanPhase, RemediationPlan
from incident_local.errors import DrillFailed
from incident_local.narration import describe_action
from incident_local.progress import Progress

APPROVER = "sre"


class ApproveMode(StrEnum):
    """Who decides."""

    AUTO = "auto"
    ASK = "ask"
    WAIT = "wait"


def require_terminal(mode: ApproveMode) -> None:
    """Raises DrillFailed where a person is to be asked and there is none: before anything is started."""
    if mode is ApproveMode.ASK and not sys.stdin.isatty():
        raise DrillFailed("There is no terminal to ask at", remedy="use --approve auto or --approve wait")


class Approver:
    """Writes the decision as an annotation, which is what a person does with kubectl."""

    def __init__(self, client: ApiClient, mode: ApproveMode, progress: Progress, kubectl: str) -> None:
        """`kubectl` is told in mode WAIT: the command with the kubeconfig of this stack, as a person has to type it."""
        self._client = client
        self._mode = mode
        self._progress = progress
        self._kubectl = kubectl
        self._seen: set[str] = set()

    @property
    def waits(self) -> bool:
        """Whether a person acts elsewhere, and may go on where the operator does not."""
        return self._mode is ApproveMode.WAIT

    async def consider(self, plan: RemediationPlan) -> None:
        """Decide on a plan that awaits it, once."""
        if plan.status.phase is not PlanPhase.AWAITING_APPROVAL or plan.metadata.uid in self._seen:
            return
        self._seen.add(plan.metadata.uid)
        match self._mode:
            case ApproveMode.AUTO:
                await self._annotate(plan, APPROVE_ANNOTATION, plan.status.plan_hash)
            case ApproveMode.ASK:
                await self._ask(plan)
            case ApproveMode.WAIT:
                self._progress.line(
                    f"  waiting for: {self._kubectl} --context {APPROVER} -n {plan.metadata.namespace} annotate rplan "
                    f"{plan.metadata.name} {APPROVE_ANNOTATION}={plan.status.plan_hash}"
                )

    async def _ask(self, plan: RemediationPlan) -> None:
        self._progress.line(f"\nPlan {plan.metadata.name} by {plan.spec.author}, risk {plan.status.risk}")
        for text in (plan.spec.analysis, plan.spec.reasoning):
            self._progress.line(f"  {' '.join(text.split())}")  # a line of its own could pass for one of ours
        for action in plan.spec.actions:
            undo = "can be taken back" if action.reversible else "cannot be taken back"
            impact = " ".join(action.expected_impact.split()).rstrip(".") or "its effect is not described"
            self._progress.line(f"  - {describe_action(action)}: {impact}. Risk {action.risk}, {undo}.")
        self._progress.line("Approve it as the user sre? [y = yes, anything else = reason to reject]")
        answer = (await _read_line()).strip()
        if answer.lower() in ("y", "yes"):
            await self._annotate(plan, APPROVE_ANNOTATION, plan.status.plan_hash)
        else:
            await self._annotate(plan, REJECT_ANNOTATION, answer or "rejected at the terminal")

    async def _annotate(self, plan: RemediationPlan, annotation: str, value: str) -> None:
        # Servers without MutatingAdmissionPolicy do not fill in who decided; the others overwrite it.
        annotations = {annotation: value, APPROVED_BY_ANNOTATION: APPROVER}
        try:
            await self._client.patch(RemediationPlan, *plan.key, {"metadata": {"annotations": dict(annotations)}})
        except NotFound:
            self._progress.warn(f"plan {plan.metadata.name} is gone")


async def _read_line() -> str:
    """A line from the terminal. Not in a thread: a thread that waits for input would outlive Ctrl-C."""
    loop = asyncio.get_running_loop()
    readable = asyncio.Event()
    loop.add_reader(sys.stdin.fileno(), readable.set)
    try:
        await readable.wait()
    finally:
        loop.remove_reader(sys.stdin.fileno())
    return sys.stdin.readline()
