"""The kill switch: nothing is broken while it is on, and what was broken is undone."""

from __future__ import annotations

from fastapi import APIRouter

from incident_api.board.killswitch import KillSwitch
from incident_api.problems import busy
from incident_api.routes.bodies import Halt
from incident_api.routes.dependencies import EVERYWHERE, WRITES, PartsDep, ViewerDep, problems

router = APIRouter(tags=["kill switch"], responses=EVERYWHERE)


@router.get("/kill-switch")
async def get_kill_switch(parts: PartsDep, _: ViewerDep) -> KillSwitch:
    """Whether all chaos is stopped, why, and by whom."""
    state = parts.kill_switch.state
    if state is None:
        reason = parts.kill_switch.watcher.problem or "try again in a second"
        raise busy("not-synced", f"whether the kill switch is on is not known yet: {reason}", 1)
    return state


@router.put("/kill-switch", responses={**WRITES, **problems("not-found")})
async def turn_on_kill_switch(parts: PartsDep, viewer: ViewerDep, body: Halt) -> KillSwitch:
    """Stop all chaos, in your name: no fault is injected, and those that are active are undone."""
    return await parts.kill_switches.turn_on(viewer, body.reason)


@router.delete("/kill-switch", responses={**WRITES, **problems("not-found")})
async def turn_off_kill_switch(parts: PartsDep, viewer: ViewerDep) -> KillSwitch:
    """Let chaos be started again. What was undone is not started anew."""
    return await parts.kill_switches.turn_off(viewer)
