"""The chart grants what access.py says, to whom the values say, and policies are those of policies.py."""

from __future__ import annotations

from typing import Any

import pytest

from incident_crds.access import KILL_SWITCH, OPERATOR_GROUP, Role, hook_roles, role_manifest, roles
from incident_crds.policies import admission_policies

from .everything import EVERYTHING, SUBJECTS
from .rendering import NAMESPACE, Manifest, Rendered, key_of, render

OPERATOR = f"system:serviceaccount:{NAMESPACE}:incident-operator"
Rules = dict[tuple[str, str, str], list[dict[str, Any]]]


def rules_of(found: Rendered) -> Rules:
    return {key_of(o)[1:]: o["rules"] for o in found.objects if o["kind"] in ("Role", "ClusterRole")}


def expected(wanted: tuple[Role, ...]) -> Rules:
    return {key_of(manifest)[1:]: manifest["rules"] for manifest in map(role_manifest, wanted)}


@pytest.mark.parametrize("namespaces", [[], ["drills", "staging"]], ids=["everywhere", "named"])
def test_the_roles_are_those_of_the_code(namespaces: list[str]) -> None:
    names = ", ".join(f'"{name}"' for name in namespaces)
    found = rules_of(render(f"operator.namespaces=[{names}]"))
    assert found == expected((*roles(NAMESPACE, namespaces), *hook_roles(NAMESPACE)))


def test_nobody_is_cluster_admin_and_no_verb_is_a_wildcard() -> None:
    found = render(*EVERYTHING)
    for rules in rules_of(found).values():
        for rule in rules:
            assert "*" not in [*rule["verbs"], *rule["resources"], *rule["apiGroups"]]
            assert not {"escalate", "bind", "impersonate"} & set(rule["verbs"])
    ours = {(kind, name) for kind, _, name in rules_of(found)}
    for binding in found.of("ClusterRoleBinding") + found.of("RoleBinding"):
        assert (binding["roleRef"]["kind"], binding["roleRef"]["name"]) in ours


def bindings(found: Rendered) -> dict[tuple[str, str, str], set[str]]:
    """(where, kind of role, role) to the subjects."""
    bound: dict[tuple[str, str, str], set[str]] = {}
    for binding in found.of("ClusterRoleBinding") + found.of("RoleBinding"):
        ref = binding["roleRef"]
        place = (binding["metadata"].get("namespace", "*"), ref["kind"], ref["name"])
        bound.setdefault(place, set()).update(subject_of(subject) for subject in binding["subjects"])
    return bound


def subject_of(subject: Manifest) -> str:
    return f"{subject['kind']} {subject['namespace'] + '/' if 'namespace' in subject else ''}{subject['name']}"


PROGRAMS = {
    ("*", "ClusterRole", "incidentsim-operator"): {f"ServiceAccount {NAMESPACE}/incident-operator"},
    (NAMESPACE, "Role", "incidentsim-operator"): {f"ServiceAccount {NAMESPACE}/incident-operator"},
    ("*", "ClusterRole", "incidentsim-api"): {f"ServiceAccount {NAMESPACE}/incident-api"},
    (NAMESPACE, "Role", "incidentsim-api"): {f"ServiceAccount {NAMESPACE}/incident-api"},
    ("*", "ClusterRole", "incidentsim-crds-hook"): {f"ServiceAccount {NAMESPACE}/incident-hook"},
    ("*", "ClusterRole", "incidentsim-uninstall-hook"): {f"ServiceAccount {NAMESPACE}/incident-hook"},
    (NAMESPACE, "Role", "incidentsim-uninstall-hook"): {f"ServiceAccount {NAMESPACE}/incident-hook"},
}
PEOPLE = {
    "incidentsim-viewer": {"Group everybody"},
    "incidentsim-responder": {"User jane@example.org"},
    "incidentsim-approver": {f"ServiceAccount {NAMESPACE}/approver"},
    "incidentsim-agent": {"ServiceAccount agents/agent"},
}
KILL_SWITCH_TURNERS = {(NAMESPACE, "Role", "incidentsim-approver"): PEOPLE["incidentsim-approver"]}
GIVEN = tuple(f"access.{role}={subjects}" for role, subjects in SUBJECTS.items())


def test_nobody_has_a_role_by_default() -> None:
    assert bindings(render()) == PROGRAMS


def test_people_have_their_roles_everywhere() -> None:
    everywhere = {("*", "ClusterRole", role): subjects for role, subjects in PEOPLE.items()}
    assert bindings(render(*GIVEN)) == PROGRAMS | everywhere | KILL_SWITCH_TURNERS


def test_people_have_their_roles_in_the_named_namespaces_only() -> None:
    there = {(n, "ClusterRole", role): s for role, s in PEOPLE.items() for n in ("drills", "staging")}
    assert bindings(render(*GIVEN, 'access.namespaces=["drills", "staging"]')) == PROGRAMS | there | KILL_SWITCH_TURNERS


def test_the_operator_has_rights_in_its_namespaces_only() -> None:
    found = bindings(render('operator.namespaces=["drills", "staging"]'))
    operator = {f"ServiceAccount {NAMESPACE}/incident-operator"}
    within = {(n, "Role", "incidentsim-operator-systems"): operator for n in ("drills", "staging")}
    assert found == PROGRAMS | within


def test_the_clusters_own_roles_are_added_to_only_where_asked() -> None:
    for setting, wanted in (("false", {}), ("true", {"incidentsim-viewer": "view", "incidentsim-responder": "edit"})):
        added = {
            role["metadata"]["name"]: label.rpartition("-to-")[2]
            for role in render(f"access.aggregate={setting}").of("ClusterRole")
            for label in role["metadata"]["labels"]
            if "aggregate-to-" in label
        }
        assert added == wanted


POLICY_KINDS = tuple(
    f"{kind}AdmissionPolicy{suffix}" for kind in ("Validating", "Mutating") for suffix in ("", "Binding")
)


def specs(objects: Any) -> dict[tuple[str, str], Manifest]:
    return {(o["kind"], o["metadata"]["name"]): o["spec"] for o in objects if o["kind"] in POLICY_KINDS}


@pytest.mark.parametrize("stamps", [False, True], ids=["1.34", "1.36"])
def test_the_policies_are_those_of_the_code(stamps: bool) -> None:
    wanted = admission_policies(can_stamp=stamps, operators=[OPERATOR], system_namespace=NAMESPACE)
    assert specs(render(stamps=stamps).objects) == specs(wanted)


def test_stamping_can_be_decided_by_hand() -> None:
    assert render('policies.stamping="always"').has("MutatingAdmissionPolicy")
    assert not render('policies.stamping="never"', stamps=True).has("MutatingAdmissionPolicy")


def test_policies_know_the_operators_account_and_no_group_that_values_could_give() -> None:
    text = str(specs(render().objects))
    assert OPERATOR in text
    assert "incident-hook" not in text
    subjects = [s for b in render(*EVERYTHING).of("ClusterRoleBinding") for s in b["subjects"]]
    assert OPERATOR_GROUP not in {s["name"] for s in subjects}


def test_only_approvers_and_the_uninstall_may_turn_the_kill_switch() -> None:
    turners = {
        name
        for (_, _, name), rules in rules_of(render()).items()
        for rule in rules
        if "configmaps" in rule["resources"]
        and KILL_SWITCH in rule.get("resourceNames", ())
        and "patch" in rule["verbs"]
    }
    assert turners == {"incidentsim-approver", "incidentsim-uninstall-hook"}
