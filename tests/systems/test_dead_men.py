"""What ends a fault at its server when nobody else does: that it works, does no harm, and is kept alive."""

from __future__ import annotations

from datetime import timedelta
from typing import LiteralString

import pytest

from incident_crds.catalogue import FaultType
from incident_crds.fault import Fault as FaultSpec
from incident_crds.mocksystem import HealthPolicy
from incident_operator.faults.registry import build_faults
from incident_operator.targets.postgres import PostgresTarget
from tests.waiting import eventually

LIFETIME = timedelta(seconds=60)
HASH = "0123456789ab"
CONNECTIONS = FaultSpec.model_validate({"type": "PostgresConnections", "postgresConnections": {}})
BLOAT = FaultSpec.model_validate({"type": "PostgresBloat", "postgresBloat": {"rows": 5000}})


async def test_idle_sessions_end_at_the_server_while_their_holder_lives(postgres_target: PostgresTarget) -> None:
    fault = build_faults()[FaultType.POSTGRES_CONNECTIONS]
    undo = fault.undo_record(HASH, CONNECTIONS, HealthPolicy())
    await fault.inject(postgres_target, CONNECTIONS, undo, timedelta(seconds=1))
    try:

        async def gone() -> bool:
            return await postgres_target.count_sessions(undo.tag) == 0

        await eventually(gone, "the end of the fault")
    finally:
        await fault.recover(postgres_target, undo)


async def test_the_sleeping_dead_man_does_not_hold_back_vacuum(postgres_target: PostgresTarget) -> None:
    fault = build_faults()[FaultType.POSTGRES_BLOAT]
    undo = fault.undo_record(HASH, BLOAT, HealthPolicy())
    await fault.inject(postgres_target, BLOAT, undo, LIFETIME)
    try:
        query = "SELECT max(age(backend_xmin)) FROM pg_stat_activity WHERE application_name = %s"

        async def is_free() -> bool:
            before = await postgres_target.fetch_value("SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint")
            await postgres_target.execute("SELECT pg_current_xact_id()")
            return (await postgres_target.fetch_value(query, (undo.tag,)) or 0) <= 3 and before is not None

        await eventually(is_free, "the end of the sessions")
    finally:
        await fault.recover(postgres_target, undo)


ENDINGS: dict[str, LiteralString] = {
    "a restart ends its session": "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity"
    " WHERE application_name = %s",
    "a person cancels what it does": "SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE application_name = %s",
}


@pytest.mark.parametrize("ending", ENDINGS)
async def test_the_dead_man_of_bloat_is_kept_alive(postgres_target: PostgresTarget, ending: str) -> None:
    fault = build_faults()[FaultType.POSTGRES_BLOAT]
    undo = fault.undo_record(HASH, BLOAT, HealthPolicy())
    await fault.inject(postgres_target, BLOAT, undo, LIFETIME)

    async def has_stopped() -> bool:
        return not await postgres_target.is_active(undo.tag)

    async def is_gone() -> bool:
        return await fault.residue(postgres_target, undo) == 1  # the session stays, the table does not

    try:
        await fault.keep(postgres_target, undo, LIFETIME)
        await postgres_target.execute(ENDINGS[ending], (undo.tag,))
        await eventually(has_stopped, "the end of the server")
        for _ in range(2):
            await fault.keep(postgres_target, undo, timedelta(seconds=5))
            assert await postgres_target.is_active(undo.tag)
            assert await postgres_target.count_sessions(undo.tag) == 1
        await eventually(is_gone, "the end of the fault")
    finally:
        await fault.recover(postgres_target, undo)
    assert await fault.residue(postgres_target, undo) == 0
