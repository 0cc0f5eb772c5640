"""Objects for tests of pure decisions, with as little said as each test needs."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from incident_crds.action import Action, ActionParams
from incident_crds.base import ObjectMeta
from incident_crds.catalogue import ActionType, FaultType, SignalName, SystemType
from incident_crds.chaosexperiment import ChaosExperiment
from incident_crds.incident import Incident, IncidentPhase, IncidentStatus
from incident_crds.mocksystem import Capabilities, MockSystem, MockSystemStatus
from incident_crds.remediationplan import RemediationPlan, RemediationPlanSpec, RemediationPlanStatus, VerificationCheck
from incident_operator.domain.sample import Sample, Signal

NOW = datetime(2026, 1, 31, 12, 0, 0, tzinfo=UTC)


def at(seconds: float) -> datetime:
    """So many seconds after the start of the test's time."""
    return NOW + timedelta(seconds=seconds)


def sample(seconds: float, *, reachable: bool = True, system: str = "redis-test", **health: int | None) -> Sample:
    """A sample with these signals."""
    signals = tuple(Signal(SignalName(name), value, f"{name} {value}") for name, value in health.items())
    return Sample("drills", system, "uid-system", at(seconds), signals, reachable)


def system(name: str = "redis-test", **status: Any) -> MockSystem:
    """A reachable Redis that offers RedisMemory and RedisEvictPrefix."""
    capabilities = Capabilities(faults=[FaultType.REDIS_MEMORY], remedies=[ActionType.REDIS_EVICT_PREFIX])
    return MockSystem(
        metadata=ObjectMeta(name=name, namespace="drills", uid="uid-system", generation=1),
        spec={
            "type": SystemType.REDIS,
            "external": {"endpoint": "redis://127.0.0.1:6379/0", "credentialsSecretRef": {"name": "s"}},
        },
        status=MockSystemStatus(**{"phase": "Ready", "capabilities": capabilities, **status}),
    )


def incident(name: str = "redis-test-memory-1", **status: Any) -> Incident:
    """An incident of redis-test's memory, in Investigating."""
    return Incident(
        metadata=ObjectMeta(name=name, namespace="drills", uid=f"uid-{name}"),
        spec={
            "title": "memory",
            "signal": SignalName.MEMORY,
            "affectedSystems": ["redis-test"],
        },
        status=IncidentStatus(
            **{"number": "INC-0001", "phase": IncidentPhase.INVESTIGATING, "actionable": True, **status}
        ),
    )


def plan(
    annotations: dict[str, str] | None = None, *, spec: dict[str, Any] | None = None, **status: Any
) -> RemediationPlan:
    """A plan that evicts a prefix and verifies memory and canary."""
    fields: dict[str, Any] = {
        "incident_ref": "redis-test-memory-1",
        "actions": [
            Action(
                id="step-1",
                type=ActionType.REDIS_EVICT_PREFIX,
                system="redis-test",
                params=ActionParams(prefix="session:ab:"),
            )
        ],
        "verification": [
            VerificationCheck(system="redis-test", signal=SignalName.MEMORY),
            VerificationCheck(system="redis-test", signal=SignalName.CANARY),
        ],
        **(spec or {}),
    }
    return RemediationPlan(
        metadata=ObjectMeta(
            name="redis-test-memory-1-plan-1",
            namespace="drills",
            uid="uid-plan",
            creation_timestamp=NOW,
            annotations=annotations or {},
        ),
        spec=RemediationPlanSpec(**fields),
        status=RemediationPlanStatus(**status),
    )


def experiment(fault: str = "RedisMemory", **status: Any) -> ChaosExperiment:
    """An experiment on redis-test."""
    block: dict[str, Any] = {"None": {}}.get(fault, {f"{fault[:1].lower()}{fault[1:]}": {}})
    return ChaosExperiment.model_validate(
        {
            "metadata": {"name": "drill", "namespace": "drills", "uid": "uid-experiment"},
            "spec": {"target": {"systemRef": {"name": "redis-test"}}, "fault": {"type": fault, **block}},
            "status": status,
        }
    )
