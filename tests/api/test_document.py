"""docs/api.md: it is in step with the code, and whatever it shows for a shell does what it says."""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import signal
import subprocess
from contextlib import suppress
from pathlib import Path

import pytest

from incident_api.document import requests
from incident_api.document.__main__ import FILE, main
from incident_api.document.examples import SECTIONS
from incident_api.document.pages import build_document, read_openapi
from incident_api.document.requests import DocumentIncomplete

from ..conftest import ApiProcess
from ..processes import clean_environment
from .door import Door
from .test_decisions import settled

BLOCK = re.compile(r"^```sh\n(.*?)^```$", re.MULTILINE | re.DOTALL)
EXAMPLE = re.compile(r"# ([A-Z]+ \S+): (\d{3})")
OUT_OF_TIME = 28
"""What curl ends with after --max-time."""


def test_it_is_in_step_with_the_code() -> None:
    assert main(["--check"]) == 0


def test_a_path_without_an_example_is_an_error(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    fewer = {title: section for title, section in SECTIONS.items() if title != "Beginning anew"}
    monkeypatch.setattr(requests, "SECTIONS", fewer)
    with pytest.raises(DocumentIncomplete, match="reset_incidents"):
        build_document(read_openapi())
    assert main(["--check"]) == 1
    assert "document/examples.py" in capsys.readouterr().err


class Shell:
    """A person's shell: variables and files stay from one command to the next."""

    def __init__(self, folder: Path, api: str, token: str, functions: str) -> None:
        self._folder = folder
        self._functions = functions
        self._environment = clean_environment() | {"API": api, "TOKEN": token}
        self._groups: list[int] = []
        (folder / "variables").touch()

    def run(self, command: str) -> tuple[int, str, str]:
        """Exit code, the last HTTP status, and what was printed."""
        script = f"""set -euo pipefail -a
            {self._functions}
            curl() {{ command curl --noproxy '*' -w '%{{stderr}}%{{http_code}}\\n' "$@" 2>>statuses; }}
            . ./variables
            {command}
            export -p > variables"""
        said, statuses = self._folder / "said", self._folder / "statuses"
        statuses.write_text("")
        with said.open("wb") as output:  # no pipe: what runs in the background would keep it open
            process = subprocess.Popen(
                ["bash", "-c", script],
                cwd=self._folder,
                env=self._environment,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )
        self._groups.append(process.pid)
        code = process.wait(60)
        seen = statuses.read_text().split()
        return code, seen[-1] if seen else "", said.read_text(errors="replace")

    def end(self) -> None:
        """End what still runs in the background."""
        for group in self._groups:
            with suppress(ProcessLookupError):
                os.killpg(group, signal.SIGKILL)


async def test_every_example_does_what_it_says(running: ApiProcess, secrets: Path, door: Door, tmp_path: Path) -> None:
    assert shutil.which("curl"), "the examples need curl: install it, such as by `apt install curl`"
    documented = {
        f"{method.upper()} {path}"
        for path, item in (await door.get("/openapi.json")).json["paths"].items()
        for method in item
    }
    await settled(door)
    first, *blocks = BLOCK.findall(FILE.read_text())
    functions = "\n".join(line for line in first.splitlines() if not line.startswith("export"))
    shell = Shell(tmp_path, running.url, (secrets / "sre.token").read_text(), functions)
    shown = set()
    try:
        for command in (part for block in blocks for part in block.split("\n\n")):
            code, status, said = await asyncio.to_thread(shell.run, command)
            assert code == 0 or (code == OUT_OF_TIME and "--max-time" in command), f"{command}\n{code} {status} {said}"
            if example := EXAMPLE.match(command):
                assert status == example[2], f"{command}\n{status} {said}"
                shown.add(example[1])
    finally:
        shell.end()
    assert shown == documented | {"GET /api/v1/ws"}
    await settled(door)
