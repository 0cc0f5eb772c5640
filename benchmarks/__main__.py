"""`python -m benchmarks`: runs the scenarios against the targets and writes what was found."""

from __future__ import annotations

import asyncio
import shlex
import signal
import sys
from collections.abc import Sequence
from types import ModuleType

from benchmarks.figures import Measurement
from benchmarks.machine import describe_machine
from benchmarks.options import TARGETS, Options, parse_options
from benchmarks.report import Results, Run, read_sections, write_results
from benchmarks.scenarios import board, burst, creating, listing, reconnect, stalled, steady
from benchmarks.scenarios.bench import Bench, NotConnected
from benchmarks.swarmlink import SwarmFailed
from benchmarks.targets.base import Target, TargetFailed
from benchmarks.targets.peer import PeerTarget
from benchmarks.targets.peerbuild import revision_of
from benchmarks.targets.simulator import SimulatorTarget

_SCENARIOS: tuple[ModuleType, ...] = (burst, steady, reconnect, stalled, creating, listing, board)
_BY_NAME = {module.NAME: module for module in _SCENARIOS}


async def run_benchmarks(options: Options, argv: Sequence[str]) -> Results:
    """Target by target, so that never two systems under test run at once."""
    sizes = {
        "clients": options.clients,
        "incidents": options.incidents,
        "incidents in list": options.list_incidents,
        "seconds": options.seconds,
        "changes a second": options.rate,
    }
    results = Results(
        run=Run(_machine(options), _command(options, argv), sizes),
        titles={SimulatorTarget.name: SimulatorTarget.title, PeerTarget.name: PeerTarget.title},
        scenarios={name: (module.__doc__ or "").strip() for name, module in _BY_NAME.items()},
        sections=read_sections(options.results),
    )
    for target in _targets(options):
        async with target:
            bench = Bench(target, options)
            for name in options.only:
                if target.name not in getattr(_BY_NAME[name], "TARGETS", TARGETS):
                    continue
                _say(f"{target.title}: {name}")
                results.put(name, target.name, await _measure(bench, name))
                write_results(results, options.results)
    return results


async def _measure(bench: Bench, name: str) -> Measurement:
    """A scenario that cannot be carried through is a result as well."""
    try:
        measurement: Measurement = await _BY_NAME[name].run(bench)
    except (NotConnected, SwarmFailed, TargetFailed, OSError, TimeoutError) as error:
        measurement = Measurement(remarks=[f"could not be measured: {type(error).__name__}: {error}"])
    for figure in measurement.figures:
        value = "-" if figure.value is None else f"{figure.value:,.2f}"
        _say(f"    {figure.name}: {value} {figure.unit} {figure.note}".rstrip())
    for remark in measurement.remarks:
        _say(f"    remark: {remark}")
    return measurement


def _targets(options: Options) -> list[Target]:
    targets: list[Target] = []
    if SimulatorTarget.name in options.targets:
        targets.append(SimulatorTarget())
    if PeerTarget.name in options.targets and options.peer_source is not None:
        targets.append(PeerTarget(options.peer_source))
    return targets


def _machine(options: Options) -> dict[str, str]:
    machine = describe_machine()
    if options.peer_source is not None and PeerTarget.name in options.targets:
        machine["peer"] = f"commit {revision_of(options.peer_source)}"
    return machine


def _command(options: Options, argv: Sequence[str]) -> str:
    """As a person would type it, without the folders of this machine."""
    words = [word for word in argv if not word.startswith("--results")]
    words = [shlex.quote(word) for word in words if word != str(options.results)]
    prefix = "PEER_SOURCE=… " if options.peer_source else ""
    return f'{prefix}make bench-api BENCH="{" ".join(words)}"' if words else f"{prefix}make bench-api"


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


async def _run(options: Options, argv: Sequence[str]) -> None:
    """Ctrl-C and SIGTERM end it in order, so that nothing that was started stays."""
    task = asyncio.ensure_future(run_benchmarks(options, argv))
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, task.cancel)
    results = await task
    write_results(results, options.results)


def main(argv: Sequence[str]) -> int:
    options = parse_options(argv, list(_BY_NAME))
    if "peer" in options.targets and options.peer_source is None:
        _say("PEER_SOURCE is not set: the peer is not measured")
        if options.targets == ("peer",):
            return 2
    try:
        asyncio.run(_run(options, argv))
    except asyncio.CancelledError:
        _say("stopped; what had been measured is written")
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
