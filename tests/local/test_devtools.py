"""The development tools' modules say all that is needed to build them."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from incident_local import devtools
from incident_local.devtools import DevTool, devtool_program
from incident_local.errors import BuildFailed


@pytest.mark.parametrize("tool", DevTool)
def test_module_names_its_program_and_version(tool: DevTool) -> None:
    program = devtool_program(tool)
    assert program.package.endswith(f"/cmd/{tool.value}")
    assert (program.source / "go.sum").is_file()
    [version] = program.stamps.values()
    assert re.fullmatch(r"v?\d+\.\d+\.\d+", version)
    assert f"={version}" in program.flags[1]


def test_prometheus_is_stamped_with_the_version_that_people_know() -> None:
    [version] = devtool_program(DevTool.PROMTOOL).stamps.values()
    assert re.fullmatch(r"3\.\d+\.\d+", version)


def test_an_installed_wheel_says_where_the_source_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(devtools, "devtools_source", lambda: tmp_path)
    with pytest.raises(BuildFailed, match="does not bring the source of helm"):
        devtool_program(DevTool.HELM)
