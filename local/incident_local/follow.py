"""Follows the objects of a kind: all that are there, then each as it changes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import TypeVar

from incident_crds.base import Resource
from incident_crds.client import ApiClient
from incident_crds.errors import Gone, ServerUnavailable, TooManyRequests, Unreachable

R = TypeVar("R", bound=Resource)

WATCH_SECONDS = 300
RETRY_SECONDS = 0.5


async def follow(client: ApiClient, kind: type[R], namespace: str) -> AsyncIterator[R]:
    """Endless. A lost watch begins anew with a list, so what changed meanwhile is seen; deletions are not told."""
    while True:
        try:
            items, token, version = await client.list_page(kind, namespace)
            while True:
                for item in items:
                    yield item
                if not token:
                    break
                items, token, _ = await client.list_page(kind, namespace, token=token)
            events = client.watch(kind, namespace, resource_version=version, timeout_seconds=WATCH_SECONDS)
            async for event in events:
                if event["type"] == "ERROR":
                    break
                if event["type"] in ("ADDED", "MODIFIED"):
                    yield kind.parse(event["object"])
        except (Gone, ServerUnavailable, TooManyRequests, Unreachable):
            pass  # the list below tells whether the server is back; the caller has the deadline
        await asyncio.sleep(RETRY_SECONDS)
