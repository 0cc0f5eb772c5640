"""The drills as YAML, read and checked before anything is started."""

from __future__ import annotations

import re
from pathlib import Path

import yaml
from pydantic import ValidationError

from incident_crds.chaosexperiment import ChaosExperiment
from incident_local.errors import ScenarioInvalid
from incident_local.settings import scenarios_folder

DRILL_LABEL = "incidentsimulator.net/drill"
DEFAULT_DRILLS = ("redis-memory", "postgres-connections", "postgres-bloat", "disk-full")


def scenario_names(folder: Path | None = None) -> list[str]:
    return sorted(path.stem for path in (folder or scenarios_folder()).glob("*.yaml"))


def load_scenario(name: str, folder: Path | None = None) -> ChaosExperiment:
    """The manifest of that name. Raises ScenarioInvalid with the names there are, or with what is wrong in the file."""
    path = (folder or scenarios_folder()) / f"{name}.yaml"
    if not re.fullmatch(r"[a-z0-9]([a-z0-9-]*[a-z0-9])?", name) or not path.is_file():
        known = ", ".join(scenario_names(folder)) or "none"
        raise ScenarioInvalid(f"There is no scenario {name!r}", remedy=f"choose from: {known}")
    try:
        experiment = ChaosExperiment.parse(yaml.safe_load(path.read_text()))
    except (yaml.YAMLError, ValidationError) as error:
        raise ScenarioInvalid(f"{path} is not a valid ChaosExperiment: {error}", remedy="correct the file") from error
    if experiment.spec.target.system_ref is None:
        raise ScenarioInvalid(f"{path} has no spec.target.systemRef", remedy="name the system that the drill breaks")
    experiment.metadata.labels = {**experiment.metadata.labels, DRILL_LABEL: name}
    return experiment
