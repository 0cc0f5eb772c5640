"""Every kind of the group, in the order in which they are listed and applied."""

from __future__ import annotations

from incident_crds.base import Resource
from incident_crds.chaosexperiment import ChaosExperiment
from incident_crds.gameday import GameDay
from incident_crds.generator import IncidentGenerator
from incident_crds.incident import Incident
from incident_crds.mocksystem import MockSystem
from incident_crds.remediationplan import RemediationPlan

ALL_KINDS: tuple[type[Resource], ...] = (
    MockSystem,
    ChaosExperiment,
    Incident,
    RemediationPlan,
    IncidentGenerator,
    GameDay,
)
