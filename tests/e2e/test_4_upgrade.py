"""An upgrade in mid-drill undoes the fault and loses no incident."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from incident_crds.base import GROUP, VERSION

from .cluster import apply, get, kubectl, list_all, names, wait_for
from .release import DRILLS, Journal, graded, install, reaches, start, systems_healthy, waiting_plan
from .rights import ACCOUNTS, Requests, granted

# Needed where something went wrong in between: an object that was made by another operator at the same time, or that
# changed while it was written; and by the API a list where the server gives none as a stream.
RARE = {
    ("get", "incidentsimulator.net", kind)
    for kind in ("mocksystems", "chaosexperiments", "incidents", "remediationplans", "incidentgenerators")
} | {("patch", "", "secrets"), ("list", "incidentsimulator.net", "incidents")}
CRD = "incidents.incidentsimulator.net"


def test_an_upgrade_in_mid_drill_undoes_the_fault_and_loses_nothing(folder: Path, journal: Journal) -> None:
    systems_healthy()
    before = set(names("incident", DRILLS))
    patch = json.dumps([{"op": "remove", "path": "/spec/names/shortNames"}])
    kubectl("patch", "customresourcedefinition", CRD, "--type=json", "--patch", patch)
    experiment = start("redis-memory")
    wait_for(lambda: waiting_plan(experiment), "a plan", 120)
    install(folder, "--set", "operator.podAnnotations.e2e=upgraded", "--set", "logs.level=DEBUG")
    done = reaches(experiment, "Aborted", seconds=180)
    assert done["reason"] == "OperatorRestarted"
    report = graded(experiment)
    assert report["grade"]["residue"] == 0
    assert before | set(done["incidents"]) <= set(names("incident", DRILLS))
    systems_healthy()
    definition = get("customresourcedefinition", CRD)
    assert definition is not None
    assert definition["spec"]["names"]["shortNames"] == ["inc"], "definitions are upgraded, too"
    journal.note("upgrade in mid-drill: Aborted (OperatorRestarted), residue 0, every incident kept")


def test_a_generator_makes_practice_incidents() -> None:
    spec = {"enabled": True, "minIntervalSeconds": 1, "maxIntervalSeconds": 2, "maxOpen": 1}
    metadata = {"name": "practice", "namespace": DRILLS}
    apply({"apiVersion": f"{GROUP}/{VERSION}", "kind": "IncidentGenerator", "metadata": metadata, "spec": spec})

    def made() -> bool | None:
        return True if [i for i in list_all("incident", DRILLS) if i["spec"].get("generatedBy") != "detector"] else None

    wait_for(made, "a practice incident", 60)
    kubectl("delete", "incidentgenerator", "practice", "-n", DRILLS)


@pytest.mark.parametrize("part", ACCOUNTS)
def test_the_accounts_may_do_what_they_do_and_no_more(part: str, requests: Requests) -> None:
    """By now everything was done once."""
    requests.gather()
    assert not requests.missing(part), "a right is missing"
    unused = sorted(granted(part) - requests.seen[part] - RARE)
    assert not unused, f"rights that nobody needs: {unused}"
