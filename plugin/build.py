"""Builds the plugin: a self-contained program, the archive of a release, and its manifest for krew.

The same source gives the same bytes: every time in them is SOURCE_DATE_EPOCH, or 1980. Needs Python's own library only.
"""

from __future__ import annotations

import argparse
import gzip
import hashlib
import io
import os
import re
import sys
import tarfile
import time
import zipfile
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PROGRAM = "kubectl-incident"
_SHEBANG = b"#!/usr/bin/env python3\n"
_START = (
    "import sys\n"
    "if sys.version_info < (3, 9):\n"
    '    sys.exit("kubectl incident needs Python 3.9 or newer as python3")\n'
    "from kubectl_incident.cli import main\n"
    "sys.exit(main())\n"
)
_OLDEST = 315532800  # 1980: a zip archive knows no earlier time


@dataclass(frozen=True)
class Built:
    """What lies in the folder afterwards."""

    program: Path
    archive: Path
    manifest: Path


def build(folder: Path, *, release_url: str = "", homepage: str = "") -> Built:
    """`release_url`: where the archive will lie; without it the manifest names the file alone, for `krew --archive`."""
    moment = max(_OLDEST, int(os.environ.get("SOURCE_DATE_EPOCH") or _OLDEST))
    version = read_version()
    folder.mkdir(parents=True, exist_ok=True)
    program, archive = folder / PROGRAM, folder / f"{PROGRAM}-v{version}.tar.gz"
    program.write_bytes(_SHEBANG + _zipped(moment))
    program.chmod(0o755)
    files = {PROGRAM: (program.read_bytes(), 0o755), "LICENSE": ((ROOT / "LICENSE").read_bytes(), 0o644)}
    archive.write_bytes(_packed(files, moment))
    uri = f"{release_url.rstrip('/')}/{archive.name}" if release_url else archive.name
    manifest = folder / "incident.yaml"
    manifest.write_text(render(version, uri, hashlib.sha256(archive.read_bytes()).hexdigest(), homepage))
    return Built(program, archive, manifest)


def read_version() -> str:
    text = (ROOT / "plugin" / "kubectl_incident" / "__init__.py").read_text()
    found = re.search(r'^__version__ = "(\d+\.\d+\.\d+[^"]*)"$', text, re.MULTILINE)
    if found is None:
        raise SystemExit("plugin/kubectl_incident/__init__.py has no __version__")
    return found[1]


def render(version: str, uri: str, sha256: str, homepage: str) -> str:
    """The manifest; the line of a homepage that is not known is left out."""
    text = (ROOT / "plugin" / "krew" / "incident.yaml").read_text()
    lines = [line for line in text.splitlines() if not line.startswith("#")]
    if not homepage:
        lines = [line for line in lines if "@HOMEPAGE@" not in line]
    filled = "\n".join(lines) + "\n"
    for mark, value in (("VERSION", version), ("URI", uri), ("SHA256", sha256), ("HOMEPAGE", homepage)):
        filled = filled.replace(f"@{mark}@", value)
    return filled


def _contents() -> dict[str, bytes]:
    package = ROOT / "plugin" / "kubectl_incident"
    files = {f"kubectl_incident/{path.name}": path.read_bytes() for path in package.glob("*.py")}
    scenarios = {f"kubectl_incident/scenarios/{p.name}": p.read_bytes() for p in (ROOT / "scenarios").glob("*.yaml")}
    return {"__main__.py": _START.encode(), **files, **scenarios}


def _zipped(moment: int) -> bytes:
    buffer = io.BytesIO()
    date = time.gmtime(moment)[:6]
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, content in sorted(_contents().items()):
            entry = zipfile.ZipInfo(name, date)
            entry.create_system = 3  # Unix, whatever builds it
            entry.external_attr = 0o644 << 16
            archive.writestr(entry, content)  # stored: the tar around it is compressed, and it starts sooner
    return buffer.getvalue()


def _packed(files: dict[str, tuple[bytes, int]], moment: int) -> bytes:
    tar = io.BytesIO()
    with tarfile.open(fileobj=tar, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        for name, (content, mode) in sorted(files.items()):
            entry = tarfile.TarInfo(name)
            entry.size, entry.mode, entry.mtime = len(content), mode, moment
            archive.addfile(entry, io.BytesIO(content))
    return gzip.compress(tar.getvalue(), mtime=moment)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--release-url", default="", help="folder of the release's files, such as https://HOST/v1.2.3")
    parser.add_argument("--homepage", default="", help="the project's; needed with --release-url")
    given = parser.parse_args()
    if given.release_url and not (given.release_url.startswith("https://") and given.homepage):
        parser.error("--release-url is an https:// address, and goes with --homepage: krew's index takes nothing else")
    built = build(given.folder, release_url=given.release_url, homepage=given.homepage)
    print(f"{built.program}\n{built.archive}\n{built.manifest}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
