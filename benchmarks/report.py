"""Writes RESULTS.md for people and results.json for programs."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

from benchmarks.figures import Figure, Measurement

NOT_MEASURED = "not measured here"


@dataclass(slots=True)
class Results:
    """Of one run: by scenario and target."""

    machine: Mapping[str, str]
    commands: Sequence[str]
    sizes: Mapping[str, float]
    titles: Mapping[str, str]
    """Of the targets' columns, in order."""
    scenarios: Mapping[str, str]
    """What each is, in a sentence, in order."""
    measurements: dict[str, dict[str, Measurement]] = field(default_factory=dict)

    def put(self, scenario: str, target: str, measurement: Measurement) -> None:
        self.measurements.setdefault(scenario, {})[target] = measurement


def write_results(results: Results, folder: Path) -> None:
    """Both files; what was there is replaced."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "RESULTS.md").write_text(render(results))
    document = {
        "machine": dict(results.machine),
        "commands": list(results.commands),
        "sizes": dict(results.sizes),
        "measurements": {
            scenario: {target: asdict(measurement) for target, measurement in by_target.items()}
            for scenario, by_target in results.measurements.items()
        },
    }
    (folder / "results.json").write_text(json.dumps(document, indent=1) + "\n")


def render(results: Results) -> str:
    """The Markdown. README.md beside it says how to read it."""
    lines = ["# Results", "", "Written by `make bench-api`; [README.md](README.md) says how to read it.", ""]
    lines += ["| machine | |", "| --- | --- |"]
    lines += [f"| {name} | {value} |" for name, value in results.machine.items()]
    lines += [f"| {name.replace('_', ' ')} | {value:g} |" for name, value in results.sizes.items()]
    lines += ["", "```sh", *results.commands, "```", ""]
    for scenario, sentence in results.scenarios.items():
        if scenario in results.measurements:
            lines += _section(scenario, sentence, results.measurements[scenario], results.titles)
    return "\n".join(lines).rstrip() + "\n"


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
