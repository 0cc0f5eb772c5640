"""What the hooks have to know of an object, and nothing else: an uninstall has to understand also what another
version of the simulator wrote."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from incident_crds.base import Condition, KindInfo, Resource, StatusModel
from incident_crds.chaosexperiment import ChaosExperiment, ExperimentPhase
from incident_crds.mocksystem import MockSystem

_CLEAN = frozenset(p.value for p in ExperimentPhase if not p.is_on_systems)
_RECOVERED = "Recovered"


def _built_in(group: str, kind: str, plural: str) -> KindInfo:
    singular = kind.lower()
    return KindInfo(kind=kind, plural=plural, singular=singular, short_names=(), columns=(), group=group, version="v1")


class SeenTarget(StatusModel):
    """The fault on one system."""

    system: str = ""
    phase: str = ""
    last_error: str = ""


class SeenExperimentStatus(StatusModel):
    """How far the undo is."""

    phase: str | None = None
    targets: list[SeenTarget] = Field(default_factory=list)
    conditions: list[Condition] = Field(default_factory=list)


class SeenExperiment(Resource):
    """A ChaosExperiment of whatever version."""

    info: ClassVar[KindInfo] = ChaosExperiment.info
    status: SeenExperimentStatus = Field(default_factory=SeenExperimentStatus)

    @property
    def is_clean(self) -> bool:
        """Whether nothing of it can be left on any system. A phase that is not known says nothing."""
        return self.status.phase is None or self.status.phase in _CLEAN

    @property
    def left(self) -> list[SeenTarget]:
        """The systems on which its fault is, or may be."""
        return [target for target in self.status.targets if target.phase != _RECOVERED]


class SeenDeployment(StatusModel):
    """How the operator deployed a system."""

    retain_storage: bool = False


class SeenSystemSpec(StatusModel):
    """Who keeps the system."""

    deployment: SeenDeployment | None = None


class SeenSystem(Resource):
    """A MockSystem of whatever version."""

    info: ClassVar[KindInfo] = MockSystem.info
    spec: SeenSystemSpec = Field(default_factory=SeenSystemSpec)


class LeaseSpec(StatusModel):
    """Who acts."""

    holder_identity: str | None = None
    renew_time: str | None = None
    lease_duration_seconds: int = 6


class Lease(Resource):
    """The operator's."""

    info: ClassVar[KindInfo] = _built_in("coordination.k8s.io", "Lease", "leases")
    spec: LeaseSpec = Field(default_factory=LeaseSpec)


class Selector(StatusModel):
    """Chooses pods."""

    match_labels: dict[str, str] = Field(default_factory=dict)


class DeploymentSpec(StatusModel):
    """How many pods it shall have, and which are its."""

    replicas: int = 1
    selector: Selector = Field(default_factory=Selector)


class Deployment(Resource):
    """The operator's."""

    info: ClassVar[KindInfo] = _built_in("apps", "Deployment", "deployments")
    spec: DeploymentSpec = Field(default_factory=DeploymentSpec)


class PodStatus(StatusModel):
    """Whether it runs."""

    phase: str = ""


class Pod(Resource):
    """One of the operator's Deployment."""

    info: ClassVar[KindInfo] = _built_in("", "Pod", "pods")
    status: PodStatus = Field(default_factory=PodStatus)

    @property
    def is_over(self) -> bool:
        """Whether none of its processes runs, though it is still listed, such as after an eviction."""
        return self.status.phase in ("Succeeded", "Failed")
