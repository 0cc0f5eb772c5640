"""Recover after any prefix of apply, over all faults that a server can be given: those that come later, too."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test
from typing_extensions import override

from incident_crds.catalogue import FaultType, SystemType
from incident_crds.chaosexperiment import UndoRecord
from incident_crds.fault import Fault as FaultSpec
from incident_operator.faults.base import Fault
from incident_operator.faults.disk_fill import DiskFill
from incident_operator.faults.registry import FAULT_CLASSES
from incident_operator.targets import Access, Target, open_target
from tests.systems.servers import Server, access_to
from tests.systems.undo_machine import UndoMachine

SMALL: Mapping[FaultType, dict[str, Any]] = {
    FaultType.REDIS_MEMORY: {"fillPercent": 8},
    FaultType.POSTGRES_CONNECTIONS: {"fillPercent": 20},
    FaultType.POSTGRES_BLOAT: {"rows": 2000},
    FaultType.DISK_FILL: {"fillPercent": 20},
}
"""Less than would be noticed: here it is about what is left. A fault that is not named takes its defaults."""
FAULTS = sorted(t for t, fault in FAULT_CLASSES.items() if fault.system_type is not None and fault.needs is None)
ENDPOINTS = {
    SystemType.REDIS: ("redis", "redis://127.0.0.1:{}/0"),
    SystemType.POSTGRES: ("postgres", "postgresql://127.0.0.1:{}/app"),
    SystemType.DISK: ("agent", "http://127.0.0.1:{}"),
}
QUICK = settings(
    derandomize=True,
    database=None,
    max_examples=15,
    stateful_step_count=5,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
THOROUGH = settings(QUICK, derandomize=False, max_examples=60, stateful_step_count=12, print_blob=True)


def spec_of(type: FaultType) -> FaultSpec:
    return FaultSpec.model_validate({"type": type, type[0].lower() + type[1:]: SMALL.get(type, {})})


async def count_seeded(type: SystemType, access: Access) -> int:
    target = open_target(type, access)
    try:
        await target.seed()
        return await target.count_ordinary()
    finally:
        await target.close()


def machine_of(fault: type[Fault], request: pytest.FixtureRequest) -> type[UndoMachine]:
    assert fault.system_type is not None
    name, endpoint = ENDPOINTS[fault.system_type]
    server: Server = request.getfixturevalue(name)
    access = access_to(endpoint.format(server.port))
    ordinary = asyncio.run(count_seeded(fault.system_type, access))
    fields = {"fault_class": fault, "spec": spec_of(fault.type), "access": access, "ordinary": ordinary}
    return type(f"{fault.__name__}Machine", (UndoMachine,), fields)


@pytest.mark.parametrize("type", FAULTS)
def test_a_new_process_undoes_whatever_was_begun(type: FaultType, request: pytest.FixtureRequest) -> None:
    run_state_machine_as_test(machine_of(FAULT_CLASSES[type], request), settings=QUICK)


@pytest.mark.slow  # the same, with ten times the examples, and others at each run
@pytest.mark.timeout(900)
@pytest.mark.parametrize("type", FAULTS)
def test_a_new_process_undoes_whatever_was_begun_at_length(type: FaultType, request: pytest.FixtureRequest) -> None:
    run_state_machine_as_test(machine_of(FAULT_CLASSES[type], request), settings=THOROUGH)


class Forgetful(DiskFill):
    """Undoes only what it remembers."""

    def __init__(self) -> None:
        self.has_filled = False

    @override
    async def inject(self, *args: Any) -> None:
        await super().inject(*args)
        self.has_filled = True

    @override
    async def recover(self, target: Target, undo: UndoRecord) -> None:
        if self.has_filled:
            await super().recover(target, undo)


def test_a_fault_that_undoes_only_what_it_remembers_is_found_out(request: pytest.FixtureRequest) -> None:
    machine = machine_of(Forgetful, request)
    quick = settings(QUICK, phases=[Phase.generate], max_examples=30, report_multiple_bugs=False)
    with pytest.raises(AssertionError, match="recovered once"):
        run_state_machine_as_test(machine, settings=quick)
    left = machine_of(DiskFill, request)()
    left.teardown()
