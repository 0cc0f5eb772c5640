"""Programs that only development needs: promtool, helm and kubeconform; those on PATH, else pinned Go modules."""

from __future__ import annotations

import asyncio
import os
import shutil
import tempfile
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

# Compiling it takes ten minutes and more; it comes with every Prometheus.
_DEBIAN_PACKAGES = {DevTool.PROMTOOL: "prometheus"}
_FETCH_SECONDS = 120.0


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
    """From PATH, out of a Debian package, or built into the cache. Raises BuildFailed, ProgramMissing, NoSpace."""
    if found := shutil.which(tool.value):
        return Path(found)
    if (package := _DEBIAN_PACKAGES.get(tool)) and (unpacked := await _unpack(package, tool, settings.cache_dir)):
        return unpacked
    builder = GoBuilder(settings.cache_dir, WheelStore(settings.cache_dir, progress), progress)
    return await builder.build(devtool_program(tool))


async def _unpack(package: str, tool: DevTool, cache: Path) -> Path | None:
    """The program out of the package, which is not installed; None where this is no Debian, or it cannot be fetched."""
    folder = cache / "debian" / package
    program = folder / "usr" / "bin" / tool.value
    if program.is_file():
        return program
    apt, dpkg = shutil.which("apt-get"), shutil.which("dpkg-deb")
    if apt is None or dpkg is None:
        return None
    with tempfile.TemporaryDirectory() as name:
        download = Path(name)
        # a new machine has no lists yet, and only root may fetch them
        for command in ((apt, "download", package), (apt, "update"), (apt, "download", package)):
            if await _succeeds(*command, folder=download) and command[1] == "download":
                break
        archives = [entry.path for entry in os.scandir(download) if entry.name.endswith(".deb")]
        if not archives or not await _succeeds(dpkg, "-x", archives[0], "unpacked", folder=download):
            return None
        folder.parent.mkdir(parents=True, exist_ok=True)
        shutil.copytree(download / "unpacked", folder, dirs_exist_ok=True, symlinks=True)
    return program if program.is_file() else None


async def _succeeds(*command: str, folder: Path) -> bool:
    quiet = asyncio.subprocess.DEVNULL
    process = await asyncio.create_subprocess_exec(*command, cwd=folder, stdin=quiet, stdout=quiet, stderr=quiet)
    try:
        async with asyncio.timeout(_FETCH_SECONDS):
            return await process.wait() == 0
    except TimeoutError:
        process.kill()
        await process.wait()
        return False


async def prepare_devtools(settings: Settings, progress: Progress) -> int:
    """All of them, one after the other."""
    for tool in DevTool:
        progress.line(f"  {tool.value:<14} {await devtool_binary(settings, progress, tool)}")
    return 0


def become(program: Path, arguments: list[str]) -> None:
    """The process is the program from now on, with its output and its exit code."""
    os.execv(program, [program.name, *arguments])  # noqa: S606 - no shell, and a program that we built
