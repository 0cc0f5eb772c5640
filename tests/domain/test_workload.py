"""What a system that the operator creates consists of, and what is made of its pod's state."""

from __future__ import annotations

from typing import Any

import pytest

from incident_crds.base import ObjectMeta
from incident_crds.catalogue import SystemType
from incident_crds.mocksystem import MockSystem
from incident_operator.domain.containers import Images
from incident_operator.domain.pods import read_workload
from incident_operator.domain.quantity import parse_quantity
from incident_operator.domain.workload import addresses, build_objects, build_secret, capacity_bytes, is_foreign

IMAGES = Images(redis="redis:7", postgres="postgres:16", simulator="incident-simulator:1", wrapper="loop")


def created(type: SystemType = SystemType.REDIS, **deployment: Any) -> MockSystem:
    return MockSystem(
        metadata=ObjectMeta(name="cache", namespace="drills", uid="uid-cache", generation=1),
        spec={"type": type, "deployment": deployment},
    )


def objects(system: MockSystem, credentials: dict[str, str] | None = None) -> dict[str, dict[str, Any]]:
    return {body["kind"]: body for body in build_objects(system, IMAGES, credentials or {"password": "p"})}


def pod_spec(system: MockSystem) -> dict[str, Any]:
    spec: dict[str, Any] = objects(system)["StatefulSet"]["spec"]["template"]["spec"]
    return spec


@pytest.mark.parametrize("type", SystemType)
def test_every_pod_keeps_to_the_restricted_standard(type: SystemType) -> None:
    spec = pod_spec(created(type))
    assert spec["securityContext"]["runAsNonRoot"] is True
    assert spec["securityContext"]["runAsUser"] > 0
    assert spec["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert spec["automountServiceAccountToken"] is False
    for container in spec["containers"]:
        security = container["securityContext"]
        assert security["allowPrivilegeEscalation"] is False
        assert security["capabilities"] == {"drop": ["ALL"]}
        assert security["readOnlyRootFilesystem"] is True
        assert container["resources"]["limits"]["memory"]
        assert container["readinessProbe"]
    kinds = {next(key for key in volume if key != "name") for volume in spec["volumes"]}
    assert kinds == {"persistentVolumeClaim", "secret", "emptyDir"}


def test_everything_goes_with_the_system_but_a_volume_that_asked_to_stay() -> None:
    owned = {kind: body["metadata"].get("ownerReferences") for kind, body in objects(created()).items()}
    assert all(references and references[0]["uid"] == "uid-cache" for references in owned.values())
    kept = objects(created(retainStorage=True))
    assert "ownerReferences" not in kept["PersistentVolumeClaim"]["metadata"]
    assert "ownerReferences" in kept["StatefulSet"]["metadata"]
    assert build_secret(created(), {})["metadata"]["ownerReferences"][0]["controller"] is True


def test_limits_reach_the_servers() -> None:
    redis = pod_spec(created(maxMemory="32Mi"))["containers"][0]
    command = redis["command"]
    assert command[command.index("--maxmemory") + 1] == str(32 * 1024 * 1024)
    half = pod_spec(created(resources={"memory": "256Mi"}))["containers"][0]["command"]
    assert half[half.index("--maxmemory") + 1] == str(128 * 1024 * 1024)
    assert command[command.index("--maxclients") + 1] == "200"
    many = pod_spec(created(maxClients=500))["containers"][0]["command"]
    assert many[many.index("--maxclients") + 1] == "500"
    postgres = pod_spec(created(SystemType.POSTGRES, maxConnections=77))["containers"][0]
    assert "max_connections=77" in postgres["command"]
    disk = pod_spec(created(SystemType.DISK, storage="64Mi"))["containers"][0]
    assert {"name": "INCIDENTSIM_AGENT_CAPACITY_BYTES", "value": str(64 * 1024 * 1024)} in disk["env"]
    assert capacity_bytes(created(SystemType.DISK)) == 128 * 1024 * 1024


def test_no_password_is_on_a_command_line_or_in_the_environment() -> None:
    body = objects(created(SystemType.POSTGRES), {"password": "very-secret", "roles.sql": "very-secret"})
    assert "very-secret" not in str(body)


def test_other_passwords_start_the_server_anew() -> None:
    def annotations(password: str) -> dict[str, str]:
        template = objects(created(), {"password": password})["StatefulSet"]["spec"]["template"]
        found: dict[str, str] = template["metadata"]["annotations"]
        return found

    assert annotations("one") == annotations("one")
    assert annotations("one") != annotations("two")


def test_clients_go_through_the_proxy_and_the_operator_does_not() -> None:
    where = addresses(created(port=7000))
    assert where.clients == "redis://cache.drills.svc:7000/0"
    assert where.direct == "redis://cache.drills.svc:17000/0"
    ports = {port["name"]: port for port in objects(created(port=7000))["Service"]["spec"]["ports"]}
    assert (ports["clients"]["targetPort"], ports["direct"]["targetPort"]) == (16379, 6379)


@pytest.mark.parametrize(
    ("text", "number"), [("64Mi", 67108864), ("1.5Gi", 1610612736), ("100k", 100000), ("7", 7), ("500m", 0)]
)
def test_quantities_are_bytes(text: str, number: int) -> None:
    assert parse_quantity(text) == number


@pytest.mark.parametrize("text", ["", "Mi", "-1Mi", "1 Gi", "1e3", "64mi"])
def test_what_is_no_quantity_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="quantity"):
        parse_quantity(text)


def pod(*, ready: bool = False, revision: str = "r1", conditions: list[Any] | None = None, **state: Any) -> Any:
    conditions = conditions or [{"type": "Ready", "status": "True" if ready else "False"}]
    statuses = [{"name": "redis", "ready": ready, "restartCount": 2, **state}] if state or ready else []
    return {
        "metadata": {
            "name": "cache-0",
            "uid": "uid-pod",
            "creationTimestamp": "2026-01-31T12:00:00Z",
            "labels": {"controller-revision-hash": revision},
        },
        "spec": {"containers": [{"name": "redis", "image": "redis:7"}]},
        "status": {"phase": "Running", "conditions": conditions, "containerStatuses": statuses},
    }


def waiting(reason: str, message: str = "") -> dict[str, Any]:
    return {"state": {"waiting": {"reason": reason, "message": message}}}


UNSCHEDULED = {"type": "PodScheduled", "status": "False"}
STATEFUL_SET = {"metadata": {"generation": 3}, "status": {"observedGeneration": 3, "updateRevision": "r1"}}


@pytest.mark.parametrize(
    ("pods", "reason", "said"),
    [
        ([], "PodMissing", "no pod"),
        ([pod(**waiting("ImagePullBackOff", "nosuch:1 not found"))], "ImagePullBackOff", "nosuch:1"),
        (
            [pod(**waiting("CrashLoopBackOff"), lastState={"terminated": {"exitCode": 3, "reason": "Error"}})],
            "CrashLoopBackOff",
            "exit code 3",
        ),
        (
            [pod(conditions=[{**UNSCHEDULED, "message": "pod has unbound immediate PersistentVolumeClaims"}])],
            "VolumePending",
            "unbound",
        ),
        ([pod(conditions=[{**UNSCHEDULED, "message": "0/1 nodes: insufficient cpu"}])], "Unschedulable", "cpu"),
        ([pod(state={"running": {}})], "NotReady", "redis"),
        ([pod(state={"terminated": {"exitCode": 137, "reason": "OOMKilled"}})], "OOMKilled", "137"),
        ([pod(ready=True)], "", ""),
    ],
)
def test_what_keeps_a_pod_from_being_ready_is_named(pods: list[Any], reason: str, said: str) -> None:
    found = read_workload(pods, STATEFUL_SET, "redis")
    assert found.status.reason == reason
    assert said in found.status.message
    assert found.status.ready is (reason == "")


def test_a_pod_on_its_way_out_is_not_the_systems_pod() -> None:
    leaving = pod(ready=True)
    leaving["metadata"]["deletionTimestamp"] = "2026-01-31T12:00:09Z"
    assert read_workload([leaving], STATEFUL_SET, "redis").status.message == "the pod is being replaced"


def test_a_roll_out_is_told_from_an_outage() -> None:
    assert not read_workload([pod(ready=True)], STATEFUL_SET, "redis").is_rolling_out
    old = read_workload([pod(ready=True, revision="r0")], STATEFUL_SET, "redis")
    assert old.is_rolling_out
    assert not old.is_stale
    stuck = read_workload([pod(revision="r0", **waiting("ImagePullBackOff"))], STATEFUL_SET, "redis")
    assert stuck.is_stale
    unseen = {**STATEFUL_SET, "metadata": {"generation": 4}}
    assert read_workload([pod(ready=True)], unseen, "redis").is_rolling_out


def test_somebody_elses_object_is_told_from_ours() -> None:
    system = created()
    for body in objects(system).values():
        assert not is_foreign(system, body, body)
        assert is_foreign(system, body, {"metadata": {"name": body["metadata"]["name"]}})
        other = {"metadata": {**body["metadata"], "ownerReferences": [{"uid": "uid-other"}]}}
        assert is_foreign(system, body, other)
    claim, keeper = objects(system)["PersistentVolumeClaim"], created(retainStorage=True)
    kept = objects(keeper)["PersistentVolumeClaim"]
    assert not is_foreign(system, claim, kept)
    assert not is_foreign(keeper, kept, claim)
