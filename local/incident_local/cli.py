"""The command line: a contract. Progress goes to stderr, the answer to stdout, and 0 means it really happened."""

from __future__ import annotations

import importlib.metadata
import json
from datetime import timedelta
from pathlib import Path
from typing import Annotated

import typer

from incident_crds.catalogue import FaultType
from incident_crds.failpoint import Failpoint
from incident_local.approval import ApproveMode
from incident_local.bench.faults import run_bench_faults
from incident_local.bench.probes import run_bench_probes
from incident_local.crash.matrix import Choice
from incident_local.crashcommand import run_crash_test
from incident_local.devtools import DevTool, become, devtool_binary, prepare_devtools
from incident_local.drillcommand import run_drills, run_grade
from incident_local.identities import Person
from incident_local.invocation import run_command
from incident_local.linkcommand import run_link
from incident_local.preparing import build_board, prepare_programs, vet_control_plane
from incident_local.progress import Progress
from incident_local.promptcommand import run_prompt
from incident_local.scenarios import DEFAULT_DRILLS
from incident_local.settings import ControlPlaneKind, Settings
from incident_local.state import StateFolder
from incident_local.statuscommand import run_status
from incident_local.stopping import delete_data, stop_running
from incident_local.upcommand import run_up

app = typer.Typer(
    name="incident-simulator",
    help="Incident drills for real: break it, notice, diagnose, approve, heal, prove, grade.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)

bench = typer.Typer(help="Measure what is promised, on the running stack or on one for just this long.")
app.add_typer(bench, name="bench", no_args_is_help=True)

AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON document on stdout.")]
ControlPlane = Annotated[
    ControlPlaneKind | None,
    typer.Option(help="build: our own API server, compiled once. envtest: the binaries in KUBEBUILDER_ASSETS."),
]


def version_text() -> str:
    return importlib.metadata.version("incident-simulator")


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(version_text())
        raise typer.Exit


@app.callback()
def _root(
    _: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Options that every command has."""


@app.command()
def version(as_json: AsJson = False) -> None:
    """Print the version."""
    typer.echo(json.dumps({"version": version_text()}) if as_json else version_text())


@app.command()
def up(
    control_plane: ControlPlane = None,
    without_operator: Annotated[bool, typer.Option(hidden=True, help="Nor the API.")] = False,
    without_api: Annotated[bool, typer.Option(hidden=True)] = False,
    as_json: AsJson = False,
) -> None:
    """Start the API server, the systems, the operator and the board's API, and stay until Ctrl-C."""
    with_operator, with_api = not without_operator, not (without_operator or without_api)
    run_command(
        lambda settings, progress: run_up(
            settings, progress, with_operator=with_operator, with_api=with_api, as_json=as_json
        ),
        control_plane,
    )


@app.command()
def link(
    person: Annotated[Person, typer.Option("--as", help="Who it signs in: sre may approve, viewer may only read.")] = (
        Person.SRE
    ),
    as_json: AsJson = False,
) -> None:
    """Print a link that signs a browser in to the running `up`."""
    run_command(lambda settings, _: run_link(settings, person, as_json=as_json))


@app.command()
def down(
    as_json: AsJson = False,
    delete: Annotated[bool, typer.Option("--delete-data", help="Remove the state folder afterwards.")] = False,
) -> None:
    """Stop a running `up`, and make sure that nothing of it is left."""

    async def stop(settings: Settings, progress: Progress) -> int:
        state = StateFolder(settings.state_dir)
        stopped = await stop_running(state)
        if delete:
            delete_data(state)
        if as_json:
            typer.echo(json.dumps({"stopped": stopped is not None, "pid": stopped, "deleted": delete}))
        else:
            progress.line(f"stopped process {stopped}" if stopped else "nothing was running")
        return 0

    run_command(stop)


@app.command()
def prepare() -> None:
    """Fetch and build everything that `up` needs, without starting anything."""
    run_command(prepare_programs)


@app.command(hidden=True)
def vet() -> None:
    """Check the Go code's format, and vet it."""
    run_command(vet_control_plane)


@app.command(hidden=True, context_settings={"allow_extra_args": True, "ignore_unknown_options": True})
def devtool(
    context: typer.Context,
    tool: Annotated[DevTool | None, typer.Argument(help="Build all of them when left out.")] = None,
) -> None:
    """Run promtool, helm or kubeconform, built if necessary: `devtool promtool -- check rules FILE`."""
    if tool is None:
        run_command(prepare_devtools)
    else:
        built: list[Path] = []
        run_command(lambda settings, progress: _build_tool(settings, progress, tool, built), exits=False)
        become(built[0], context.args)


async def _build_tool(settings: Settings, progress: Progress, tool: DevTool, built: list[Path]) -> int:
    built.append(await devtool_binary(settings, progress, tool))
    return 0


@app.command()
def board(
    check: Annotated[bool, typer.Option("--check", help="Its format, lint and types instead.")] = False,
    test: Annotated[bool, typer.Option("--test", help="Its unit tests instead.")] = False,
) -> None:
    """Build the board, if its source changed since the last time."""
    if check and test:
        raise typer.BadParameter("--check or --test, one at a time")
    script = "check" if check else "test" if test else None
    run_command(lambda settings, progress: build_board(settings, progress, script))


@app.command()
def drill(
    names: Annotated[
        list[str] | None,
        typer.Argument(help=f"Scenarios; {', '.join(DEFAULT_DRILLS)} without."),
    ] = None,
    approve: Annotated[ApproveMode, typer.Option(help="Who decides on the plans.")] = ApproveMode.ASK,
    timeout: Annotated[int, typer.Option(min=1, max=86400, help="Seconds that one drill may take in all.")] = 900,
    control_plane: ControlPlane = None,
    as_json: AsJson = False,
) -> None:
    """Run drills, one after the other, on the running stack or on one for just this long."""
    chosen, limit = tuple(names or DEFAULT_DRILLS), timedelta(seconds=timeout)
    run_command(
        lambda settings, progress: run_drills(settings, progress, chosen, mode=approve, timeout=limit, as_json=as_json),
        control_plane,
    )


@app.command(name="crash-test")
def crash_test(
    faults: Annotated[
        list[FaultType] | None, typer.Option("--fault", help="Only this fault; may be repeated. All when left out.")
    ] = None,
    points: Annotated[
        list[Failpoint] | None,
        typer.Option("--point", help="Kill only here; may be repeated. Everywhere when left out."),
    ] = None,
    seed: Annotated[int, typer.Option(help="What chance does the same for.")] = 1,
    kills: Annotated[
        int | None, typer.Option(min=1, max=10000, help="So many kills at random times, instead of at every point.")
    ] = None,
    sample: Annotated[int | None, typer.Option(min=1, help="Only so many of the points, by chance.")] = None,
    for_good: Annotated[
        bool, typer.Option("--for-good", help="Kill each fault's operator once, and see its dead-man end it.")
    ] = False,
    control_plane: ControlPlane = None,
    as_json: AsJson = False,
) -> None:
    """Kill the operator at every step of every fault, and prove that the next one leaves nothing behind."""

    async def crash(settings: Settings, progress: Progress) -> int:
        choice = Choice(faults or (), points or (), seed, random=kills, sample=sample, for_good=for_good)
        return await run_crash_test(settings, progress, choice.kills(), as_json=as_json)

    run_command(crash, control_plane)


@app.command()
def grade(
    name: Annotated[str, typer.Argument(help="An experiment, or a scenario: then its latest run.")],
    as_json: AsJson = False,
) -> None:
    """Show how a finished drill was graded."""
    run_command(lambda settings, _: run_grade(settings, name, as_json=as_json))


@bench.command()
def probes(
    seconds: Annotated[int, typer.Option(min=2, max=3600, help="Of each of the three phases.")] = 60,
    control_plane: ControlPlane = None,
    as_json: AsJson = False,
) -> None:
    """Measure how late probes begin, at rest and while another system is broken again and again."""
    run_command(
        lambda settings, progress: run_bench_probes(settings, progress, seconds=seconds, as_json=as_json), control_plane
    )


@bench.command(name="faults")
def bench_faults(
    faults: Annotated[
        list[FaultType] | None, typer.Option("--fault", help="Only this fault; may be repeated. All when left out.")
    ] = None,
    times: Annotated[int, typer.Option(min=1, max=1000, help="Runs of each fault.")] = 3,
    control_plane: ControlPlane = None,
    as_json: AsJson = False,
) -> None:
    """Measure how long each fault takes to be in effect, and to be undone once somebody asks for it."""
    run_command(
        lambda settings, progress: run_bench_faults(settings, progress, faults or (), times=times, as_json=as_json),
        control_plane,
    )


@app.command()
def prompt(
    incident: Annotated[str, typer.Argument(help="Its name, or its number such as INC-0001.")],
) -> None:
    """Print exactly what a model is sent for an incident, with or without a key."""
    run_command(lambda settings, _: run_prompt(settings, incident))


@app.command()
def status(as_json: AsJson = False) -> None:
    """Show what runs and how the systems are."""
    run_command(lambda settings, _: run_status(settings, as_json=as_json))


def main() -> None:
    """Entry point of `incident-simulator`."""
    app(prog_name="incident-simulator")


if __name__ == "__main__":
    main()
