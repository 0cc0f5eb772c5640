"""Records of the resources as the API shows them: the same fields, in snake_case."""

from __future__ import annotations

from copy import copy
from types import GenericAlias, UnionType
from typing import TYPE_CHECKING, Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel, ConfigDict, create_model
from pydantic.fields import FieldInfo

from incident_crds import action, base, chaosexperiment, diagnosis, incident, mocksystem, remediationplan, report

_made: dict[type[BaseModel], type[BaseModel]] = {}

OF_SOURCE = ConfigDict(
    from_attributes=True,
    extra="forbid",
    use_attribute_docstrings=True,
    json_schema_serialization_defaults_required=True,
)
"""Read from the resource's own object, by field name."""
_MADE = ConfigDict(**{**OF_SOURCE, "use_attribute_docstrings": False})
"""The fields bring their descriptions: to look for them in source that does not exist takes long."""


def snake_case(model: type[BaseModel]) -> type[BaseModel]:
    """The same model without aliases, and without what only a CustomResourceDefinition can say; nested ones too."""
    if model not in _made:
        fields: dict[str, Any] = {name: _plain(info) for name, info in model.model_fields.items()}
        _made[model] = create_model(model.__name__, __config__=_MADE, __doc__=model.__doc__, **fields)
    return _made[model]


def _plain(info: FieldInfo) -> tuple[Any, FieldInfo]:
    field = copy(info)
    field.alias = field.validation_alias = field.serialization_alias = None
    extra = info.json_schema_extra
    if isinstance(extra, dict):  # lists of Kubernetes have marks of their own
        field.json_schema_extra = {k: v for k, v in extra.items() if not k.startswith("x-kubernetes")}
    field.annotation = _without_aliases(info.annotation)
    return field.annotation, field


def _without_aliases(annotation: Any) -> Any:
    origin = get_origin(annotation)
    if origin is None:
        is_model = isinstance(annotation, type) and issubclass(annotation, BaseModel)
        return snake_case(annotation) if is_model else annotation
    parts = get_args(annotation)
    if origin is Annotated:
        return Annotated[(_without_aliases(parts[0]), *parts[1:])]
    swapped = tuple(_without_aliases(part) for part in parts)
    return Union[swapped] if origin in (Union, UnionType) else GenericAlias(origin, swapped)  # noqa: UP007 - made here


if TYPE_CHECKING:
    from incident_crds.action import Action
    from incident_crds.base import Condition
    from incident_crds.chaosexperiment import Measurement, Target, TargetStatus
    from incident_crds.diagnosis import EvidenceDocument, ProviderAttempt, RootCause
    from incident_crds.fault import Fault
    from incident_crds.incident import IncidentDurations, TimelineEntry, Timestamps
    from incident_crds.mocksystem import Capabilities, SignalStatus
    from incident_crds.remediationplan import (
        ActionResult,
        Decision,
        VerificationCheck,
        VerificationSample,
    )
    from incident_crds.report import DrillReport
else:
    from incident_crds import fault

    Condition = snake_case(base.Condition)
    Fault = snake_case(fault.Fault)
    Target = snake_case(chaosexperiment.Target)
    TargetStatus = snake_case(chaosexperiment.TargetStatus)
    Measurement = snake_case(chaosexperiment.Measurement)
    DrillReport = snake_case(report.DrillReport)
    EvidenceDocument = snake_case(diagnosis.EvidenceDocument)
    ProviderAttempt = snake_case(diagnosis.ProviderAttempt)
    RootCause = snake_case(diagnosis.RootCause)
    IncidentDurations = snake_case(incident.IncidentDurations)
    Timestamps = snake_case(incident.Timestamps)
    TimelineEntry = snake_case(incident.TimelineEntry)
    Capabilities = snake_case(mocksystem.Capabilities)
    SignalStatus = snake_case(mocksystem.SignalStatus)
    Action = snake_case(action.Action)
    ActionResult = snake_case(remediationplan.ActionResult)
    Decision = snake_case(remediationplan.Decision)
    VerificationCheck = snake_case(remediationplan.VerificationCheck)
    VerificationSample = snake_case(remediationplan.VerificationSample)

__all__ = [
    "OF_SOURCE",
    "Action",
    "ActionResult",
    "Capabilities",
    "Condition",
    "Decision",
    "DrillReport",
    "EvidenceDocument",
    "Fault",
    "IncidentDurations",
    "Measurement",
    "ProviderAttempt",
    "RootCause",
    "SignalStatus",
    "Target",
    "TargetStatus",
    "TimelineEntry",
    "Timestamps",
    "VerificationCheck",
    "VerificationSample",
    "snake_case",
]
