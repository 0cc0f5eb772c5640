"""What a running stack says of itself, for the commands that use it."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, fields

from incident_local.errors import NotRunning
from incident_local.state import StateFolder, write_json


@dataclass(frozen=True, slots=True)
class RunInfo:
    """What others need to use a running stack; in `run.json` while it runs."""

    pid: int
    started_at: str
    server: str
    kubeconfig: str
    operator_kubeconfig: str
    api_kubeconfig: str
    logs: str
    control_url: str
    operator_url: str
    api_url: str
    has_api: bool
    """Whether the API is part of it. Its URL is kept free also where it is not."""


def write_run_info(state: StateFolder, info: RunInfo) -> None:
    """Whoever reads it may count on everything being ready."""
    write_json(state.run_file, asdict(info))


def read_run_info(state: StateFolder) -> RunInfo:
    """Of the stack that runs now. Raises NotRunning where there is none that is ready."""
    pid = state.holder()
    if pid is None:
        raise NotRunning(f"Nothing runs in {state.root}", remedy="start it with `incident-simulator up`")
    try:
        found = json.loads(state.run_file.read_text())
    except FileNotFoundError:
        raise NotRunning(f"Process {pid} is still starting", remedy="wait until it says that it is ready") from None
    try:
        return RunInfo(**{field.name: found[field.name] for field in fields(RunInfo)})
    except KeyError as error:
        raise NotRunning(
            f"Process {pid} is of another version: it does not say {error.args[0]}",
            remedy="stop it with `incident-simulator down`, then start it again",
        ) from error
