"""The user that Postgres runs as: it refuses root, so root has to drop to somebody else."""

from __future__ import annotations

import hashlib
import os
import pwd
import shutil
import stat
import subprocess
from pathlib import Path

from incident_local.errors import StartFailed
from incident_local.processes import Account

SHARED_FOLDER = Path("/var/lib/incident-simulator")
_OWN_USER = "incidentsim"


def unprivileged_account() -> Account | None:
    """None when this process is no root. As root: the user of an installed Postgres, else one of our own, made here."""
    if os.geteuid() != 0:
        return None
    if found := find_account():
        return found
    _create_user()
    if account := _account(_OWN_USER):
        return account
    raise StartFailed(
        "Postgres refuses to run as root, and no other system user could be made for it",
        remedy=f"run as an ordinary user, or make one with `useradd --system {_OWN_USER}`",
    )


def find_account() -> Account | None:
    """As `unprivileged_account`, but makes no user: None as root where there is none yet."""
    if os.geteuid() != 0:
        return None
    found = (_account(name) for name in ("postgres", _OWN_USER))
    return next((account for account in found if account), None)


def _account(name: str) -> Account | None:
    try:
        entry = pwd.getpwnam(name)
    except KeyError:
        return None
    return Account(entry.pw_name, entry.pw_uid, entry.pw_gid)


def _create_user() -> None:
    if shutil.which("useradd"):
        argv = ["useradd", "--system", "--user-group", "--no-create-home", "--shell", "/bin/false", _OWN_USER]
    elif shutil.which("adduser"):  # BusyBox, as in Alpine
        argv = ["adduser", "-S", "-D", "-H", "-s", "/bin/false", _OWN_USER]
    else:
        return
    subprocess.run(argv, check=False, capture_output=True, timeout=30)


def is_reachable(path: Path, account: Account) -> bool:
    """Whether the account may pass through every folder down to the path, which need not exist yet."""
    return all(_may_pass(folder, account) for folder in path.resolve().parents if folder.exists())


def _may_pass(folder: Path, account: Account) -> bool:
    found = folder.stat()
    if found.st_uid == account.uid:
        return bool(found.st_mode & stat.S_IXUSR)
    if found.st_gid == account.gid:
        return bool(found.st_mode & stat.S_IXGRP)
    return bool(found.st_mode & stat.S_IXOTH)


def folder_for(account: Account | None, wanted: Path) -> Path:
    """The wanted folder, or one that the account can reach: a checkout below /root is closed to everybody else."""
    if account is None or is_reachable(wanted / "x", account):
        return wanted
    digest = hashlib.sha256(str(wanted.resolve()).encode()).hexdigest()[:12]
    return SHARED_FOLDER / f"{wanted.name}-{digest}"


def give_folder(folder: Path, account: Account | None) -> None:
    """Make the folder the account's own, closed to others; the way to it stays open."""
    if account is not None and folder.is_relative_to(SHARED_FOLDER):
        SHARED_FOLDER.mkdir(parents=True, exist_ok=True)
        SHARED_FOLDER.chmod(0o755)
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o700)
    if account is not None:
        os.chown(folder, account.uid, account.gid)
