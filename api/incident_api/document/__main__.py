"""`python -m incident_api.document [--check]`: write docs/{api.md,openapi.json}, or tell whether they are in step."""

from __future__ import annotations

import sys
from pathlib import Path

from incident_api.document.pages import build_files
from incident_api.document.requests import DocumentIncomplete

FOLDER = Path(__file__).parents[3] / "docs"
FILE = FOLDER / "api.md"


def main(arguments: list[str]) -> int:
    """0 when all is in step, or was written; 1 when --check found a difference, or something is missing."""
    try:
        files = build_files()
    except DocumentIncomplete as error:
        print(f"docs/api.md cannot be written: {error}", file=sys.stderr)
        return 1
    if "--check" not in arguments:
        for name, text in files.items():
            (FOLDER / name).write_text(text)
        return 0
    wrong = [f"docs/{name}" for name, text in files.items() if _read(FOLDER / name) != text]
    if wrong:
        print(f"out of step with the API: {', '.join(wrong)}; run `make generate`", file=sys.stderr)
    return 1 if wrong else 0


def _read(path: Path) -> str | None:
    return path.read_text() if path.exists() else None


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
