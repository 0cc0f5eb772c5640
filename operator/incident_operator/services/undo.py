"""Undoes one fault on one system, and scans for what is left."""

from __future__ import annotations

from datetime import UTC, datetime

from incident_crds.chaosexperiment import ChaosExperiment, TargetPhase, TargetStatus
from incident_crds.errors import NotFound
from incident_operator.faults.base import Fault
from incident_operator.services.metrics import RECOVERY_FAILURES
from incident_operator.services.systems import Systems
from incident_operator.targets.errors import TargetError


async def undo_on_target(
    systems: Systems, experiment: ChaosExperiment, fault: Fault, target: TargetStatus
) -> TargetStatus:
    """What became of the target: recovered once a scan found nothing with the tag, or why not yet. Repeatable."""
    if target.phase is TargetPhase.RECOVERED or target.undo is None:
        return target
    now = datetime.now(UTC)
    gone = {"phase": TargetPhase.RECOVERED, "recovered_at": now, "residue": 0}
    try:
        system = await systems.target((experiment.metadata.namespace, target.system))
        await fault.recover(system, target.undo)
        residue = await fault.residue(system, target.undo)
    except NotFound:
        return target.model_copy(update={**gone, "last_error": "the system is gone, and the fault with it"})
    except TargetError as error:
        RECOVERY_FAILURES.labels(experiment.spec.fault.type.value).inc()
        return target.model_copy(update={"attempts": target.attempts + 1, "last_error": str(error)})
    if residue:
        text = f"{residue} things that carry its tag are still there"
        return target.model_copy(update={"attempts": target.attempts + 1, "residue": residue, "last_error": text})
    return target.model_copy(update={**gone, "attempts": target.attempts + 1, "last_error": ""})
