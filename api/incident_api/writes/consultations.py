"""A diagnosis without an incident: the operator is asked with one that is made for it and deleted again."""

from __future__ import annotations

import uuid

from incident_crds.base import CONSULTATION, PURPOSE_LABEL, REQUESTED_BY_ANNOTATION, ObjectMeta
from incident_crds.incident import (
    Incident,
    IncidentSpec,
    IncidentType,
    RemediationMode,
    Request,
    RequestAction,
)


def build_consultation(
    namespace: str, *, user: str, message: str, description: str, source: str, system: str | None
) -> Incident:
    """It is advisory, so that nothing is ever proposed for it, and asks for its diagnosis from the start."""
    metadata = ObjectMeta(
        generate_name="consultation-",
        namespace=namespace,
        labels={PURPOSE_LABEL: CONSULTATION},
        annotations={REQUESTED_BY_ANNOTATION: user},
    )
    spec = IncidentSpec(
        title=message,
        description=description,
        source=source,
        incident_type=IncidentType.TRAINING if system is None else IncidentType.REAL_SYSTEM,
        affected_systems=[] if system is None else [system],
        remediation_mode=RemediationMode.ADVISORY,
        generated_by=f"person {user}"[:256],
        request=Request(id=uuid.uuid4().hex, action=RequestAction.DIAGNOSE),
    )
    return Incident(metadata=metadata, spec=spec)
