"""`python -m incident_api.document [--check]`: write docs/api.md, or tell whether it is in step."""

from __future__ import annotations

import sys
from pathlib import Path

from incident_api.document.pages import build_document
from incident_api.document.requests import DocumentIncomplete

FILE = Path(__file__).parents[3] / "docs" / "api.md"


def main(arguments: list[str]) -> int:
    """0 when all is in step, or was written; 1 when --check found a difference, or something is missing."""
    try:
        text = build_document()
    except DocumentIncomplete as error:
        print(f"docs/api.md cannot be written: {error}", file=sys.stderr)
        return 1
    if "--check" not in arguments:
        FILE.write_text(text)
        return 0
    if not FILE.exists() or FILE.read_text() != text:
        print("docs/api.md is out of step with the API; run `make generate`", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
