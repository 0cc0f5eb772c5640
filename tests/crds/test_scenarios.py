"""The catalogue of drills, in the checkout and in the wheel."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from incident_crds.base import DRILL_LABEL, SUMMARY_ANNOTATION
from incident_crds.scenarios import (
    ScenarioInvalid,
    ScenarioUnknown,
    load_scenario,
    load_scenarios,
    scenario_names,
    scenarios_folder,
)

ROOT = Path(__file__).parents[2]
NAMES = [
    "cascade",
    "disk-full",
    "network-latency",
    "pod-kill",
    "postgres-bloat",
    "postgres-connections",
    "postgres-lock",
    "redis-connections",
    "redis-latency",
    "redis-memory",
    "system-down",
]
LIST = """
import json
from incident_crds.scenarios import load_scenarios, scenarios_folder
print(json.dumps([str(scenarios_folder()), *[s.name for s in load_scenarios()]]))
"""


def test_every_scenario_says_in_a_sentence_what_it_does() -> None:
    catalogue = load_scenarios()
    assert [scenario.name for scenario in catalogue] == scenario_names() == NAMES
    titles = {scenario.name: scenario.title for scenario in catalogue}
    assert (titles["disk-full"], titles["redis-memory"]) == ("Disk full", "Redis memory")
    for scenario in catalogue:
        metadata = scenario.experiment.metadata
        assert (metadata.name, metadata.labels[DRILL_LABEL]) == (scenario.name, scenario.name)
        assert scenario.summary == metadata.annotations[SUMMARY_ANNOTATION]
        assert scenario.summary.endswith(".")
        assert "incident" in scenario.summary


def test_a_scenario_of_one_s_own_needs_no_summary_and_gets_its_label(tmp_path: Path) -> None:
    target = "{systemRef: {name: redis-test}}"
    fault = "{type: RedisMemory, redisMemory: {}}"
    (tmp_path / "mine.yaml").write_text(f"spec: {{target: {target}, fault: {fault}}}")
    (tmp_path / "Not mine.yaml").write_text("")
    (mine,) = load_scenarios(tmp_path)
    assert (mine.summary, mine.experiment.metadata.labels) == ("", {DRILL_LABEL: "mine"})


@pytest.mark.parametrize("name", ["../outside", "", "Upper", "x/y", "no-such"])
def test_a_scenario_is_a_name_and_no_path(name: str, tmp_path: Path) -> None:
    folder = tmp_path / "scenarios"
    (folder / "x").mkdir(parents=True)
    valid = (scenarios_folder() / "redis-memory.yaml").read_text()
    for path in (tmp_path / "outside.yaml", folder / ".yaml", folder / "Upper.yaml", folder / "x" / "y.yaml"):
        path.write_text(valid)
    (folder / "mine.yaml").write_text(valid)
    with pytest.raises(ScenarioUnknown, match=r"there is no scenario .*; choose from: mine$"):
        load_scenario(name, folder)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("spec: {target: {systemRef: {name: x}}, fault: {type: Nonsense}}", "Nonsense"),
        ("spec: [", "correct it"),
        ("", "correct it"),
        ("spec: {target: {selector: {matchLabels: {a: b}}}, fault: {type: None}}", "name the system"),
    ],
)
def test_a_broken_scenario_says_what_is_wrong(text: str, says: str, tmp_path: Path) -> None:
    (tmp_path / "bad.yaml").write_text(text)
    with pytest.raises(ScenarioInvalid, match=says) as caught:
        load_scenario("bad", tmp_path)
    assert not isinstance(caught.value, ScenarioUnknown)
    assert "bad.yaml" in str(caught.value)


def test_the_wheel_holds_the_catalogue(tmp_path: Path) -> None:
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)]
    subprocess.run(build, cwd=ROOT, check=True, capture_output=True, timeout=60)
    (wheel,) = tmp_path.glob("*.whl")
    unpacked = tmp_path / "unpacked"
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(unpacked)
    environment = os.environ | {"PYTHONPATH": str(unpacked)}
    done = subprocess.run(
        [sys.executable, "-c", LIST], cwd=tmp_path, env=environment, check=True, capture_output=True, timeout=60
    )
    folder, *names = json.loads(done.stdout)
    assert folder == str(unpacked / "incident_crds" / "scenarios")
    assert names == NAMES
