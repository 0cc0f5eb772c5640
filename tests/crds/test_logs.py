"""What a process of ours logs, in a process of its own: the setup is of the whole process."""

from __future__ import annotations

import json
import subprocess
import sys

PROGRAM = """
import logging, sys, structlog
from incident_crds.logs import configure_logs
configure_logs(sys.argv[1], "DEBUG")
structlog.contextvars.bind_contextvars(incident="inc-1")
structlog.get_logger("ours").info("resolved", number="INC-0001")
for name in ("uvicorn.error", "httpx", "kopf.objects", "groq._base_client"):
    logging.getLogger(name).info("a word of %s", name)
"""


def logged(format: str) -> list[str]:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, format], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout == ""
    return done.stderr.splitlines()


def test_each_line_is_one_document_and_what_is_sent_to_models_is_not_logged() -> None:
    ours, uvicorn = (json.loads(line) for line in logged("json"))
    assert (ours["event"], ours["number"], ours["incident"], ours["level"]) == (
        "resolved",
        "INC-0001",
        "inc-1",
        "info",
    )
    assert (uvicorn["event"], uvicorn["logger"], uvicorn["incident"]) == (
        "a word of uvicorn.error",
        "uvicorn.error",
        "inc-1",
    )


def test_a_person_at_a_terminal_reads_plain_lines() -> None:
    ours, uvicorn = logged("console")
    assert "resolved" in ours
    assert "number=INC-0001" in ours
    assert "a word of uvicorn.error" in uvicorn
    assert "\x1b" not in ours + uvicorn
