"""What stands against a start, and what the person is told to do about it."""

from __future__ import annotations

import socket
import stat
from pathlib import Path

import pytest

from incident_local.bootstrap import Bootstrap
from incident_local.control import ControlEndpoint
from incident_local.errors import PortTaken, SetupFailed, StartFailed
from incident_local.identities import ensure_identities
from incident_local.ports import LOOPBACK
from incident_local.state import StateFolder
from incident_local.supervisor import Supervisor
from incident_local.systems.postgres import build_postgres


@pytest.fixture
def state(tmp_path: Path) -> StateFolder:
    folder = StateFolder(tmp_path / "state")
    folder.prepare()
    return folder


async def test_data_of_another_postgres_are_kept_and_told(state: StateFolder, tmp_path: Path) -> None:
    newer = tmp_path / "postgres"
    newer.write_text("#!/bin/sh\necho 'postgres (PostgreSQL) 99.1 (Debian 99.1-1)'\n")
    newer.chmod(newer.stat().st_mode | stat.S_IXUSR)
    made_by = state.data / "postgres-test" / "data" / "PG_VERSION"
    made_by.parent.mkdir(parents=True)
    made_by.write_text("15\n")
    with pytest.raises(StartFailed, match=r"PostgreSQL 15, and .* is PostgreSQL 99") as raised:
        await build_postgres(tmp_path, state, 1, None)
    assert "put PostgreSQL 15 on PATH" in str(raised.value)
    made_by.write_text("99\n")
    assert (await build_postgres(tmp_path, state, 1, None)).name == "postgres-test"


async def test_control_port_that_was_taken_meanwhile_is_told() -> None:
    with socket.socket() as other:
        other.bind((LOOPBACK, 0))
        other.listen()
        port = other.getsockname()[1]
        async with Supervisor(pytest.fail) as supervisor:
            with pytest.raises(PortTaken, match=f"Port {port} for control"):
                async with ControlEndpoint(supervisor, port=port, token="x", warn=pytest.fail):
                    pass


async def test_a_server_that_does_not_answer_is_no_reason_to_delete_data(state: StateFolder) -> None:
    with socket.socket() as closed:  # bound and not listening: nobody else gets the port, and nobody answers there
        closed.bind((LOOPBACK, 0))
        bootstrap = Bootstrap(f"https://{LOOPBACK}:{closed.getsockname()[1]}", ensure_identities(state))
        endpoint = ControlEndpoint(Supervisor(pytest.fail), port=1, token="x", warn=pytest.fail)
        with pytest.raises(SetupFailed, match="did not answer") as raised:
            await bootstrap.run([], endpoint, "x")
    assert "delete" not in str(raised.value)
