"""`prompt`: what a model is sent for an incident, as the operator would build it."""

from __future__ import annotations

import asyncio
import sys

from incident_local.errors import NotRunning
from incident_local.settings import Settings, child_environment
from incident_local.state import StateFolder


async def run_prompt(settings: Settings, incident: str) -> int:
    """The operator's own program answers, with its own rights. Raises NotRunning when no stack runs."""
    state = StateFolder(settings.state_dir)
    if state.holder() is None:
        raise NotRunning("Nothing runs, so there is nobody to ask", remedy="start it with `incident-simulator up`")
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "incident_operator", "prompt", incident),
        env=child_environment(KUBECONFIG=str(state.operator_kubeconfig)),
    )
    try:
        return await process.wait()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
