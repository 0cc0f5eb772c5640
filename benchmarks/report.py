"""Writes RESULTS.md for people and results.json for programs."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.figures import Figure, Measurement

NOT_MEASURED = "not measured here"
_JSON = "results.json"


@dataclass(frozen=True, slots=True)
class Run:
    """What scenarios were measured on, and how."""

    machine: Mapping[str, str]
    command: str
    sizes: Mapping[str, float]


@dataclass(slots=True)
class Section:
    """What one scenario found, by target: all of one run, since only that can be compared."""

    run: Run
    by_target: dict[str, Measurement]


@dataclass(slots=True)
class Results:
    """By scenario: those of this run, and of earlier ones what was not measured again."""

    run: Run
    titles: Mapping[str, str]
    """Of the targets' columns, in order."""
    scenarios: Mapping[str, str]
    """What each is, in a sentence, in order."""
    sections: dict[str, Section] = field(default_factory=dict)

    def put(self, scenario: str, target: str, measurement: Measurement) -> None:
        if scenario not in self.sections or self.sections[scenario].run is not self.run:
            self.sections[scenario] = Section(self.run, {})
        self.sections[scenario].by_target[target] = measurement


def read_sections(folder: Path) -> dict[str, Section]:
    """What earlier runs wrote there."""
    path = folder / _JSON
    if not path.is_file():
        return {}
    found = json.loads(path.read_text())["scenarios"]
    return {name: Section(Run(**each["run"]), _measurements(each["by_target"])) for name, each in found.items()}


def _measurements(by_target: Mapping[str, Mapping[str, Any]]) -> dict[str, Measurement]:
    return {
        target: Measurement([Figure(**figure) for figure in told["figures"]], list(told["remarks"]))
        for target, told in by_target.items()
    }


def write_results(results: Results, folder: Path) -> None:
    """Both files."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "RESULTS.md").write_text(render(results))
    document = {"scenarios": {name: asdict(section) for name, section in _in_order(results)}}
    (folder / _JSON).write_text(json.dumps(document, indent=1) + "\n")


def _in_order(results: Results) -> list[tuple[str, Section]]:
    return [(name, results.sections[name]) for name in results.scenarios if name in results.sections]


def render(results: Results) -> str:
    """The Markdown. README.md beside it says how to read it."""
    sections = _in_order(results)
    runs: list[Run] = []
    for _, section in sections:
        if section.run not in runs:
            runs.append(section.run)
    head = "Written by `make bench-api`; [README.md](README.md) says how to read it."
    lines = ["# Results", "", f"{head} [PROBES.md](PROBES.md) tells how late probes begin.", ""]
    lines += _runs(runs)
    for name, section in sections:
        number = runs.index(section.run) + 1
        lines += _section(name, f"{results.scenarios[name]} Run {number}.", section.by_target, results.titles)
    return "\n".join(lines).rstrip() + "\n"


def _runs(runs: Sequence[Run]) -> list[str]:
    """A column each: a scenario that was not measured again keeps the run that it is from."""
    told = [
        dict(run.machine) | {name.replace("_", " "): f"{value:g}" for name, value in run.sizes.items()} for run in runs
    ]
    names = list(dict.fromkeys(name for each in told for name in each))
    lines = [f"| | {' | '.join(f'run {number}' for number in range(1, len(runs) + 1))} |"]
    lines += [f"| --- |{' --- |' * len(runs)}"]
    lines += [f"| {name} | {' | '.join(each.get(name, '') for each in told)} |" for name in names]
    return [*lines, "", "```sh", *[f"{run.command}  # run {number}" for number, run in enumerate(runs, 1)], "```", ""]


def _section(
    scenario: str, sentence: str, by_target: Mapping[str, Measurement], titles: Mapping[str, str]
) -> list[str]:
    lines = [f"## {scenario}", "", sentence, ""]
    lines += [f"| | {' | '.join(titles.values())} |", f"| --- |{' ---: |' * len(titles)}"]
    found = {target: {figure.name: figure for figure in by_target[target].figures} for target in by_target}
    for name in _names(list(by_target.values())):
        cells = [_cell(found.get(target), name) for target in titles]
        lines.append(f"| {name} | {' | '.join(cells)} |")
    remarks = [
        f"- {titles[target]}: {remark}" for target, measurement in by_target.items() for remark in measurement.remarks
    ]
    return [*lines, "", *remarks, *([""] if remarks else [])]


def _names(measurements: Sequence[Measurement]) -> list[str]:
    """In the order of the first that has them; what only another has comes where that has it, roughly."""
    names: list[str] = []
    for measurement in measurements:
        at = 0
        for figure in measurement.figures:
            if figure.name in names:
                at = names.index(figure.name) + 1
            else:
                names.insert(at, figure.name)
                at += 1
    return names


def _cell(figures: Mapping[str, Figure] | None, name: str) -> str:
    if figures is None:
        return NOT_MEASURED
    figure = figures.get(name)
    if figure is None:
        return "–"  # noqa: RUF001  # a dash for people
    if figure.value is None:
        return figure.note or "–"  # noqa: RUF001
    text = _number(figure.value, figure.unit)
    return f"{text} ({figure.note})" if figure.note else text


def _number(value: float, unit: str) -> str:
    if unit == "yes=1":
        return "yes" if value else "no"
    digits = 0 if abs(value) >= 100 else 1 if abs(value) >= 10 else 2
    if unit == "boards":
        digits = 0
    return f"{value:,.{digits}f} {unit}"
