"""Runs Schemathesis against an API: what the OpenAPI document promises must hold for whatever is sent.

`python -m tests.api.fuzzing` does so for long, against a stack of its own; `make fuzz-api` calls it.
"""

from __future__ import annotations

import argparse
import json
import re
import subprocess
import sys
import tempfile
import urllib.request
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ..conftest import START_SECONDS, read_line, start_up, stop_up
from ..processes import answers, clean_environment

CONFIG = Path(__file__).with_name("schemathesis.toml")
ROUND_SECONDS = 600
MOST_ROUNDS = 3
_COUNT = re.compile(
    r'^incidentsim_http_request_duration_seconds_count\{.*route="([^"]*)",status="(\d+)"\} (\S+)$', re.MULTILINE
)


@dataclass(frozen=True, slots=True)
class Run:
    """How a run ended: its exit code, what it printed where that was kept, and its report."""

    code: int
    output: str
    report: dict[str, Any]

    @property
    def cases(self) -> int:
        """How many requests were made up."""
        return int(self.report["test_cases"]["generated"])


@dataclass(frozen=True, slots=True)
class Target:
    """A running stack."""

    api_url: str
    operator_url: str
    token: str = field(repr=False)


def fuzz(url: str, token: str, report: Path, *options: str, seconds: float, shows: bool = False) -> Run:
    """One run against the API at `url`, whose output is kept or shown. Raises TimeoutExpired when it takes longer."""
    program = Path(sys.executable).with_name("schemathesis")
    command: list[str | Path] = [program, "--config-file", CONFIG, "run", f"{url}/api/v1/openapi.json", *options]
    with subprocess.Popen(
        [*command, "--no-color", "--report=json", "--report-json-path", report],
        env=clean_environment() | {"TOKEN": token, "NO_PROXY": "127.0.0.1"},
        cwd=report.parent,  # it keeps notes of its own where it runs
        stdout=None if shows else subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        try:
            output, _ = process.communicate(timeout=seconds)
        finally:
            process.kill()
    return Run(process.returncode, output or "", json.loads(report.read_text()) if report.exists() else {})


def main() -> int:
    """0 when enough was tried and all of it was answered as documented."""
    parser = argparse.ArgumentParser(prog="fuzz-api", description="Fuzz the API of a stack of its own.")
    parser.add_argument("--cases", type=int, default=20_000, help="run until so many were tried, at most half an hour")
    parser.add_argument("--seed", type=int, default=1, help="of the first round")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="incidentsim-fuzz-") as folder:
        state = Path(folder) / "state"
        process, messages = start_up(state)
        try:
            line = read_line(process, START_SECONDS)
            if not line:
                print(f"the stack did not start:\n{messages.read_text()}", file=sys.stderr)
                return 1
            info = json.loads(line)
            token = (state / "secrets" / "sre.token").read_text()
            target = Target(info["api_url"], info["operator_url"], token)
            return _fuzz_long(target, cases=asked.cases, seed=asked.seed, folder=Path(folder))
        finally:
            stop_up(process, state)


def _fuzz_long(target: Target, *, cases: int, seed: int, folder: Path) -> int:
    phases = ("--phases=examples,coverage,fuzzing,stateful", "--continue-on-failure", "--warnings=off", "-n", "200")
    tried, objections = 0, []
    for number in range(MOST_ROUNDS):
        options = (*phases, "--max-time", str(ROUND_SECONDS), "--seed", str(seed + number))
        run = fuzz(
            target.api_url,
            target.token,
            folder / "report.json",
            *options,
            seconds=2 * ROUND_SECONDS,
            shows=True,
        )
        tried += run.cases
        if run.code:
            objections.append(f"{run.report['test_cases']['unique_failures']} failures with the seed {seed + number}")
        if tried >= cases:
            break
    if tried < cases:
        objections.append(f"only {tried} cases of {cases} could be tried in the time")
    answered = _read_statuses(target.api_url)
    print(f"\n{tried} cases; answers by status:")
    for status, count in sorted(answered.items()):
        print(f"  {status}  {count:>7,}")
    if errors := sum(count for status, count in answered.items() if status.startswith("5")):
        objections.append(f"{errors} answers of 5xx")
    objections += [
        f"{name} is not ready" for name in (target.api_url, target.operator_url) if not answers(f"{name}/readyz")
    ]
    for objection in objections:
        print(f"NOT GOOD: {objection}")
    return 1 if objections else 0


def _read_statuses(url: str) -> Counter[str]:
    """Answers by status, as the API counted them; /readyz says 503 while it starts."""
    with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(f"{url}/metrics", timeout=10) as response:
        text = response.read().decode()
    answered: Counter[str] = Counter()
    for path, status, count in _COUNT.findall(text):
        if path != "/readyz":
            answered[status] += int(float(count))
    return answered


if __name__ == "__main__":
    sys.exit(main())
