"""The catalogue of drills: each a ChaosExperiment as YAML, read and checked before anything is started."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import yaml
from pydantic import ValidationError

from incident_crds.base import DRILL_LABEL, SUMMARY_ANNOTATION
from incident_crds.chaosexperiment import ChaosExperiment

_PACKAGE = Path(__file__).resolve().parent
_CHECKOUT = _PACKAGE.parents[1]
_NAME = re.compile(r"[a-z0-9]([a-z0-9-]*[a-z0-9])?")


class ScenarioInvalid(Exception):
    """A file that is no scenario. The text says what is wrong with it, and what to do."""


class ScenarioUnknown(ScenarioInvalid):
    """There is no scenario of that name. The text names those there are."""


@dataclass(frozen=True, slots=True)
class Scenario:
    """One drill of the catalogue."""

    name: str
    experiment: ChaosExperiment
    """The manifest with the drill's label. A caller that changes it changes a copy."""

    @property
    def title(self) -> str:
        """Its name in words: redis-memory is "Redis memory"."""
        return self.name.replace("-", " ").capitalize()

    @property
    def summary(self) -> str:
        """One sentence of what it does and what will be seen; empty where its author gave none."""
        return " ".join(self.experiment.metadata.annotations.get(SUMMARY_ANNOTATION, "").split())


def scenarios_folder() -> Path:
    """Where the files are: in the checkout, or as they were packed into the wheel."""
    checkout = _CHECKOUT / "scenarios"
    is_checkout = (_CHECKOUT / "pyproject.toml").is_file() and checkout.is_dir()
    return checkout if is_checkout else _PACKAGE / "scenarios"


def scenario_names(folder: Path | None = None) -> list[str]:
    """The names there are, sorted. A file whose name no scenario can have is left out."""
    found = (path.stem for path in (folder or scenarios_folder()).glob("*.yaml"))
    return sorted(name for name in found if _NAME.fullmatch(name))


def load_scenarios(folder: Path | None = None) -> list[Scenario]:
    """The whole catalogue, by name. Raises ScenarioInvalid."""
    return [load_scenario(name, folder) for name in scenario_names(folder)]


def load_scenario(name: str, folder: Path | None = None) -> Scenario:
    """The scenario of that name. Raises ScenarioUnknown, or ScenarioInvalid where the file is wrong."""
    path = (folder or scenarios_folder()) / f"{name}.yaml"
    if not _NAME.fullmatch(name) or not path.is_file():
        known = ", ".join(scenario_names(folder)) or "none"
        raise ScenarioUnknown(f"there is no scenario {name!r}; choose from: {known}")
    try:
        experiment = ChaosExperiment.parse(yaml.safe_load(path.read_text()))
    except (yaml.YAMLError, ValidationError) as error:
        raise ScenarioInvalid(f"{path} is not a valid ChaosExperiment, correct it: {error}") from error
    if experiment.spec.target.system_ref is None:
        raise ScenarioInvalid(f"{path} has no spec.target.systemRef: name the system that the drill breaks there")
    experiment.metadata.labels = {**experiment.metadata.labels, DRILL_LABEL: name}
    return Scenario(name, experiment)
