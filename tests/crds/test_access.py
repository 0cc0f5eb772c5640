"""Who may do what, as the server's own authorizer decides it."""

from __future__ import annotations

import pytest

from incident_crds.access import (
    API_GROUP,
    APPROVERS_GROUP,
    OPERATOR_GROUP,
    VIEWERS_GROUP,
    access_rules,
    roles,
)
from incident_crds.chaosexperiment import ChaosExperiment
from incident_crds.client import ApiClient, raw_path
from incident_crds.errors import Forbidden
from incident_crds.gameday import GameDay
from incident_crds.incident import Incident
from incident_crds.mocksystem import MockSystem
from incident_crds.remediationplan import RemediationPlan

from ..conftest import NAMESPACE
from .conftest import may, user_of
from .manifests import good, send

SYSTEM = "incidentsim-system"
ALLOWED = [
    (OPERATOR_GROUP, "patch", "incidents/status"),
    (OPERATOR_GROUP, "patch", "chaosexperiments"),
    (OPERATOR_GROUP, "create", "chaosexperiments"),
    (OPERATOR_GROUP, "delete", "chaosexperiments"),
    (OPERATOR_GROUP, "create", "remediationplans"),
    (VIEWERS_GROUP, "list", "chaosexperiments"),
    (VIEWERS_GROUP, "watch", "gamedays"),
    (APPROVERS_GROUP, "approve", "remediationplans"),
    (APPROVERS_GROUP, "patch", "remediationplans"),
    (APPROVERS_GROUP, "create", "chaosexperiments"),
    (APPROVERS_GROUP, "delete", "chaosexperiments"),
    (APPROVERS_GROUP, "create", "incidents"),
    (API_GROUP, "watch", "incidents"),
]
DENIED = [
    (OPERATOR_GROUP, "approve", "remediationplans"),
    (OPERATOR_GROUP, "delete", "incidents"),
    (OPERATOR_GROUP, "delete", "mocksystems"),
    (OPERATOR_GROUP, "list", "gamedays"),
    (APPROVERS_GROUP, "patch", "incidents/status"),
    (APPROVERS_GROUP, "patch", "remediationplans/status"),
    (APPROVERS_GROUP, "patch", "mocksystems"),
    (API_GROUP, "approve", "remediationplans"),
    (API_GROUP, "patch", "incidents"),
    (API_GROUP, "create", "incidents"),
    (VIEWERS_GROUP, "patch", "remediationplans"),
    (VIEWERS_GROUP, "create", "incidents"),
    (VIEWERS_GROUP, "approve", "remediationplans"),
]


def name_row(value: object) -> str:
    return str(value).removeprefix("incidentsim:")


@pytest.mark.parametrize(("group", "verb", "resource"), ALLOWED, ids=name_row)
async def test_allowed(group: str, verb: str, resource: str, admin: ApiClient) -> None:
    assert await may(admin, "somebody", verb, resource, groups=(group,))


@pytest.mark.parametrize(("group", "verb", "resource"), DENIED, ids=name_row)
async def test_denied(group: str, verb: str, resource: str, admin: ApiClient) -> None:
    assert not await may(admin, "somebody", verb, resource, groups=(group,))


async def test_secrets_are_the_operators_to_get_and_nobodys_to_list(admin: ApiClient) -> None:
    for group in (OPERATOR_GROUP, API_GROUP, APPROVERS_GROUP, VIEWERS_GROUP):
        for verb in ("get", "list", "watch"):
            expected = (group, verb) == (OPERATOR_GROUP, "get")
            assert await may(admin, "somebody", verb, "secrets", groups=(group,), group="") is expected


async def test_nobody_of_ours_may_act_as_another(admin: ApiClient) -> None:
    for group in (OPERATOR_GROUP, API_GROUP, APPROVERS_GROUP, VIEWERS_GROUP):
        for resource in ("users", "groups", "serviceaccounts"):
            assert not await may(admin, "somebody", "impersonate", resource, groups=(group,), group="", name="admin")


async def test_lease_and_counter_only_in_the_operators_own_namespace(admin: ApiClient) -> None:
    operator = (OPERATOR_GROUP,)
    for group, resource in (("coordination.k8s.io", "leases"), ("", "configmaps")):
        for verb in ("get", "create", "update"):
            assert await may(admin, "o", verb, resource, groups=operator, group=group, namespace=SYSTEM)
            assert not await may(admin, "o", verb, resource, groups=operator, group=group)


async def test_approvers_may_use_the_kill_switch_and_no_other_config_map(admin: ApiClient) -> None:
    for name, expected in (("incidentsim-kill-switch", True), ("incidentsim-counter", False)):
        allowed = await may(
            admin, "s", "patch", "configmaps", groups=(APPROVERS_GROUP,), group="", namespace=SYSTEM, name=name
        )
        assert allowed is expected


async def test_an_agent_cannot_see_what_was_injected(agent: ApiClient) -> None:
    for kind in (ChaosExperiment, GameDay):
        with pytest.raises(Forbidden, match=f'cannot list resource "{kind.info.plural}"'):
            await agent.list_all(kind, NAMESPACE)
    with pytest.raises(Forbidden, match='cannot list resource "events"'):
        await agent.request("GET", raw_path("v1", "events", NAMESPACE))


async def test_an_agent_reads_the_evidence_and_proposes(agent: ApiClient) -> None:
    assert await agent.list_all(MockSystem, NAMESPACE)
    await agent.list_all(Incident, NAMESPACE)
    await agent.list_all(RemediationPlan, NAMESPACE)
    await send(agent, good("RemediationPlan", author=user_of("agent")), dry_run=True)


async def test_an_agent_cannot_change_anything_else(agent: ApiClient) -> None:
    with pytest.raises(Forbidden):
        await send(agent, good("Incident"), dry_run=True)
    with pytest.raises(Forbidden):
        await agent.patch(MockSystem, NAMESPACE, "redis-test", {"spec": {"protected": True}})


def test_no_rule_is_a_wildcard() -> None:
    for role in roles(SYSTEM):
        for rule in role.rules:
            assert "*" not in {rule.group, *rule.resources, *rule.verbs}


def test_secrets_stay_within_the_watched_namespaces() -> None:
    places = {
        (item["metadata"].get("namespace"), tuple(rule["verbs"]))
        for item in access_rules(SYSTEM, ["drills", "staging"])
        for rule in item.get("rules", ())
        if "secrets" in rule["resources"]
    }
    assert places == {("drills", ("get", "create", "patch")), ("staging", ("get", "create", "patch"))}
