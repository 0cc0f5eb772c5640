"""A typed client of the Kubernetes API for the group's kinds, and an untyped door for all others."""

from __future__ import annotations

import asyncio
import copy
import ssl
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any, Self, TypeVar

import aiohttp
import orjson
from pydantic import JsonValue

from incident_crds import __version__
from incident_crds.apicalls import ApiCall, trace_calls
from incident_crds.base import Resource
from incident_crds.errors import (
    ApiError,
    ConfigError,
    ServerUnavailable,
    TooManyRequests,
    Unreachable,
    describe_cause,
)
from incident_crds.kubeconfig import ApiConfig, load_config
from incident_crds.parsing import gc_paused, parse_event, parse_object, raise_for_status, read_lines
from incident_crds.paths import raw_path, selectors
from incident_crds.response import AbruptResponse

R = TypeVar("R", bound=Resource)

DEFAULT_TIMEOUT = timedelta(seconds=15)
WATCH_IDLE = timedelta(seconds=70)
"""The server sends a bookmark about once a minute, so silence for longer is a dead connection."""
PAGE_SIZE = 500
TRIES = 4
LONGEST_WAIT = 5.0
MERGE_PATCH = "application/merge-patch+json"
JSON_PATCH = "application/json-patch+json"
APPLY_PATCH = "application/apply-patch+yaml"

__all__ = ["MERGE_PATCH", "ApiClient", "ApiConfig", "Page", "load_config", "raw_path"]


@dataclass(frozen=True, slots=True)
class Page:
    """A part of a list, as the server sent it."""

    items: list[dict[str, Any]]
    token: str
    """Asks for the next page; empty on the last."""
    resource_version: str
    """Where a watch has to begin to miss nothing."""


class ApiClient:
    """One connection pool to one server as one user. Use as an async context manager.

    Every call has a timeout and raises ApiError only. Reads, and whatever the server answered with
    429, are tried again a few times; other writes never, as nobody knows whether they were done.
    """

    def __init__(
        self,
        config: ApiConfig,
        *,
        timeout: timedelta = DEFAULT_TIMEOUT,
        on_call: Callable[[ApiCall], None] | None = None,
    ) -> None:
        # on_call is told of each try of a request
        self._config = config
        self._traces = [] if on_call is None else [trace_calls(on_call)]
        self._timeout = aiohttp.ClientTimeout(total=timeout.total_seconds())
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        connector = aiohttp.TCPConnector(ssl=self._tls(), limit=50)
        headers = {"Accept": "application/json", "User-Agent": f"incident-simulator/{__version__}"}
        self._session = aiohttp.ClientSession(
            connector=connector,
            headers=headers,
            response_class=AbruptResponse,
            read_bufsize=2**20,
            trace_configs=self._traces,
        )
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._session is not None:
            await self._session.close()
            self._session = None

    def with_token(self, token: str) -> ApiClient:
        """The same server and the same connections, as the user of the token. Closed with this client, not before.

        A client certificate would go with the connections: this client must have none. Raises ConfigError.
        """
        if self._config.client_cert_file is not None:
            raise ConfigError("a client certificate outweighs any token: this client cannot act as somebody else")
        other = copy.copy(self)
        other._config = replace(self._config, token=token, token_file=None)
        return other

    def _tls(self) -> ssl.SSLContext:
        try:
            tls = ssl.create_default_context(cafile=self._config.ca_file)
            if self._config.client_cert_file is not None:
                tls.load_cert_chain(self._config.client_cert_file, self._config.client_key_file)
        except OSError as error:  # ssl.SSLError is one
            raise ConfigError(f"a certificate for {self._config.server} cannot be used: {error}") from error
        return tls

    async def get(self, kind: type[R], namespace: str, name: str) -> R:
        """One object. Raises NotFound."""
        return parse_object(kind, await self.request("GET", self.path(kind, namespace, name)))

    async def list_raw(
        self,
        kind: type[Resource],
        namespace: str | None = None,
        *,
        token: str = "",
        label_selector: str = "",
        field_selector: str = "",
        limit: int = PAGE_SIZE,
    ) -> Page:
        """One page as the server sent it. Raises Gone when the token is too old: begin again."""
        query = {"limit": str(limit), **selectors(label_selector, field_selector)}
        if token:
            query["continue"] = token
        page = await self.request("GET", self.path(kind, namespace), query=query)
        metadata = page.get("metadata") or {}
        return Page(page.get("items") or [], metadata.get("continue", ""), metadata.get("resourceVersion", ""))

    async def list_page(
        self,
        kind: type[R],
        namespace: str | None = None,
        *,
        token: str = "",
        label_selector: str = "",
        field_selector: str = "",
        limit: int = PAGE_SIZE,
    ) -> tuple[list[R], str, str]:
        """(objects, token of the next page or "", resourceVersion of the list)."""
        page = await self.list_raw(
            kind, namespace, token=token, label_selector=label_selector, field_selector=field_selector, limit=limit
        )
        with gc_paused():
            return [parse_object(kind, item) for item in page.items], page.token, page.resource_version

    async def list_all(
        self, kind: type[R], namespace: str | None = None, *, label_selector: str = "", field_selector: str = ""
    ) -> list[R]:
        """All objects of the kind, in one namespace or in all."""
        found: list[R] = []
        token = ""
        while True:
            items, token, _ = await self.list_page(
                kind, namespace, token=token, label_selector=label_selector, field_selector=field_selector
            )
            found += items
            if not token:
                return found

    async def create(self, obj: R) -> R:
        """Create it, without its status, which the server would ignore. Raises AlreadyExists, Invalid, Forbidden."""
        body = _without_empty_metadata(obj)
        body.pop("status", None)
        path = self.path(type(obj), obj.metadata.namespace)
        return parse_object(type(obj), await self.request("POST", path, body=body))

    async def replace(self, obj: R, *, subresource: str | None = None) -> R:
        """Write all of it, if its resourceVersion is still the server's, else Conflict."""
        path = self.path(type(obj), *obj.key, subresource)
        return parse_object(type(obj), await self.request("PUT", path, body=_without_empty_metadata(obj)))

    async def patch(
        self,
        kind: type[R],
        namespace: str,
        name: str,
        patch: Mapping[str, JsonValue],
        *,
        subresource: str | None = None,
        resource_version: str | None = None,
    ) -> R:
        """JSON merge patch. With a resource_version it is done only if that is still the object's, else Conflict."""
        body: dict[str, Any] = dict(patch)
        if resource_version is not None:
            body["metadata"] = {**body.get("metadata", {}), "resourceVersion": resource_version}
        path = self.path(kind, namespace, name, subresource)
        return parse_object(kind, await self.request("PATCH", path, body=body, content_type=MERGE_PATCH))

    async def json_patch(
        self,
        kind: type[R],
        namespace: str,
        name: str,
        operations: Sequence[Mapping[str, JsonValue]],
        *,
        subresource: str | None = None,
    ) -> R:
        """JSON patch (RFC 6902). A `test` that does not hold raises Invalid."""
        path = self.path(kind, namespace, name, subresource)
        return parse_object(kind, await self.request("PATCH", path, body=operations, content_type=JSON_PATCH))

    async def delete(self, kind: type[Resource], namespace: str, name: str, *, uid: str | None = None) -> None:
        """Delete it; with a uid only if it is that very object. Raises NotFound, Conflict."""
        body = {"preconditions": {"uid": uid}} if uid else None
        await self.request("DELETE", self.path(kind, namespace, name), body=body)

    async def apply(
        self, manifest: Mapping[str, Any], *, plural: str, field_manager: str, force: bool = True
    ) -> dict[str, Any]:
        """Server-side apply of any object; `force` takes over the fields that it names from other managers."""
        metadata = manifest["metadata"]
        path = raw_path(manifest["apiVersion"], plural, metadata.get("namespace"), metadata["name"])
        query = {"fieldManager": field_manager, "force": str(force).lower()}
        return await self.request("PATCH", path, query=query, body=manifest, content_type=APPLY_PATCH)

    async def watch(
        self,
        kind: type[Resource],
        namespace: str | None = None,
        *,
        resource_version: str,
        timeout_seconds: int,
        label_selector: str = "",
        field_selector: str = "",
        idle: timedelta = WATCH_IDLE,
        on_open: Callable[[], None] = lambda: None,
        sends_initial: bool = False,
    ) -> AsyncGenerator[dict[str, Any], None]:
        """Raw watch events as the server sends them, bookmarks and errors included, until it ends the stream.

        `sends_initial`: first of all each object as it is, then a bookmark that `ends_initial` knows, instead of a
        list; with an empty resource_version they are the newest. Raises Invalid where the server cannot do that.

        `on_open` is called when the server has agreed to the watch, which may be long before the first event.
        Raises Unreachable when the connection breaks or stays silent for `idle`, and StreamBroken when
        a line makes no sense.
        """
        query = {
            "watch": "true",
            "allowWatchBookmarks": "true",
            "resourceVersion": resource_version,
            "timeoutSeconds": str(timeout_seconds),
            **selectors(label_selector, field_selector),
            **({"sendInitialEvents": "true", "resourceVersionMatch": "NotOlderThan"} if sends_initial else {}),
        }
        endless = aiohttp.ClientTimeout(total=None, sock_connect=self._timeout.total)
        try:
            async with asyncio.timeout(idle.total_seconds()):
                response = await self._open("GET", self.path(kind, namespace), query=query, timeout=endless)
            async with response:
                async with asyncio.timeout(idle.total_seconds()):
                    await raise_for_status(response)
                on_open()
                async for line in read_lines(response.content, idle=idle):
                    yield parse_event(line)
        except TimeoutError as error:
            raise Unreachable(f"the watch of {kind.info.plural} was silent for too long") from error
        except (aiohttp.ClientError, OSError) as error:
            raise Unreachable(f"the watch of {kind.info.plural} broke: {type(error).__name__}") from error

    @staticmethod
    def path(
        kind: type[Resource], namespace: str | None = None, name: str | None = None, subresource: str | None = None
    ) -> str:
        """The URL path of a kind's collection, object or subresource."""
        path = raw_path(kind.info.api_version, kind.info.plural, namespace, name)
        return f"{path}/{subresource}" if subresource else path

    async def request(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        body: Mapping[str, Any] | Sequence[Mapping[str, Any]] | None = None,
        content_type: str = "application/json",
    ) -> dict[str, Any]:
        """Any request about any kind; the answer as JSON. Raises ApiError."""
        data = None if body is None else orjson.dumps(body)
        attempt = 0
        while True:
            attempt += 1
            try:
                return await self._request_once(method, path, query=query, data=data, content_type=content_type)
            except TooManyRequests as error:
                if attempt >= TRIES:
                    raise
                await asyncio.sleep(min(LONGEST_WAIT, error.retry_after))
            except (ServerUnavailable, Unreachable):
                if method != "GET" or attempt >= TRIES:
                    raise
                await asyncio.sleep(0.2 * 2**attempt)

    async def _request_once(
        self, method: str, path: str, *, query: Mapping[str, str] | None, data: bytes | None, content_type: str
    ) -> dict[str, Any]:
        try:
            response = await self._open(
                method, path, query=query, data=data, content_type=content_type, timeout=self._timeout
            )
            async with response:
                await raise_for_status(response)
                body = await response.read()
        except TimeoutError as error:
            raise Unreachable(f"{self._config.server} did not answer {method} {path} in time") from error
        except (aiohttp.ClientError, OSError) as error:
            raise Unreachable(f"{self._config.server} cannot be reached: {describe_cause(error)}") from error
        try:
            with gc_paused():
                answer: dict[str, Any] = orjson.loads(body or b"{}")
        except orjson.JSONDecodeError as error:
            raise ServerUnavailable(f"the answer to {method} {path} is not JSON") from error
        return answer

    async def _open(
        self,
        method: str,
        path: str,
        *,
        timeout: aiohttp.ClientTimeout,
        query: Mapping[str, str] | None = None,
        data: bytes | None = None,
        content_type: str = "application/json",
    ) -> aiohttp.ClientResponse:
        if self._session is None:
            raise ApiError("the client is not open: use it as an async context manager")
        headers = {"Content-Type": content_type}
        token = self._config.current_token()
        if token:
            headers["Authorization"] = f"Bearer {token}"
        url = f"{self._config.server}{path}"
        return await self._session.request(method, url, params=query, data=data, headers=headers, timeout=timeout)


def _without_empty_metadata(obj: Resource) -> dict[str, Any]:
    body = obj.to_json()
    body["metadata"] = {name: value for name, value in body["metadata"].items() if value}
    return body
