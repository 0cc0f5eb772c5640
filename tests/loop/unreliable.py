"""An API server that fails on demand: passes everything on, until a test tells it how to misbehave."""

from __future__ import annotations

import asyncio
import json
import ssl
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

import aiohttp
import yaml
from aiohttp import web

from ..conftest import Stack
from ..processes import free_port

_HOP = frozenset({"connection", "content-length", "content-encoding", "host", "transfer-encoding"})


class UnreliableServer:
    """A reverse proxy over plain HTTP on loopback. Use as a context."""

    def __init__(self, stack: Stack) -> None:
        self._server = stack.info["server"]
        self._trust = ssl.create_default_context(cafile=str(stack.state / "secrets" / "ca.crt"))
        self._port = free_port()
        self._refusals: list[int] = []
        self._errors: set[asyncio.Queue[int]] = set()
        self._runner: web.AppRunner | None = None
        self._session: aiohttp.ClientSession | None = None
        self.refused = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._port}"

    def kubeconfig(self, original: Path, folder: Path) -> Path:
        """A copy that leads here."""
        config = yaml.safe_load(original.read_text())
        for cluster in config["clusters"]:
            cluster["cluster"] = {"server": self.url}
        path = folder / "unreliable.kubeconfig"
        path.write_text(yaml.safe_dump(config))
        path.chmod(0o600)
        return path

    def fail_streams(self, code: int) -> int:
        """Every open watch gets this error in mid-stream, and ends. How many there were."""
        for queue in self._errors:
            queue.put_nowait(code)
        return len(self._errors)

    def refuse(self, *codes: int) -> None:
        """The next requests that are no watches are answered so, one code each."""
        self._refusals.extend(codes)

    async def __aenter__(self) -> Self:
        self._session = aiohttp.ClientSession(auto_decompress=True)
        await self.restore()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.cut()
        assert self._session is not None
        await self._session.close()

    async def cut(self) -> None:
        """As while the server is restarted: streams end, and nobody listens."""
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    async def restore(self) -> None:
        if self._runner is None:
            application = web.Application(client_max_size=0)
            application.router.add_route("*", "/{path:.*}", self._pass_on)
            self._runner = web.AppRunner(application, access_log=None, shutdown_timeout=0.1)
            await self._runner.setup()
            await web.TCPSite(self._runner, "127.0.0.1", self._port).start()

    async def _pass_on(self, request: web.Request) -> web.StreamResponse:
        is_watch = "watch" in request.query
        if self._refusals and not is_watch:
            self.refused += 1
            code = self._refusals.pop(0)
            return web.json_response(_status(code), status=code)
        assert self._session is not None
        headers = {name: value for name, value in request.headers.items() if name.lower() not in _HOP}
        async with self._session.request(
            request.method,
            self._server + request.raw_path,
            headers=headers,
            data=await request.read() or None,
            ssl=self._trust,
            timeout=aiohttp.ClientTimeout(total=None),
        ) as answer:
            kept = {name: value for name, value in answer.headers.items() if name.lower() not in _HOP}
            if not is_watch or answer.status != 200:
                return web.Response(status=answer.status, headers=kept, body=await answer.read())
            return await self._stream(request, answer, kept)

    async def _stream(
        self, request: web.Request, answer: aiohttp.ClientResponse, headers: dict[str, str]
    ) -> web.StreamResponse:
        response = web.StreamResponse(status=200, headers=headers)
        await response.prepare(request)
        errors: asyncio.Queue[int] = asyncio.Queue()
        self._errors.add(errors)
        failure = asyncio.create_task(errors.get())
        try:
            while True:
                line = asyncio.create_task(answer.content.readany())
                done, _ = await asyncio.wait({line, failure}, return_when=asyncio.FIRST_COMPLETED)
                if failure in done:
                    line.cancel()
                    event = {"type": "ERROR", "object": _status(failure.result())}
                    await response.write(json.dumps(event).encode() + b"\n")
                    return response
                if not line.result():
                    return response
                await response.write(line.result())
        except ConnectionResetError:  # who watched is gone
            return response
        finally:
            self._errors.discard(errors)
            failure.cancel()
            with suppress(asyncio.CancelledError):
                await failure


def _status(code: int) -> dict[str, object]:
    reasons = {410: "Expired", 429: "TooManyRequests", 500: "InternalError", 503: "ServiceUnavailable"}
    return {
        "kind": "Status",
        "apiVersion": "v1",
        "metadata": {},
        "status": "Failure",
        "message": f"made up by a test: {code}",
        "reason": reasons[code],
        "code": code,
    }
