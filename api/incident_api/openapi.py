"""The OpenAPI document: what FastAPI knows, with how to sign in, and problem documents as what they are."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from incident_api.access.sessions import COOKIE
from incident_api.board.messages import MESSAGES
from incident_api.links import add_links
from incident_api.problems import CODES, MEDIA_TYPE
from incident_crds import __version__

PREFIX = "/api/v1"
OPEN_PATHS = frozenset(
    {"/healthz", "/readyz", "/metrics", f"{PREFIX}/health", f"{PREFIX}/board", f"{PREFIX}/session/link"}
)
"""They need no sign-in."""
_METHODS = frozenset({"get", "put", "post", "patch", "delete"})
_DESCRIPTION = """Incident drills on Kubernetes: incidents, plans, experiments and systems are resources in a cluster,
and this API shows and writes them with the rights of whoever signs in. Errors are problem documents (RFC 9457) with a
stable `code`. The live stream is at `/api/v1/ws` (WebSocket, subprotocol `incidentsim.v1`) and `/api/v1/events`."""


def describe(app: FastAPI) -> None:
    """Let the application make this document, once."""

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            app.openapi_schema = _build(app)
        return app.openapi_schema

    app.openapi = openapi  # type: ignore[method-assign]


def _build(app: FastAPI) -> dict[str, Any]:
    document = get_openapi(title="Incident simulator", version=__version__, description=_DESCRIPTION, routes=app.routes)
    components = document.setdefault("components", {})
    components["securitySchemes"] = {
        "bearer": {"type": "http", "scheme": "bearer", "description": "A Kubernetes token."},
        "session": {"type": "apiKey", "in": "cookie", "name": COOKIE, "description": "Set by POST /session."},
    }
    for path, item in document["paths"].items():
        for method, operation in item.items():
            if method in _METHODS:
                _complete(path, operation)
    add_links(document)
    for model in MESSAGES:
        schema = model.model_json_schema(mode="serialization", ref_template="#/components/schemas/{model}")
        components["schemas"].update(schema.pop("$defs", {}))
        components["schemas"][model.__name__] = schema
    components["schemas"]["ProblemDocument"]["properties"]["code"]["enum"] = sorted(CODES)
    for unused in ("HTTPValidationError", "ValidationError"):
        components["schemas"].pop(unused, None)
    return document


def _complete(path: str, operation: dict[str, Any]) -> None:
    operation["security"] = [] if path in OPEN_PATHS else [{"bearer": []}, {"session": []}]
    for parameter in operation.get("parameters", ()):
        _forbid_null(parameter["schema"])
    for response in operation["responses"].values():
        content = response.get("content", {})
        schema = content.get("application/json", {}).get("schema", {})
        if schema.get("$ref", "").endswith(("/ProblemDocument", "/HTTPValidationError")):
            response["content"] = {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/ProblemDocument"}}}


def _forbid_null(schema: dict[str, Any]) -> None:
    """A parameter is there or not: `null` in a URL or a header would be a word."""
    kept = [choice for choice in schema.get("anyOf", ()) if choice.get("type") != "null"]
    if len(kept) == 1:
        del schema["anyOf"]
        schema.update(kept[0])
