"""MockSystem: something that can be broken, watched and healed."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, ClassVar

from pydantic import ConfigDict, Field

from incident_crds.base import (
    Column,
    Conditions,
    KindInfo,
    Model,
    Name,
    Percent,
    Resource,
    ShortText,
    StatusModel,
    Text,
    Timestamp,
    cel,
    cel_rules,
)
from incident_crds.catalogue import ActionType, FaultType, SignalName, SystemType


class SystemPhase(StrEnum):
    """Whether the operator can reach the system."""

    PENDING = "Pending"
    READY = "Ready"
    UNREACHABLE = "Unreachable"


class SecretRef(Model):
    """A Secret in the same namespace."""

    name: Name
    """Name of the Secret."""


class ControlRef(Model):
    """An HTTP endpoint that can stop and restart the system's process."""

    url: Annotated[str, Field(pattern="^https?://", max_length=512)]
    """Base URL; POST {url}/restart and POST {url}/stop act on the process, GET {url} tells whether it runs."""
    token_secret_ref: SecretRef
    """Secret whose key `token` holds the endpoint's bearer token."""


Endpoint = Annotated[str, Field(pattern="^(redis|postgresql|http)://", max_length=512)]


class ProxyRef(Model):
    """A proxy of ours (`incident-proxy`) in front of the system, which can delay what its clients get."""

    client_endpoint: Endpoint
    """Where ordinary clients connect, in the same form as `endpoint`, past which the operator's own connection goes."""
    url: Annotated[str, Field(pattern="^https?://", max_length=512)]
    """Base URL of the proxy's control endpoint: PUT {url}/latency delays, DELETE ends that, GET {url} tells of it."""
    token_secret_ref: SecretRef
    """Secret whose key `token` holds that endpoint's bearer token."""


class ExternalSystem(Model):
    """A system that runs already and that the operator only connects to."""

    endpoint: Endpoint
    """redis://HOST:PORT/DB, postgresql://HOST:PORT/DATABASE, or http://HOST:PORT of a disk agent."""
    credentials_secret_ref: SecretRef
    """Secret with username, password (control) and appUsername, appPassword (ordinary rights)."""
    control_ref: ControlRef | None = None
    """Where the process can be stopped and restarted; without it SystemDown and RestartSystem are not offered."""
    proxy_ref: ProxyRef | None = None
    """What its clients go through; without it NetworkLatency and RemoveLatency are not offered."""


Quantity = Annotated[str, Field(pattern="^[0-9]+(\\.[0-9]+)?(m|k|Ki|Mi|M|Gi|G)?$", max_length=16)]
"""A Kubernetes quantity, such as 100m or 64Mi."""


class ResourceAmounts(Model):
    """What the system's container gets."""

    cpu: Quantity = "100m"
    """CPU that is reserved, as a Kubernetes quantity; it may use more where the node has it."""
    memory: Quantity | None = None
    """Memory that is reserved, and the limit; 256Mi for Postgres and 128Mi for others where absent."""


class DeploymentSystem(Model):
    """A system that the operator creates in the cluster and owns."""

    image: Annotated[str, Field(max_length=512)] = ""
    """Container image; the operator's default where empty. One of Redis or Postgres needs a shell."""
    resources: ResourceAmounts = Field(default_factory=ResourceAmounts)
    """CPU and memory of the container."""
    storage: Quantity | None = None
    """Size of the volume; 256Mi for Redis, 512Mi for Postgres, 128Mi for a disk where absent. Where the storage class
    cannot resize it, it stays as it was, and the status says so."""
    storage_class: Annotated[str, Field(max_length=253)] | None = None
    """StorageClass of the volume; the cluster's default where absent."""
    retain_storage: bool = False
    """Keep the volume, with its data, when the MockSystem is deleted."""
    port: Annotated[int, Field(ge=1, le=65535)] | None = None
    """Port of the Service; the type's usual one where empty."""
    max_memory: Quantity | None = None
    """Redis only: maxmemory; half of the container's memory where absent."""
    max_connections: Annotated[int, Field(ge=10, le=1000)] | None = None
    """Postgres only: max_connections; 30 where absent."""
    max_clients: Annotated[int, Field(ge=50, le=2000)] | None = None
    """Redis only: maxclients; 200 where absent."""
    run_as_user: Annotated[int, Field(ge=1)] | None = None
    """User id that the image expects; 999, as the official Debian images do, where absent."""


class HealthPolicy(Model):
    """How the system is probed, and when its health is an incident."""

    interval_seconds: Annotated[int, Field(ge=1, le=300)] = 5
    """Seconds between two probes."""
    threshold_percent: Annotated[int, Field(ge=1, le=99)] = 50
    """A signal below this health is breached."""
    breach_samples: Annotated[int, Field(ge=1, le=60)] = 1
    """Probes in a row below the threshold that make a breach."""
    recover_samples: Annotated[int, Field(ge=1, le=60)] = 2
    """Probes in a row at or above the threshold that end a breach."""
    timeout_seconds: Annotated[int, Field(ge=1, le=60)] = 3
    """Longest time one probe may take."""
    latency_budget_milliseconds: Annotated[int, Field(ge=1, le=60000)] = 250
    """Canary time up to which latency is healthy; health reaches 0 at ten times it."""


class MockSystemSpec(Model):
    """What the system is and how it is watched."""

    model_config = ConfigDict(
        json_schema_extra=cel_rules(
            (
                "has(self.deployment) != has(self.external)",
                "needs exactly one of deployment (the operator creates it) and external (it runs already)",
            ),
            (
                (
                    "!has(self.external) || self.external.endpoint.startsWith({'Redis': 'redis://', "
                    "'Postgres': 'postgresql://', 'Disk': 'http://'}[self.type])"
                ),
                "external.endpoint must fit the type: redis:// for Redis, postgresql:// for Postgres, http:// for Disk",
            ),
            (
                (
                    "!has(self.external) || !has(self.external.proxyRef) || "
                    "self.external.proxyRef.clientEndpoint.startsWith({'Redis': 'redis://', "
                    "'Postgres': 'postgresql://', 'Disk': 'http://'}[self.type])"
                ),
                "external.proxyRef.clientEndpoint must fit the type, as external.endpoint does",
            ),
            (
                "!has(self.deployment) || !has(self.deployment.maxMemory) || self.type == 'Redis'",
                "deployment.maxMemory is for Redis only",
            ),
            (
                "!has(self.deployment) || !has(self.deployment.maxConnections) || self.type == 'Postgres'",
                "deployment.maxConnections is for Postgres only",
            ),
            (
                "!has(self.deployment) || !has(self.deployment.maxClients) || self.type == 'Redis'",
                "deployment.maxClients is for Redis only",
            ),
        )
    )

    type: Annotated[SystemType, Field(json_schema_extra=cel("self == oldSelf", "type is immutable"))]
    """What kind of system it is."""
    deployment: DeploymentSystem | None = None
    """The operator creates the system in this cluster and owns it."""
    external: ExternalSystem | None = None
    """The system runs already, in this cluster or elsewhere."""
    capacity_bytes: Annotated[int, Field(ge=1048576)] | None = None
    """Disk only: what counts as full, where the volume itself is larger."""
    protected: bool = False
    """No experiment may ever target it."""
    team: Annotated[str, Field(max_length=63)] = ""
    """Team that owns it; its incidents go there."""
    depends_on: Annotated[list[Name], Field(max_length=16)] = Field(default_factory=list)
    """Systems in the same namespace whose trouble can be the cause of trouble here, directly or by way of an
    application that uses both: breaches with the same cause are one incident, diagnosed there first."""
    health: HealthPolicy = Field(default_factory=HealthPolicy)
    """How it is probed, and when its health is an incident."""


class SignalStatus(StatusModel):
    """One measured signal."""

    name: SignalName
    """Which signal."""
    health: Percent | None = None
    """0 is worst, 100 is healthy; absent while it cannot be known."""
    message: ShortText = ""
    """What was measured, in a sentence, or why nothing could be."""
    metrics: Annotated[dict[str, float], Field(max_length=32)] = Field(default_factory=dict)
    """The numbers that the health was computed from."""


class Breach(StatusModel):
    """A signal's breaches: what names incidents so that no restart or race makes two of one."""

    signal: SignalName
    """The signal."""
    number: Annotated[int, Field(ge=0)]
    """Number of the latest breach; written before its Incident is created."""
    breached_at: Timestamp | None = None
    """When the latest breach began: the first sample below the threshold."""
    ended_at: Timestamp | None = None
    """When it ended; absent while it lasts."""
    incident: Annotated[str, Field(max_length=253)] = ""
    """The Incident it belongs to."""
    owner: Annotated[str, Field(max_length=253)] = ""
    """The system whose breach opened that incident, where it is another one's."""


class Capabilities(StatusModel):
    """What can be done to the system."""

    faults: Annotated[list[FaultType], Field(max_length=32)] = Field(default_factory=list)
    """Faults that an experiment may inject here."""
    remedies: Annotated[list[ActionType], Field(max_length=32)] = Field(default_factory=list)
    """Actions that a plan may take here."""


class WorkloadStatus(StatusModel):
    """The pod of a system that the operator created."""

    pod: Annotated[str, Field(max_length=253)] = ""
    """Its name; empty while there is none."""
    ready: bool = False
    """Whether Kubernetes calls it ready."""
    restarts: Annotated[int, Field(ge=0)] = 0
    """How often the system's container was started anew in this pod."""
    image: Annotated[str, Field(max_length=512)] = ""
    """The image that it runs."""
    reason: Annotated[str, Field(max_length=64)] = ""
    """Why it is not ready, such as ImagePullBackOff, VolumePending or CrashLoopBackOff; empty where it is."""
    message: Text = ""
    """What Kubernetes says about that, for people."""


class MockSystemStatus(StatusModel):
    """What was last measured. Written when it changed enough to matter, not at each probe."""

    phase: SystemPhase | None = None
    """Pending until first reached, then Ready or Unreachable."""
    health: Percent | None = None
    """The lowest known signal."""
    signals: Annotated[
        list[SignalStatus],
        Field(
            max_length=16,
            json_schema_extra={
                "x-kubernetes-list-type": "map",
                "x-kubernetes-list-map-keys": ["name"],
            },
        ),
    ] = Field(default_factory=list)
    """Each signal's latest measurement."""
    breaches: Annotated[list[Breach], Field(max_length=16)] = Field(default_factory=list)
    """The latest breach of each signal that ever had one."""
    capabilities: Capabilities = Field(default_factory=Capabilities)
    """What can be done to it."""
    open_incidents: Annotated[list[Name], Field(max_length=32)] = Field(default_factory=list)
    """Names of its incidents that are not resolved."""
    open_incident_count: Annotated[int, Field(ge=0)] = 0
    """How many of its incidents are not resolved."""
    seeded: bool = False
    """Its ordinary data has been written, once."""
    capacity_enforced_by: ShortText = ""
    """Disk only: what keeps the disk from growing past its capacity."""
    workload: WorkloadStatus | None = None
    """Its pod, where the operator created the system."""
    message: Text = ""
    """Why it is not ready, for people."""
    last_probe_time: Timestamp | None = None
    """When it was last probed, as of the last write of this status."""
    observed_generation: int | None = None
    """The metadata.generation that this status is about."""
    conditions: Conditions = Field(default_factory=list)
    """Ready: it can be reached. Healthy: no signal is below the threshold."""


class MockSystem(Resource):
    """A mock Redis, Postgres or disk that drills break and heal."""

    info: ClassVar[KindInfo] = KindInfo(
        kind="MockSystem",
        plural="mocksystems",
        singular="mocksystem",
        short_names=("msys",),
        columns=(
            Column("Type", ".spec.type"),
            Column("Phase", ".status.phase"),
            Column("Health", ".status.health", "integer"),
            Column("Open", ".status.openIncidentCount", "integer"),
            Column("Incident", ".status.openIncidents[0]"),
            Column("Team", ".spec.team", priority=1),
            Column("Message", ".status.message", priority=1),
            Column("Age", ".metadata.creationTimestamp", "date"),
        ),
        selectable_fields=(".spec.type", ".status.phase"),
    )

    spec: MockSystemSpec
    """What the system is and how it is watched."""
    status: MockSystemStatus = Field(default_factory=MockSystemStatus)
    """What was last measured."""
