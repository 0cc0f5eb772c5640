"""From an example to the command that a reader can paste."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import JsonValue

from incident_api.document.examples import SECTIONS, Example, Step

LINE = 120


class DocumentIncomplete(Exception):
    """Something that has to be in the document is missing; the message says what to do."""


@dataclass(frozen=True, slots=True)
class Operation:
    """A method of a path, as the OpenAPI document has it."""

    method: str
    path: str
    definition: Mapping[str, Any]

    @property
    def summary(self) -> str:
        """What it does."""
        text: str = self.definition["description"]
        return text.partition("\n")[0]

    @property
    def statuses(self) -> list[str]:
        """Those of success, the usual one first."""
        return [status for status in self.definition["responses"] if status[0] in "23"]


def read_operations(openapi: Mapping[str, Any]) -> dict[str, Operation]:
    """By operationId, in the order of the document."""
    return {
        definition["operationId"]: Operation(method.upper(), path, definition)
        for path, item in openapi["paths"].items()
        for method, definition in item.items()
    }


def write_examples(openapi: Mapping[str, Any]) -> str:
    """Every section with its commands. Raises DocumentIncomplete."""
    operations = read_operations(openapi)
    shown = [entry.operation for section in SECTIONS.values() for entry in section if isinstance(entry, Example)]
    if wrong := sorted(set(shown) ^ operations.keys()):
        raise DocumentIncomplete(f"document/examples.py must have an example of each path, not so: {', '.join(wrong)}")
    models = openapi["components"]["schemas"]
    parts: list[str] = []
    for title, section in SECTIONS.items():
        commands = "\n\n".join(_write(entry, operations, models) for entry in section)
        parts.append(f"### {title}\n\n```sh\n{commands}\n```")
    return "\n\n".join(parts)


def _write(entry: Example | Step, operations: Mapping[str, Operation], models: Mapping[str, Any]) -> str:
    if isinstance(entry, Step):
        return f"# {entry.note}\n{entry.command}"
    operation = operations[entry.operation]
    note = f" ({entry.note})" if entry.note else ""
    return f"# {operation.method} {operation.path}: {operation.statuses[0]}{note}\n{_curl(entry, operation, models)}"


def _curl(entry: Example, operation: Operation, models: Mapping[str, Any]) -> str:
    path = operation.path
    for name, value in entry.path.items():
        path = path.replace(f"{{{name}}}", value)
    if "{" in path:
        raise DocumentIncomplete(f"the example of {entry.operation} leaves a part of {operation.path} open")
    words = ["curl -s"]
    if entry.options:
        words.append(entry.options)
    if operation.method not in ("GET", "POST") or (operation.method == "POST" and not _has_body(operation)):
        words.append(f"-X {operation.method}")
    if entry.has_token:
        words.append('-H "Authorization: Bearer $TOKEN"')
    query = f"?{entry.query}" if entry.query else ""
    words.append(f'"$API{path}{query}"')
    if _has_body(operation):
        words.append("-H 'Content-Type: application/json'")
        words.append(f"-d {_quote({**_example_body(operation, models), **entry.body})}")
    return _fold(words)


def _has_body(operation: Operation) -> bool:
    return "requestBody" in operation.definition


def _example_body(operation: Operation, models: Mapping[str, Any]) -> dict[str, JsonValue]:
    schema = operation.definition["requestBody"]["content"]["application/json"]["schema"]
    names = list(_named_models(schema))
    if missing := [name for name in names if not models[name].get("examples")]:
        raise DocumentIncomplete(f"give the model {missing[0]} in routes/ an example (json_schema_extra)")
    found: dict[str, JsonValue] = models[names[0]]["examples"][0]
    return found


def _named_models(schema: Mapping[str, Any]) -> Iterator[str]:
    """A body is a model, or one of several."""
    if "$ref" in schema:
        yield schema["$ref"].rpartition("/")[2]
    for choice in schema.get("anyOf", ()):
        yield from _named_models(choice)


def _quote(body: Mapping[str, JsonValue]) -> str:
    """For the shell: in single quotes, or in double quotes where it holds a variable."""
    text = json.dumps(body)
    if any(isinstance(value, str) and value.startswith("$") for value in body.values()):
        return '"' + text.replace('"', '\\"') + '"'
    return f"'{text}'"


def _fold(words: list[str]) -> str:
    """Onto several lines where one would be too long."""
    lines = [words[0]]
    for word in words[1:]:
        if len(lines[-1]) + len(word) + 3 > LINE:
            lines.append(f"  {word}")
        else:
            lines[-1] += f" {word}"
    return " \\\n".join(lines)
