"""The built board as it is served: every file of its folder, read and compressed once."""

from __future__ import annotations

import gzip
import hashlib
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

INDEX = "index.html"
ASSETS = "assets/"
"""Below it, names hold a hash of the content: what a name stands for never changes."""
_PACKAGED = Path(__file__).parent / "static"
_BUILT = Path(__file__).parents[2] / "ui" / "dist"
_TEXT = {
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".map": "application/json",
    ".mjs": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
    ".txt": "text/plain; charset=utf-8",
    ".webmanifest": "application/manifest+json",
    ".xml": "application/xml",
}
"""Media types of what gets smaller by gzip."""
_BINARY = {
    ".avif": "image/avif",
    ".gif": "image/gif",
    ".ico": "image/x-icon",
    ".jpg": "image/jpeg",
    ".png": "image/png",
    ".ttf": "font/ttf",
    ".wasm": "application/wasm",
    ".webp": "image/webp",
    ".woff": "font/woff",
    ".woff2": "font/woff2",
}


@dataclass(frozen=True, slots=True)
class WebFile:
    """One file as it is sent."""

    name: str
    """Its path in the folder."""
    media_type: str
    etag: str
    body: bytes = field(repr=False)
    compressed: bytes | None = field(repr=False)
    """By gzip; None where that makes it no smaller."""

    @property
    def is_immutable(self) -> bool:
        """What is behind the name never changes."""
        return self.name.startswith(ASSETS)


def find_folder(configured: Path | None = None) -> Path | None:
    """Where the built board is: as configured, in this package, or in the checkout; None where none was built."""
    candidates = (configured,) if configured is not None else (_PACKAGED, _BUILT)
    return next((folder for folder in candidates if (folder / INDEX).is_file()), None)


def read_folder(folder: Path) -> Mapping[str, WebFile]:
    """Its files by their path in it. A request is looked up here and never reaches the disk, so none leads outside."""
    return {file.name: file for file in _read_files(folder)}


def _read_files(folder: Path) -> Iterator[WebFile]:
    """Without hidden files, and without links that lead out of the folder."""
    root = folder.resolve()
    for place, folders, names in os.walk(root):
        folders[:] = [name for name in folders if not name.startswith(".")]
        for name in names:
            path = Path(place, name)
            if not name.startswith(".") and path.resolve().is_relative_to(root) and path.is_file():
                yield make_file(path.relative_to(root).as_posix(), path.read_bytes())


def make_file(name: str, body: bytes) -> WebFile:
    """A file of that name and content."""
    suffix = Path(name).suffix.lower()
    media_type = _TEXT.get(suffix) or _BINARY.get(suffix) or "application/octet-stream"
    smaller = gzip.compress(body, 9, mtime=0) if suffix in _TEXT else None
    if smaller is not None and len(smaller) >= len(body):
        smaller = None
    etag = f'W/"{hashlib.sha256(body).hexdigest()[:24]}"'
    return WebFile(name, media_type, etag, body, smaller)
