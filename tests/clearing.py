"""Leaves a quiet stack behind: what tests made is gone, nothing is halted, every system is healthy."""

from __future__ import annotations

from contextlib import suppress

from incident_crds.access import KILL_SWITCH
from incident_crds.base import Resource
from incident_crds.chaosexperiment import ChaosExperiment
from incident_crds.client import raw_path
from incident_crds.errors import NotFound
from incident_crds.gameday import GameDay
from incident_crds.generator import IncidentGenerator
from incident_crds.incident import Incident
from incident_crds.mocksystem import MockSystem
from incident_crds.remediationplan import RemediationPlan

from .conftest import Stack
from .loop.drive import Driver
from .waiting import eventually

# What makes others first: nothing is to be made anew while it is cleared.
KINDS: tuple[type[Resource], ...] = (GameDay, IncidentGenerator, ChaosExperiment, Incident, RemediationPlan)
_HALT = raw_path("v1", "configmaps", "incidentsim-system", KILL_SWITCH)


async def clear(stack: Stack) -> None:
    """Needs a running operator: it undoes faults and lets go of what is deleted."""
    async with stack.client("admin") as admin:
        with suppress(NotFound):
            await admin.request("DELETE", _HALT)

        async def gone() -> bool:
            """Deletes what there is, again and again: a breach that ends slowly opens its incident anew.

            So would the next operator, of a breach that is still on record.
            """
            left = [(kind, found.key) for kind in KINDS for found in await admin.list_all(kind)]
            for kind, key in left:
                with suppress(NotFound):
                    await admin.delete(kind, *key)
            systems = await admin.list_all(MockSystem)
            lasting = [b for system in systems for b in system.status.breaches if b.ended_at is None]
            return not left and not lasting

        await eventually(gone, "a stack without anything of these tests", 60)
        await Driver(admin).systems_ready()
        await eventually(gone, "a stack without what came last", 60)
