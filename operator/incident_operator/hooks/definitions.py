"""`incident-hook crds`: the definitions as this version has them. Helm installs them once, and never upgrades them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from incident_crds.access import CRDS_HOOK
from incident_crds.client import ApiClient, raw_path
from incident_crds.errors import NotFound
from incident_crds.manifests import PLURALS, custom_resource_definitions
from incident_operator.hooks.errors import HookFailed, explained

FIELD_MANAGER = "incident-hook"
ESTABLISHED_SECONDS = 60.0
_LOOK_AGAIN_SECONDS = 0.2
_PLURAL = PLURALS["CustomResourceDefinition"]

Manifest = dict[str, Any]


async def apply_definitions(client: ApiClient, tell: Callable[[str], None]) -> None:
    """Returns once all of them are served. Applying them again changes nothing. Raises HookFailed."""
    for manifest in custom_resource_definitions():
        name = manifest["metadata"]["name"]
        with explained(f"apply the definition {name}", role=CRDS_HOOK):
            before = await _read(client, manifest)
            # forced: what Helm has installed is taken over
            after = await client.apply(manifest, plural=_PLURAL, field_manager=FIELD_MANAGER)
            await _until_established(client, manifest)
        tell(f"{name} {_verdict(before, after)}")


async def _read(client: ApiClient, manifest: Manifest) -> Manifest | None:
    try:
        return await client.request("GET", raw_path(manifest["apiVersion"], _PLURAL, name=manifest["metadata"]["name"]))
    except NotFound:
        return None


def _verdict(before: Manifest | None, after: Manifest) -> str:
    """By what it says: taking over a field that stays as it was is no change."""
    if before is None:
        return "created"
    return "unchanged" if _content(before) == _content(after) else "updated"


def _content(definition: Manifest) -> tuple[object, object]:
    return definition["spec"], definition["metadata"].get("labels")


async def _until_established(client: ApiClient, manifest: Manifest) -> None:
    name = manifest["metadata"]["name"]
    try:
        async with asyncio.timeout(ESTABLISHED_SECONDS):
            while not _is_established(name, await _read(client, manifest)):  # noqa: ASYNC110 - it asks the server
                await asyncio.sleep(_LOOK_AGAIN_SECONDS)
    except TimeoutError:
        raise HookFailed(
            f"the API server does not serve {name} after {ESTABLISHED_SECONDS:g} s; "
            f"`kubectl describe crd {name}` says why"
        ) from None


def _is_established(name: str, definition: Manifest | None) -> bool:
    """Raises HookFailed where waiting would not help."""
    if definition is None or "deletionTimestamp" in definition["metadata"]:
        raise HookFailed(
            f"somebody deletes the definition {name}, and with it all objects of its kind; "
            "wait until it is gone, then run this again"
        )
    conditions = {c["type"]: c for c in definition.get("status", {}).get("conditions") or ()}
    names = conditions.get("NamesAccepted", {})
    if names.get("status") == "False":
        raise HookFailed(
            f"the API server does not accept the names of {name}: {names.get('message')}; "
            "remove the definition that has them, then run this again"
        )
    established: bool = conditions.get("Established", {}).get("status") == "True"
    return established
