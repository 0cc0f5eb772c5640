"""`up`: start, say how to look, stay, and stop."""

from __future__ import annotations

import asyncio
import json
import shlex
import sys
from dataclasses import asdict
from pathlib import Path

from incident_crds.scenarios import scenarios_folder
from incident_local.errors import LinkRefused
from incident_local.identities import Person
from incident_local.linkcommand import make_link
from incident_local.programs import kubectl_command
from incident_local.progress import Progress
from incident_local.runinfo import RunInfo
from incident_local.settings import Settings
from incident_local.stack import StackStarter
from incident_local.state import StateFolder


async def run_up(settings: Settings, progress: Progress, *, with_operator: bool, with_api: bool, as_json: bool) -> int:
    """Stays until it is cancelled, which is how Ctrl-C arrives. Raises ControlPlaneDied when that ends first."""
    state = StateFolder(settings.state_dir)
    state.prepare()
    with state.locked():
        starter = StackStarter(settings, state, progress)
        async with starter.running(with_operator=with_operator, with_api=with_api) as stack:
            link = await _link(state, stack.info, progress) if with_api else None
            if as_json:
                print(json.dumps(asdict(stack.info) | {"link": link}), flush=True)
            else:
                kubectl = await kubectl_command(settings, progress)
                progress.line(instructions(stack.info, kubectl, link))
            try:
                failure = await stack.supervisor.wait_failure()
            except asyncio.CancelledError:
                progress.line("stopping")
                _forget_cancellation()
                return 0
            raise failure


async def _link(state: StateFolder, info: RunInfo, progress: Progress) -> str | None:
    """None where the API cannot make one just now: no reason to stop all the rest."""
    try:
        return (await make_link(state, info, Person.SRE)).url
    except LinkRefused as error:
        progress.warn(str(error))
        return None


def _forget_cancellation() -> None:
    """The request to stop is fulfilled by an orderly return, so that the contexts may await their ends."""
    if task := asyncio.current_task():
        task.uncancel()


def instructions(info: RunInfo, kubectl: str, link: str | None) -> str:
    """How to look, and how to run a drill by hand."""
    program = shlex.quote(sys.argv[0]) if Path(sys.argv[0]).name == "incident-simulator" else "incident-simulator"
    scenario = shlex.quote(str(scenarios_folder() / "redis-memory.yaml"))
    board = f"""
Open {link}
It signs you in as {Person.SRE}. For another link: {program} link --as sre|viewer
"""
    return f"""
Ready. It runs until Ctrl-C, or `{program} down` in another terminal.
{board if link else ""}
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
