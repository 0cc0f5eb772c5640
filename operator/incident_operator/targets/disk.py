"""A disk behind its agent."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Annotated, ClassVar, TypeVar

import aiohttp
from pydantic import BaseModel, ConfigDict, Field, JsonValue, ValidationError
from pydantic.alias_generators import to_camel
from typing_extensions import override

from incident_crds.catalogue import SystemType
from incident_operator.targets.base import Access, Target
from incident_operator.targets.errors import AccessDenied, Exhausted, Full, Refused, TargetError, Unreachable

_ERRORS: Mapping[int, type[TargetError]] = {503: Exhausted, 507: Full}
_LARGEST_ANSWER = 2 * 1024 * 1024

ModelT = TypeVar("ModelT", bound=BaseModel)


class _Answer(BaseModel):
    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, frozen=True)


class DiskUsage(_Answer):
    """Bytes, and what keeps the disk from growing past its total."""

    total_bytes: Annotated[int, Field(ge=0)]
    used_bytes: Annotated[int, Field(ge=0)]
    enforced_by: str = ""


class DiskFile(_Answer):
    """A file, relative to the disk's root, and the bytes that it takes up."""

    path: str
    bytes: int
    modified_at: datetime


class DiskDeletion(_Answer):
    """What a deletion did."""

    deleted: list[str]
    missing: list[str]
    freed_bytes: int


class _Files(_Answer):
    files: list[DiskFile]


class _Seeded(_Answer):
    present: int


class _Health(_Answer):
    started_at: datetime


class _Filled(_Answer):
    bytes: int


class DiskTarget(Target):
    """A directory that a disk agent guards."""

    type: ClassVar[SystemType] = SystemType.DISK
    canary_round_trips: ClassVar[int] = 1

    def __init__(self, access: Access) -> None:
        super().__init__(access)
        self._session: aiohttp.ClientSession | None = None

    @override
    async def open(self) -> None:
        await self.usage()

    @override
    async def close(self) -> None:
        session, self._session = self._session, None
        if session is not None:
            await session.close()

    @override
    async def canary(self) -> timedelta:
        started = time.perf_counter()
        async with _new_session(keep_alive=False) as session:
            access = self.access.for_clients()
            await self._ask(session, "POST", "/canary", token=access.app_password, key="appPassword", access=access)
        return timedelta(seconds=time.perf_counter() - started)

    @override
    async def seed(self) -> None:
        await self._control_call("POST", "/seed")

    @override
    async def count_ordinary(self) -> int:
        return _parse(_Seeded, await self._control_call("GET", "/seed")).present

    @override
    async def identity(self) -> str:
        return _parse(_Health, await self._control_call("GET", "/healthz")).started_at.isoformat()

    @override
    async def ping(self) -> timedelta:
        started = time.perf_counter()
        await self._control_call("GET", "/healthz")
        return timedelta(seconds=time.perf_counter() - started)

    async def usage(self) -> DiskUsage:
        """Total is what the spec and the volume allow, whichever is less."""
        usage = _parse(DiskUsage, await self._control_call("GET", "/usage"))
        limit = self.access.capacity_bytes
        if limit is not None and limit < usage.total_bytes:
            return usage.model_copy(update={"total_bytes": limit})
        return usage

    async def largest_files(self, limit: int = 100, *, prefix: str = "") -> list[DiskFile]:
        """Largest first, of those whose path begins so."""
        query = {"limit": str(limit), "prefix": prefix}
        return _parse(_Files, await self._control_call("GET", "/files", query=query)).files

    async def fill(self, name: str, size: int, lifetime: timedelta) -> int:
        """Make a file so long that goes by itself after its lifetime; its length. Raises Full."""
        body: dict[str, JsonValue] = {"name": name, "bytes": size, "lifetimeSeconds": lifetime.total_seconds()}
        return _parse(_Filled, await self._control_call("POST", "/fill", body=body)).bytes

    async def delete(self, files: Sequence[str]) -> DiskDeletion:
        """Remove files; one that is not there is not an error. A path that could leave the root is Refused."""
        return _parse(DiskDeletion, await self._control_call("DELETE", "/files", body={"files": list(files)}))

    async def _control_call(
        self,
        method: str,
        path: str,
        *,
        body: dict[str, JsonValue] | None = None,
        query: Mapping[str, str] | None = None,
    ) -> bytes:
        if self._session is None or self._session.closed:
            self._session = _new_session(keep_alive=True)
        return await self._ask(
            self._session, method, path, token=self.access.password, key="password", body=body, query=query
        )

    async def _ask(
        self,
        session: aiohttp.ClientSession,
        method: str,
        path: str,
        *,
        token: str,
        key: str,
        body: dict[str, JsonValue] | None = None,
        query: Mapping[str, str] | None = None,
        access: Access | None = None,
    ) -> bytes:
        access = access or self.access
        access.parse()
        where = access.address
        url = f"{access.endpoint.rstrip('/')}{path}"
        headers = {"Authorization": f"Bearer {token}"}
        try:
            async with (
                self.bounded(),
                session.request(method, url, json=body, params=query, headers=headers) as answer,
            ):
                content = await answer.content.read(_LARGEST_ANSWER)
                while not answer.content.at_eof() and len(content) < _LARGEST_ANSWER:
                    content += await answer.content.read(_LARGEST_ANSWER - len(content))
                status = answer.status
        except (aiohttp.ClientError, OSError) as error:
            raise Unreachable(f"{where} does not answer: {str(error) or type(error).__name__}") from error
        if status in (401, 403):
            raise AccessDenied(f"{where} does not take the token for {method} {path}; check the Secret's {key}")
        if status >= 300:
            raise _ERRORS.get(status, Refused)(f"{where} refused {method} {path}: {_message(content)}")
        return content


class _Refusal(_Answer):
    message: str = ""


def _message(content: bytes) -> str:
    try:
        return _Refusal.model_validate_json(content).message[:256]
    except ValidationError:
        return content[:256].decode("utf-8", "replace")


def _parse(model: type[ModelT], content: bytes) -> ModelT:
    try:
        return model.model_validate_json(content)
    except ValidationError as error:
        problem = error.errors(include_url=False, include_input=False)[0]
        raise Refused(f"the disk agent's answer is not what it should be: {problem['msg']}") from None


def _new_session(*, keep_alive: bool) -> aiohttp.ClientSession:
    return aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=4, force_close=not keep_alive))
