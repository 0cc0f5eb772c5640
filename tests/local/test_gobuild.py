"""The control plane's cache and its builds, with a Go that is a shell script."""

from __future__ import annotations

import asyncio
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from incident_local import gobuild
from incident_local.errors import BuildFailed
from incident_local.gobuild import ControlPlaneBuilder, control_plane, find_envtest, make_recipe
from incident_local.programs import Go
from incident_local.progress import Progress
from incident_local.settings import control_plane_source
from incident_local.wheels import WheelStore

FAKE_GO = """#!/bin/sh
case $1 in
  version) echo 'go version go1.99.0 linux/amd64' ;;
  list) echo one; echo two ;;
  build)
    echo build >> {calls}
    {build}
    ;;
esac
"""
# The output is the argument after -o.
WRITES = 'while [ "$1" != -o ]; do shift; done; echo binary > "$2"; chmod +x "$2"'


@pytest.fixture
def source(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the module's source."""
    copy = tmp_path / "source"
    shutil.copytree(control_plane_source(), copy)
    monkeypatch.setattr(gobuild, "control_plane_source", lambda: copy)
    monkeypatch.setattr(gobuild, "_NEEDED_BYTES", 0)
    return copy


def builder(tmp_path: Path) -> ControlPlaneBuilder:
    progress = Progress(quiet=True)
    return ControlPlaneBuilder(tmp_path / "cache", WheelStore(tmp_path / "cache", progress), progress)


def fake_go(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, build: str) -> Path:
    """Puts it first on PATH; returns the file that counts its builds."""
    calls, folder = tmp_path / "calls", tmp_path / "gobin"
    folder.mkdir(exist_ok=True)
    (folder / "go").write_text(FAKE_GO.format(calls=calls, build=build))
    (folder / "go").chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")
    return calls


def test_key_follows_source_go_and_flags(source: Path) -> None:
    recipe = make_recipe(control_plane(source), Go(Path("/go"), "1.26.8 linux/amd64", is_from_wheel=False))
    keys = {recipe.key}
    keys.add(replace(recipe, go=replace(recipe.go, version="1.27.3 linux/amd64")).key)
    keys.add(replace(recipe, flags=(*recipe.flags, "-race")).key)
    (source / "main.go").write_text((source / "main.go").read_text() + "\n// changed\n")
    keys.add(recipe.key)
    (source / "go.sum").write_text("")
    keys.add(recipe.key)
    assert len(keys) == 5
    assert replace(recipe, go=replace(recipe.go, program=Path("/elsewhere/go"))).key == recipe.key


def test_version_stamp_is_the_one_of_the_module(source: Path) -> None:
    flags = make_recipe(control_plane(source), Go(Path("/go"), "1.26.8", is_from_wheel=False)).flags
    assert "gitVersion=v1.36.3" in flags[1]
    assert "gitMajor=1 " in flags[1]
    assert "gitMinor=36" in flags[1]


async def test_two_that_need_it_build_it_once(source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    calls = fake_go(tmp_path, monkeypatch, WRITES)
    first, second = await asyncio.gather(builder(tmp_path).binary(), builder(tmp_path).binary())
    assert first == second
    assert first.read_text() == "binary\n"
    assert calls.read_text() == "build\n"
    assert [path.name for path in first.parent.iterdir()] == ["controlplane"]


async def test_failed_build_tells_why_and_leaves_nothing(
    source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake_go(tmp_path, monkeypatch, f"{WRITES}; echo 'main.go:7: undefined: frobnicate' >&2; exit 1")
    with pytest.raises(BuildFailed) as caught:
        await builder(tmp_path).binary()
    assert "undefined: frobnicate" in str(caught.value)
    assert caught.value.log
    assert "undefined: frobnicate" in caught.value.log.read_text()
    assert not list((tmp_path / "cache" / "controlplane").rglob("*controlplane*"))


async def test_build_without_network_says_so(source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fake_go(tmp_path, monkeypatch, "echo 'dial tcp: lookup proxy: no such host' >&2; exit 1")
    with pytest.raises(BuildFailed, match="look at the network"):
        await builder(tmp_path).binary()


def test_envtest_without_binaries_says_how_to_get_them(tmp_path: Path) -> None:
    with pytest.raises(BuildFailed, match="setup-envtest use"):
        find_envtest(tmp_path)
