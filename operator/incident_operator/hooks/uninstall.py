"""`incident-hook uninstall`: nothing is left broken, nothing is left hanging, and what stays is told.

Every step can be repeated, so that a run that was ended anywhere is finished by the next.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import timedelta

from incident_crds.access import UNINSTALL_HOOK
from incident_crds.client import ApiClient
from incident_operator.hooks.actor import Actor
from incident_operator.hooks.errors import explained
from incident_operator.hooks.halt import remove_own, turn_on
from incident_operator.hooks.letting_go import let_go
from incident_operator.hooks.remains import describe_remains, find_remains
from incident_operator.hooks.undone import Undone


@dataclass(frozen=True, slots=True)
class Options:
    """What is uninstalled."""

    namespace: str
    """The operator's own."""
    deployment: str
    """Name of its Deployment."""
    patience: timedelta
    """Longest time for the undo of all faults, and again for the operator's end."""
    keep_counter: bool = False
    """Incidents of a later installation go on counting where this one ended."""


async def uninstall(client: ApiClient, options: Options, tell: Callable[[str], None]) -> None:
    """Raises HookFailed where a fault is left, or where the API server refuses something."""
    actor = Actor(client, namespace=options.namespace, deployment=options.deployment, tell=tell)
    undone = Undone(client, actor, tell)
    with _explained("turn the kill switch on"):
        await turn_on(client, options.namespace, tell)
    while True:
        with _explained("see whether faults are left"):
            await undone.wait(options.patience)
        with _explained("stop the operator"):
            await actor.stop(options.patience)
        with _explained("see whether faults are left"):
            if not await undone.unfinished():
                break
        # it was let in just before the kill switch, and recorded after we looked
        tell("A fault began while the kill switch was turned on: the operator starts again, to undo it")
        with _explained("start the operator again"):
            await actor.start_again()
    with _explained("take the finalizers away"):
        tell(f"The finalizer is taken from {await let_go(client)} objects: their deletion waits for nobody now")
    with _explained("remove the operator's own objects"):
        await remove_own(client, options.namespace, keep_counter=options.keep_counter, tell=tell)
    with _explained("see what stays"):
        for line in describe_remains(await find_remains(client)):
            tell(line)


def _explained(what: str) -> AbstractContextManager[None]:
    return explained(what, role=UNINSTALL_HOOK)
