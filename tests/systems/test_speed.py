"""What is promised about the time that faults take."""

from __future__ import annotations

import time
from datetime import timedelta
from typing import Any

import pytest

from incident_crds.catalogue import FaultType
from incident_crds.fault import Fault as FaultSpec
from incident_crds.mocksystem import HealthPolicy
from incident_operator.faults.registry import build_faults
from incident_operator.targets.postgres import PostgresTarget

LONGEST = 2.0


@pytest.mark.parametrize(
    ("type", "block"),
    [
        (FaultType.POSTGRES_CONNECTIONS, {"postgresConnections": {}}),
        (FaultType.POSTGRES_BLOAT, {"postgresBloat": {"rows": 112_000}}),
        (FaultType.POSTGRES_LOCK, {"postgresLock": {}}),
    ],
)
async def test_postgres_is_broken_and_mended_within_two_seconds_each(
    postgres_target: PostgresTarget, type: FaultType, block: dict[str, Any]
) -> None:
    fault = build_faults()[type]
    spec = FaultSpec.model_validate({"type": type, **block})
    undo = fault.undo_record("0123456789ab", spec, HealthPolicy())
    begun = time.monotonic()
    await fault.inject(postgres_target, spec, undo, timedelta(seconds=60))
    injected = time.monotonic()
    try:
        if type is FaultType.POSTGRES_BLOAT:
            query = "SELECT n_dead_tup FROM pg_stat_user_tables WHERE relname = %s"
            assert await postgres_target.fetch_value(query, (undo.tag,)) >= 100_000
    finally:
        asked = time.monotonic()
        await fault.recover(postgres_target, undo)
    assert await fault.residue(postgres_target, undo) == 0
    mended = time.monotonic() - asked
    assert injected - begun < LONGEST
    assert mended < LONGEST
