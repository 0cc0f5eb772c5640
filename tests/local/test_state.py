"""The state folder: one user at a time, private files, and no start on a full disk."""

from __future__ import annotations

import fcntl
import os
import shutil
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from incident_local import state as state_module
from incident_local.errors import NoSpace, StateForeign, StateLocked
from incident_local.state import StateFolder, require_space, write_private
from incident_local.stopping import delete_data
from tests.conftest import Stack
from tests.processes import clean_environment


@pytest.fixture
def folder(tmp_path: Path) -> StateFolder:
    made = StateFolder(tmp_path / "state")
    made.prepare()
    return made


def test_second_user_is_told_who_holds_it(folder: StateFolder) -> None:
    with folder.locked():
        assert folder.holder() == os.getpid()
        with pytest.raises(StateLocked, match=f"in use by process {os.getpid()}") as caught, folder.locked():
            pass
        assert "incident-simulator down" in str(caught.value)
    assert folder.holder() is None
    with folder.locked():
        pass


def test_lock_goes_with_a_process_that_is_killed(folder: StateFolder) -> None:
    holds = (
        "import sys, time; from pathlib import Path; from incident_local.state import StateFolder\n"
        "with StateFolder(Path(sys.argv[1])).locked():\n    print('held', flush=True); time.sleep(60)"
    )
    with subprocess.Popen([sys.executable, "-c", holds, folder.root], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        assert folder.holder() == process.pid
        process.kill()
    assert folder.holder() is None  # although its number is still in the file
    assert folder.lock_file.read_text().strip() == str(process.pid)


def test_second_up_changes_nothing(stack: Stack) -> None:
    before = (stack.state / "run.json").read_text()
    done = subprocess.run(
        [sys.executable, "-m", "incident_local.cli", "up"],
        env=clean_environment() | {"INCIDENTSIM_STATE_DIR": str(stack.state)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 1
    assert f"in use by process {stack.info['pid']}" in done.stderr
    assert (stack.state / "run.json").read_text() == before


def test_private_file_is_whole_or_not_there(tmp_path: Path) -> None:
    path = tmp_path / "secret"
    write_private(path, "one")
    write_private(path, "two")
    assert path.read_text() == "two"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    with pytest.raises(TypeError):
        write_private(path, 3)  # type: ignore[arg-type]
    assert path.read_text() == "two"
    assert list(tmp_path.iterdir()) == [path]


def test_too_little_space_names_the_folder(tmp_path: Path) -> None:
    with pytest.raises(NoSpace, match=f"{tmp_path} has .* MiB left and needs") as caught:
        require_space(tmp_path, shutil.disk_usage(tmp_path).total * 2)
    assert "INCIDENTSIM_STATE_DIR" in str(caught.value)


def test_unwritable_state_folder_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(NoSpace, match="cannot be made"):
        StateFolder(tmp_path / "file" / "state").prepare()


def test_up_on_a_full_disk_starts_nothing(tmp_path: Path) -> None:
    """On a real file system of 8 MiB, which is there for this one process only."""
    unshare = ["unshare", "--mount"] if os.geteuid() == 0 else ["unshare", "--user", "--map-root-user", "--mount"]
    if not shutil.which("unshare") or subprocess.run([*unshare, "true"], capture_output=True, check=False).returncode:
        pytest.skip("this machine lets nobody mount")
    script = f"mount -t tmpfs -o size=8m none {tmp_path} && exec {sys.executable} -m incident_local.cli up"
    done = subprocess.run(
        [*unshare, "sh", "-c", script],
        env=clean_environment() | {"INCIDENTSIM_STATE_DIR": str(tmp_path / "state")},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 1
    needed = state_module.NEEDED_BYTES // state_module.MEBIBYTE
    assert f"needs {needed} MiB" in done.stderr
    assert "start control-plane" not in done.stderr


def test_a_folder_of_somebody_else_is_neither_used_nor_deleted(tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("years of work")
    mode = stat.S_IMODE(tmp_path.stat().st_mode)
    foreign = StateFolder(tmp_path)
    with pytest.raises(StateForeign, match="holds mine"):
        foreign.prepare()
    with pytest.raises(StateForeign):
        delete_data(foreign)
    (tmp_path / "data").mkdir()
    (tmp_path / "lock").write_text("of another program")
    with pytest.raises(StateForeign):  # names that others use, too
        delete_data(foreign)
    assert (tmp_path / "mine" / "thesis.txt").read_text() == "years of work"
    assert stat.S_IMODE(tmp_path.stat().st_mode) == mode


def test_only_what_is_ours_is_deleted(folder: StateFolder) -> None:
    (folder.secrets / "admin.token").write_text("x")
    (folder.root / "note.txt").write_text("somebody's")
    with folder.locked():
        pass
    delete_data(folder)
    assert [entry.name for entry in folder.root.iterdir()] == ["note.txt"]
    (folder.root / "note.txt").unlink()
    StateFolder(folder.root).prepare()
    delete_data(folder)
    assert not folder.root.exists()


def test_a_run_that_was_killed_does_not_look_ready(folder: StateFolder) -> None:
    folder.run_file.write_text("{}")
    with folder.locked():
        assert not folder.run_file.exists()


def test_a_look_at_the_lock_keeps_nobody_from_taking_it(folder: StateFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    with folder.lock_file.open() as look:
        fcntl.flock(look, fcntl.LOCK_SH)
        monkeypatch.setattr("incident_local.state.time.sleep", lambda _: fcntl.flock(look, fcntl.LOCK_UN))
        with folder.locked():
            assert folder.holder() == os.getpid()


def test_a_holder_that_has_just_begun_is_not_nobody(folder: StateFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    with folder.lock_file.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        monkeypatch.setattr("incident_local.state.time.sleep", lambda _: folder.lock_file.write_text("4711\n"))
        assert folder.holder() == 4711
        lock.truncate(0)
        monkeypatch.setattr("incident_local.state.time.sleep", lambda _: None)
        with pytest.raises(StateLocked, match="not said by whom"):
            folder.holder()


def test_another_user_s_folder_is_told(folder: StateFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> int:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(os, "open", refuse)
    with pytest.raises(StateLocked, match="belongs to another user"):
        folder.holder()
