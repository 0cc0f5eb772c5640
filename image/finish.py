"""Makes an environment fit for the image: run by its own Python, as the last step of the build.

What nothing at run time reads goes, modules are compiled, and every file gets the one time of SOURCE_DATE_EPOCH,
so that two builds of a commit hold the same files.
"""

from __future__ import annotations

import compileall
import csv
import os
import py_compile
import shutil
import sys
import sysconfig
from collections.abc import Iterator
from pathlib import Path

PREFIX = Path(sys.prefix)
SITE = Path(sysconfig.get_path("purelib"))
NEEDLESS = (
    "incident_local",  # the laptop runtime: it starts what Kubernetes starts here
    "googleapiclient/discovery_cache/documents",  # descriptions of every Google service; the one in use is fetched
)
NEEDLESS_SUFFIXES = frozenset({".c", ".cpp", ".h", ".pxd", ".pyi", ".pyx"})
NEEDLESS_PROGRAMS_KEPT = "incident-"


def main() -> int:
    """0 when done."""
    needless = [*needless_modules(), *needless_programs(), *needless_of_venv()]
    for path in needless:
        remove(path)
    forget_removed()
    compiled = compileall.compile_dir(
        str(SITE), quiet=1, workers=0, invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH
    )
    set_times(int(os.environ.get("SOURCE_DATE_EPOCH", "0")))
    return 0 if compiled else 1


def needless_modules() -> Iterator[Path]:
    """Below site-packages."""
    for name in NEEDLESS:
        path = SITE / name
        if not path.exists():
            raise SystemExit(f"{path} is to be left out of the image, and is not there: look at NEEDLESS")
        yield path
    yield from (path for path in SITE.rglob("*") if path.suffix in NEEDLESS_SUFFIXES and path.is_file())


def needless_programs() -> Iterator[Path]:
    """All but Python itself and the image's own commands, of which the laptop's is none."""
    for path in (PREFIX / "bin").iterdir():
        is_ours = path.name.startswith(NEEDLESS_PROGRAMS_KEPT) and path.name != "incident-simulator"
        if not is_ours and not path.name.startswith("python"):
            yield path


def needless_of_venv() -> Iterator[Path]:
    yield from (path for name in ("include", "share") if (path := PREFIX / name).exists())


def remove(path: Path) -> None:
    """A file or a folder."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def forget_removed() -> None:
    """A distribution's list of files names what is there: scanners compare the two."""
    for record in SITE.glob("*.dist-info/RECORD"):
        with record.open(newline="") as file:
            rows = [row for row in csv.reader(file) if row and (SITE / row[0]).exists()]
        with record.open("w", newline="") as file:
            csv.writer(file, lineterminator="\n").writerows(rows)


def set_times(seconds: int) -> None:
    """Of every file, folder and link."""
    for path in (PREFIX, *PREFIX.rglob("*")):
        os.utime(path, (seconds, seconds), follow_symlinks=False)


if __name__ == "__main__":
    sys.exit(main())
