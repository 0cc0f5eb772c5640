"""Runs Schemathesis against an API: what the OpenAPI document promises must hold for whatever is sent."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..processes import clean_environment

CONFIG = Path(__file__).with_name("schemathesis.toml")


@dataclass(frozen=True, slots=True)
class Run:
    """How a run ended: its exit code, what it printed, and its report."""

    code: int
    output: str
    report: dict[str, Any]


def start_fuzzing(url: str, token: str, report: Path, *options: str) -> subprocess.Popen[str]:
    """`url` is the API's; the report is written as JSON at the end."""
    program = Path(sys.executable).with_name("schemathesis")
    command = [program, "--config-file", CONFIG, "run", f"{url}/api/v1/openapi.json", *options]
    return subprocess.Popen(
        [*command, "--no-color", "--report=json", "--report-json-path", report],
        env=clean_environment() | {"TOKEN": token, "NO_PROXY": "127.0.0.1"},
        cwd=report.parent,  # it keeps notes of its own where it runs
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def fuzz(url: str, token: str, report: Path, *options: str, seconds: float) -> Run:
    """The whole run. Raises TimeoutExpired when it takes longer."""
    with start_fuzzing(url, token, report, *options) as process:
        try:
            output, _ = process.communicate(timeout=seconds)
        finally:
            process.kill()
    return Run(process.returncode, output, json.loads(report.read_text()) if report.exists() else {})
