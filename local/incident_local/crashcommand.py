"""`crash-test`: on a stack of its own, as nobody else's drills should have their operator killed."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from incident_crds.client import ApiClient, load_config
from incident_local.approval import APPROVER
from incident_local.crash.matrix import Kill
from incident_local.crash.operatorrun import JOURNAL, OperatorRun
from incident_local.crash.report import render_table, to_document
from incident_local.crash.scan import Scanner
from incident_local.crash.trial import Result, Trials
from incident_local.errors import StateLocked
from incident_local.progress import Progress
from incident_local.settings import Settings
from incident_local.stack import RunningStack, StackStarter
from incident_local.state import StateFolder

LEASE_SECONDS = 4
"""The next operator waits so long for a dead one; the shortest that a loaded machine keeps."""


async def run_crash_test(settings: Settings, progress: Progress, kills: Sequence[Kill], *, as_json: bool) -> int:
    """0 only when every kill left nothing behind. Raises StateLocked while an `up` has the state folder."""
    state = StateFolder(settings.state_dir)
    if (holder := state.holder()) is not None:
        raise StateLocked(
            f"Process {holder} runs a stack in {state.root}, and a crash test kills operators",
            remedy="stop it with `incident-simulator down`, or name another folder with INCIDENTSIM_STATE_DIR",
        )
    state.prepare()
    with state.locked():
        async with StackStarter(settings, state, progress).running(with_operator=False, with_api=False) as stack:
            progress.line(f"logs: {stack.info.logs}")
            results = await stack.supervisor.unless_failed(_run_all(state, stack, progress, kills))
    print(json.dumps(to_document(results), indent=2) if as_json else "\n" + render_table(results))
    return 0 if all(result.passed for result in results) else 1


async def _run_all(state: StateFolder, stack: RunningStack, progress: Progress, kills: Sequence[Kill]) -> list[Result]:
    journal = Path(stack.info.logs) / "failpoints.jsonl"
    environment = {JOURNAL: str(journal), "INCIDENTSIM_LEASE_SECONDS": str(LEASE_SECONDS)}
    ports: dict[str, int] = json.loads(state.ports_file.read_text())
    results: list[Result] = []
    async with (
        ApiClient(load_config(str(state.kubeconfig), "admin")) as admin,
        ApiClient(load_config(str(state.kubeconfig), APPROVER)) as sre,
        OperatorRun(stack.operator, **environment) as operator,
    ):
        await operator.start(kills[0].armed)
        scanner = Scanner(state, ports, stack.info.control_url)
        trials = Trials(admin=admin, sre=sre, operator=operator, scanner=scanner, journal=journal)
        for number, kill in enumerate(kills):
            following = kills[number + 1] if number + 1 < len(kills) else None
            results.append(await trials.run(kill, following))
            _tell(progress, number + 1, len(kills), results[-1])
    return results


def _tell(progress: Progress, number: int, total: int, result: Result) -> None:
    verdict = "ok" if result.passed else "MISSED: " + "; ".join(result.misses)
    style = "" if result.passed else "red"
    progress.line(
        f"{number:4}/{total}  {result.kill.name}: {result.outcome or '-'}, {result.seconds:.1f} s, {verdict}", style
    )
