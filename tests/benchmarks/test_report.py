"""What a run of some scenarios leaves of the results of the others."""

from __future__ import annotations

from pathlib import Path

from benchmarks.figures import Measurement
from benchmarks.report import Results, Run, read_sections, write_results

SCENARIOS = {"burst": "Burst.", "board": "Board."}


def measure(folder: Path, date: str, command: str, **values: float) -> None:
    run = Run({"date": date}, command, {"incidents": 10})
    results = Results(run, {"simulator": "this project"}, SCENARIOS, read_sections(folder))
    for scenario, value in values.items():
        measurement = Measurement()
        measurement.add("time", value, "ms")
        results.put(scenario, "simulator", measurement)
    write_results(results, folder)


def test_what_was_not_measured_again_keeps_its_run(tmp_path: Path) -> None:
    measure(tmp_path, "Monday", "make all", burst=1.0, board=2.0)
    measure(tmp_path, "Tuesday", "make one", board=3.0)
    sections = read_sections(tmp_path)
    assert [sections[name].run.command for name in SCENARIOS] == ["make all", "make one"]
    assert sections["burst"].by_target["simulator"].figures[0].value == 1.0
    text = (tmp_path / "RESULTS.md").read_text()
    assert "| date | Monday | Tuesday |" in text
    assert "Burst. Run 1." in text
    assert "Board. Run 2." in text
    assert "3.00 ms" in text


def test_one_run_has_one_column(tmp_path: Path) -> None:
    measure(tmp_path, "Monday", "make all", burst=1.0)
    measure(tmp_path, "Tuesday", "make all", burst=1.0, board=2.0)
    assert "| | run 1 |\n" in (tmp_path / "RESULTS.md").read_text()
