"""Admission policies: who may decide on a plan, in whose name, who may write a status, and who may give up an undo.

RBAC cannot guard a single annotation, so a ValidatingAdmissionPolicy asks for the verb `approve`.
Where the server has MutatingAdmissionPolicy (v1, from 1.36) a second one fills in the name of the
authenticated user; elsewhere the validating one asks the user to give it, and compares.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from incident_crds.access import KILL_SWITCH, OPERATOR_GROUP
from incident_crds.base import (
    APPROVE_ANNOTATION,
    APPROVED_BY_ANNOTATION,
    GROUP,
    REJECT_ANNOTATION,
    REQUESTED_BY_ANNOTATION,
    UNDO_FINALIZER,
    VERSION,
)

_API = "admissionregistration.k8s.io/v1"
_USER = "request.userInfo.username"
_MAY_APPROVE = (
    f"authorizer.group('{GROUP}').resource('remediationplans')"
    ".namespace(request.namespace).name(request.name).check('approve').allowed()"
)
_REQUEST_CHANGED = (  # policies run before the schema is checked, so that there may be no spec at all
    "has(object.spec) && has(object.spec.request) && (oldObject == null || !has(oldObject.spec) || "
    "!has(oldObject.spec.request) || object.spec.request != oldObject.spec.request)"
)


_HALT_CHANGED = (
    "oldObject == null || (has(object.data) != has(oldObject.data)) || "
    "(has(object.data) && object.data != oldObject.data)"
)


def admission_policies(
    *, can_stamp: bool, operators: Sequence[str] = (), system_namespace: str = "incidentsim-system"
) -> list[dict[str, Any]]:
    """Policies and bindings.

    `can_stamp`: the server serves MutatingAdmissionPolicy v1. `operators`: users that are the
    operator besides those of its group, such as `system:serviceaccount:NAMESPACE:NAME`.
    `system_namespace` holds the kill switch.
    """
    operator = _is_operator(operators)
    policies = [
        *_approval(operator),
        *_request_author(),
        *_status_writer(operator),
        *_plan_author(operator),
        *_undo_keeper(operator),
        *_halt_author(system_namespace),
    ]
    if can_stamp:
        policies += [*_stamp_approval(), *_stamp_request(), *_stamp_halt(system_namespace)]
    return policies


def _is_operator(users: Sequence[str]) -> str:
    names = ", ".join(f"'{user}'" for user in users)
    by_name = f" || {_USER} in [{names}]" if names else ""
    return f"'{OPERATOR_GROUP}' in request.userInfo.groups{by_name}"


def _note(object: str, key: str) -> str:
    """CEL: a list of the annotation's value, or of nothing: an empty value is an annotation too."""
    notes = f"{object}.metadata.annotations"
    return f"{object} != null && has({notes}) && '{key}' in {notes} ? [{notes}['{key}']] : []"


def _now_and_before(**keys: str) -> dict[str, str]:
    """CEL variables: for each name `<name>` as it would be, and `<name>_was` as it is."""
    now = {name: _note("object", key) for name, key in keys.items()}
    return now | {f"{name}_was": _note("oldObject", key) for name, key in keys.items()}


def _variables(expressions: Mapping[str, str]) -> list[dict[str, str]]:
    return [{"name": name, "expression": expression} for name, expression in expressions.items()]


def _decision_variables() -> dict[str, str]:
    marks = ("approve", "reject", "stamp")
    changed = " || ".join(f"variables.{m} != variables.{m}_was" for m in marks)
    removes = " && ".join(f"(variables.{m} == [] || variables.{m} == variables.{m}_was)" for m in marks)
    return {
        **_now_and_before(approve=APPROVE_ANNOTATION, reject=REJECT_ANNOTATION, stamp=APPROVED_BY_ANNOTATION),
        "changed": changed,
        "removes": removes,
        "decides": "variables.approve != [] || variables.reject != []",
    }


def _approval(operator: str) -> list[dict[str, Any]]:
    refused = (
        f"variables.operator ? {_USER} + ' is the operator: it may remove a decision, and never set one' : "
        f"{_USER} + ' may not decide on remediation plans: the verb approve on remediationplans.{GROUP} "
        "is needed in namespace ' + request.namespace + '; ask for the role incidentsim-approver'"
    )
    forged = (
        f"'a decision is made in your own name: set {APPROVED_BY_ANNOTATION}=' "
        f"+ {_USER} + ' in the same request as {APPROVE_ANNOTATION} or {REJECT_ANNOTATION}'"
    )
    both = (
        f"{_USER} + ' cannot both approve and reject this plan: keep one of {APPROVE_ANNOTATION} and "
        f"{REJECT_ANNOTATION}, and remove the other in the same request'"
    )
    own = (
        f"variables.stamp == [{_USER}] || "
        "(!variables.decides && (variables.stamp == [] || variables.stamp == variables.stamp_was))"
    )
    unchanged = "!variables.changed || "
    return _policy(
        "incidentsim-approval",
        resources=["remediationplans"],
        variables=_decision_variables() | {"operator": operator},
        validations=[
            _deny_unless(f"{unchanged}(variables.operator ? variables.removes : {_MAY_APPROVE})", refused),
            _deny_unless(f"{unchanged}variables.operator || {own}", forged),
            _deny_unless(f"{unchanged}variables.operator || variables.approve == [] || variables.reject == []", both),
        ],
    )


def _request_author() -> list[dict[str, Any]]:
    return _policy(
        "incidentsim-request",
        resources=["incidents"],
        variables={**_now_and_before(stamp=REQUESTED_BY_ANNOTATION), "asks": _REQUEST_CHANGED},
        validations=[
            _deny_unless(
                f"!(variables.asks || variables.stamp != variables.stamp_was) || variables.stamp == [{_USER}]",
                f"'a request is made in your own name: set {REQUESTED_BY_ANNOTATION}=' + {_USER} "
                "+ ' in the same request as spec.request'",
            )
        ],
    )


def _plan_author(operator: str) -> list[dict[str, Any]]:
    return _policy(
        "incidentsim-plan-author",
        resources=["remediationplans"],
        operations=["CREATE"],
        variables={"operator": operator},
        validations=[
            _deny_unless(
                f"variables.operator || (has(object.spec.author) && object.spec.author == {_USER})",
                f"'a plan is proposed in your own name: set spec.author to ' + {_USER}",
            )
        ],
    )


def _status_writer(operator: str) -> list[dict[str, Any]]:
    return _policy(
        "incidentsim-status",
        resources=["*/status"],
        operations=["UPDATE"],
        variables={},
        validations=[
            _deny_unless(operator, f"{_USER} + ' may not write a status: only the operator measures and decides'")
        ],
    )


def _halt_author(system_namespace: str) -> list[dict[str, Any]]:
    """Chaos is stopped in one's own name: `by` is shown to everybody."""
    policy, binding = _policy(
        "incidentsim-kill-switch",
        resources=[],
        variables={},
        validations=[
            _deny_unless(
                f"has(object.data) && 'by' in object.data && object.data['by'] == {_USER}",
                f"'the kill switch is turned in your own name: set by=' + {_USER} + ' in its data'",
            )
        ],
    )
    policy["spec"] |= _halt_matches(system_namespace)
    return [policy, binding]


def _undo_keeper(operator: str) -> list[dict[str, Any]]:
    """Taking the finalizer away lets a fault outlive its object: it needs a verb that no role of ours gives."""
    may_abandon = (
        f"authorizer.group('{GROUP}').resource(request.resource.resource)"
        ".namespace(request.namespace).name(request.name).check('abandon').allowed()"
    )
    return _policy(
        "incidentsim-undo",
        resources=["chaosexperiments", "mocksystems"],
        operations=["UPDATE"],
        variables={"held": _holds("oldObject"), "holds": _holds("object"), "operator": operator},
        validations=[
            _deny_unless(
                f"!variables.held || variables.holds || variables.operator || {may_abandon}",
                f"{_USER} + ' may not remove the finalizer {UNDO_FINALIZER}: its fault may not be undone yet, and "
                "nobody would undo it then; `kubectl describe` says what keeps it. Who has the verb abandon may'",
            )
        ],
    )


def _holds(object: str) -> str:
    """CEL: whether the object carries the finalizer."""
    found = f"{object}.metadata.finalizers"
    return f"has({found}) && '{UNDO_FINALIZER}' in {found}"


def _deny_unless(expression: str, message: str) -> dict[str, str]:
    """A validation; the message is a CEL expression."""
    return {"expression": expression, "messageExpression": message, "reason": "Forbidden"}


def _policy(
    name: str,
    *,
    resources: list[str],
    variables: Mapping[str, str],
    validations: list[dict[str, str]],
    operations: list[str] | None = None,
) -> list[dict[str, Any]]:
    spec: dict[str, Any] = {
        "failurePolicy": "Fail",
        "matchConstraints": _constraints(resources, operations or ["CREATE", "UPDATE"]),
        "validations": validations,
    }
    if variables:
        spec["variables"] = _variables(variables)
    return [
        {"apiVersion": _API, "kind": "ValidatingAdmissionPolicy", "metadata": _metadata(name), "spec": spec},
        {
            "apiVersion": _API,
            "kind": "ValidatingAdmissionPolicyBinding",
            "metadata": _metadata(name),
            "spec": {"policyName": name, "validationActions": ["Deny"]},
        },
    ]


def _stamp_approval() -> list[dict[str, Any]]:
    decided = " || ".join(
        f"(({_note('object', key)}) != ({_note('oldObject', key)}) && ({_note('object', key)}) != [])"
        for key in (APPROVE_ANNOTATION, REJECT_ANNOTATION)
    )
    return _stamp("incidentsim-approval-stamp", "remediationplans", decided, APPROVED_BY_ANNOTATION)


def _stamp_request() -> list[dict[str, Any]]:
    return _stamp("incidentsim-request-stamp", "incidents", _REQUEST_CHANGED, REQUESTED_BY_ANNOTATION)


def _stamp_halt(system_namespace: str) -> list[dict[str, Any]]:
    patch = (
        "(has(object.data) ? [] : [JSONPatch{op: 'add', path: '/data', value: {}}]) + "
        f"[JSONPatch{{op: 'add', path: '/data/by', value: {_USER}}}]"
    )
    policy, binding = _mutation("incidentsim-kill-switch-stamp", patch)
    policy["spec"] |= _halt_matches(system_namespace)
    return [policy, binding]


def _halt_matches(system_namespace: str) -> dict[str, Any]:
    """One ConfigMap, where what it says changes: its labels are anybody's who may write it."""
    rule = {"apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE", "UPDATE"], "resources": ["configmaps"]}
    there = {"matchLabels": {"kubernetes.io/metadata.name": system_namespace}}
    return {
        "matchConstraints": {"resourceRules": [rule], "namespaceSelector": there},
        "matchConditions": [
            {"name": "named", "expression": f"object.metadata.name == '{KILL_SWITCH}'"},
            {"name": "changed", "expression": _HALT_CHANGED},
        ],
    }


def _stamp(name: str, resource: str, condition: str, annotation: str) -> list[dict[str, Any]]:
    patch = (
        "(has(object.metadata.annotations) ? [] : "
        "[JSONPatch{op: 'add', path: '/metadata/annotations', value: {}}]) + "
        f"[JSONPatch{{op: 'add', path: '/metadata/annotations/' + jsonpatch.escapeKey('{annotation}'), "
        f"value: {_USER}}}]"
    )
    policy, binding = _mutation(name, patch)
    policy["spec"] |= {
        "matchConstraints": _constraints([resource], ["CREATE", "UPDATE"]),
        "matchConditions": [{"name": "asked", "expression": condition}],
    }
    return [policy, binding]


def _mutation(name: str, patch: str) -> list[dict[str, Any]]:
    """A policy that matches nothing yet, and its binding."""
    spec = {
        "failurePolicy": "Fail",
        "reinvocationPolicy": "Never",
        "mutations": [{"patchType": "JSONPatch", "jsonPatch": {"expression": patch}}],
    }
    return [
        {"apiVersion": _API, "kind": "MutatingAdmissionPolicy", "metadata": _metadata(name), "spec": spec},
        {
            "apiVersion": _API,
            "kind": "MutatingAdmissionPolicyBinding",
            "metadata": _metadata(name),
            "spec": {"policyName": name},
        },
    ]


def _constraints(resources: list[str], operations: list[str]) -> dict[str, Any]:
    return {
        "resourceRules": [
            {"apiGroups": [GROUP], "apiVersions": [VERSION], "operations": operations, "resources": resources}
        ]
    }


def _metadata(name: str) -> dict[str, Any]:
    return {"name": name, "labels": {"app.kubernetes.io/part-of": "incident-simulator"}}
