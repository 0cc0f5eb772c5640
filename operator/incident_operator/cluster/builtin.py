"""The built-in kinds that the operator needs: Secrets, Namespaces, ConfigMaps, Events."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import aiohttp
import structlog
from kubernetes.aio import client as k8s
from kubernetes.aio.client.exceptions import ApiException

from incident_crds.access import COUNTER, KILL_SWITCH
from incident_crds.apicalls import trace_calls
from incident_crds.base import GROUP, Resource
from incident_crds.client import ApiClient, ApiConfig, raw_path
from incident_crds.errors import (
    ApiError,
    Conflict,
    Forbidden,
    Invalid,
    NotFound,
    ServerUnavailable,
    Unreachable,
)
from incident_operator import metrics
from incident_operator.cluster.events import COMPONENT, EventRecorder
from incident_operator.domain.context import EventNote

REQUEST_SECONDS = 15.0
_MOST_PAGES = 10

log = structlog.get_logger(__name__)


def translate(error: Exception) -> ApiError:
    """The kubernetes client's errors as ours."""
    if not isinstance(error, ApiException):
        return Unreachable(f"the API server did not answer: {type(error).__name__}")
    text = f"{error.status} {error.reason}"
    kinds: dict[int, type[ApiError]] = {403: Forbidden, 404: NotFound, 409: Conflict}
    return kinds.get(error.status or 0, ServerUnavailable)(text)


class Builtin:
    """Reads and writes built-in kinds with the operator's own rights."""

    def __init__(self, config: ApiConfig, api: ApiClient, *, namespace: str) -> None:
        settings = k8s.Configuration(host=config.server)
        settings.ssl_ca_cert = config.ca_file
        settings.trace_configs = [trace_calls(metrics.count_api_call)]
        settings.cert_file, settings.key_file = config.client_cert_file, config.client_key_file

        def renew(current: k8s.Configuration) -> None:
            """Tokens of service accounts rotate."""
            token = config.current_token()
            current.api_key = {"authorization": f"Bearer {token}"} if token else {}

        settings.refresh_api_key_hook = renew  # type: ignore[assignment]
        renew(settings)
        self.client = k8s.ApiClient(settings)
        self._core = k8s.CoreV1Api(self.client)
        self._api = api
        self._namespace = namespace
        self.events = EventRecorder(api)

    async def close(self) -> None:
        await self.events.close()
        await self.client.close()  # type: ignore[no-untyped-call]

    async def read_secret(self, namespace: str, name: str) -> dict[str, str]:
        """Its keys, decoded. Raises NotFound or Forbidden."""
        try:
            secret = await self._core.read_namespaced_secret(name, namespace, _request_timeout=REQUEST_SECONDS)
        except (ApiException, aiohttp.ClientError, TimeoutError) as error:
            raise translate(error) from error
        values: dict[str, str] = {}
        for key, value in (secret.data or {}).items():
            try:
                values[key] = base64.b64decode(value).decode()
            except ValueError as error:  # also of bytes that are no text
                raise Invalid(f"key {key} of Secret {namespace}/{name} is not UTF-8 text; write it anew") from error
        return values

    async def namespace_labels(self, name: str) -> dict[str, str]:
        """The namespace's labels."""
        try:
            found = await self._core.read_namespace(name, _request_timeout=REQUEST_SECONDS)
        except (ApiException, aiohttp.ClientError, TimeoutError) as error:
            raise translate(error) from error
        return dict(found.metadata.labels or {}) if found.metadata else {}

    async def kill_switch(self) -> str | None:
        """Why and by whom chaos is halted, or None while it is not."""
        try:
            data = await self._read_config_map(KILL_SWITCH)
        except NotFound:
            return None
        if data.get("enabled", "true") == "false":
            return None
        return f"{data.get('reason', 'no reason given')} (by {data.get('by', 'unknown')})"

    async def _read_config_map(self, name: str) -> dict[str, str]:
        try:
            found = await self._core.read_namespaced_config_map(name, self._namespace, _request_timeout=REQUEST_SECONDS)
        except (ApiException, aiohttp.ClientError, TimeoutError) as error:
            raise translate(error) from error
        return dict(found.data or {})

    async def next_number(self, at_least: int) -> int:
        """The next running number, never given twice, even after the object that carried it is gone.

        `at_least` is the highest number in use, for a counter that was lost.
        """
        try:
            found = await self._core.read_namespaced_config_map(
                COUNTER, self._namespace, _request_timeout=REQUEST_SECONDS
            )
        except (ApiException, aiohttp.ClientError, TimeoutError) as error:
            if not isinstance(error, ApiException) or error.status != 404:
                raise translate(error) from error
            found = k8s.V1ConfigMap(metadata=k8s.V1ObjectMeta(name=COUNTER), data={"incidents": str(at_least)})
            found = await self._write_counter(found, create=True)
        number = max(int((found.data or {}).get("incidents", "0")), at_least) + 1
        found.data = {"incidents": str(number)}
        await self._write_counter(found, create=False)
        return number

    async def _write_counter(self, counter: k8s.V1ConfigMap, *, create: bool) -> k8s.V1ConfigMap:
        try:
            if create:
                return await self._core.create_namespaced_config_map(
                    self._namespace, counter, _request_timeout=REQUEST_SECONDS
                )
            return await self._core.replace_namespaced_config_map(
                COUNTER, self._namespace, counter, _request_timeout=REQUEST_SECONDS
            )
        except (ApiException, aiohttp.ClientError, TimeoutError) as error:
            raise translate(error) from error

    async def recent_events(self, namespace: str) -> list[EventNote]:
        """Events of others. Ours, and any about our kinds, are left out: they would tell what was injected.

        Empty where they cannot be listed: a diagnosis can do without.
        """
        query = {"limit": "500", "fieldSelector": f"reportingComponent!={COMPONENT}"}
        notes: list[EventNote] = []
        try:
            for _ in range(_MOST_PAGES):
                page = await self._api.request("GET", raw_path("v1", "events", namespace), query=query)
                notes += [note for item in page.get("items") or [] if (note := _note(item)) is not None]
                token = (page.get("metadata") or {}).get("continue")
                if not token:
                    break
                query["continue"] = token
        except ApiError as error:
            log.info("events cannot be read for evidence", error=str(error))
        return notes

    async def record_event(self, obj: Resource, reason: str, message: str, *, warning: bool = False) -> None:
        """An Event about the object; the same one again only raises its count. Neither waits nor fails."""
        self.events.add(obj, reason, message, warning=warning)


def _note(item: Mapping[str, Any]) -> EventNote | None:
    about = item.get("involvedObject") or {}
    component = item.get("reportingComponent") or (item.get("source") or {}).get("component")
    if component == COMPONENT or str(about.get("apiVersion", "")).startswith(f"{GROUP}/"):
        return None
    at = item.get("lastTimestamp") or item.get("eventTime") or (item.get("metadata") or {}).get("creationTimestamp")
    try:
        when = datetime.fromisoformat(str(at))
    except ValueError:
        return None
    note = EventNote(
        when,
        f"{about.get('kind', '')}/{about.get('name', '')}",
        str(item.get("reason") or ""),
        str(item.get("message") or ""),
    )
    # a tool that applied an experiment says so: that would be the answer
    told = f"{note.about} {note.reason} {note.message}".lower()
    return None if GROUP in told or "chaosexperiment" in told or "gameday" in told else note
