"""Builds the control plane once for each combination of source, Go and flags, and keeps the binary in the cache."""

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


def make_recipe(source: Path, go: Go) -> Recipe:
    """The flags: small, reproducible, and stamped with a version that kubectl and Helm can read."""
    version = _required(source, r"^\s*k8s\.io/kubernetes (v\d+\.\d+\.\d+)")
    major, minor, _ = version.removeprefix("v").split(".")
    stamps = {"gitVersion": version, "gitMajor": major, "gitMinor": minor}
    linker = " ".join(["-s", "-w", *(f"-X {_VERSION_PACKAGE}.{name}={value}" for name, value in stamps.items())])
    return Recipe(source, go, ("-trimpath", f"-ldflags={linker}"))


def _required(source: Path, pattern: str) -> str:
    found = re.search(pattern, (source / "go.mod").read_text(), re.M)
    if not found:
        raise BuildFailed(f"{source / 'go.mod'} has no line {pattern}", remedy="restore the file from the repository")
    return found[1]


class ControlPlaneBuilder:
    """Finds the binary in the cache, or builds it there."""

    def __init__(self, cache: Path, store: WheelStore, progress: Progress) -> None:
        self._cache = cache
        self._store = store
        self._progress = progress

    async def binary(self) -> Path:
        """Path of a control plane that fits the source. Raises BuildFailed, ProgramMissing, NoSpace."""
        source = control_plane_source()
        recipe = make_recipe(source, await find_go(self._store, _required(source, _GO_LINE)))
        target = self._cache / "controlplane" / recipe.key / "controlplane"
        if target.is_file():
            return target
        async with held_lock(self._cache / "controlplane" / "build.lock", self._progress):
            if not target.is_file():
                require_space(self._cache, _NEEDED_BYTES)
                self._progress.line("The control plane is built once, which takes 3 to 6 minutes on two cores.")
                await self._build(recipe, target)
        return target

    async def vet(self) -> None:
        """Format and vet of the source. Raises BuildFailed with what they found."""
        source = control_plane_source()
        recipe = make_recipe(source, await find_go(self._store, _required(source, _GO_LINE)))
        log = self._cache / "logs" / "controlplane-vet.log"
        log.unlink(missing_ok=True)
        unformatted: list[str] = []
        gofmt = str(recipe.go.program.resolve().with_name("gofmt"))
        await self._run((gofmt, "-l", "."), recipe, log, unformatted.append)
        if unformatted:
            raise BuildFailed(f"Not formatted: {', '.join(unformatted)}", remedy=f"run `gofmt -w {source}`")
        with self._progress.step("vet the control plane"):
            # The same flags as the build's: what it has compiled is used again.
            await self._run((str(recipe.go.program), "vet", "-trimpath", "."), recipe, log, _ignore)

    async def _build(self, recipe: Recipe, target: Path) -> None:
        log = self._cache / "logs" / f"controlplane-{recipe.key}.log"
        log.unlink(missing_ok=True)
        target.parent.mkdir(parents=True, exist_ok=True)
        partial = target.with_name(f".controlplane.{os.getpid()}")
        go = str(recipe.go.program)
        try:
            with self._progress.step("fetch the control plane's modules") as step:
                packages = await self._count_packages(go, recipe, log, step)
            with self._progress.step("build the control plane") as step:
                argv = (go, "build", "-v", *recipe.flags, "-o", str(partial), ".")
                await self._run(argv, recipe, log, _package_counter(step, packages))
            partial.rename(target)
        finally:
            partial.unlink(missing_ok=True)

    async def _count_packages(self, go: str, recipe: Recipe, log: Path, step: Step) -> int:
        """How many packages there are to compile; asking for them fetches every module that is missing."""
        fetched = listed = 0

        def count(line: str) -> None:
            nonlocal fetched, listed
            if line.startswith("go: downloading"):
                fetched += 1
                step.say(f"{fetched} fetched")
            else:
                listed += 1

        await self._run((go, "list", "-deps", "."), recipe, log, count)
        return listed

    async def _run(self, argv: tuple[str, ...], recipe: Recipe, log: Path, on_line: Callable[[str], None]) -> None:
        step = BuildStep(
            argv,
            shown=f"go {argv[1]}",
            product="The control plane",
            environment=self._environment(recipe.go),
            folder=recipe.source,
            log=log,
            timeout_seconds=BUILD_SECONDS,
            remedy=_remedy,
        )
        await step.run(on_line)

    def _environment(self, go: Go) -> dict[str, str]:
        added = {"CGO_ENABLED": "0", "GOFLAGS": "-mod=readonly", "GOTOOLCHAIN": "local", "GOWORK": "off"}
        if go.is_from_wheel:  # who has no Go expects nothing of it outside our cache
            added["GOPATH"] = str(self._cache / "go")
            added["GOCACHE"] = str(self._cache / "go" / "build")
            added["GOENV"] = "off"
        return child_environment(**added)


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


def _remedy(log: Path) -> str:
    """What Go's own words ask for."""
    if re.search(r"dial tcp|proxyconnect|no such host|i/o timeout|connection refused|TLS", tail(log)):
        return "look at the network: Go fetches its modules through GOPROXY"
    return "see the end of the log above; `--control-plane=envtest` needs no build"
