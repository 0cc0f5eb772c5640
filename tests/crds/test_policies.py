"""Decisions, requests and statuses are their author's own, whatever a client writes."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from typing import Any

import pytest
import pytest_asyncio

from incident_crds.base import (
    APPROVE_ANNOTATION,
    APPROVED_BY_ANNOTATION,
    REJECT_ANNOTATION,
    REQUESTED_BY_ANNOTATION,
    UNDO_FINALIZER,
    Resource,
)
from incident_crds.chaosexperiment import ChaosExperiment
from incident_crds.client import ApiClient, raw_path
from incident_crds.errors import ApiError, Forbidden
from incident_crds.incident import Incident
from incident_crds.manifests import PLURALS, admission_policies
from incident_crds.mocksystem import MockSystem
from incident_crds.remediationplan import RemediationPlan

from ..conftest import NAMESPACE
from ..waiting import eventually
from .conftest import MANAGER, user_of
from .manifests import SUSPENDED, changed, good, send

Notes = Mapping[str, str | None]
HASH = "sha256:abc"
PLAN = "policy-plan"
INCIDENT = "policy-incident"


async def annotate(client: ApiClient, kind: type[Resource], name: str, notes: Notes, **more: Any) -> dict[str, str]:
    """Patch annotations, as `kubectl annotate` does, and return those that stand then."""
    written = await client.patch(kind, NAMESPACE, name, {"metadata": {"annotations": dict(notes)}, **more})
    return written.metadata.annotations


async def decide(client: ApiClient, notes: Notes) -> dict[str, str]:
    return await annotate(client, RemediationPlan, PLAN, notes)


@pytest_asyncio.fixture(autouse=True)
async def plan(sre: ApiClient, admin: ApiClient) -> AsyncIterator[None]:
    """Nothing else runs that would look at it."""
    await send(sre, good("RemediationPlan", PLAN))
    yield
    await admin.delete(RemediationPlan, NAMESPACE, PLAN)


@pytest_asyncio.fixture
async def incident(sre: ApiClient, admin: ApiClient) -> AsyncIterator[None]:
    await send(sre, good("Incident", INCIDENT, incidentType="Training"))
    yield
    await admin.delete(Incident, NAMESPACE, INCIDENT)


@pytest.mark.parametrize("key", [APPROVE_ANNOTATION, REJECT_ANNOTATION])
async def test_an_approver_decides_with_a_plain_annotation(key: str, sre: ApiClient) -> None:
    assert await decide(sre, {key: HASH}) == {key: HASH, APPROVED_BY_ANNOTATION: "sre"}


@pytest.mark.parametrize("key", [APPROVE_ANNOTATION, REJECT_ANNOTATION])
async def test_a_forged_name_is_overwritten(key: str, sre: ApiClient) -> None:
    notes = await decide(sre, {key: HASH, APPROVED_BY_ANNOTATION: "admin"})
    assert notes[APPROVED_BY_ANNOTATION] == "sre"


async def test_a_name_cannot_be_forged_afterwards(sre: ApiClient) -> None:
    await decide(sre, {APPROVE_ANNOTATION: HASH})
    with pytest.raises(Forbidden, match=r"a decision is made in your own name: set .*approved-by=sre"):
        await decide(sre, {APPROVED_BY_ANNOTATION: "admin"})
    with pytest.raises(Forbidden, match="a decision is made in your own name"):
        await decide(sre, {APPROVED_BY_ANNOTATION: None})


async def test_viewers_are_refused(viewer: ApiClient) -> None:
    with pytest.raises(Forbidden, match='User "viewer" cannot patch resource "remediationplans"'):
        await decide(viewer, {APPROVE_ANNOTATION: HASH})


@pytest.mark.parametrize("key", [APPROVE_ANNOTATION, REJECT_ANNOTATION, APPROVED_BY_ANNOTATION])
@pytest.mark.parametrize("value", [HASH, ""])
async def test_who_may_edit_may_not_decide(key: str, value: str, responder: ApiClient) -> None:
    with pytest.raises(Forbidden) as refusal:
        await decide(responder, {key: value})
    for part in (user_of("responder"), "verb approve", f"namespace {NAMESPACE}", "role incidentsim-approver"):
        assert part in str(refusal.value)


async def test_who_may_edit_may_change_the_rest(responder: ApiClient) -> None:
    assert await decide(responder, {"team": "blue"}) == {"team": "blue"}


async def test_who_may_edit_may_not_take_a_decision_away(sre: ApiClient, responder: ApiClient) -> None:
    await decide(sre, {REJECT_ANNOTATION: "too risky"})
    with pytest.raises(Forbidden, match="verb approve"):
        await decide(responder, {REJECT_ANNOTATION: None, APPROVED_BY_ANNOTATION: None})


async def test_a_decision_cannot_be_smuggled_in_at_creation(responder: ApiClient, sre: ApiClient) -> None:
    manifest = changed(
        good("RemediationPlan", "smuggled", author=user_of("responder")),
        {"metadata.annotations": {APPROVE_ANNOTATION: HASH}},
    )
    with pytest.raises(Forbidden, match="verb approve"):
        await send(responder, manifest, dry_run=True)
    answer = await send(sre, changed(manifest, {"spec.author": "sre"}), dry_run=True)
    assert answer["metadata"]["annotations"] == {APPROVE_ANNOTATION: HASH, APPROVED_BY_ANNOTATION: "sre"}


@pytest.mark.parametrize("key", [APPROVE_ANNOTATION, REJECT_ANNOTATION, APPROVED_BY_ANNOTATION])
async def test_the_operator_never_decides(key: str, operator_client: ApiClient) -> None:
    with pytest.raises(Forbidden, match="operator is the operator: it may remove a decision, and never set one"):
        await decide(operator_client, {key: HASH})


async def test_the_operator_cannot_change_a_decision(sre: ApiClient, operator_client: ApiClient) -> None:
    await decide(sre, {APPROVE_ANNOTATION: "sha256:other"})
    for notes in ({APPROVE_ANNOTATION: HASH}, {APPROVED_BY_ANNOTATION: "admin"}, {APPROVE_ANNOTATION: ""}):
        with pytest.raises(Forbidden, match="never set one"):
            await decide(operator_client, notes)


@pytest.mark.parametrize(
    "removed",
    [(APPROVE_ANNOTATION,), (APPROVED_BY_ANNOTATION,), (APPROVE_ANNOTATION, APPROVED_BY_ANNOTATION)],
)
async def test_the_operator_may_always_remove(
    removed: tuple[str, ...], sre: ApiClient, operator_client: ApiClient
) -> None:
    stands = await decide(sre, {APPROVE_ANNOTATION: HASH})
    assert await decide(operator_client, dict.fromkeys(removed)) == {
        key: value for key, value in stands.items() if key not in removed
    }


async def test_nobody_both_approves_and_rejects(sre: ApiClient) -> None:
    with pytest.raises(Forbidden, match="sre cannot both approve and reject this plan"):
        await decide(sre, {APPROVE_ANNOTATION: HASH, REJECT_ANNOTATION: "no"})


async def test_a_second_decision_is_not_laid_over_the_first(sre: ApiClient, second_approver: ApiClient) -> None:
    """Else the first would stand in the name of the second's author."""
    await decide(sre, {APPROVE_ANNOTATION: HASH})
    with pytest.raises(Forbidden, match="cannot both approve and reject"):
        await decide(second_approver, {REJECT_ANNOTATION: "no"})
    notes = await decide(second_approver, {APPROVE_ANNOTATION: None, REJECT_ANNOTATION: "no"})
    assert notes == {REJECT_ANNOTATION: "no", APPROVED_BY_ANNOTATION: user_of("second-approver")}


async def test_an_approver_may_take_a_decision_back(sre: ApiClient, second_approver: ApiClient) -> None:
    await decide(sre, {APPROVE_ANNOTATION: HASH})
    notes = await decide(second_approver, {APPROVE_ANNOTATION: None})
    assert APPROVE_ANNOTATION not in notes


async def test_a_plan_is_proposed_in_ones_own_name(sre: ApiClient, operator_client: ApiClient) -> None:
    for author in ("groq", None):
        with pytest.raises(Forbidden, match=r"a plan is proposed in your own name: set spec\.author to sre"):
            await send(sre, changed(good("RemediationPlan", "other"), {"spec.author": author}), dry_run=True)
    await send(operator_client, good("RemediationPlan", "other", author="groq"), dry_run=True)


def ask(number: int) -> dict[str, Any]:
    return {"request": {"id": str(number), "action": "Acknowledge"}}


@pytest.mark.usefixtures("incident")
async def test_a_request_carries_its_authors_name(sre: ApiClient, responder: ApiClient) -> None:
    assert await annotate(sre, Incident, INCIDENT, {}, spec=ask(1)) == {REQUESTED_BY_ANNOTATION: "sre"}
    notes = await annotate(responder, Incident, INCIDENT, {REQUESTED_BY_ANNOTATION: "sre"}, spec=ask(2))
    assert notes == {REQUESTED_BY_ANNOTATION: user_of("responder")}


@pytest.mark.usefixtures("incident")
async def test_a_requests_author_cannot_be_changed(sre: ApiClient, responder: ApiClient) -> None:
    await annotate(sre, Incident, INCIDENT, {}, spec=ask(1))
    for forged in ("admin", "", None):
        with pytest.raises(Forbidden, match="a request is made in your own name"):
            await annotate(responder, Incident, INCIDENT, {REQUESTED_BY_ANNOTATION: forged})


@pytest.mark.usefixtures("incident")
async def test_an_edit_beside_a_request_leaves_its_author(sre: ApiClient, responder: ApiClient) -> None:
    await annotate(sre, Incident, INCIDENT, {}, spec=ask(1))
    notes = await annotate(responder, Incident, INCIDENT, {}, spec={"notes": "looking"})
    assert notes == {REQUESTED_BY_ANNOTATION: "sre"}


async def test_a_request_at_creation_is_stamped(sre: ApiClient) -> None:
    manifest = changed(good("Incident", "asked", **ask(1)), {"metadata.annotations": {REQUESTED_BY_ANNOTATION: "x"}})
    answer = await send(sre, manifest, dry_run=True)
    assert answer["metadata"]["annotations"] == {REQUESTED_BY_ANNOTATION: "sre"}


@pytest.mark.parametrize(
    ("kind", "name"), [(MockSystem, "redis-test"), (RemediationPlan, PLAN), (Incident, INCIDENT)], ids=str
)
@pytest.mark.usefixtures("incident")
async def test_only_the_operator_writes_a_status(
    kind: type[Resource], name: str, admin: ApiClient, operator_client: ApiClient
) -> None:
    patch: dict[str, Any] = {"status": {"observedGeneration": 1}}
    with pytest.raises(Forbidden, match="admin may not write a status: only the operator measures and decides"):
        await admin.patch(kind, NAMESPACE, name, patch, subresource="status")
    await operator_client.patch(kind, NAMESPACE, name, patch, subresource="status")


async def test_a_status_is_no_way_round_the_annotations(operator_client: ApiClient) -> None:
    written = await operator_client.patch(
        RemediationPlan,
        NAMESPACE,
        PLAN,
        {"metadata": {"annotations": {APPROVE_ANNOTATION: HASH}}, "status": {"planHash": HASH}},
        subresource="status",
    )
    assert written.status.plan_hash == HASH
    assert written.metadata.annotations == {}


async def test_where_the_server_cannot_stamp_the_name_has_to_be_given(sre: ApiClient, admin: ApiClient) -> None:
    """Servers before 1.36, which is this one with the stamp unbound."""
    bindings = [item for item in admission_policies(can_stamp=True) if item["kind"] == "MutatingAdmissionPolicyBinding"]
    plain: Notes = {APPROVE_ANNOTATION: HASH, APPROVED_BY_ANNOTATION: "admin"}
    own: Notes = {APPROVE_ANNOTATION: HASH, APPROVED_BY_ANNOTATION: "sre"}
    none: Notes = {APPROVE_ANNOTATION: None, APPROVED_BY_ANNOTATION: None}

    async def is_stamped() -> bool:
        try:
            await decide(sre, none)
            return (await decide(sre, plain))[APPROVED_BY_ANNOTATION] == "sre"
        except Forbidden:
            return False

    async def is_not_stamped() -> bool:
        return not await is_stamped()

    path = raw_path(bindings[0]["apiVersion"], PLURALS[bindings[0]["kind"]], name=bindings[0]["metadata"]["name"])
    await admin.request("DELETE", path)
    try:
        await eventually(is_not_stamped, "the stamp is unbound", 20)
        await decide(sre, none)
        with pytest.raises(Forbidden, match=r"set incidentsimulator\.net/approved-by=sre in the same request"):
            await decide(sre, {APPROVE_ANNOTATION: HASH})
        assert await decide(sre, own) == own
    finally:
        for item in bindings:
            await admin.apply(item, plural=PLURALS[item["kind"]], field_manager=MANAGER)
        await eventually(is_stamped, "the stamp is bound again", 20)


async def test_the_operator_may_be_a_service_account(admin: ApiClient) -> None:
    """The server compiles the expressions when it takes them, also in a dry run."""
    name = "system:serviceaccount:incidentsim-system:incident-operator"
    with_name = 0
    for item in admission_policies(can_stamp=True, operators=[name]):
        path = raw_path(item["apiVersion"], PLURALS[item["kind"]], name=item["metadata"]["name"])
        query = {"dryRun": "All", "fieldManager": MANAGER, "force": "true"}
        await admin.request("PATCH", path, query=query, body=item, content_type="application/apply-patch+yaml")
        with_name += name in str(item)
    assert with_name == 4


async def test_a_broken_expression_would_be_noticed(admin: ApiClient) -> None:
    """What the test above rests on."""
    item = changed(admission_policies(can_stamp=False)[0], {"spec.validations.0.expression": "no such thing"})
    path = raw_path(item["apiVersion"], PLURALS[item["kind"]], name=item["metadata"]["name"])
    query = {"dryRun": "All", "fieldManager": MANAGER, "force": "true"}
    with pytest.raises(ApiError, match="compilation failed"):
        await admin.request("PATCH", path, query=query, body=item, content_type="application/apply-patch+yaml")


@pytest_asyncio.fixture
async def held(sre: ApiClient, admin: ApiClient) -> AsyncIterator[ChaosExperiment]:
    """An experiment that waits for its undo, with no operator that would see to it."""
    made = await admin.create(
        ChaosExperiment.parse(
            changed(good("ChaosExperiment", "held", **SUSPENDED), {"metadata.finalizers": [UNDO_FINALIZER]})
        )
    )
    yield made
    await admin.patch(ChaosExperiment, *made.key, {"metadata": {"finalizers": None}})
    await admin.delete(ChaosExperiment, *made.key)


async def test_nobody_gives_up_an_undo_by_mistake(held: ChaosExperiment, sre: ApiClient) -> None:
    with pytest.raises(Forbidden, match=r"sre may not remove the finalizer .*its fault may not be undone yet"):
        await sre.patch(ChaosExperiment, *held.key, {"metadata": {"finalizers": None}})
    kept = await sre.patch(ChaosExperiment, *held.key, {"metadata": {"labels": {"team": "blue"}}})
    assert kept.metadata.finalizers == [UNDO_FINALIZER]


async def test_the_operator_lets_go_of_what_it_has_undone(held: ChaosExperiment, operator_client: ApiClient) -> None:
    freed = await operator_client.patch(ChaosExperiment, *held.key, {"metadata": {"finalizers": None}})
    assert freed.metadata.finalizers == []
