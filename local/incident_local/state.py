"""The state folder: what survives a restart of `up`, and the lock that keeps a second one out."""

from __future__ import annotations

import errno
import fcntl
import json
import os
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from incident_local.errors import NoSpace, StateForeign, StateLocked

MEBIBYTE = 1024 * 1024
NEEDED_BYTES = 256 * MEBIBYTE
_LOCK_TRIES = 5
_LOCK_PAUSE = 0.02


@dataclass(frozen=True, slots=True)
class StateFolder:
    """The paths below one state folder."""

    root: Path

    @property
    def logs(self) -> Path:
        return self.root / "logs"

    @property
    def secrets(self) -> Path:
        return self.root / "secrets"

    @property
    def data(self) -> Path:
        return self.root / "data"

    @property
    def kubeconfig(self) -> Path:
        return self.root / "kubeconfig"

    @property
    def operator_kubeconfig(self) -> Path:
        return self.root / "operator.kubeconfig"

    @property
    def api_kubeconfig(self) -> Path:
        return self.root / "api.kubeconfig"

    @property
    def control_token(self) -> Path:
        """What the operator shows to whatever stops, starts and delays systems."""
        return self.secrets / "control.token"

    @property
    def api_session_secret(self) -> Path:
        """Kept, so that who is signed in stays so over a restart."""
        return self.secrets / "api-session.secret"

    @property
    def run_file(self) -> Path:
        """Written once everything is ready, gone when it stops."""
        return self.root / "run.json"

    @property
    def ports_file(self) -> Path:
        return self.root / "ports.json"

    @property
    def lock_file(self) -> Path:
        return self.root / "lock"

    def parts(self) -> list[Path]:
        """All that is ours in it."""
        kubeconfigs = [self.kubeconfig, self.operator_kubeconfig, self.api_kubeconfig]
        return [self.logs, self.secrets, self.data, *kubeconfigs, self.run_file, self.ports_file, self.lock_file]

    def require_ours(self) -> None:
        """Raises StateForeign for a folder with files in it and no lock of ours: others have a data folder, too."""
        if not self.root.is_dir() or self._is_marked():
            return
        if found := sorted(entry.name for entry in self.root.iterdir()):
            raise StateForeign(
                f"{self.root} is no state folder: it holds {', '.join(found[:3])}",
                remedy="name an empty folder, or one that does not exist yet, with INCIDENTSIM_STATE_DIR",
            )

    def prepare(self) -> None:
        """Make the folders. Raises NoSpace, StateForeign or StateLocked before anything is half-started."""
        self.require_ours()
        try:
            self.root.mkdir(parents=True, exist_ok=True)
            os.close(self._open_lock(os.O_CREAT))  # first of all: it marks the folder as ours
            # The way to the data is open, the rest is not: as root, Postgres runs as somebody else.
            for folder, mode in ((self.root, 0o711), (self.data, 0o711), (self.logs, 0o700), (self.secrets, 0o700)):
                folder.mkdir(parents=True, exist_ok=True)
                folder.chmod(mode)
        except OSError as error:
            is_full = error.errno in (errno.ENOSPC, errno.EDQUOT)
            advice = "free some space, or" if is_full else "let this user write there, or"
            raise NoSpace(
                f"The state folder {self.root} cannot be made: {error.strerror}",
                remedy=f"{advice} name another folder with INCIDENTSIM_STATE_DIR",
            ) from error
        require_space(self.root, NEEDED_BYTES)

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Hold the folder for this process. The kernel lets go of it however the process ends.

        Raises StateLocked where another process holds it or another user owns it.
        """
        descriptor = self._open_lock(os.O_CREAT)
        try:
            try:
                _lock(descriptor)
            except BlockingIOError:
                raise StateLocked(
                    f"The state folder {self.root} is in use by process {_read_pid(descriptor) or 'unknown'}",
                    remedy="stop it with `incident-simulator down`, or use another folder with INCIDENTSIM_STATE_DIR",
                ) from None
            os.ftruncate(descriptor, 0)
            os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
            self.run_file.unlink(missing_ok=True)  # of one that was killed: it would make this one look ready
            try:
                yield
            finally:
                self.run_file.unlink(missing_ok=True)
                os.ftruncate(descriptor, 0)
        finally:
            os.close(descriptor)

    def holder(self) -> int | None:
        """Process that holds the folder, or None. A stale number in the file means nothing: the lock does.

        Raises StateLocked where the folder is another user's, or the holder does not say who it is.
        """
        try:
            descriptor = self._open_lock()
        except FileNotFoundError:
            return None
        try:
            for _ in range(_LOCK_TRIES):
                try:
                    fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
                except BlockingIOError:
                    if pid := _read_pid(descriptor):
                        return pid
                    time.sleep(_LOCK_PAUSE)  # it has just begun, or is just ending
                else:
                    return None
        finally:
            os.close(descriptor)
        raise StateLocked(f"The state folder {self.root} is held, and not said by whom", remedy="try again in a second")

    def _is_marked(self) -> bool:
        """Whether a lock lies there as we write it: a number or nothing."""
        try:
            text = self.lock_file.read_text("ascii", "replace").strip()
        except (FileNotFoundError, IsADirectoryError):
            return False
        except PermissionError:  # another user's, which is told when it is opened
            return True
        return not text or text.isdigit()

    def _open_lock(self, flags: int = 0) -> int:
        try:
            return os.open(self.lock_file, os.O_RDWR | os.O_CLOEXEC | flags, 0o600)
        except PermissionError as error:
            raise StateLocked(
                f"The state folder {self.root} belongs to another user: {self.lock_file.name} cannot be opened",
                remedy="run this as that user, or name another folder with INCIDENTSIM_STATE_DIR",
            ) from error


def _lock(descriptor: int) -> None:
    """Raises BlockingIOError where it is held for longer than a look at it takes."""
    for _ in range(_LOCK_TRIES):
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            time.sleep(_LOCK_PAUSE)  # `holder` takes a look by holding it for an instant
        else:
            return
    fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)


def _read_pid(descriptor: int) -> int | None:
    text = os.pread(descriptor, 32, 0).decode("ascii", "replace").strip()
    return int(text) if text.isdigit() else None


def require_space(folder: Path, needed: int) -> None:
    """Raises NoSpace when the file system that holds the folder has less than `needed` bytes left."""
    free = shutil.disk_usage(folder).free
    if free < needed:
        raise NoSpace(
            f"{folder} has {free // MEBIBYTE} MiB left and needs {needed // MEBIBYTE} MiB",
            remedy="free some space, or move the folders with INCIDENTSIM_STATE_DIR and INCIDENTSIM_CACHE_DIR",
        )


def write_private(path: Path, text: str) -> None:
    """Replace the file at once, readable by its owner only: nobody ever sees half of it."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    try:
        with os.fdopen(descriptor, "w") as file:
            file.write(text)
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def write_json(path: Path, value: object) -> None:
    write_private(path, json.dumps(value, indent=2) + "\n")
