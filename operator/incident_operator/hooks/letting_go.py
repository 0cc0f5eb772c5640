"""Takes the operator's finalizer from every object, once nothing has to be undone for it and no operator runs.

Without an operator the finalizer would hold the deletion of each object, and of its namespace, for ever.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import TypeVar

from incident_crds.base import UNDO_FINALIZER
from incident_crds.client import ApiClient
from incident_crds.errors import Conflict, Invalid, NotFound
from incident_operator.hooks.errors import HookFailed
from incident_operator.hooks.kinds import SeenExperiment, SeenSystem

_AT_ONCE = 8
_TRIES = 5

S = TypeVar("S", SeenExperiment, SeenSystem)


async def let_go(client: ApiClient) -> int:
    """How many were let go. Repeatable. Raises HookFailed where an experiment is not clean: no operator may run."""
    experiments = await _listed(client, SeenExperiment)
    systems = await _listed(client, SeenSystem)
    gate = asyncio.Semaphore(_AT_ONCE)
    done = await asyncio.gather(
        *(_let_go_one(client, gate, experiment) for experiment in experiments),
        *(_let_go_one(client, gate, system) for system in systems),
    )
    return sum(done)


async def _listed(client: ApiClient, kind: type[S]) -> Sequence[S]:
    try:
        return await client.list_all(kind)
    except NotFound:
        return []  # the kind is not defined any more


async def _let_go_one(client: ApiClient, gate: asyncio.Semaphore, found: SeenExperiment | SeenSystem) -> bool:
    async with gate:
        for _ in range(_TRIES):
            if UNDO_FINALIZER not in found.metadata.finalizers:
                return False
            if isinstance(found, SeenExperiment) and not found.is_clean:
                raise HookFailed(f"ChaosExperiment {'/'.join(found.key)} began meanwhile; run this again")
            try:
                await _remove_finalizer(client, found)
            except NotFound:
                return False
            except (Conflict, Invalid):  # it was changed since it was read, its other finalizers perhaps
                try:
                    found = await client.get(type(found), *found.key)
                except NotFound:
                    return False
            else:
                return True
    name = f"{found.info.kind} {'/'.join(found.key)}"
    raise HookFailed(f"{name} was changed by others all the time, so that it keeps its finalizer; run this again")


async def _remove_finalizer(client: ApiClient, found: SeenExperiment | SeenSystem) -> None:
    """Ours and no other's: the object has to be as it was read."""
    position = f"/metadata/finalizers/{found.metadata.finalizers.index(UNDO_FINALIZER)}"
    await client.json_patch(
        type(found),
        *found.key,
        [
            {"op": "test", "path": "/metadata/resourceVersion", "value": found.metadata.resource_version},
            {"op": "test", "path": position, "value": UNDO_FINALIZER},
            {"op": "remove", "path": position},
        ],
    )
