"""Ways into the root that cannot lead out of it again."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from incident_operator.disk_agent.errors import UnsafePath

_LONGEST_PATH = 255
_DIRECTORY = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


def split_path(path: str) -> tuple[str, ...]:
    """The parts of a relative path. Raises UnsafePath for whatever could leave the root or is hidden."""
    if not path or len(path) > _LONGEST_PATH:
        raise UnsafePath(f"a path has 1 to {_LONGEST_PATH} characters; this one has {len(path)}")
    parts = tuple(path.split("/"))
    # a leading dot covers "." and "..", and keeps the agent's own records out of reach
    if any(not part or part.startswith(".") or "\0" in part for part in parts):
        raise UnsafePath(f"{path!r} must be relative to the root, without '..', hidden or empty parts")
    return parts


def check_file_name(name: str) -> str:
    """A plain file name in the root itself, or UnsafePath."""
    if len(split_path(name)) != 1:
        raise UnsafePath(f"{name!r} must be a plain file name")
    return name


@contextmanager
def open_parent(root: Path, parts: tuple[str, ...]) -> Iterator[int]:
    """A descriptor of the folder that holds the last part; no step follows a symbolic link.

    Working by descriptor closes the gap between check and use: a folder that is swapped for a
    link meanwhile is not followed. Raises FileNotFoundError where a folder is missing.
    """
    descriptor = _descend(root, parts)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def _descend(root: Path, parts: tuple[str, ...]) -> int:
    descriptor = os.open(root, _DIRECTORY)
    for part in parts[:-1]:
        try:
            below = os.open(part, _DIRECTORY, dir_fd=descriptor)
        except FileNotFoundError:
            raise
        except (OSError, UnicodeEncodeError):
            raise UnsafePath(f"{'/'.join(parts)!r}: {part!r} is no folder, or is a link") from None
        finally:
            os.close(descriptor)
        descriptor = below
    return descriptor


def is_regular(name: str, parent: int) -> bool:
    """True for a regular file, never through a link. Raises FileNotFoundError where there is nothing."""
    return stat.S_ISREG(os.stat(name, dir_fd=parent, follow_symlinks=False).st_mode)
