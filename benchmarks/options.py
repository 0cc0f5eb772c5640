"""What to measure, from the command line and the environment."""

from __future__ import annotations

import argparse
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

TARGETS = ("simulator", "peer")


@dataclass(frozen=True, slots=True)
class Options:
    """Sizes of the load."""

    clients: int
    incidents: int
    list_incidents: int
    seconds: float
    """How long a steady load lasts."""
    rate: int
    """Changes a second of a steady load."""
    only: tuple[str, ...]
    targets: tuple[str, ...]
    peer_source: Path | None
    results: Path
    sample: int = 20
    """Boards whose messages are read whole."""
    burst_in_flight: int = 32
    steady_in_flight: int = 64
    create_in_flight: int = 16
    create_seconds: float = 10.0
    repeats: int = 5
    """Of each request whose median is told."""
    idle_seconds: float = 10.0
    """Without any delivery for so long, a server that has something to deliver counts as stopped."""
    sync_seconds: float = 180.0
    """How long boards may take to connect and to get all there is."""


QUICK = {"clients": 100, "incidents": 100, "list_incidents": 500, "seconds": 5.0, "rate": 50}
FULL = {"clients": 1000, "incidents": 1000, "list_incidents": 10_000, "seconds": 60.0, "rate": 100}


def parse_options(argv: Sequence[str], scenarios: Sequence[str]) -> Options:
    """Every size can also be given as BENCH_<NAME>; a flag wins. Ends the process on wrong usage, as argparse does."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="small numbers: a smoke test of about a minute")
    parser.add_argument("--only", action="append", choices=scenarios, default=[], help="a scenario; can be repeated")
    parser.add_argument("--target", action="append", choices=TARGETS, default=[], help="measure only this one")
    parser.add_argument("--results", type=Path, help="folder for RESULTS.md and results.json")
    for name, value in FULL.items():
        flag = f"--{name.replace('_', '-')}"
        parser.add_argument(flag, type=type(value), help=f"{value:g} unless given, {QUICK[name]:g} with --quick")
    given = parser.parse_args(argv)
    defaults = QUICK if given.quick else FULL
    sizes = {name: _size(name, getattr(given, name), value) for name, value in defaults.items()}
    source = os.environ.get("PEER_SOURCE", "")
    return Options(
        clients=int(sizes["clients"]),
        incidents=int(sizes["incidents"]),
        list_incidents=int(sizes["list_incidents"]),
        seconds=sizes["seconds"],
        rate=int(sizes["rate"]),
        only=tuple(given.only) or tuple(scenarios),
        targets=tuple(given.target) or TARGETS,
        peer_source=Path(source).resolve() if source else None,
        results=given.results or Path(__file__).resolve().parent,
        create_seconds=3.0 if given.quick else 10.0,
        repeats=3 if given.quick else 5,
    )


def _size(name: str, flag: float | None, default: float) -> float:
    variable = f"BENCH_{name.upper()}"
    value = flag if flag is not None else float(os.environ.get(variable, default))
    if value <= 0:
        raise SystemExit(f"{variable} or its flag has to be positive, and is {value:g}")
    return value
