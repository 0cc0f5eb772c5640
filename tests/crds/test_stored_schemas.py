"""The stored schemas are those of the API server, and they do refuse."""

from __future__ import annotations

import json
from pathlib import Path

from incident_crds.client import ApiClient
from tests.chart.lint import conform
from tests.chart.openapi import FILE, as_text, read_schemas
from tests.conftest import Stack

WRONG = {
    "a field that is not known": """
apiVersion: v1
kind: Service
metadata: {name: a}
spec: {selector: {a: b}, ports: [{port: 80, targetport: 8080}]}
""",
    "a field of ours that is not known": """
apiVersion: incidentsimulator.net/v1alpha1
kind: MockSystem
metadata: {name: a}
spec: {type: Redis, deployment: {size: 1Gi}}
""",
    "a kind of which there is no schema": "{apiVersion: v1, kind: Pod, metadata: {name: a}}",
    "a wrong type": "{apiVersion: v1, kind: ConfigMap, metadata: {name: a}, data: {replicas: 2}}",
}


async def test_the_stored_schemas_are_the_servers(stack: Stack) -> None:
    async with stack.client("admin") as client:
        assert isinstance(client, ApiClient)
        found = await read_schemas(client)
    assert as_text(found) == FILE.read_text(), "write them anew with `python -m tests.chart.openapi KUBECONFIG`"
    assert json.loads(FILE.read_text()) == found


def test_kubeconform_refuses_what_is_wrong(tmp_path: Path) -> None:
    right = "{apiVersion: v1, kind: ConfigMap, metadata: {name: a}, data: {a: b}}"
    wrong = conform(WRONG | {"right": right}, tmp_path)
    assert [text.partition(":")[0] for text in wrong] == [f"kubeconform, {name}" for name in WRONG]
