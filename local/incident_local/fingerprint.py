"""What a board was built from, as one number. Nothing but the standard library: building the wheel asks it, too."""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Iterator
from pathlib import Path

BUILT = "dist"
BUILT_FROM = ".built-from"
"""In the folder of a built board: the fingerprint of its source."""

# schema.ts is written from docs/openapi.json and holds types only, which no build keeps.
_NO_SOURCE = frozenset({"node_modules", BUILT, ".build.lock", "src/api/schema.ts"})


def fingerprint(source: Path) -> str:
    """Changes with any file that could change the built board."""
    digest = hashlib.sha256()
    for path in sorted(_files(source, source)):
        digest.update(f"{path.relative_to(source)}\0".encode() + hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()


def is_current(source: Path) -> bool:
    """Whether the board in `dist` was built from the source as it is now."""
    try:
        return (source / BUILT / BUILT_FROM).read_text() == fingerprint(source)
    except FileNotFoundError:
        return False


def _files(folder: Path, source: Path) -> Iterator[Path]:
    for path in folder.iterdir():
        if str(path.relative_to(source)) in _NO_SOURCE:
            continue
        if path.is_dir():
            yield from _files(path, source)
        elif path.is_file():  # an editor's dangling links are none of ours
            yield path


if __name__ == "__main__":  # the image's build has nothing of ours installed when it stamps the board
    print(fingerprint(Path(sys.argv[1])), end="")
