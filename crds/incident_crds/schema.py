"""CustomResourceDefinitions from the models: structural OpenAPI v3 schemas with descriptions and rules.

Structural schemas have no references, no unions and no additionalProperties beside properties; see
the Kubernetes documentation on "Specifying a structural schema".
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from incident_crds.base import CATEGORY, GROUP, VERSION, Resource

_KEPT = (
    "type",
    "format",
    "description",
    "enum",
    "default",
    "minimum",
    "maximum",
    "minLength",
    "maxLength",
    "pattern",
    "minItems",
    "maxItems",
    "minProperties",
    "maxProperties",
    "x-kubernetes-validations",
    "x-kubernetes-list-type",
    "x-kubernetes-list-map-keys",
    "x-kubernetes-preserve-unknown-fields",
)
_LONGEST_STRING = 4096
_LARGEST_ITEMS = 1000
_LARGEST_MAP = 64


class SchemaError(Exception):
    """A model says something that a structural schema cannot say."""


def build_crd(kind: type[Resource]) -> dict[str, Any]:
    """The CustomResourceDefinition of one kind, as applied."""
    info = kind.info
    columns = [
        {
            "name": c.name,
            "type": c.type,
            "jsonPath": c.path,
            **({"priority": c.priority} if c.priority else {}),
            **({"description": c.description} if c.description else {}),
        }
        for c in info.columns
    ]
    version: dict[str, Any] = {
        "name": VERSION,
        "served": True,
        "storage": True,
        "schema": {"openAPIV3Schema": build_schema(kind)},
        "subresources": {"status": {}},
        "additionalPrinterColumns": columns,
    }
    if info.selectable_fields:
        version["selectableFields"] = [{"jsonPath": path} for path in info.selectable_fields]
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{info.plural}.{GROUP}", "labels": {"app.kubernetes.io/part-of": "incident-simulator"}},
        "spec": {
            "group": GROUP,
            "scope": "Namespaced",
            "names": {
                "kind": info.kind,
                "listKind": f"{info.kind}List",
                "plural": info.plural,
                "singular": info.singular,
                "shortNames": list(info.short_names),
                "categories": [CATEGORY],
            },
            "versions": [version],
        },
    }


def build_schema(kind: type[Resource]) -> dict[str, Any]:
    """The schema of spec and status; the rest of the object is the API server's own."""
    document = kind.model_json_schema(by_alias=True, mode="validation")
    definitions: dict[str, Any] = document.get("$defs", {})
    required = [name for name in document.get("required", []) if name == "spec"]
    name = kind.info.kind
    properties = {
        "spec": _structural(document["properties"]["spec"], _Source(definitions, True), path=f"{name}.spec"),
        "status": _structural(document["properties"]["status"], _Source(definitions, False), path=f"{name}.status"),
    }
    if not required:
        properties["spec"]["default"] = _filled_in(properties["spec"])
    return {
        "type": "object",
        "description": (kind.__doc__ or "").strip(),
        **({"required": required} if required else {}),
        "properties": properties,
    }


@dataclass(frozen=True, slots=True)
class _Source:
    """The model's schema, and whether blocks that may be left out are filled in by the server."""

    definitions: dict[str, Any]
    fills_in: bool


def _is_filled_in(raw: dict[str, Any], schema: dict[str, Any]) -> bool:
    """A block that, left out, is what its fields' defaults say: the server then stores it, for rules and people to see.

    A block that is None when left out (`| None`) has that default, null, in the model's schema.
    """
    return "default" not in raw and "properties" in schema and "required" not in schema


def _filled_in(schema: dict[str, Any]) -> dict[str, Any]:
    """The default of such a block. The server adds its fields' own, but not before it tries its rules on it."""
    if "x-kubernetes-validations" not in schema:
        return {}
    return {name: child["default"] for name, child in schema["properties"].items() if "default" in child}


def _structural(node: dict[str, Any], source: _Source, *, path: str) -> dict[str, Any]:
    node = _resolve(node, source.definitions, path=path)
    schema = {key: node[key] for key in _KEPT if key in node and node[key] is not None}
    if not schema.get("description"):
        schema.pop("description", None)
    match node.get("type"):
        case "object" if "properties" in node:
            required = node.get("required", [])
            schema["properties"] = {}
            for name, child in node["properties"].items():
                part = _structural(child, source, path=f"{path}.{name}")
                if source.fills_in and name not in required and _is_filled_in(child, part):
                    part["default"] = _filled_in(part)
                schema["properties"][name] = part
            if required:
                schema["required"] = required
        case "object":
            schema.setdefault("maxProperties", _LARGEST_MAP)
            values = node.get("additionalProperties")
            if not schema.get("x-kubernetes-preserve-unknown-fields"):
                schema["additionalProperties"] = _structural(_as_schema(values), source, path=f"{path}.*")
        case "array":
            schema.setdefault("maxItems", _LARGEST_ITEMS)
            schema["items"] = _structural(node["items"], source, path=f"{path}[]")
        case "string":
            if "enum" not in schema and schema.get("format") != "date-time":
                schema.setdefault("maxLength", _LONGEST_STRING)
        case "integer":
            schema.setdefault("format", "int64")
        case "number" | "boolean":
            pass
        case _:
            raise SchemaError(f"{path}: type {node.get('type')!r} has no structural schema")
    return schema


def _resolve(node: dict[str, Any], definitions: dict[str, Any], *, path: str) -> dict[str, Any]:
    """Follow references and drop `null`: an absent field is how the API says none. The field's own words win."""
    node = dict(node)
    options = node.pop("anyOf", None)
    if options is not None:
        real = [option for option in options if option.get("type") != "null"]
        if len(real) != 1:
            raise SchemaError(f"{path}: a union has no structural schema")
        node = {**real[0], **node}
    rules = list(node.pop("x-kubernetes-validations", []))
    reference = node.pop("$ref", None)
    if reference is not None:
        target = dict(definitions[reference.removeprefix("#/$defs/")])
        rules = [*target.pop("x-kubernetes-validations", []), *rules]
        node = {**target, **node}
        node = _resolve(node, definitions, path=path)
    if rules:
        node["x-kubernetes-validations"] = [*node.get("x-kubernetes-validations", []), *rules]
    return node


def _as_schema(values: object) -> dict[str, Any]:
    return values if isinstance(values, dict) else {"type": "string"}
