"""Bad objects, each refused by a real API server with a message that says what is wrong."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import JsonValue

from incident_crds.chaosexperiment import ChaosExperiment
from incident_crds.client import ApiClient
from incident_crds.errors import Invalid
from incident_crds.kinds import ALL_KINDS
from incident_crds.mocksystem import MockSystem
from incident_crds.remediationplan import RemediationPlan

from ..conftest import NAMESPACE
from .manifests import KINDS, SPECS, SUSPENDED, changed, good, send

OTHER = {"endpoint": "http://127.0.0.1:1", "credentialsSecretRef": {"name": "x"}}

BAD: list[tuple[str, str, dict[str, Any], str]] = [
    ("no spec", "Incident", {"spec": None}, "spec: Required value"),
    (
        "percent 0",
        "ChaosExperiment",
        {"spec.fault.redisMemory.fillPercent": 0},
        "spec.fault.redisMemory.fillPercent in body should be greater than or equal to 1",
    ),
    (
        "percent 101",
        "ChaosExperiment",
        {"spec.fault.redisMemory.fillPercent": 101},
        "spec.fault.redisMemory.fillPercent in body should be less than or equal to 100",
    ),
    (
        "unknown fault",
        "ChaosExperiment",
        {"spec.fault.type": "Meteor"},
        'spec.fault.type: Unsupported value: "Meteor": supported values: "RedisMemory", "RedisConnections"',
    ),
    (
        "fault without its block",
        "ChaosExperiment",
        {"spec.fault.redisMemory": None},
        "type RedisMemory goes with the block redisMemory, and only with it",
    ),
    (
        "fault with a second block",
        "ChaosExperiment",
        {"spec.fault.diskFill": {}},
        "type DiskFill goes with the block diskFill, and only with it",
    ),
    (
        "fault with the wrong block",
        "ChaosExperiment",
        {"spec.fault.type": "PostgresBloat"},
        "type PostgresBloat goes with the block postgresBloat, and only with it",
    ),
    (
        "control with a block",
        "ChaosExperiment",
        {"spec.fault.type": "None"},
        "type RedisMemory goes with the block redisMemory, and only with it",
    ),
    ("no target", "ChaosExperiment", {"spec.target": {}}, "needs exactly one of systemRef and selector"),
    (
        "two targets",
        "ChaosExperiment",
        {"spec.target.selector": {"matchLabels": {"a": "b"}}},
        "needs exactly one of systemRef and selector",
    ),
    (
        "empty selector",
        "ChaosExperiment",
        {"spec.target": {"selector": {"matchLabels": {}}}},
        "spec.target.selector.matchLabels in body should have at least 1 properties",
    ),
    (
        "mode without selector",
        "ChaosExperiment",
        {"spec.target.mode": "all"},
        "mode and value need a selector",
    ),
    (
        "mode without value",
        "ChaosExperiment",
        {"spec.target": {"selector": {"matchLabels": {"a": "b"}}, "mode": "fixed"}},
        "mode fixed and mode percent need a value",
    ),
    (
        "more than all",
        "ChaosExperiment",
        {"spec.target": {"selector": {"matchLabels": {"a": "b"}}, "mode": "percent", "value": 101}},
        "a percent is from 1 to 100",
    ),
    (
        "endless fault",
        "ChaosExperiment",
        {"spec.durationSeconds": 86400},
        "spec.durationSeconds in body should be less than or equal to 3600",
    ),
    (
        "deployment and external",
        "MockSystem",
        {"spec.deployment": {}},
        "needs exactly one of deployment (the operator creates it) and external (it runs already)",
    ),
    (
        "neither deployment nor external",
        "MockSystem",
        {"spec.external": None},
        "needs exactly one of deployment (the operator creates it) and external (it runs already)",
    ),
    (
        "endpoint of another type",
        "MockSystem",
        {"spec.external": OTHER},
        "external.endpoint must fit the type: redis:// for Redis",
    ),
    (
        "endpoint of no type",
        "MockSystem",
        {"spec.external.endpoint": "ftp://127.0.0.1"},
        "spec.external.endpoint in body should match",
    ),
    (
        "clients go elsewhere",
        "MockSystem",
        {
            "spec.external.proxyRef": {
                "clientEndpoint": "postgresql://127.0.0.1:1/app",
                "url": "http://127.0.0.1:2",
                "tokenSecretRef": {"name": "x"},
            }
        },
        "external.proxyRef.clientEndpoint must fit the type",
    ),
    ("no credentials", "MockSystem", {"spec.external.credentialsSecretRef": None}, "credentialsSecretRef: Required"),
    ("unknown type", "MockSystem", {"spec.type": "Oracle"}, 'Unsupported value: "Oracle": supported values: "Redis"'),
    (
        "threshold 0",
        "MockSystem",
        {"spec.health.thresholdPercent": 0},
        "spec.health.thresholdPercent in body should be greater than or equal to 1",
    ),
    ("no title", "Incident", {"spec.title": ""}, "spec.title in body should be at least 1 chars long"),
    ("severity P9", "Incident", {"spec.severity": "P9"}, 'Unsupported value: "P9": supported values: "P0", "P1"'),
    (
        "move to nowhere",
        "Incident",
        {"spec.request": {"id": "1", "action": "Move"}},
        "action Move needs a phase",
    ),
    (
        "merge into nothing",
        "Incident",
        {"spec.request": {"id": "1", "action": "Merge"}},
        "action Merge needs mergeInto",
    ),
    ("too many fields", "Incident", {"spec.metadata": {str(i): "" for i in range(33)}}, "must have at most 32 items"),
    ("no actions", "RemediationPlan", {"spec.actions": []}, "spec.actions in body should have at least 1 items"),
    (
        "unknown action",
        "RemediationPlan",
        {"spec.actions.0.type": "RunShell"},
        'Unsupported value: "RunShell": supported values: "RedisEvictPrefix"',
    ),
    (
        "action without its parameter",
        "RemediationPlan",
        {"spec.actions.0.params": None},
        "RedisEvictPrefix needs params.prefix",
    ),
    (
        "an option that is not of the list",
        "RemediationPlan",
        {"spec.actions.0": {"id": "v", "type": "RedisResetConfig", "system": "s", "params": {"option": "requirepass"}}},
        'spec.actions[0].params.option: Unsupported value: "requirepass"',
    ),
    (
        "no option",
        "RemediationPlan",
        {"spec.actions.0": {"id": "v", "type": "RedisResetConfig", "system": "s", "params": {}}},
        "RedisResetConfig needs params.option",
    ),
    (
        "same action twice",
        "RemediationPlan",
        {"spec.actions": [SPECS["RemediationPlan"]["actions"][0]] * 2},
        "spec.actions[1]: Duplicate value",
    ),
    (
        "nothing to verify",
        "RemediationPlan",
        {"spec.verification": []},
        "spec.verification in body should have at least 1 items",
    ),
    (
        "table with a statement in it",
        "RemediationPlan",
        {"spec.actions.0": {"id": "v", "type": "PostgresVacuum", "system": "s", "params": {"table": "t; drop"}}},
        "spec.actions[0].params.table in body should match",
    ),
    (
        "interval upside down",
        "IncidentGenerator",
        {"spec.minIntervalSeconds": 500},
        "minIntervalSeconds must not be above maxIntervalSeconds",
    ),
    ("no drills", "GameDay", {"spec.drills": []}, "spec.drills in body should have at least 1 items"),
    (
        "drill with a wrong fault",
        "GameDay",
        {"spec.drills.0.experiment.fault.type": "DiskFill"},
        "type DiskFill goes with the block diskFill, and only with it",
    ),
]


@pytest.mark.parametrize(("kind", "changes", "message"), [row[1:] for row in BAD], ids=[row[0] for row in BAD])
async def test_refused(kind: str, changes: dict[str, Any], message: str, sre: ApiClient, admin: ApiClient) -> None:
    client = admin if kind == "MockSystem" else sre
    with pytest.raises(Invalid) as refusal:
        await send(client, changed(good(kind), changes), dry_run=True)
    assert message in str(refusal.value)


@pytest.mark.parametrize("kind", [k.info.kind for k in ALL_KINDS])
async def test_the_object_that_the_table_breaks_is_good(kind: str, sre: ApiClient, admin: ApiClient) -> None:
    client = admin if kind == "MockSystem" else sre
    assert (await send(client, good(kind), dry_run=True, strict=True))["spec"]


@pytest.mark.parametrize("kind", [k.info.kind for k in ALL_KINDS])
async def test_the_model_takes_what_the_server_took(kind: str, sre: ApiClient, admin: ApiClient) -> None:
    """With all the defaults that the server filled in, which have to be the model's own."""
    client = admin if kind == "MockSystem" else sre
    stored = await send(client, good(kind), dry_run=True)
    parsed = KINDS[kind].parse(stored).to_json()["spec"]
    assert parsed == KINDS[kind].parse(good(kind)).to_json()["spec"]
    filled_in = {name for name, value in parsed.items() if value not in ([], {})}
    assert filled_in <= stored["spec"].keys()


async def test_an_unknown_field_is_refused_where_the_client_asks_as_kubectl_does(sre: ApiClient) -> None:
    with pytest.raises(Invalid, match=r'unknown field "spec\.colour"'):
        await send(sre, good("Incident", colour="red"), dry_run=True, strict=True)


async def test_an_unknown_field_is_dropped_elsewhere(sre: ApiClient) -> None:
    assert "colour" not in (await send(sre, good("Incident", colour="red"), dry_run=True))["spec"]


async def test_a_status_given_at_creation_is_dropped(sre: ApiClient) -> None:
    manifest = good("Incident") | {"status": {"number": "INC-0666", "actionable": True}}
    assert "status" not in await send(sre, manifest, dry_run=True)


@pytest.fixture
async def experiment(sre: ApiClient, admin: ApiClient) -> Any:
    """One that does nothing, and goes after the test."""
    manifest = good("ChaosExperiment", "immutable", **SUSPENDED)
    yield ChaosExperiment.parse(await send(sre, manifest))
    await admin.delete(ChaosExperiment, NAMESPACE, "immutable")


@pytest.mark.parametrize(
    ("patch", "field"),
    [
        ({"target": {"systemRef": {"name": "other"}}}, "target"),
        ({"fault": {"redisMemory": {"fillPercent": 95}}}, "fault"),
        ({"durationSeconds": 60}, "durationSeconds"),
        ({"schedule": "* * * * *"}, "schedule"),
        ({"dryRun": True}, "dryRun"),
    ],
)
async def test_an_experiment_keeps_what_it_began_with(
    patch: dict[str, Any], field: str, experiment: ChaosExperiment, sre: ApiClient
) -> None:
    with pytest.raises(Invalid, match=f"{field} is immutable: delete the experiment and create another"):
        await sre.patch(ChaosExperiment, *experiment.key, {"spec": patch})


async def test_an_experiment_can_be_suspended_and_resumed(experiment: ChaosExperiment, sre: ApiClient) -> None:
    path = ApiClient.path(ChaosExperiment, *experiment.key)
    answer = await sre.request(
        "PATCH",
        path,
        query={"dryRun": "All"},
        body={"spec": {"suspend": False}},
        content_type="application/merge-patch+json",
    )
    assert answer["spec"]["suspend"] is False


async def test_a_system_keeps_its_type(admin: ApiClient) -> None:
    with pytest.raises(Invalid, match="type is immutable"):
        await admin.patch(MockSystem, NAMESPACE, "redis-test", {"spec": {"type": "Disk"}})


async def test_a_plan_never_changes(sre: ApiClient, admin: ApiClient) -> None:
    await send(sre, good("RemediationPlan", "immutable-plan"))
    try:
        patches: list[JsonValue] = [
            {"attempt": 2},
            {"dryRun": True},
            {"verification": [{"system": "a", "signal": "usage"}]},
        ]
        for patch in patches:
            with pytest.raises(Invalid, match="a plan is immutable: create another"):
                await sre.patch(RemediationPlan, NAMESPACE, "immutable-plan", {"spec": patch})
    finally:
        await admin.delete(RemediationPlan, NAMESPACE, "immutable-plan")
