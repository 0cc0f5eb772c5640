"""The table of values in the chart's README, from values and schema: `python -m tests.chart.readme` writes it anew."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import yaml

from .rendering import CHART

README = CHART / "README.md"
BEGIN, END = "<!-- values: written by python -m tests.chart.readme -->\n", "<!-- end of values -->"
_WHOLE = ("resources", "labels", "podLabels")  # maps of which no part is a value of its own


def rows() -> Iterator[tuple[str, str, str]]:
    """Path, default and description of each value."""
    values = yaml.safe_load((CHART / "values.yaml").read_text())
    schema = json.loads((CHART / "values.schema.json").read_text())
    return _rows(values, schema, schema["definitions"], "")


def _rows(
    values: dict[str, Any], schema: dict[str, Any], definitions: dict[str, Any], before: str
) -> Iterator[tuple[str, str, str]]:
    properties = _properties(schema, definitions)
    for name, value in values.items():
        path = f"{before}{name}"
        if isinstance(value, dict) and value and name not in _WHOLE:
            yield from _rows(value, properties[name], definitions, f"{path}.")
        else:
            yield path, json.dumps(value, ensure_ascii=False), properties[name]["description"]


def _properties(schema: dict[str, Any], definitions: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = schema.get("properties", {})
    for part in schema.get("allOf", ()):
        found = found | definitions[part["$ref"].rpartition("/")[2]].get("properties", {})
    return found


def table() -> str:
    lines = ["| value | default | what it is |", "| --- | --- | --- |"]
    lines += [f"| `{path}` | `{default}` | {text} |" for path, default, text in rows()]
    return "\n".join(lines) + "\n"


def updated(text: str) -> str:
    """The README with the table as it has to be."""
    return re.sub(f"(?s)(?<={re.escape(BEGIN)}).*(?={re.escape(END)})", lambda _: f"\n{table()}\n", text)


if __name__ == "__main__":
    README.write_text(updated(README.read_text()))
