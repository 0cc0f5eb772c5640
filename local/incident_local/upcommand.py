"""`up`: start, say how to look, stay, and stop."""

from __future__ import annotations

import asyncio
import json
import shlex
import sys
from dataclasses import asdict
from pathlib import Path

from incident_crds.scenarios import scenarios_folder
from incident_local.programs import kubectl_command
from incident_local.progress import Progress
from incident_local.settings import Settings
from incident_local.stack import RunInfo, StackStarter
from incident_local.state import StateFolder


async def run_up(settings: Settings, progress: Progress, *, with_operator: bool, as_json: bool) -> int:
    """Stays until it is cancelled, which is how Ctrl-C arrives. Raises ControlPlaneDied when that ends first."""
    state = StateFolder(settings.state_dir)
    state.prepare()
    with state.locked():
        async with StackStarter(settings, state, progress).running(with_operator=with_operator) as stack:
            if as_json:
                print(json.dumps(asdict(stack.info)), flush=True)
            else:
                kubectl = await kubectl_command(settings, progress)
                progress.line(instructions(stack.info, kubectl))
            try:
                failure = await stack.supervisor.wait_failure()
            except asyncio.CancelledError:
                progress.line("stopping")
                _forget_cancellation()
                return 0
            raise failure


def _forget_cancellation() -> None:
    """The request to stop is fulfilled by an orderly return, so that the contexts may await their ends."""
    if task := asyncio.current_task():
        task.uncancel()


def instructions(info: RunInfo, kubectl: str) -> str:
    """How to look, and how to run a drill by hand."""
    program = shlex.quote(sys.argv[0]) if Path(sys.argv[0]).name == "incident-simulator" else "incident-simulator"
    scenario = shlex.quote(str(scenarios_folder() / "redis-memory.yaml"))
    return f"""
Ready. It runs until Ctrl-C, or `{program} down` in another terminal.

Look:
  export KUBECONFIG={shlex.quote(info.kubeconfig)}
  {kubectl} get incidentsim -A

A drill by hand: break it, wait for the plan, approve it as the user sre.
  {kubectl} replace --force -f {scenario}
  {kubectl} get rplan --watch
  {kubectl} --context sre annotate rplan NAME \\
    incidentsimulator.net/approve="$({kubectl} get rplan NAME -o jsonpath='{{.status.planHash}}')"

Or let it ask you: {program} drill redis-memory
Contexts: admin, operator, api, sre (current), viewer. Logs: {info.logs}
"""
