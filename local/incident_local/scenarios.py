"""The drills that the command line can run."""

from __future__ import annotations

from incident_crds import scenarios
from incident_crds.chaosexperiment import ChaosExperiment
from incident_local.errors import ScenarioInvalid

DEFAULT_DRILLS = ("redis-memory", "postgres-connections", "postgres-bloat", "disk-full")


def load_drill(name: str) -> ChaosExperiment:
    """The scenario's manifest. Raises ScenarioInvalid, which names those there are or says what is wrong."""
    try:
        return scenarios.load_scenario(name).experiment
    except scenarios.ScenarioInvalid as error:
        raise ScenarioInvalid(str(error)) from error
