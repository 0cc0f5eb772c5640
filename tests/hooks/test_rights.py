"""Each right of the uninstall is needed, and where one is missing the message names it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest
import pytest_asyncio

from incident_crds.access import COUNTER, KILL_SWITCH, LEASE, UNINSTALL_HOOK, Role, Rule, hook_roles
from incident_crds.base import UNDO_FINALIZER, ObjectMeta
from incident_crds.client import ApiClient
from incident_crds.errors import NotFound
from incident_crds.mocksystem import ExternalSystem, MockSystem, MockSystemSpec, SecretRef

from ..conftest import NAMESPACE, OperatorProcess, Stack
from .release import Release
from .running import SYSTEM, account

ROLES = tuple(role for role in hook_roles(SYSTEM) if role.name == UNINSTALL_HOOK)
# a right that is taken away, and what the API server says then
MISSING = [
    ("chaosexperiments", "list", "see whether faults are left", 'cannot list resource "chaosexperiments"'),
    ("chaosexperiments", "abandon", "take the finalizers away", f"may not remove the finalizer {UNDO_FINALIZER}"),
    ("configmaps", "create", "turn the kill switch on", 'cannot create resource "configmaps"'),
    ("deployments/scale", "patch", "stop the operator", 'cannot patch resource "deployments/scale"'),
    ("pods", "list", "stop the operator", 'cannot list resource "pods"'),
]


def without(role: Role, resource: str, verb: str) -> Role:
    rules = [
        replace(rule, verbs=tuple(v for v in rule.verbs if v != verb)) if resource in rule.resources else rule
        for rule in role.rules
    ]
    return replace(role, rules=tuple(rule for rule in rules if rule.verbs))


@pytest_asyncio.fixture
async def held(admin: ApiClient, kept_operator: OperatorProcess) -> AsyncIterator[None]:
    """A system that an operator which has ended left its finalizer on, and a Deployment that is to be stopped."""
    kept_operator.stop()
    release = Release(admin, kept_operator)
    await release.install()
    external = ExternalSystem(endpoint="redis://nowhere:1/0", credentials_secret_ref=SecretRef(name="none"))
    metadata = ObjectMeta(name="held", namespace=NAMESPACE, finalizers=[UNDO_FINALIZER])
    system = MockSystem(metadata=metadata, spec=MockSystemSpec(type="Redis", external=external))
    await admin.create(system)
    yield
    await admin.patch(MockSystem, NAMESPACE, "held", {"metadata": {"finalizers": []}})
    with suppress(NotFound):
        await admin.delete(MockSystem, NAMESPACE, "held")
    with suppress(NotFound):
        await admin.request("DELETE", f"/api/v1/namespaces/{SYSTEM}/configmaps/{KILL_SWITCH}")
    await release.remove()


@pytest.mark.parametrize(("resource", "verb", "step", "says"), MISSING)
async def test_a_right_that_is_missing_is_named(
    stack: Stack, admin: ApiClient, held: None, tmp_path: Path, resource: str, verb: str, step: str, says: str
) -> None:
    roles = [without(role, resource, verb) for role in ROLES]
    ca = stack.state / "secrets" / "ca.crt"
    async with account(admin, "weak", roles, server=stack.info["server"], ca=ca, folder=tmp_path) as hook:
        done = await hook.run("uninstall")
    assert done.code == 1, done
    assert f"incident-hook: cannot {step}: " in done.err
    assert says in done.err
    assert f"the hook's account needs the roles named {UNINSTALL_HOOK}" in done.err


def test_the_roles_name_what_the_operator_makes() -> None:
    named = {
        (resource, name) for role in ROLES for rule in role.rules for resource in rule.resources for name in rule.names
    }
    assert {("configmaps", KILL_SWITCH), ("configmaps", COUNTER), ("leases", LEASE)} <= named


def test_no_rule_is_a_wildcard() -> None:
    rules: list[Rule] = [rule for role in hook_roles(SYSTEM) for rule in role.rules]
    assert not any("*" in (rule.group, *rule.resources, *rule.verbs, *rule.names) for rule in rules)
