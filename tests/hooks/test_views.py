"""What the hooks read of objects, and what they say."""

from __future__ import annotations

from collections import Counter

import pytest

from incident_operator.hooks.kinds import SeenExperiment, SeenSystem
from incident_operator.hooks.remains import Remains, describe_remains


@pytest.mark.parametrize(
    ("status", "is_clean"),
    [
        ({}, True),
        ({"phase": "Pending"}, True),
        ({"phase": "Rejected"}, True),
        ({"phase": "Aborted"}, True),
        ({"phase": "Injecting"}, False),
        ({"phase": "Active"}, False),
        ({"phase": "Recovering"}, False),
        ({"phase": "Simmering"}, False),
    ],
)
def test_an_experiment_of_any_version_is_clean_or_not(status: dict[str, str], is_clean: bool) -> None:
    metadata = {"name": "e", "namespace": "drills"}
    found = SeenExperiment.parse({"metadata": metadata, "spec": {"fault": {"type": "Meteor"}}, "status": status})
    assert found.is_clean is is_clean


def test_a_system_of_any_version_is_understood() -> None:
    found = SeenSystem.parse({"spec": {"type": "Queue", "deployment": {"retainStorage": True, "zones": 3}}})
    assert found.spec.deployment is not None
    assert found.spec.deployment.retain_storage


def test_what_stays_is_told_with_its_commands() -> None:
    objects = {"MockSystem": Counter(drills=2, other=1), "Incident": Counter(drills=1), "GameDay": Counter[str]()}
    remains = Remains(
        objects=objects, deployed=(("drills", "redis-test"),), kept_volumes=(("drills", "redis-test-data"),)
    )
    lines = describe_remains(remains)
    assert lines[0] == "What stays is yours: 6 CustomResourceDefinitions, and with them"
    assert lines[1:4] == [
        "  3 MockSystems in drills, other",
        "  1 Incident in drills",
        "  whose pods go on running until their MockSystem is deleted: drills/redis-test",
    ]
    assert lines[4].endswith("kubectl delete incidentsim --all --all-namespaces")
    assert lines[5].endswith(
        "mocksystems.incidentsimulator.net chaosexperiments.incidentsimulator.net "
        "incidents.incidentsimulator.net remediationplans.incidentsimulator.net "
        "incidentgenerators.incidentsimulator.net gamedays.incidentsimulator.net"
    )
    assert lines[-1] == "  kubectl -n drills delete pvc redis-test-data"
