"""Builds Go programs once for each combination of source, Go and flags, and keeps the binaries in the cache."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from incident_local.building import BuildStep
from incident_local.errors import BuildFailed
from incident_local.processes import tail
from incident_local.programs import Go, find_go
from incident_local.progress import Progress, Step
from incident_local.settings import child_environment, control_plane_source
from incident_local.state import MEBIBYTE, require_space
from incident_local.wheels import WheelStore, held_lock

BUILD_SECONDS = 3600.0
_NEEDED_BYTES = 3072 * MEBIBYTE
_GO_LINE = r"^go (\d+\.\d+(?:\.\d+)?)"
_VERSION_PACKAGE = "k8s.io/component-base/version"


@dataclass(frozen=True, slots=True)
class GoProgram:
    """One program of one module, and how it is spoken of."""

    name: str
    """Of the binary, and of its folder in the cache."""
    title: str
    """As it stands in the middle of a sentence."""
    source: Path
    """The module's folder."""
    package: str
    stamps: dict[str, str]
    """Variables that the linker sets, by their whole names."""
    how_long: str
    way_out: str = ""
    """What to do without it, added to what the log asks for."""

    @property
    def flags(self) -> tuple[str, ...]:
        """Small, reproducible, and stamped."""
        linker = " ".join(["-s", "-w", *(f"-X {name}={value}" for name, value in self.stamps.items())])
        return ("-trimpath", f"-ldflags={linker}")


@dataclass(frozen=True, slots=True)
class Recipe:
    """All that decides what the binary will be."""

    source: Path
    go: Go
    flags: tuple[str, ...]

    @property
    def key(self) -> str:
        """Names the binary in the cache: another source, Go or flag is another binary."""
        digest = hashlib.sha256()
        for path in sorted([*self.source.glob("go.*"), *self.source.glob("*.go")]):
            digest.update(f"{path.name}\0".encode() + hashlib.sha256(path.read_bytes()).digest())
        digest.update("\0".join((self.go.version, *self.flags)).encode())
        return digest.hexdigest()[:16]


def control_plane(source: Path) -> GoProgram:
    """Stamped with a version that kubectl and Helm can read."""
    version = required_line(source, r"^\s*k8s\.io/kubernetes (v\d+\.\d+\.\d+)")
    major, minor, _ = version.removeprefix("v").split(".")
    stamps = {"gitVersion": version, "gitMajor": major, "gitMinor": minor}
    return GoProgram(
        name="controlplane",
        title="the control plane",
        source=source,
        package=".",
        stamps={f"{_VERSION_PACKAGE}.{name}": value for name, value in stamps.items()},
        how_long="3 to 6 minutes on two cores",
        way_out="; `--control-plane=envtest` needs no build",
    )


def make_recipe(program: GoProgram, go: Go) -> Recipe:
    return Recipe(program.source, go, program.flags)


def required_line(source: Path, pattern: str) -> str:
    """What the pattern's group finds in the module's go.mod. Raises BuildFailed."""
    found = re.search(pattern, (source / "go.mod").read_text(), re.M)
    if not found:
        raise BuildFailed(f"{source / 'go.mod'} has no line {pattern}", remedy="restore the file from the repository")
    return found[1]


class GoBuilder:
    """Finds a program in the cache, or builds it there."""

    def __init__(self, cache: Path, store: WheelStore, progress: Progress) -> None:
        self._cache = cache
        self._store = store
        self._progress = progress

    async def build(self, program: GoProgram) -> Path:
        """Path of a binary that fits the source. Raises BuildFailed, ProgramMissing, NoSpace."""
        recipe = await self._recipe(program)
        folder = self._cache / program.name
        target = folder / recipe.key / program.name
        if target.is_file():
            return target
        async with held_lock(folder / "build.lock", self._progress):
            if not target.is_file():
                require_space(self._cache, _NEEDED_BYTES)
                title = program.title[0].upper() + program.title[1:]
                self._progress.line(f"{title} is built once, which takes {program.how_long}.")
                await _Build(program, recipe, self._environment(recipe.go), self._log(recipe.key, program)).into(
                    target, self._progress
                )
        return target

    async def vet(self, program: GoProgram) -> None:
        """Format and vet of the source. Raises BuildFailed with what they found."""
        recipe = await self._recipe(program)
        build = _Build(program, recipe, self._environment(recipe.go), self._log("vet", program))
        await build.vet(self._progress)

    async def _recipe(self, program: GoProgram) -> Recipe:
        return make_recipe(program, await find_go(self._store, required_line(program.source, _GO_LINE)))

    def _log(self, what: str, program: GoProgram) -> Path:
        log = self._cache / "logs" / f"{program.name}-{what}.log"
        log.unlink(missing_ok=True)
        return log

    def _environment(self, go: Go) -> dict[str, str]:
        added = {"CGO_ENABLED": "0", "GOFLAGS": "-mod=readonly", "GOTOOLCHAIN": "local", "GOWORK": "off"}
        if go.is_from_wheel:  # who has no Go expects nothing of it outside our cache
            added["GOPATH"] = str(self._cache / "go")
            added["GOCACHE"] = str(self._cache / "go" / "build")
            added["GOENV"] = "off"
        return child_environment(**added)


class ControlPlaneBuilder:
    """The API server of the laptop, from the cache or built into it."""

    def __init__(self, cache: Path, store: WheelStore, progress: Progress) -> None:
        self._builder = GoBuilder(cache, store, progress)

    async def binary(self) -> Path:
        """Path of a control plane that fits the source. Raises BuildFailed, ProgramMissing, NoSpace."""
        return await self._builder.build(control_plane(control_plane_source()))

    async def vet(self) -> None:
        """Format and vet of the source. Raises BuildFailed with what they found."""
        await self._builder.vet(control_plane(control_plane_source()))


@dataclass(frozen=True, slots=True)
class _Build:
    """The steps of one build, with one log."""

    program: GoProgram
    recipe: Recipe
    environment: dict[str, str]
    log: Path

    async def into(self, target: Path, progress: Progress) -> None:
        """The binary is there whole, or not at all."""
        target.parent.mkdir(parents=True, exist_ok=True)
        partial = target.with_name(f".{target.name}.{os.getpid()}")
        try:
            with progress.step(f"fetch the modules of {self.program.title}") as step:
                packages = await self._count_packages(step)
            with progress.step(f"build {self.program.title}") as step:
                arguments = ("build", "-v", *self.recipe.flags, "-o", str(partial), self.program.package)
                await self._go(arguments, _package_counter(step, packages))
            partial.rename(target)
        finally:
            partial.unlink(missing_ok=True)

    async def vet(self, progress: Progress) -> None:
        unformatted: list[str] = []
        gofmt = str(self.recipe.go.program.resolve().with_name("gofmt"))
        await self._run((gofmt, "-l", "."), unformatted.append)
        if unformatted:
            raise BuildFailed(f"Not formatted: {', '.join(unformatted)}", remedy=f"run `gofmt -w {self.recipe.source}`")
        with progress.step(f"vet {self.program.title}"):
            # The same flags as the build's: what it has compiled is used again.
            await self._go(("vet", "-trimpath", self.program.package), _ignore)

    async def _count_packages(self, step: Step) -> int:
        """How many packages there are to compile; asking for them fetches every module that is missing."""
        fetched = listed = 0

        def count(line: str) -> None:
            nonlocal fetched, listed
            if line.startswith("go: downloading"):
                fetched += 1
                step.say(f"{fetched} fetched")
            else:
                listed += 1

        await self._go(("list", "-deps", self.program.package), count)
        return listed

    async def _go(self, arguments: tuple[str, ...], on_line: Callable[[str], None]) -> None:
        await self._run((str(self.recipe.go.program), *arguments), on_line)

    async def _run(self, argv: tuple[str, ...], on_line: Callable[[str], None]) -> None:
        title = self.program.title
        step = BuildStep(
            argv,
            shown=f"go {argv[1]}",
            product=title[0].upper() + title[1:],
            environment=self.environment,
            folder=self.recipe.source,
            log=self.log,
            timeout_seconds=BUILD_SECONDS,
            remedy=self._remedy,
        )
        await step.run(on_line)

    def _remedy(self, log: Path) -> str:
        """What Go's own words ask for."""
        if re.search(r"dial tcp|proxyconnect|no such host|i/o timeout|connection refused|TLS", tail(log)):
            return "look at the network: Go fetches its modules through GOPROXY"
        return f"see the end of the log above{self.program.way_out}"


def _ignore(_: str) -> None:
    return


def _package_counter(step: Step, total: int) -> Callable[[str], None]:
    done = 0

    def count(_: str) -> None:
        nonlocal done
        done += 1
        step.say(f"{done} of {total} packages" if done < total else "linking")

    return count


def find_envtest(assets: Path | None) -> tuple[Path, Path]:
    """(etcd, kube-apiserver) as setup-envtest downloads them."""
    etcd = assets / "etcd" if assets else shutil.which("etcd")
    server = assets / "kube-apiserver" if assets else shutil.which("kube-apiserver")
    if not etcd or not server or not Path(etcd).is_file() or not Path(server).is_file():
        raise BuildFailed(
            f"etcd and kube-apiserver are not in KUBEBUILDER_ASSETS ({assets or 'not set'})",
            remedy='export KUBEBUILDER_ASSETS="$(setup-envtest use -p path)", or leave --control-plane away',
        )
    return Path(etcd), Path(server)
