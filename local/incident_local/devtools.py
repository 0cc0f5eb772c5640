"""Programs that only development needs, built from pinned Go modules: promtool, helm and kubeconform."""

from __future__ import annotations

import os
from enum import StrEnum
from pathlib import Path

from incident_local.errors import BuildFailed
from incident_local.gobuild import GoBuilder, GoProgram, required_line
from incident_local.progress import Progress
from incident_local.settings import Settings, devtools_source
from incident_local.wheels import WheelStore


class DevTool(StrEnum):
    """Each has a module of its own in local/devtools/, so that none decides what the others are built of."""

    PROMTOOL = "promtool"
    HELM = "helm"
    KUBECONFORM = "kubeconform"


_VERSION_VARIABLES = {
    DevTool.PROMTOOL: "github.com/prometheus/common/version.Version",
    DevTool.HELM: "helm.sh/helm/v3/internal/version.version",
    DevTool.KUBECONFORM: "main.version",
}


def devtool_program(tool: DevTool) -> GoProgram:
    """What its go.mod says of it. Raises BuildFailed outside of a checkout."""
    source = devtools_source() / tool.value
    if not (source / "go.mod").is_file():
        raise BuildFailed(
            f"An installed incident-simulator does not bring the source of {tool.value}",
            remedy="run this in a checkout of the repository",
        )
    package = required_line(source, r"^tool (\S+)$")
    module = package.partition("/cmd/")[0]
    version = required_line(source, rf"^\s*{module} (v\S+)")
    if tool is DevTool.PROMTOOL:  # Prometheus 3.16 is v0.316 as a module
        major, minor, patch = version.removeprefix("v").split(".")
        version = f"{int(minor) // 100}.{int(minor) % 100}.{patch}" if major == "0" else version
    return GoProgram(
        name=tool.value,
        title=tool.value,
        source=source,
        package=package,
        stamps={_VERSION_VARIABLES[tool]: version},
        how_long="some minutes on two cores",
    )


async def devtool_binary(settings: Settings, progress: Progress, tool: DevTool) -> Path:
    """From the cache, or built into it. Raises BuildFailed, ProgramMissing, NoSpace."""
    builder = GoBuilder(settings.cache_dir, WheelStore(settings.cache_dir, progress), progress)
    return await builder.build(devtool_program(tool))


async def prepare_devtools(settings: Settings, progress: Progress) -> int:
    """All of them, one after the other."""
    for tool in DevTool:
        progress.line(f"  {tool.value:<14} {await devtool_binary(settings, progress, tool)}")
    return 0


def become(program: Path, arguments: list[str]) -> None:
    """The process is the program from now on, with its output and its exit code."""
    os.execv(program, [program.name, *arguments])  # noqa: S606 - no shell, and a program that we built
