"""docs/faults.md is what a user chooses a fault by, so it has to know all of them."""

from __future__ import annotations

from pathlib import Path

import pytest

from incident_crds.catalogue import FaultType
from incident_operator.faults.registry import build_faults

DOCUMENT = (Path(__file__).parents[2] / "docs" / "faults.md").read_text()


@pytest.mark.parametrize("kind", list(FaultType))
def test_every_fault_is_in_each_table_with_its_dead_man_and_its_fix(kind: FaultType) -> None:
    fault = build_faults()[kind]
    rows = [line for line in DOCUMENT.splitlines() if line.startswith(f"| {kind} |")]
    assert len(rows) == 3
    assert f"| {kind} | {fault.dead_man} |" in rows, "the dead-man's sentence is that of the fault"
    for action in fault.acceptable_actions:
        assert any(action in row for row in rows)
    if fault.signal is not None:
        assert any(f"`{fault.signal}`" in row for row in rows)
