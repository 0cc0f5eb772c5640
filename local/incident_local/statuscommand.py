"""`status`: what runs, and how the systems are."""

from __future__ import annotations

import json

from incident_crds.client import ApiClient, load_config
from incident_crds.errors import ApiError
from incident_crds.incident import Incident, IncidentPhase
from incident_crds.mocksystem import MockSystem
from incident_local.errors import NotRunning
from incident_local.identities import NAMESPACE
from incident_local.probes import HttpProbe
from incident_local.runinfo import read_run_info
from incident_local.settings import Settings
from incident_local.state import StateFolder


async def run_status(settings: Settings, *, as_json: bool) -> int:
    """0 when a stack runs and everything in it is ready. Raises NotRunning when none runs."""
    state = StateFolder(settings.state_dir)
    info = read_run_info(state)
    try:
        async with ApiClient(load_config(str(state.kubeconfig), "viewer")) as client:
            systems = await client.list_all(MockSystem, NAMESPACE)
            incidents = await client.list_all(Incident, NAMESPACE)
    except ApiError as error:
        raise NotRunning(f"The API server does not answer: {error}", remedy=f"see the logs in {info.logs}") from error
    operator_ready = await _is_ready(info.operator_url)
    api_ready = info.has_api and await _is_ready(info.api_url)
    document = {
        "running": True,
        "pid": info.pid,
        "startedAt": info.started_at,
        "kubeconfig": info.kubeconfig,
        "logs": info.logs,
        "operatorReady": operator_ready,
        "apiReady": api_ready,
        "api": info.api_url if info.has_api else None,
        "systems": [
            {"name": system.metadata.name, "phase": system.status.phase, "health": system.status.health}
            for system in systems
        ],
        "openIncidents": sorted(
            incident.status.number or incident.metadata.name
            for incident in incidents
            if incident.status.phase is not IncidentPhase.RESOLVED and not incident.is_consultation
        ),
    }
    print(json.dumps(document, indent=2) if as_json else _render(document, systems))
    return 0 if operator_ready and (api_ready or not info.has_api) else 1


async def _is_ready(url: str) -> bool:
    try:
        return await HttpProbe(f"{url}/readyz")()
    except (OSError, TimeoutError):
        return False


def _render(document: dict[str, object], systems: list[MockSystem]) -> str:
    lines = [
        f"process {document['pid']} since {document['startedAt']}",
        f"operator {'ready' if document['operatorReady'] else 'NOT READY'}",
        _render_api(document),
        *(f"{s.metadata.name:<16} {s.status.phase or 'not probed':<12} health {s.status.health}" for s in systems),
        f"open incidents: {', '.join(map(str, _listed(document['openIncidents']))) or 'none'}",
        f"export KUBECONFIG={document['kubeconfig']}",
        f"logs: {document['logs']}",
    ]
    return "\n".join(lines)


def _render_api(document: dict[str, object]) -> str:
    if document["api"] is None:
        return "api not part of it"
    return f"api {'ready' if document['apiReady'] else 'NOT READY'} at {document['api']}"


def _listed(value: object) -> list[object]:
    return value if isinstance(value, list) else []
