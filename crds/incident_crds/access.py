"""Who may do what: ClusterRoles, and the groups that have them on a laptop."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from incident_crds.base import GROUP

CORE = ""
_READ = ("get", "list", "watch")
_EDIT = (*_READ, "create", "update", "patch", "delete")

OPERATOR_GROUP = "incidentsim:operator"
API_GROUP = "incidentsim:api"
APPROVERS_GROUP = "incidentsim:approvers"
VIEWERS_GROUP = "incidentsim:viewers"
KILL_SWITCH = "incidentsim-kill-switch"
"""ConfigMap in the operator's namespace that stops all chaos."""
COUNTER = "incidentsim-counter"
"""ConfigMap there that numbers incidents."""
LEASE = "incident-operator"
"""Lease there, of the one operator that acts."""
CRDS_HOOK = "incidentsim-crds-hook"
UNINSTALL_HOOK = "incidentsim-uninstall-hook"


@dataclass(frozen=True, slots=True)
class Rule:
    """Verbs on resources of one API group."""

    group: str
    resources: tuple[str, ...]
    verbs: tuple[str, ...]
    names: tuple[str, ...] = ()

    def to_manifest(self) -> dict[str, Any]:
        rule: dict[str, Any] = {
            "apiGroups": [self.group],
            "resources": list(self.resources),
            "verbs": list(self.verbs),
        }
        return rule | ({"resourceNames": list(self.names)} if self.names else {})


@dataclass(frozen=True, slots=True)
class Role:
    """A named set of rules; `namespace` makes it a Role there, else it is a ClusterRole."""

    name: str
    rules: tuple[Rule, ...]
    group: str = ""
    """The laptop's group that has it."""
    namespace: str = ""


_ALL_KINDS = (
    "mocksystems",
    "chaosexperiments",
    "incidents",
    "remediationplans",
    "incidentgenerators",
    "gamedays",
)
_OPERATED_KINDS = tuple(kind for kind in _ALL_KINDS if kind != "gamedays")
_AGENT_KINDS = tuple(kind for kind in _ALL_KINDS if kind not in ("chaosexperiments", "gamedays"))

VIEW = (
    Rule(GROUP, _ALL_KINDS, _READ),
    Rule(CORE, ("events",), _READ),
    Rule(CORE, ("namespaces",), _READ),
)
RESPOND = (
    *VIEW,
    Rule(GROUP, ("chaosexperiments", "incidents", "remediationplans", "incidentgenerators", "gamedays"), _EDIT),
)


# of the systems: what external ones give to get in, and all that those consist of which the operator creates
_SYSTEMS = (
    Rule(CORE, ("secrets",), ("get", "create", "patch")),
    Rule(CORE, ("services", "persistentvolumeclaims"), ("get", "create", "patch")),
    Rule("apps", ("statefulsets",), ("get", "create", "patch")),
    Rule(CORE, ("pods",), ("list", "delete")),
)


def roles(system_namespace: str, watched_namespaces: Sequence[str] = ()) -> tuple[Role, ...]:
    """Every role, least rights each. The operator's own namespace holds its Lease, counter and kill switch.

    The operator may touch Secrets and workloads in the watched namespaces only; without any named, in all.
    """
    return (
        *_operator_roles(system_namespace, watched_namespaces),
        *_people_roles(system_namespace),
        *_other_roles(system_namespace),
    )


def _operator_roles(system_namespace: str, watched_namespaces: Sequence[str]) -> tuple[Role, ...]:
    name = "incidentsim-operator"
    everywhere = (
        Rule(GROUP, ("mocksystems",), (*_READ, "patch")),
        Rule(GROUP, ("chaosexperiments",), (*_READ, "create", "patch", "delete")),  # children of a schedule
        Rule(GROUP, ("incidentgenerators",), _READ),
        Rule(GROUP, ("incidents",), (*_READ, "create")),
        Rule(GROUP, ("remediationplans",), (*_READ, "create", "patch")),
        Rule(
            GROUP,
            tuple(f"{kind}/status" for kind in _OPERATED_KINDS),
            ("patch",),
        ),
        Rule(CORE, ("events",), ("get", "list", "create", "patch")),
        Rule(CORE, ("namespaces",), ("get",)),
        *(() if watched_namespaces else _SYSTEMS),
    )
    at_home = (
        Rule("coordination.k8s.io", ("leases",), ("get", "create", "update")),
        Rule(CORE, ("configmaps",), ("get", "create", "update")),
    )
    return (
        Role(name, everywhere, OPERATOR_GROUP),
        Role(name, at_home, OPERATOR_GROUP, namespace=system_namespace),
        *(Role(f"{name}-systems", _SYSTEMS, OPERATOR_GROUP, namespace=n) for n in watched_namespaces),
    )


def _people_roles(system_namespace: str) -> tuple[Role, ...]:
    halt = (
        Rule(CORE, ("configmaps",), ("get", "update", "patch", "delete"), names=(KILL_SWITCH,)),
        Rule(CORE, ("configmaps",), ("create",)),  # a create names nothing that a rule could be limited to
    )
    return (
        Role("incidentsim-viewer", VIEW, VIEWERS_GROUP),
        Role("incidentsim-responder", RESPOND),
        Role("incidentsim-approver", (*RESPOND, Rule(GROUP, ("remediationplans",), ("approve",))), APPROVERS_GROUP),
        Role("incidentsim-approver", halt, APPROVERS_GROUP, namespace=system_namespace),
    )


def _other_roles(system_namespace: str) -> tuple[Role, ...]:
    see_halt = Rule(CORE, ("configmaps",), ("list", "watch"), names=(KILL_SWITCH,))
    return (
        Role(
            "incidentsim-api",
            (
                Rule(GROUP, _OPERATED_KINDS, ("list", "watch")),  # all else it asks in the person's name
                Rule("authentication.k8s.io", ("tokenreviews",), ("create",)),
                Rule("authorization.k8s.io", ("subjectaccessreviews",), ("create",)),
            ),
            API_GROUP,
        ),
        Role("incidentsim-api", (see_halt,), API_GROUP, namespace=system_namespace),
        Role(
            "incidentsim-agent",
            (
                Rule(GROUP, _AGENT_KINDS, _READ),
                Rule(GROUP, ("remediationplans",), ("create",)),
            ),
        ),  # no Events: the operator's own, about experiments, would tell what was injected
    )


def hook_roles(system_namespace: str, *, operator_deployment: str = "incident-operator") -> tuple[Role, ...]:
    """What the hooks of a Helm release need. Each lives for one Job: a laptop has neither."""
    definitions = tuple(f"{kind}.{GROUP}" for kind in _ALL_KINDS)
    everywhere = (
        Rule(GROUP, _ALL_KINDS, ("list",)),
        # `abandon`: it takes the finalizers away that nobody but the operator may, once the operator has ended
        Rule(GROUP, ("chaosexperiments", "mocksystems"), ("get", "patch", "abandon")),
    )
    at_home = (
        Rule(CORE, ("configmaps",), ("get", "patch", "delete"), names=(KILL_SWITCH,)),
        Rule(CORE, ("configmaps",), ("create",)),  # a create names nothing that a rule could be limited to
        Rule(CORE, ("configmaps",), ("delete",), names=(COUNTER,)),
        Rule("coordination.k8s.io", ("leases",), ("get", "delete"), names=(LEASE,)),
        Rule("apps", ("deployments",), ("get",), names=(operator_deployment,)),
        Rule("apps", ("deployments/scale",), ("patch",), names=(operator_deployment,)),
        Rule(CORE, ("pods",), ("list",)),
    )
    return (
        Role(
            CRDS_HOOK,
            (
                Rule("apiextensions.k8s.io", ("customresourcedefinitions",), ("get", "patch"), names=definitions),
                Rule("apiextensions.k8s.io", ("customresourcedefinitions",), ("create",)),
            ),
        ),
        Role(UNINSTALL_HOOK, everywhere),
        Role(UNINSTALL_HOOK, at_home, namespace=system_namespace),
    )


def role_manifest(role: Role) -> dict[str, Any]:
    """The Role or ClusterRole, as applied."""
    return {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "Role" if role.namespace else "ClusterRole",
        "metadata": _metadata(role),
        "rules": _rules(role.rules),
    }


def access_rules(system_namespace: str, watched_namespaces: Sequence[str] = ()) -> list[dict[str, Any]]:
    """Roles and bindings, as applied on a laptop."""
    objects: list[dict[str, Any]] = []
    for role in roles(system_namespace, watched_namespaces):
        objects.append(role_manifest(role))
        if role.group:
            objects.append(binding_manifest(role))
    return objects


def _metadata(role: Role) -> dict[str, Any]:
    metadata: dict[str, Any] = {"name": role.name, "labels": {"app.kubernetes.io/part-of": "incident-simulator"}}
    return metadata | ({"namespace": role.namespace} if role.namespace else {})


def _rules(rules: Sequence[Rule]) -> list[dict[str, Any]]:
    return [rule.to_manifest() for rule in rules]


def binding_manifest(role: Role) -> dict[str, Any]:
    """Binds the laptop's group to it."""
    kind = "Role" if role.namespace else "ClusterRole"
    return {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": f"{kind}Binding",
        "metadata": _metadata(role),
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": kind, "name": role.name},
        "subjects": [{"apiGroup": "rbac.authorization.k8s.io", "kind": "Group", "name": role.group}],
    }
