"""Everything that is applied to a cluster before the operator starts."""

from __future__ import annotations

from typing import Any

from incident_crds.access import access_rules
from incident_crds.kinds import ALL_KINDS
from incident_crds.policies import admission_policies
from incident_crds.schema import build_crd

PLURALS = {
    "ClusterRole": "clusterroles",
    "ClusterRoleBinding": "clusterrolebindings",
    "ConfigMap": "configmaps",
    "CustomResourceDefinition": "customresourcedefinitions",
    "MutatingAdmissionPolicy": "mutatingadmissionpolicies",
    "MutatingAdmissionPolicyBinding": "mutatingadmissionpolicybindings",
    "Namespace": "namespaces",
    "Role": "roles",
    "RoleBinding": "rolebindings",
    "Secret": "secrets",
    "ValidatingAdmissionPolicy": "validatingadmissionpolicies",
    "ValidatingAdmissionPolicyBinding": "validatingadmissionpolicybindings",
    **{kind.info.kind: kind.info.plural for kind in ALL_KINDS},
}
"""The resource name of every kind that is applied."""


def custom_resource_definitions() -> list[dict[str, Any]]:
    """One a kind."""
    return [build_crd(kind) for kind in ALL_KINDS]


__all__ = ["PLURALS", "access_rules", "admission_policies", "custom_resource_definitions"]
