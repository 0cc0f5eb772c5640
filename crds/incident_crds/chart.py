"""The generated files of the Helm chart: definitions, roles, bindings and policies, as templates."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

import yaml
from typing_extensions import override

from incident_crds.access import (
    API_GROUP,
    CRDS_HOOK,
    OPERATOR_GROUP,
    UNINSTALL_HOOK,
    Role,
    binding_manifest,
    hook_roles,
    role_manifest,
    roles,
)
from incident_crds.policies import admission_policies

OPERATOR_ACCOUNT = "incident-operator"
API_ACCOUNT = "incident-api"
HOOK_ACCOUNT = "incident-hook"

# An @ makes YAML quote the whole scalar: a namespace may be called 123.
_RELEASE = "@release@"
_WATCHED = "@watched@"
_EXPRESSIONS = {_RELEASE: "{{ $.Release.Namespace }}", _WATCHED: "{{ . }}"}
_LABELS = re.compile(r"\n( *)labels:\n +app\.kubernetes\.io/part-of: incident-simulator(?=\n)")
_ACCOUNTS = {OPERATOR_GROUP: OPERATOR_ACCOUNT, API_GROUP: API_ACCOUNT}
_AGGREGATES = {"incidentsim-viewer": "view", "incidentsim-responder": "edit"}
_HOOKS = {
    CRDS_HOOK: ("pre-install,pre-upgrade", "{{- if .Values.crds.apply }}\n"),
    UNINSTALL_HOOK: ("pre-delete", ""),
}
_HOOK_WEIGHT = "-10"
_STAMPS = '{{- if eq (include "incident-simulator.stamps" .) "true" }}\n'
_END = "{{- end }}\n"

Manifest = dict[str, Any]


def build_chart_files() -> dict[str, str]:
    """File name, below `templates/generated/`, to content."""
    return {
        "roles.yaml": _roles(),
        "hook-roles.yaml": _hook_roles(),
        "policies.yaml": _to_template(_policies(can_stamp=False)),
        "stamping.yaml": _STAMPS + _to_template(_stamping()) + _END,
    }


def _roles() -> str:
    """With namespaces named, the operator has some rights in each of them that it else has everywhere."""
    everywhere, limited = roles(_RELEASE), roles(_RELEASE, [_WATCHED])
    within = [role for role in limited if role.namespace == _WATCHED]
    instead = [role for role in limited if role not in everywhere and role not in within]
    return (
        _to_template(_with_bindings([role for role in everywhere if role in limited]))
        + "{{- if .Values.operator.namespaces }}\n"
        + _to_template(_with_bindings(instead))
        + "{{- range .Values.operator.namespaces }}\n"
        + _to_template(_with_bindings(within))
        + _END
        + "{{- else }}\n"
        + _to_template(_with_bindings([role for role in everywhere if role not in limited]))
        + _END
    )


def _with_bindings(chosen: Sequence[Role]) -> list[Manifest]:
    """People are bound by values; the programs' own accounts here."""
    objects = []
    for role in chosen:
        objects.append(role_manifest(role))
        if role.group in _ACCOUNTS:
            objects.append(_bound_to(role, _ACCOUNTS[role.group]))
    return objects


def _bound_to(role: Role, account: str) -> Manifest:
    subject = {"kind": "ServiceAccount", "name": account, "namespace": _RELEASE}
    return binding_manifest(role) | {"subjects": [subject]}


def _hook_roles() -> str:
    text = ""
    for role in hook_roles(_RELEASE):
        event, condition = _HOOKS[role.name]
        annotations = {
            "helm.sh/hook": event,
            "helm.sh/hook-weight": _HOOK_WEIGHT,
            "helm.sh/hook-delete-policy": "before-hook-creation,hook-succeeded",
        }
        objects = [role_manifest(role), _bound_to(role, HOOK_ACCOUNT)]
        for manifest in objects:
            manifest["metadata"]["annotations"] = annotations
        text += condition + _to_template(objects) + (_END if condition else "")
    return text


def _policies(*, can_stamp: bool) -> list[Manifest]:
    """The hooks are not the operator: one has the verb `abandon` while it runs, and writes no status."""
    operator = f"system:serviceaccount:{_RELEASE}:{OPERATOR_ACCOUNT}"
    return admission_policies(can_stamp=can_stamp, operators=[operator], system_namespace=_RELEASE)


def _stamping() -> list[Manifest]:
    always = _policies(can_stamp=False)
    return [policy for policy in _policies(can_stamp=True) if policy not in always]


def _to_template(objects: Sequence[Manifest]) -> str:
    """Literal text, but for the namespaces and the labels."""
    text = ""
    for manifest in objects:
        # a line that YAML folds could be folded within an expression
        document = yaml.dump(manifest, Dumper=PlainDumper, sort_keys=False, width=1 << 20, allow_unicode=True)
        text += "---\n" + _as_template(document, manifest["metadata"]["name"])
    return text


def _as_template(document: str, name: str) -> str:
    document = document.replace("{{", '{{ "{{" }}')
    document = _LABELS.sub(lambda found: _labels(found[1], name), document, count=1)
    for mark, expression in _EXPRESSIONS.items():
        document = document.replace(mark, expression)
    return document


def _labels(indent: str, name: str) -> str:
    deeper = f"{indent}  "
    text = f'\n{indent}labels:\n{deeper}{{{{- include "incident-simulator.labels" $ | nindent {len(deeper)} }}}}'
    role = _AGGREGATES.get(name)
    if role:
        text += (
            f"\n{deeper}{{{{- if $.Values.access.aggregate }}}}"
            f'\n{deeper}rbac.authorization.k8s.io/aggregate-to-{role}: "true"'
            f"\n{deeper}{{{{- end }}}}"
        )
    return text


class PlainDumper(yaml.SafeDumper):
    """Writes shared parts out in full: people read these files, and not every tool reads anchors."""

    @override
    def ignore_aliases(self, data: object) -> bool:
        return True


def to_yaml(objects: Sequence[Mapping[str, Any]]) -> str:
    """Documents as people read them."""
    return yaml.dump_all(objects, Dumper=PlainDumper, sort_keys=False, width=110, allow_unicode=True)
