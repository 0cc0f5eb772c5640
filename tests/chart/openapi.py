"""JSON schemas of the kinds that the chart uses, from an API server's own OpenAPI documents.

kubeconform needs them and downloads them otherwise. `kubernetes-schemas.json` holds those of the built-in kinds,
without descriptions; `python -m tests.chart.openapi KUBECONFIG` writes it anew. Those of our own kinds come from the
models.
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from incident_crds.client import ApiClient, load_config
from incident_crds.manifests import custom_resource_definitions

FILE = Path(__file__).with_name("kubernetes-schemas.json")
BUILT_IN = (
    "v1/ConfigMap",
    "v1/Namespace",
    "v1/Secret",
    "v1/Service",
    "v1/ServiceAccount",
    "apps/v1/Deployment",
    "batch/v1/Job",
    "policy/v1/PodDisruptionBudget",
    "networking.k8s.io/v1/Ingress",
    "networking.k8s.io/v1/NetworkPolicy",
    "rbac.authorization.k8s.io/v1/ClusterRole",
    "rbac.authorization.k8s.io/v1/ClusterRoleBinding",
    "rbac.authorization.k8s.io/v1/Role",
    "rbac.authorization.k8s.io/v1/RoleBinding",
    "admissionregistration.k8s.io/v1/ValidatingAdmissionPolicy",
    "admissionregistration.k8s.io/v1/ValidatingAdmissionPolicyBinding",
    "admissionregistration.k8s.io/v1/MutatingAdmissionPolicy",
    "admissionregistration.k8s.io/v1/MutatingAdmissionPolicyBinding",
    "apiextensions.k8s.io/v1/CustomResourceDefinition",
)
_PREFIX = "#/components/schemas/"
_KEPT = ("type", "format", "enum", "required", "properties", "items", "additionalProperties", "oneOf", "anyOf", "allOf")
_TEMPLATE = "{{.ResourceKind}}{{.KindSuffix}}.json"

Schema = dict[str, Any]


async def read_schemas(client: ApiClient) -> Schema:
    """Definitions by name, and the name of each kind's."""
    definitions: Schema = {}
    kinds: dict[str, str] = {}
    for version in sorted({kind.rpartition("/")[0] for kind in BUILT_IN}):
        path = f"/openapi/v3/{'api' if version == 'v1' else 'apis'}/{version}"
        found = (await client.request("GET", path))["components"]["schemas"]
        definitions |= found
        for name, schema in found.items():
            for served in schema.get("x-kubernetes-group-version-kind", ()):
                kinds["/".join(filter(None, (served["group"], served["version"], served["kind"])))] = name
    wanted = {kind: kinds[kind] for kind in BUILT_IN}
    reached: Schema = {}
    waiting = sorted(wanted.values())
    while waiting:
        name = waiting.pop()
        if name not in reached:
            reached[name] = _strict(definitions[name])
            waiting += _references(reached[name])
    return {"kinds": wanted, "definitions": dict(sorted(reached.items()))}


def _references(schema: object) -> Iterator[str]:
    if isinstance(schema, dict):
        for key, value in schema.items():
            if key == "$ref" and isinstance(value, str):  # a definition has a field of that name, too
                yield value.removeprefix("#/definitions/")
            else:
                yield from _references(value)
    elif isinstance(schema, list):
        for item in schema:
            yield from _references(item)


def _strict(schema: Schema) -> Schema:
    """As JSON schema draft 7: no field that is not known, and null wherever a field may be absent."""
    if "$ref" in schema:
        return {"$ref": schema["$ref"].replace(_PREFIX, "#/definitions/")}
    if "allOf" in schema and len(schema["allOf"]) == 1:
        return _strict(schema["allOf"][0])
    if schema.get("format") == "int-or-string" or schema.get("x-kubernetes-int-or-string"):
        return {"type": ["string", "integer"]}
    kept = {key: schema[key] for key in _KEPT if key in schema}
    if kept.get("format") in ("int32", "int64", "double", "byte", "date-time"):
        del kept["format"]
    if "properties" in kept:
        kept["properties"] = {name: _strict(child) for name, child in kept["properties"].items()}
        if not schema.get("x-kubernetes-preserve-unknown-fields"):
            kept.setdefault("additionalProperties", False)
    for key in ("items", "additionalProperties"):
        if isinstance(kept.get(key), dict):
            kept[key] = _strict(kept[key])
    for key in ("oneOf", "anyOf", "allOf"):
        if key in kept:
            kept[key] = [_strict(child) for child in kept[key]]
    return kept


def write_schema_files(folder: Path) -> str:
    """One file a kind; returns kubeconform's --schema-location for them."""
    stored = json.loads(FILE.read_text())
    for kind, name in stored["kinds"].items():
        group_version, _, short = kind.rpartition("/")
        group, _, version = group_version.rpartition("/")
        schema = {"$ref": f"#/definitions/{name}", "definitions": stored["definitions"]}
        _write(folder, short, group, version, schema)
    for definition in custom_resource_definitions():
        spec = definition["spec"]
        for version in spec["versions"]:
            schema = _own(version["schema"]["openAPIV3Schema"])
            _write(folder, spec["names"]["kind"], spec["group"], version["name"], schema)
    return str(folder / _TEMPLATE)


def _own(schema: Schema) -> Schema:
    """A resource's own fields are the server's, which adds them to every schema."""
    fields = {"apiVersion": {"type": "string"}, "kind": {"type": "string"}, "metadata": {"type": "object"}}
    strict = _strict(schema)
    return strict | {"properties": strict["properties"] | fields}


def _write(folder: Path, kind: str, group: str, version: str, schema: Schema) -> None:
    # how kubeconform asks for them: the group up to its first dot, and all in lower case
    parts = filter(None, (kind.lower(), group.partition(".")[0], version))
    name = f"{'-'.join(parts)}.json"
    (folder / name).write_text(json.dumps(schema))


def as_text(schemas: Schema) -> str:
    """One definition a line, so that a difference can be read."""
    lines = [f" {json.dumps(name)}: {json.dumps(value)}" for name, value in schemas["definitions"].items()]
    return f'{{"kinds": {json.dumps(schemas["kinds"], indent=1)},\n"definitions": {{\n' + ",\n".join(lines) + "\n}}\n"


async def _main(kubeconfig: str) -> None:
    async with ApiClient(load_config(kubeconfig)) as client:
        FILE.write_text(as_text(await read_schemas(client)))


if __name__ == "__main__":
    asyncio.run(_main(sys.argv[1]))
