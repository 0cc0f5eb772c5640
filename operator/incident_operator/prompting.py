"""Prints exactly what a model is sent for an incident: from the evidence that stands on it."""

from __future__ import annotations

import argparse
import asyncio
import sys
from collections.abc import Sequence

import orjson

from incident_crds.client import ApiClient, load_config
from incident_crds.errors import ApiError, NotFound
from incident_crds.incident import Incident
from incident_crds.mocksystem import MockSystem
from incident_operator.diagnosis.prompt import build_prompt
from incident_operator.diagnosis.provider import Prompt
from incident_operator.services.catalogue import Remedies


def main(arguments: Sequence[str]) -> int:
    """0 when it was printed; 1 with a message where there is no such incident, or no evidence yet."""
    parser = argparse.ArgumentParser(prog="incident-operator prompt", description=__doc__)
    parser.add_argument("incident", help="its name, or its number such as INC-0001")
    parser.add_argument("--namespace", "-n", default="drills")
    given = parser.parse_args(arguments)
    try:
        prompt = asyncio.run(_prompt(given.namespace, given.incident))
    except ApiError as error:
        print(f"incident-operator: {error}", file=sys.stderr)
        return 1
    document = {"system": prompt.system, "user": prompt.user, "replySchema": prompt.schema}
    print(orjson.dumps(document, option=orjson.OPT_INDENT_2).decode())
    return 0


async def _prompt(namespace: str, wanted: str) -> Prompt:
    async with ApiClient(load_config()) as client:
        incidents = await client.list_all(Incident, namespace)
        found = next((i for i in incidents if wanted in (i.metadata.name, i.status.number)), None)
        if found is None:
            raise NotFound(f"there is no incident {wanted} in namespace {namespace}; see `kubectl get inc -A`")
        document = found.status.evidence
        if document is None:
            why = f"incident {wanted} has no evidence, as it was not diagnosed yet"
            raise NotFound(f"{why}; a request of action Diagnose asks for that")
        systems = {s.metadata.name: s for s in await client.list_all(MockSystem, namespace)}
    system = systems.get(document.system) if found.status.actionable else None
    return build_prompt(document, system.status.capabilities.remedies if system else (), Remedies().risks())
