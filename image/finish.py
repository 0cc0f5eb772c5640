"""Makes an environment fit for the image: run by its own Python, as the last step of the build.

What nothing at run time reads goes, modules are compiled, every file gets the one time of SOURCE_DATE_EPOCH so that two
builds of a commit hold the same files, and at last every module of ours is imported: nothing that they need is gone.
"""

from __future__ import annotations

import compileall
import csv
import importlib
import os
import pkgutil
import py_compile
import shutil
import sys
import sysconfig
from collections.abc import Iterator
from importlib.metadata import distribution
from pathlib import Path

PREFIX = Path(sys.prefix)
SITE = Path(sysconfig.get_path("purelib"))
LAPTOP = "incident_local"
LAPTOP_PROGRAM = "incident-simulator"
OURS = ("incident_crds", "incident_operator", "incident_api")
NEEDLESS = (
    LAPTOP,  # it starts what Kubernetes starts here
    "googleapiclient/discovery_cache/documents",  # of every Google service, 90 MB; the one in use is fetched
    "google/ai/generativelanguage_v1",  # google-generativeai speaks v1beta
    "google/ai/generativelanguage_v1alpha",
    "google/ai/generativelanguage_v1beta2",
    "google/ai/generativelanguage_v1beta3",
)
NEEDLESS_FOLDERS = frozenset({"tests", "testdata"})
NEEDLESS_SUFFIXES = frozenset({".c", ".cpp", ".h", ".pxd", ".pyi", ".pyx"})
# Generated clients, twice 30 MB of comments in their source: they are there as bytecode alone.
COMPILED_ONLY = ("kubernetes/client", "kubernetes/aio/client")
UNCHECKED = py_compile.PycInvalidationMode.UNCHECKED_HASH  # a file's time is not in it, as it is by default


def main() -> int:
    """0 when done, else 1 after a message."""
    for path in [*needless_modules(), *needless_programs(), *needless_of_venv()]:
        remove(path)
    compile_modules()
    rewrite_records()
    set_times(int(os.environ.get("SOURCE_DATE_EPOCH", "0")))
    import_ours()
    return 0


def needless_modules() -> Iterator[Path]:
    """Below site-packages."""
    for name in NEEDLESS:
        path = SITE / name
        if not path.exists():
            raise SystemExit(f"{path} is to be left out of the image, and is not there: look at NEEDLESS")
        yield path
    for path in SITE.rglob("*"):
        if path.name in NEEDLESS_FOLDERS if path.is_dir() else path.suffix in NEEDLESS_SUFFIXES:
            yield path


def needless_programs() -> Iterator[Path]:
    """All but Python itself and the image's own commands, of which the laptop's is none."""
    for path in (PREFIX / "bin").iterdir():
        is_ours = path.name.startswith("incident-") and path.name != LAPTOP_PROGRAM
        if not is_ours and not path.name.startswith("python"):
            yield path


def needless_of_venv() -> Iterator[Path]:
    """Folders that `venv` and headers leave."""
    return (path for name in ("include", "share") if (path := PREFIX / name).exists())


def remove(path: Path) -> None:
    """A file or a folder, which another that was removed may have held."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def compile_modules() -> None:
    """All of them, and of COMPILED_ONLY nothing else stays. A module that does not compile here ends the build."""
    for name in COMPILED_ONLY:
        compiled = compileall.compile_dir(SITE / name, quiet=1, legacy=True, invalidation_mode=UNCHECKED)
        if not compiled or not any((SITE / name).rglob("*.pyc")):
            raise SystemExit(f"{SITE / name} does not compile, or is not there: look at COMPILED_ONLY")
        for path in (SITE / name).rglob("*.py"):
            path.unlink()
    if not compileall.compile_dir(SITE, quiet=1, invalidation_mode=UNCHECKED):
        raise SystemExit("a module does not compile: see above")


def rewrite_records() -> None:
    """A distribution's list of files names what is there: scanners compare the two."""
    for record in SITE.glob("*.dist-info/RECORD"):
        with record.open(newline="") as file:
            rows = sorted(row for row in csv.reader(file) if row and (SITE / row[0]).exists())
        with record.open("w", newline="") as file:
            csv.writer(file, lineterminator="\n").writerows(rows)


def set_times(seconds: int) -> None:
    """Of every file, folder and link."""
    for path in (*PREFIX.rglob("*"), PREFIX):
        os.utime(path, (seconds, seconds), follow_symlinks=False)


def import_ours() -> None:
    """Every module and every command of ours. Raises ImportError where one needs what is gone."""
    sys.dont_write_bytecode = True
    importlib.invalidate_caches()
    for name in OURS:
        package = importlib.import_module(name)
        for module in pkgutil.walk_packages(package.__path__, f"{name}."):
            if not module.name.endswith("__main__"):
                importlib.import_module(module.name)
    for command in distribution("incident-simulator").entry_points:
        if command.name != LAPTOP_PROGRAM:
            command.load()


if __name__ == "__main__":
    sys.exit(main())
