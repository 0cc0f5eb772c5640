"""Stopping all chaos, and letting it go on: the ConfigMap that the operator looks for."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress

from incident_api.access.gate import Viewer
from incident_api.board.killswitch import OFF, KillSwitch, kill_switch_of
from incident_api.cluster.actors import Actors
from incident_api.cluster.killswitch import KillSwitchWatch
from incident_api.cluster.mirror import SEEN_SECONDS
from incident_api.problems import Problem
from incident_crds.access import KILL_SWITCH
from incident_crds.configmap import ConfigMap
from incident_crds.errors import Forbidden, NotFound
from incident_crds.parsing import parse_object

_MANAGER = "incident-api"


class KillSwitches:
    """Each method acts in the viewer's name. Raises Problem and ApiError."""

    def __init__(self, *, actors: Actors, watch: KillSwitchWatch, namespace: str) -> None:
        self._actors = actors
        self._watch = watch
        self._namespace = namespace

    async def turn_on(self, viewer: Viewer, reason: str) -> KillSwitch:
        """Where it is on already, in this person's name and for this reason from now on."""
        manifest = {
            "apiVersion": ConfigMap.info.api_version,
            "kind": ConfigMap.info.kind,
            "metadata": {"name": KILL_SWITCH, "namespace": self._namespace},
            # the server fills in the name where it can, and compares it elsewhere
            "data": {"enabled": "true", "reason": reason, "by": viewer.identity.user},
        }
        client = self._actors.acting_as(viewer.token)
        with _explained("on"):
            answer = await client.apply(manifest, plural=ConfigMap.info.plural, field_manager=_MANAGER)
        state = kill_switch_of(parse_object(ConfigMap, answer))
        await self._watch.wait_for(lambda seen: seen == state, SEEN_SECONDS)
        return state

    async def turn_off(self, viewer: Viewer) -> KillSwitch:
        """Where it is off already, nothing is done."""
        client = self._actors.acting_as(viewer.token)
        with _explained("off"), suppress(NotFound):
            await client.delete(ConfigMap, self._namespace, KILL_SWITCH)
        await self._watch.wait_for(lambda seen: not seen.on, SEEN_SECONDS)
        return OFF


@contextmanager
def _explained(position: str) -> Iterator[None]:
    """Says of a refusal who could do it."""
    try:
        yield
    except Forbidden as error:
        detail = f"you may not turn the kill switch {position}: ask for the role incidentsim-approver ({error})"
        raise Problem("forbidden", detail) from error
