"""`drill` and `grade`: on the stack that runs, or on one that is started for it and stopped afterwards."""

from __future__ import annotations

import asyncio
import json
import shlex
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

from incident_crds.base import DRILL_LABEL
from incident_crds.chaosexperiment import ChaosExperiment
from incident_crds.client import ApiClient, load_config
from incident_crds.errors import ApiError
from incident_crds.report import DrillReport
from incident_local.approval import APPROVER, ApproveMode, Approver, require_terminal
from incident_local.drill import DrillRunner
from incident_local.errors import DrillFailed, NotRunning
from incident_local.identities import NAMESPACE
from incident_local.programs import kubectl_command
from incident_local.progress import Progress
from incident_local.scenarios import load_drill
from incident_local.settings import Settings
from incident_local.stack import StackStarter
from incident_local.state import StateFolder
from incident_local.supervisor import Supervisor
from incident_local.timeline import render_report

START_WITHIN = timedelta(minutes=15)
POLL_SECONDS = 0.2


@dataclass(slots=True)
class _Results:
    """What came of the drills that were run."""

    reports: list[DrillReport] = field(default_factory=list)
    failures: list[tuple[str, DrillFailed]] = field(default_factory=list)

    @property
    def passed(self) -> bool:
        return not self.failures and all(report.grade.passed for report in self.reports)


async def run_drills(
    settings: Settings,
    progress: Progress,
    names: Sequence[str],
    *,
    mode: ApproveMode,
    timeout: timedelta,
    as_json: bool,
) -> int:
    """0 only when every drill was graded as passed. One that fails does not keep the others from running."""
    scenarios = [(name, load_drill(name)) for name in names]
    require_terminal(mode)
    state = StateFolder(settings.state_dir)
    results = _Results()
    async with (
        running_stack(settings, state, progress) as supervisor,
        ApiClient(load_config(str(state.kubeconfig), APPROVER)) as client,
    ):
        kubectl = await _kubectl(settings, state, progress) if mode is ApproveMode.WAIT else ""
        runner = DrillRunner(client, Approver(client, mode, progress, kubectl), progress, timeout=timeout)
        for name, scenario in scenarios:
            try:
                results.reports.append(await _guarded(runner, scenario, supervisor))
            except DrillFailed as error:
                progress.line(str(error), "red")
                results.failures.append((name, error))
    _print_results(results, as_json=as_json)
    return 0 if results.passed else 1


async def _guarded(runner: DrillRunner, scenario: ChaosExperiment, supervisor: Supervisor | None) -> DrillReport:
    """The drill, or the failure of the stack that runs in this process."""
    drill = runner.run(scenario)
    try:
        return await (supervisor.unless_failed(drill) if supervisor else drill)
    except ApiError as error:
        raise DrillFailed(
            f"{scenario.metadata.name} could not go on: {error}", remedy="see the logs of control-plane and operator"
        ) from error


async def _kubectl(settings: Settings, state: StateFolder, progress: Progress) -> str:
    return f"{await kubectl_command(settings, progress)} --kubeconfig {shlex.quote(str(state.kubeconfig))}"


@asynccontextmanager
async def running_stack(settings: Settings, state: StateFolder, progress: Progress) -> AsyncIterator[Supervisor | None]:
    """A stack that was started here, or None when another process runs it."""
    if (holder := state.holder()) is not None:
        progress.line(f"using the stack of process {holder}")
        await _wait_started(state)
        yield None
        return
    state.prepare()
    with state.locked():
        async with StackStarter(settings, state, progress).running(with_api=False) as stack:  # nobody looks
            progress.line(f"logs: {stack.info.logs}")
            yield stack.supervisor


async def _wait_started(state: StateFolder) -> None:
    try:
        async with asyncio.timeout(START_WITHIN.total_seconds()):
            while not _exists(state.run_file):
                if state.holder() is None:
                    raise NotRunning("The running `up` ended before it was ready", remedy="see what it printed")
                await asyncio.sleep(POLL_SECONDS)
    except TimeoutError:
        raise NotRunning("The running `up` does not get ready", remedy="see what it printed, and its logs") from None


def _exists(path: Path) -> bool:
    return path.exists()


async def run_grade(settings: Settings, name: str, *, as_json: bool) -> int:
    """The grade of an experiment, or of the latest run of a scenario. 0 only when it passed."""
    state = StateFolder(settings.state_dir)
    if state.holder() is None:
        raise NotRunning("Nothing runs, so there is nobody to ask", remedy="start it with `incident-simulator up`")
    await _wait_started(state)
    try:
        async with ApiClient(load_config(str(state.kubeconfig), APPROVER)) as client:
            experiments = await client.list_all(ChaosExperiment, NAMESPACE)
    except ApiError as error:
        raise NotRunning(f"The API server could not be asked: {error}", remedy="see the control plane's log") from error
    found = [e for e in experiments if name in (e.metadata.name, e.metadata.labels.get(DRILL_LABEL))]
    if not found:
        raise DrillFailed(f"There is no experiment or drill {name}", remedy="see `kubectl get chaos -n drills`")
    latest = max(found, key=lambda e: (str(e.metadata.creation_timestamp), int(e.metadata.resource_version or 0)))
    if latest.status.grade is None:
        raise DrillFailed(
            f"{latest.metadata.name} is not graded; it is in phase {latest.status.phase}: {latest.status.message}",
            remedy="wait until it is over",
        )
    _print_results(_Results([latest.status.grade]), as_json=as_json)
    return 0 if latest.status.grade.grade.passed else 1


def _print_results(results: _Results, *, as_json: bool) -> None:
    """One drill is its report itself; several are a list of them with the verdict on all."""
    if not as_json:
        print("\n" + "\n\n".join(map(render_report, results.reports)))
        for name, error in results.failures:
            print(f"\n{name}: NOT PASSED\n  {error.what}")
        total = len(results.reports) + len(results.failures)
        if total > 1:
            print(f"\n{sum(report.grade.passed for report in results.reports)} of {total} drills passed")
        return
    # Every key is there, also where it has no value: a program should not have to guess.
    documents = [report.model_dump(mode="json", by_alias=True) for report in results.reports]
    failures = [{"drill": name, "error": error.what} for name, error in results.failures]
    single = [*documents, *failures]
    document = single[0] if len(single) == 1 else {"drills": documents, "failed": failures, "passed": results.passed}
    print(json.dumps(document, indent=2))
