"""What goes wrong on a real cluster: pods, volumes, images, secrets, nodes and namespaces."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from .cluster import Refused, apply, get, kubectl, list_all, names, wait_for
from .conftest import SCRATCH
from .release import (
    APPROVER,
    DRILLS,
    SYSTEM,
    Journal,
    annotate,
    graded,
    operator_pod,
    phase,
    reaches,
    start,
    status,
    systems_healthy,
    waiting_plan,
)


def system(name: str, type: str = "Redis", namespace: str = SCRATCH, **deployment: Any) -> dict[str, Any]:
    return {
        "apiVersion": "incidentsimulator.net/v1alpha1",
        "kind": "MockSystem",
        "metadata": {"name": name, "namespace": namespace},
        "spec": {"type": type, "deployment": deployment},
    }


@pytest.fixture
def scratch() -> Iterator[str]:
    labels = {"incidentsimulator.net/chaos": "enabled", "pod-security.kubernetes.io/enforce": "restricted"}
    apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": SCRATCH, "labels": labels}})
    yield SCRATCH
    kubectl("delete", "namespace", SCRATCH, "--ignore-not-found", timeout=180)


@pytest.mark.parametrize("moment", ["Injecting", "Active", "AwaitingApproval", "Executing"])
def test_an_operator_that_dies_leaves_nothing_behind(moment: str, journal: Journal) -> None:
    systems_healthy()
    experiment = start("redis-memory")
    if moment == "Injecting":
        reaches(experiment, "Injecting", "Active")
    else:
        reaches(experiment, "Active")
    if moment in ("AwaitingApproval", "Executing"):
        plan = wait_for(lambda: waiting_plan(experiment), "a plan", 120)
        if moment == "Executing":
            annotate(plan, APPROVER)
    kubectl("delete", "pod", operator_pod(), "--namespace", SYSTEM, "--grace-period=0", "--force")
    done = reaches(experiment, "Aborted", "Recovered", seconds=180)
    report = graded(experiment)
    assert report["grade"]["residue"] == 0, report
    if done["phase"] == "Aborted":
        assert done["reason"] == "OperatorRestarted"
    journal.note(f"operator killed while {moment}: {done['phase']} ({done['reason']}), residue 0")
    assert [t["phase"] for t in done["targets"]] == ["Recovered"]


def test_drift_is_repaired() -> None:
    systems_healthy()
    patch = {"spec": {"replicas": 0, "template": {"spec": {"enableServiceLinks": True}}}}
    kubectl("patch", "statefulset", "redis-test", "-n", DRILLS, "--type=merge", "--patch", json.dumps(patch))
    kubectl("delete", "service", "redis-test", "-n", DRILLS)

    def repaired() -> bool | None:
        found, service = get("statefulset", "redis-test", DRILLS), get("service", "redis-test", DRILLS)
        assert found is not None
        spec = found["spec"]
        good = spec["replicas"] == 1 and spec["template"]["spec"].get("enableServiceLinks") is False and service
        return True if good else None

    wait_for(repaired, "the repair", 60)
    systems_healthy()


def test_a_deleted_secret_is_made_anew_and_taken_over() -> None:
    """Also by a database that was initialised with another password."""
    systems_healthy()
    before = get("secret", "postgres-test-credentials", DRILLS)
    assert before is not None
    kubectl("delete", "secret", "postgres-test-credentials", "-n", DRILLS)

    def renewed() -> bool | None:
        now = get("secret", "postgres-test-credentials", DRILLS)
        return True if now and now["data"]["password"] != before["data"]["password"] else None

    wait_for(renewed, "another Secret", 60)
    systems_healthy()
    assert status("mocksystem", "postgres-test")["seeded"] is True


def test_a_changed_spec_is_rolled_out() -> None:
    systems_healthy()
    patch = {"spec": {"deployment": {"maxMemory": "48Mi"}}}
    kubectl("patch", "mocksystem", "redis-test", "-n", DRILLS, "--type=merge", "--patch", json.dumps(patch))

    def smaller() -> bool | None:
        signals = {s["name"]: s for s in status("mocksystem", "redis-test").get("signals", [])}
        return True if signals.get("memory", {}).get("metrics", {}).get("maxBytes") == 48 * 1024 * 1024 else None

    wait_for(smaller, "the new limit", 120)
    systems_healthy()
    incidents = [i for i in list_all("incident", DRILLS) if i.get("status", {}).get("phase") != "Resolved"]
    assert not incidents, "a roll-out is no outage"


def test_an_image_that_is_not_there_is_said_and_mended(scratch: str) -> None:
    apply(system("cache", image="nosuchimage:1"))

    def said() -> bool | None:
        found = status("mocksystem", "cache", scratch)
        reason = found.get("workload", {}).get("reason", "")
        return True if reason in ("ErrImagePull", "ImagePullBackOff") and "nosuchimage" in found["message"] else None

    wait_for(said, "the reason", 60)
    assert phase("mocksystem", "cache", scratch) == "Pending"
    assert not list_all("incident", scratch), "what never ran has no outage"
    apply(system("cache"))
    systems_healthy(scratch)


def test_a_volume_that_cannot_be_had_is_said(scratch: str) -> None:
    apply(system("cache", storageClass="nosuchclass"))

    def said() -> bool | None:
        return (
            True
            if status("mocksystem", "cache", scratch).get("workload", {}).get("reason") == "VolumePending"
            else None
        )

    wait_for(said, "the reason", 60)


def test_a_server_that_keeps_crashing_is_said(scratch: str) -> None:
    apply(system("cache", maxMemory="1Ki", image="busybox:1.36"))

    def said() -> bool | None:
        found = status("mocksystem", "cache", scratch).get("workload", {})
        return True if found.get("reason") in ("CrashLoopBackOff", "Error") else None

    wait_for(said, "the reason", 90)


def test_a_volume_filled_to_the_brim_is_an_incident_that_a_plan_ends() -> None:
    systems_healthy()
    fill = "dd if=/dev/zero of=/data/files/core.dump.log bs=1M 2>/dev/null; true"
    kubectl("exec", "disk-monitor-0", "-n", DRILLS, "-c", "disk", "--", "sh", "-c", fill)

    def plan() -> dict[str, Any] | None:
        for found in list_all("remediationplan", DRILLS):
            about = found["spec"]["actions"][0]
            if about["system"] == "disk-monitor" and found.get("status", {}).get("phase") == "AwaitingApproval":
                return found
        return None

    annotate(wait_for(plan, "a plan", 90), APPROVER)
    systems_healthy()
    left = kubectl("exec", "disk-monitor-0", "-n", DRILLS, "-c", "disk", "--", "ls", "/data/files")
    assert "core.dump.log" not in left


def test_somebody_elses_service_is_left_alone(scratch: str) -> None:
    spec = {"ports": [{"port": 80}], "selector": {"app": "other"}}
    apply({"apiVersion": "v1", "kind": "Service", "metadata": {"name": "cache", "namespace": scratch}, "spec": spec})
    apply(system("cache"))

    def said() -> bool | None:
        return (
            True
            if "Service cache is there already" in status("mocksystem", "cache", scratch).get("message", "")
            else None
        )

    wait_for(said, "the reason", 60)
    found = get("service", "cache", scratch)
    assert found is not None
    assert found["spec"]["selector"] == {"app": "other"}


def test_a_namespace_that_is_deleted_in_mid_drill_goes_away(scratch: str) -> None:
    apply(system("redis-test"))
    systems_healthy(scratch)
    experiment = start("redis-memory", scratch)
    reaches(experiment, "Active", namespace=scratch)
    kubectl("delete", "namespace", scratch, timeout=180)
    assert get("namespace", scratch) is None


def test_a_deleted_system_leaves_only_the_volume_that_asked_to_stay(scratch: str) -> None:
    apply(system("kept", retainStorage=True), system("gone"))
    systems_healthy(scratch)
    kubectl("delete", "mocksystem", "kept", "gone", "-n", scratch, timeout=120)

    def left() -> bool | None:
        found = [n for kind in ("pod", "service", "secret", "statefulset") for n in names(kind, scratch)]
        return True if not found and names("persistentvolumeclaim", scratch) == ["kept-data"] else None

    wait_for(left, "their objects' end", 120)
    apply(system("kept", retainStorage=True))
    systems_healthy(scratch)


def test_of_two_operators_one_acts() -> None:
    systems_healthy()
    kubectl("scale", "deployment", "incident-operator", "-n", SYSTEM, "--replicas=2")
    pods = "app.kubernetes.io/component=operator"
    wait_for(lambda: True if len(names("pod", SYSTEM, pods)) == 2 else None, "a second operator", 60)
    experiment = start("redis-memory")
    annotate(wait_for(lambda: waiting_plan(experiment), "a plan", 120), APPROVER)
    assert graded(experiment)["grade"]["passed"]
    lease = get("lease", "incident-operator", SYSTEM)
    assert lease is not None
    holder = lease["spec"]["holderIdentity"].rpartition("-")[0]
    (idle,) = [name for name in names("pod", SYSTEM, pods) if name != holder]
    said = kubectl("logs", idle, "--namespace", SYSTEM)
    assert "another operator holds the lease" in said
    assert "fault injected" not in said
    kubectl("scale", "deployment", "incident-operator", "-n", SYSTEM, "--replicas=1")
    wait_for(lambda: True if len(names("pod", SYSTEM, pods)) == 1 else None, "one operator", 60)


def test_a_drained_node_comes_back_with_everything(journal: Journal) -> None:
    """On a single node all pods wait until it takes them again; a disruption budget may hold one of the API's."""
    systems_healthy()
    experiment = start("redis-memory")
    reaches(experiment, "Active")
    (node, *_) = [n["metadata"]["name"] for n in json.loads(kubectl("get", "nodes", "-o", "json"))["items"]]
    kubectl("cordon", node)
    try:
        for namespace in (DRILLS, SYSTEM):
            kubectl("delete", "pod", "--all", "--namespace", namespace, "--wait=false")
        wait_for(
            lambda: True if all(p["status"]["phase"] == "Pending" for p in list_all("pod", SYSTEM)) else None,
            "the node's drain",
            90,
        )
    finally:
        kubectl("uncordon", node)
    done = reaches(experiment, "Aborted", seconds=240)
    assert done["reason"] == "OperatorRestarted"
    systems_healthy(seconds=240)
    assert graded(experiment)["grade"]["residue"] == 0
    journal.note("node drained in mid-drill: Aborted (OperatorRestarted), residue 0, all systems back")


def test_without_the_right_nothing_happens() -> None:
    with pytest.raises(Refused, match="forbidden"):
        kubectl("create", "-f", "-", "--as", f"system:serviceaccount:{SYSTEM}:viewer", stdin=json.dumps(system("x")))
