"""The end: faults are undone first, and what stays is said."""

from __future__ import annotations

import time

from .cluster import get, helm, kubectl, list_all, names
from .release import DRILLS, RELEASE, SYSTEM, Journal, reaches, start, status, systems_healthy, wait_for

PARTS = ("deployment", "statefulset", "pod", "service", "secret", "persistentvolumeclaim", "serviceaccount", "lease")
CLUSTER_PARTS = (
    "clusterrole",
    "clusterrolebinding",
    "validatingadmissionpolicy",
    "validatingadmissionpolicybinding",
)
OURS = "app.kubernetes.io/part-of=incident-simulator"


def test_faults_are_undone_before_everything_goes(journal: Journal) -> None:
    systems_healthy()
    experiment = start("system-down")
    reaches(experiment, "Active")
    begun = time.monotonic()
    helm("uninstall", RELEASE, "--namespace", SYSTEM, "--wait", "--timeout", "5m")
    journal.note(f"uninstall with a fault active: done after {time.monotonic() - begun:.0f} s")
    done = status("chaosexperiment", experiment)
    assert (done["phase"], done["reason"]) == ("Aborted", "KillSwitch"), done


def test_nothing_is_left_but_the_records() -> None:
    def gone() -> bool | None:
        left = [f"{kind}/{name}" for kind in PARTS for name in names(kind, DRILLS) if name != "default"]
        left += [f"{kind}/{name}" for kind in PARTS for name in names(kind, SYSTEM) if name != "default"]
        left += [f"{kind}/{o['metadata']['name']}" for kind in CLUSTER_PARTS for o in list_all(kind, selector=OURS)]
        left += [n for n in names("configmap", SYSTEM) if n != "kube-root-ca.crt"]
        return True if not left else None

    wait_for(gone, "the end of all parts", 120)
    held = [o for kind in ("mocksystem", "chaosexperiment") for o in list_all(kind) if o["metadata"].get("finalizers")]
    assert not held, "nobody would let these go"
    assert names("incident", DRILLS), "records stay"
    assert get("customresourcedefinition", "incidents.incidentsimulator.net") is not None


def test_the_namespaces_go_without_an_operator() -> None:
    kubectl("delete", "namespace", DRILLS, SYSTEM, timeout=180)
    volumes = [
        v["metadata"]["name"] for v in list_all("persistentvolume") if v["spec"]["claimRef"]["namespace"] == DRILLS
    ]
    wait_for(lambda: True if not [v for v in volumes if get("persistentvolume", v)] else None, "the volumes' end", 60)
