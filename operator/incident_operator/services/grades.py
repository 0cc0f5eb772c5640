"""Grades a finished experiment, once its incidents are over and the target was scanned again."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import structlog

from incident_crds.chaosexperiment import ChaosExperiment, ExperimentPhase, TargetStatus
from incident_crds.errors import ApiError
from incident_crds.incident import Incident, IncidentPhase
from incident_operator.cluster.store import Store
from incident_operator.domain.grading import grade_run
from incident_operator.services.catalogue import Faults
from incident_operator.services.metrics import STAGE_SECONDS
from incident_operator.services.systems import Systems
from incident_operator.targets.errors import TargetError

SETTLE_WITHIN = timedelta(seconds=60)
"""Longest wait for an incident to be resolved after the fault is undone; graded as it is then."""

log = structlog.get_logger(__name__)


class Grader:
    """Compares what was injected with what was made of it. Writes `status.grade`, once."""

    def __init__(self, *, store: Store, systems: Systems, faults: Faults) -> None:
        self._store = store
        self._systems = systems
        self._faults = faults

    async def grade(self, experiment: ChaosExperiment) -> timedelta | None:
        """Grade it if it is over and not graded; returns when to look again."""
        status = experiment.status
        if status.grade is not None or status.recovered_at is None or status.phase is ExperimentPhase.REJECTED:
            return None
        namespace = experiment.metadata.namespace
        found = (self._store.get(Incident, (namespace, name)) for name in status.incidents)
        incidents = [i for i in found if i is not None]
        unsettled = any(i.status.phase is not IncidentPhase.RESOLVED for i in incidents)
        if unsettled and datetime.now(UTC) < status.recovered_at + SETTLE_WITHIN:
            return timedelta(seconds=1)
        fault = self._faults.get(experiment.spec.fault.type)
        residue = collateral = 0
        for target in status.targets:
            left, lost = await self._scan(experiment, target)
            residue += left
            collateral += lost
        report = grade_run(
            experiment,
            incidents,
            [p for i in incidents for p in self._store.plans_of(*i.key)],
            signal=fault.signal,
            acceptable=fault.acceptable_actions,
            residue=residue,
            collateral=collateral,
        )
        await self._store.write_status(experiment, status.model_copy(update={"grade": report}))
        for stage, seconds in report.durations.to_json().items():
            if isinstance(seconds, int | float):
                STAGE_SECONDS.labels(stage).observe(seconds)
        log.info("run graded", passed=report.grade.passed, residue=residue, collateral=collateral)
        return None

    async def _scan(self, experiment: ChaosExperiment, target: TargetStatus) -> tuple[int, int]:
        """(things with the fault's tag, ordinary things lost). A system that is gone has neither."""
        if target.undo is None:
            return 0, 0
        try:
            system = await self._systems.target((experiment.metadata.namespace, target.system))
            fault = self._faults.get(experiment.spec.fault.type)
            residue = await fault.residue(system, target.undo)
            before = target.undo.details.get("ordinary")
            lost = max(0, before - await system.count_ordinary()) if isinstance(before, int) else 0
        except (ApiError, TargetError) as error:
            log.warning("system could not be scanned for the grade", system=target.system, error=str(error))
            return target.residue or 0, 0
        return residue, lost
