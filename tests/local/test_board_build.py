"""When the board is built, and what becomes of a build that fails, with an npm that is a shell script."""

from __future__ import annotations

import asyncio
import re
import shutil
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from incident_local import board
from incident_local.board import BoardBuilder
from incident_local.errors import BuildFailed
from incident_local.fingerprint import BUILT_FROM, fingerprint
from incident_local.progress import Progress
from incident_local.wheels import WheelStore

ROOT = Path(__file__).resolve().parents[2]
FAKE_NPM = """#!/bin/sh
[ "$1" = --version ] && {{ echo 11.0.0; exit; }}
echo "$1 $2" >> {calls}
case $1 in
  ci) {ci} ;;
  run) [ $# -lt 5 ] || shift 4; {build} ;;
esac
"""
INSTALLS = "rm -rf node_modules; mkdir node_modules"
BUILDS = 'mkdir "$1"; cp index.html "$1"; sleep 0.2; echo script > "$1/script.js"'  # $1: the argument after --outDir
CI, BUILD = "ci --ignore-scripts", "run build"


@pytest.fixture
def source(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A small board, which nobody has built."""
    ui = tmp_path / "ui"
    (ui / "src" / "api").mkdir(parents=True)
    for name in ("package.json", "package-lock.json", "index.html", "src/main.tsx", "src/api/schema.ts"):
        (ui / name).write_text(f"{name}\n")
    monkeypatch.setattr(board, "board_source", lambda: ui)
    monkeypatch.setattr(board, "_NEEDED_BYTES", 0)
    return ui


@pytest.fixture
def use_npm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Callable[[], list[str]]]:
    """Puts an npm that does this on PATH; gives what tells its calls since it was asked last."""

    def use(*, ci: str = INSTALLS, build: str = BUILDS) -> Callable[[], list[str]]:
        folder, calls = tmp_path / "bin", tmp_path / "calls"
        folder.mkdir(exist_ok=True)
        for name, text in (("node", "#!/bin/sh\necho v22.20.0\n"), ("npm", FAKE_NPM)):
            (folder / name).write_text(text.format(calls=calls, ci=ci, build=build))
            (folder / name).chmod(0o755)
        monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")

        def new_calls() -> list[str]:
            found = calls.read_text().splitlines() if calls.exists() else []
            calls.unlink(missing_ok=True)
            return found

        return new_calls

    return use


def builder(tmp_path: Path) -> BoardBuilder:
    progress = Progress(quiet=True)
    return BoardBuilder(tmp_path / "cache", WheelStore(tmp_path / "cache", progress), progress)


async def test_built_when_its_source_changed_and_only_then(
    source: Path, tmp_path: Path, use_npm: Callable[..., Callable[[], list[str]]]
) -> None:
    calls = use_npm()

    async def called() -> list[str]:
        assert await builder(tmp_path).folder() == source / "dist"
        assert (source / "dist" / BUILT_FROM).read_text() == fingerprint(source)
        return calls()

    assert await called() == [CI, BUILD]
    assert await called() == []
    (source / "src" / "main.tsx").write_text("changed")
    assert await called() == [BUILD]
    (source / "public").mkdir()
    (source / "public" / "theme.js").write_text("new")
    assert await called() == [BUILD]
    (source / "public").rename(source / "publish")
    assert await called() == [BUILD]
    (source / "src" / "api" / "schema.ts").write_text("generated types, by a check")
    assert await called() == []
    (source / "package-lock.json").write_text("another version")
    assert await called() == [CI, BUILD]
    shutil.rmtree(source / "node_modules")
    assert await called() == []  # what is built needs no packages, nor a Node
    shutil.rmtree(source / "dist")
    assert await called() == [CI, BUILD]


async def test_two_that_need_it_build_it_once(
    source: Path, tmp_path: Path, use_npm: Callable[..., Callable[[], list[str]]]
) -> None:
    calls = use_npm()
    await asyncio.gather(builder(tmp_path).folder(), builder(tmp_path).folder())
    assert calls() == [CI, BUILD]


@pytest.mark.parametrize("end", ["echo 'error: no such import' >&2; exit 1", "kill -9 $$", 'rm "$1/index.html"'])
async def test_a_build_that_fails_leaves_the_board_as_it_was(
    source: Path, tmp_path: Path, use_npm: Callable[..., Callable[[], list[str]]], end: str
) -> None:
    calls = use_npm()
    await builder(tmp_path).folder()
    calls()
    (source / "index.html").write_text("changed\n")
    calls = use_npm(build=f"{BUILDS}; {end}")
    for _ in range(2):  # it does not count as done
        with pytest.raises(BuildFailed, match="board") as caught:
            await builder(tmp_path).folder()
        assert calls() == [BUILD]
        assert (source / "dist" / "index.html").read_text() == "index.html\n"
    assert "no such import" in str(caught.value) or "echo" not in end
    use_npm()
    await builder(tmp_path).folder()
    assert (source / "dist" / "index.html").read_text() == "changed\n"
    assert not list((source / "node_modules").glob(".board*"))


async def test_a_build_that_is_stopped_leaves_the_board_as_it_was(
    source: Path, tmp_path: Path, use_npm: Callable[..., Callable[[], list[str]]]
) -> None:
    use_npm()
    await builder(tmp_path).folder()
    (source / "index.html").write_text("changed\n")
    use_npm(build=f"{BUILDS}; echo half > half; sleep 60")
    building = asyncio.create_task(builder(tmp_path).folder())
    async with asyncio.timeout(20):
        while not (source / "half").exists():  # noqa: ASYNC110  # another process makes it
            await asyncio.sleep(0.02)
    building.cancel()
    with pytest.raises(asyncio.CancelledError):
        await building
    assert (source / "dist" / "index.html").read_text() == "index.html\n"
    assert not list((source / "node_modules").glob(".board*"))


@pytest.mark.parametrize(
    ("said", "remedy"),
    [
        ("npm error code ENOTFOUND", "look at the network"),
        ("npm error `npm ci` can only install packages when they are in sync", "run `npm install` in ui/"),
        ("npm error code EINTEGRITY", "not the one that is pinned"),
        ("npm error something else", "see the end of the log"),
    ],
)
async def test_packages_that_cannot_be_had(
    source: Path, tmp_path: Path, use_npm: Callable[..., Callable[[], list[str]]], said: str, remedy: str
) -> None:
    calls = use_npm(ci=f"{INSTALLS}; echo '{said.replace('`', '')}' >&2; exit 1")
    for _ in range(2):  # half an installation does not count as done
        with pytest.raises(BuildFailed, match=re.escape(remedy)) as caught:
            await builder(tmp_path).folder()
        assert calls() == [CI]
    assert said.replace("`", "") in str(caught.value)
    assert caught.value.log is not None
    assert caught.value.log.exists()


async def test_scripts_end_as_npm_ends(
    source: Path, tmp_path: Path, use_npm: Callable[..., Callable[[], list[str]]], monkeypatch: pytest.MonkeyPatch
) -> None:
    use_npm(build="exit 7")
    assert await builder(tmp_path).run_script("check") == 7
    monkeypatch.setattr(board, "board_source", lambda: None)
    assert await builder(tmp_path).folder() is None
    with pytest.raises(BuildFailed, match="in a checkout"):
        await builder(tmp_path).run_script("check")


def build(target: str, folder: Path, root: Path) -> subprocess.CompletedProcess[str]:
    argv = [sys.executable, "-m", "hatchling", "build", "--target", target, "--directory", str(folder)]
    return subprocess.run(argv, cwd=root, capture_output=True, text=True, timeout=60, check=False)


def test_the_wheel_brings_the_board_or_is_not_made(tmp_path: Path) -> None:
    checkout = tmp_path / "checkout"
    ignored = shutil.ignore_patterns(".*", "dist", "node_modules", "tests", "__pycache__")
    shutil.copytree(ROOT, checkout, ignore=ignored)
    shutil.copy(ROOT / ".gitignore", checkout)  # hatch leaves out what git does not keep
    ui = checkout / "ui"
    refused = build("wheel", tmp_path / "none", checkout)
    assert refused.returncode == 1
    assert "run `make board`" in refused.stderr
    assert "Traceback" not in refused.stderr
    (ui / "dist" / "assets").mkdir(parents=True)
    (ui / "dist" / "index.html").write_text("the board")
    (ui / "dist" / BUILT_FROM).write_text(fingerprint(ui))
    (ui / "node_modules").mkdir()
    (ui / "node_modules" / "huge").write_text("")
    assert build("sdist", tmp_path, checkout).returncode == 0
    with tarfile.open(next(tmp_path.glob("*.tar.gz"))) as archive:
        archive.extractall(tmp_path / "sdist", filter="data")
        assert not [name for name in archive.getnames() if "node_modules" in name]
    (unpacked,) = (tmp_path / "sdist").iterdir()
    for root in (checkout, unpacked):
        made = build("wheel", tmp_path / "wheels", root)
        assert made.returncode == 0, made.stderr
        with zipfile.ZipFile(next((tmp_path / "wheels").glob("*.whl"))) as wheel:
            assert wheel.read("incident_api/static/index.html") == b"the board"
        shutil.rmtree(tmp_path / "wheels")
    (ui / "src" / "main.tsx").write_text("changed")
    assert build("wheel", tmp_path / "none", checkout).returncode == 1
    assert not list((tmp_path / "none").iterdir())
