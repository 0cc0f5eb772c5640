"""The shell program that a system's container runs, so that its server can be stopped without ending the container."""

from __future__ import annotations

from importlib.resources import files


def load_wrapper() -> str:
    """The text of `run.sh`, for `sh -c TEXT run SIGNAL STATE_DIRECTORY -- PROGRAM ARGUMENTS...`.

    SIGNAL is what ends the server in good order: TERM, or INT for Postgres. It may stand in a
    container's `command`: it holds nothing that Kubernetes would expand.
    """
    return files("incident_operator.proxy").joinpath("run.sh").read_text("utf-8")
