"""An upgrade in mid-drill undoes the fault and loses no incident."""

from __future__ import annotations

import json
from pathlib import Path

from .cluster import get, kubectl, names
from .release import DRILLS, Journal, graded, install, reaches, start, systems_healthy, wait_for, waiting_plan

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
