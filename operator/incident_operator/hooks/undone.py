"""Waits until no fault is left on any system, and says of each that is left what to do."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from datetime import timedelta

from incident_crds.access import KILL_SWITCH
from incident_crds.base import is_true
from incident_crds.client import ApiClient
from incident_crds.errors import NotFound
from incident_operator.hooks.actor import LOOK_AGAIN_SECONDS, Actor, ActorState
from incident_operator.hooks.errors import HookFailed
from incident_operator.hooks.kinds import SeenExperiment

_TELL_SECONDS = 10.0
_GO_ON = "`helm uninstall --no-hooks` goes on without the undo, knowingly"


class Undone:
    """Looks at experiments; changes nothing."""

    def __init__(self, client: ApiClient, actor: Actor, tell: Callable[[str], None]) -> None:
        self._client = client
        self._actor = actor
        self._tell = tell

    async def unfinished(self) -> list[SeenExperiment]:
        """The experiments, anywhere, whose fault is or may be on a system."""
        try:
            return [e for e in await self._client.list_all(SeenExperiment) if not e.is_clean]
        except NotFound:
            return []  # the kind is not defined any more, and without it there is no experiment

    async def wait(self, patience: timedelta) -> None:
        """Returns once there is none. Raises HookFailed where that cannot come, or did not come in time."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + patience.total_seconds()
        told, tell_at = "", 0.0
        while left := await self.unfinished():
            actor = await self._actor.look()
            progress = _progress(left, actor)
            if progress != told or loop.time() >= tell_at:
                self._tell(progress)
                told, tell_at = progress, loop.time() + _TELL_SECONDS
            if why := _hopeless(left, actor):
                raise HookFailed(self._report(left, why, actor))
            if loop.time() >= deadline:
                waited = f"not all is undone after {patience.total_seconds():g} s"
                raise HookFailed(self._report(left, waited, actor))
            await asyncio.sleep(LOOK_AGAIN_SECONDS)
        self._tell("No fault is left on any system")

    def _report(self, left: Sequence[SeenExperiment], why: str, actor: ActorState) -> str:
        lines = [f"faults are still on systems, so that nothing is uninstalled: {why}"]
        for experiment in left:
            lines += [f"  {line}" for line in _describe(experiment)]
        lines += ["What to do:"]
        if not actor.holder:
            lines += [f"  start the operator, which undoes them: {self._actor.start_command}"]
        else:
            lines += [
                "  put right what the errors say (`kubectl describe chaos` tells more); the operator goes on trying"
            ]
        halt = f"`kubectl -n {self._actor.namespace} delete configmap {KILL_SWITCH}` turns it off"
        lines += [f"  then uninstall again. {_GO_ON}.", f"The kill switch stays on ({halt}); all else is as it was."]
        return "\n".join(lines)


def _progress(left: Sequence[SeenExperiment], actor: ActorState) -> str:
    names = ", ".join(f"{'/'.join(e.key)} ({e.status.phase})" for e in left[:5])
    more = f" and {len(left) - 5} more" if len(left) > 5 else ""
    faults = "a fault is" if len(left) == 1 else f"{len(left)} faults are"
    text = f"Waiting until {faults} undone: {names}{more}"
    if not actor.holder and actor.wanted:
        text += f". No operator holds the Lease; its Deployment wants {actor.wanted} pods"
    return text


def _hopeless(left: Sequence[SeenExperiment], actor: ActorState) -> str:
    """Why no waiting would help; empty where it may."""
    if not actor.holder and not actor.wanted:
        return "no operator runs that would undo them" + ("" if actor.wanted is None else ", its Deployment is at 0")
    if all(is_true(e.status.conditions, "Stalled") for e in left):
        return "the operator tried often, and could not undo them"
    return ""


def _describe(experiment: SeenExperiment) -> list[str]:
    name = "/".join(experiment.key)
    targets = experiment.left
    if not targets:
        return [f"ChaosExperiment {name} is {experiment.status.phase}"]
    return [
        f"ChaosExperiment {name} is {experiment.status.phase} on {experiment.metadata.namespace}/{t.system}: "
        f"{t.last_error or 'no error yet'}"
        for t in targets
    ]
