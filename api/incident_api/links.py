"""Links of the OpenAPI document: for which requests an answer holds what they need."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from pydantic import JsonValue

_INCIDENT = (
    "get_incident",
    "change_incident",
    "move_incident",
    "write_notes",
    "acknowledge",
    "assign",
    "false_alarm",
    "reopen",
    "analyze",
    "propose",
    "list_executions",
    "delete_incident",
)


@dataclass(frozen=True, slots=True)
class _Link:
    """From the answer of one operation to another; `at` is where in the answer the object is."""

    source: str
    target: str
    at: str = ""
    id: str = "id"
    """The path's parameter; empty for a path without one."""
    body: dict[str, str] = field(default_factory=dict)
    """The request's body, or part of it; its members may be expressions too."""

    def to_json(self) -> dict[str, Any]:
        """As OpenAPI has it."""
        link: dict[str, Any] = {"operationId": self.target}
        if self.id:
            link["parameters"] = {self.id: _of(self.at, "id")}
        if self.body:
            link["requestBody"] = dict(self.body)
        return link


def _of(at: str, name: str) -> str:
    return f"$response.body#{at}/{name}"


def _links() -> Iterator[_Link]:
    for source, at in (("create_incident", ""), ("generate_incident", ""), ("list_incidents", "/0")):
        yield from (_Link(source, target, at) for target in _INCIDENT)
    yield _Link("list_resolved", "reopen", "/0")
    yield _Link("list_incidents", "merge", "/0", body={"into": _of("/1", "id")})
    for source, at in (("list_plans", "/0"), ("list_executions", "/0"), ("propose", "")):
        yield _Link(source, "get_plan", at)
        yield _Link(source, "get_execution", at)
        yield _Link(source, "approve", at, body={"plan_hash": _of(at, "plan_hash")})
        yield _Link(source, "reject", at, body={"plan_hash": _of(at, "plan_hash"), "reason": "Not during the day."})
    for source, at in (("create_experiment", ""), ("trigger", ""), ("list_experiments", "/0")):
        yield _Link(source, "get_experiment", at)
        yield _Link(source, "abort_experiment", at)
    yield _Link("list_systems", "get_system", "/0")
    yield _Link("list_systems", "diagnose", id="", body={"message": "It is slow", "system": _of("/0", "name")})
    yield _Link("list_scenarios", "create_experiment", id="", body={"scenario": _of("/0", "name")})


def add_links(document: dict[str, Any]) -> None:
    """Write the links into the document. Raises KeyError for an operation that is not there."""
    operations = {
        operation["operationId"]: operation for item in document["paths"].values() for operation in item.values()
    }
    for link in _links():
        _ = operations[link.target]
        responses = operations[link.source]["responses"]
        success = responses[next(status for status in responses if status.startswith("2"))]
        links: dict[str, JsonValue] = success.setdefault("links", {})
        links[link.target] = link.to_json()
