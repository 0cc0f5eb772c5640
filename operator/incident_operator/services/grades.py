"""Grades a finished experiment, once its incidents are over and the target was scanned again."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import structlog

from incident_crds.chaosexperiment import ChaosExperiment, ExperimentPhase
from incident_crds.errors import ApiError
from incident_crds.incident import Incident, IncidentPhase
from incident_operator.cluster.store import Store
from incident_operator.domain.grading import Scan, grade_run
from incident_operator.services.catalogue import Faults
from incident_operator.services.undo import Undo
from incident_operator.targets.errors import TargetError

SETTLE_WITHIN = timedelta(seconds=60)
"""Longest wait, after the fault is undone, for its incident's end and a scan of the targets; graded as it is then."""
LOOK_AGAIN = timedelta(seconds=1)

log = structlog.get_logger(__name__)


class Grader:
    """Compares what was injected with what was made of it. Writes `status.grade`, once."""

    def __init__(self, *, store: Store, undo: Undo, faults: Faults) -> None:
        self._store = store
        self._undo = undo
        self._faults = faults

    async def grade(self, experiment: ChaosExperiment) -> timedelta | None:
        """Grade it if it is over and not graded; returns when to look again."""
        status = experiment.status
        if status.grade is not None or status.recovered_at is None or status.phase is ExperimentPhase.REJECTED:
            return None
        settled = datetime.now(UTC) >= status.recovered_at + SETTLE_WITHIN
        found = (self._store.get(Incident, (experiment.metadata.namespace, name)) for name in status.incidents)
        incidents = [i for i in found if i is not None]
        if not settled and any(i.status.phase is not IncidentPhase.RESOLVED for i in incidents):
            return LOOK_AGAIN
        scanned = await self._scan(experiment)
        if scanned is None and not settled:
            return LOOK_AGAIN
        fault = self._faults.get(experiment.spec.fault.type)
        report = grade_run(
            experiment,
            incidents,
            [p for i in incidents for p in self._store.plans_of(*i.key)],
            signal=fault.signal,
            acceptable=fault.acceptable_actions,
            scanned=scanned,
        )
        await self._store.write_status(experiment, status.model_copy(update={"grade": report}), over_metadata=True)
        log.info("run graded", passed=report.grade.passed, residue=report.grade.residue)
        return None

    async def _scan(self, experiment: ChaosExperiment) -> Scan | None:
        """What is left of the fault and lost of ordinary data on all targets, or None where nobody can look."""
        try:
            counts = [await self._undo.scan(experiment, target) for target in experiment.status.targets]
        except (ApiError, TargetError) as error:
            log.warning("a target could not be scanned for the grade", error=str(error))
            return None
        return Scan(residue=sum(left for left, _ in counts), collateral=sum(lost for _, lost in counts))
