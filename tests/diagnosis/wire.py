"""A local server that speaks Groq's and Gemini's wire formats, and fails as a script says."""

from __future__ import annotations

import asyncio
import json
from collections import deque
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

GOOD: dict[str, Any] = {
    "cause": "RedisMemory",
    "system": "redis-test",
    "summary": "Keys of one prefix fill Redis.",
    "reasoning": "They hold nearly all of the memory.",
    "severity": "P1",
    "confidence": 88,
    "solution": "Delete the keys with that prefix.",
    "evidence": ["session:ab12: holds 56 MiB"],
    "actions": [
        {
            "type": "RedisEvictPrefix",
            "system": "redis-test",
            "prefix": "session:ab12:",
            "client_name": None,
            "application_name": None,
            "idle_seconds": None,
            "table": None,
            "files": None,
            "option": None,
            "expected_impact": "their owners sign in again",
        }
    ],
}


@dataclass(frozen=True, slots=True)
class Script:
    """One answer. `text` is what the model says, wrapped as the vendor does; `raw` goes out as it is."""

    text: str | Callable[[dict[str, Any]], str] | None = None
    raw: bytes | None = None
    status: int = 200
    message: str = "because"
    headers: Mapping[str, str] = field(default_factory=dict)
    hang: bool = False
    trickle: bool = False
    """A byte now and then, and never an end."""
    cut: bool = False
    """The connection ends in the middle of the answer."""


def says(reply: object) -> Script:
    return Script(text=reply if isinstance(reply, str) else json.dumps(reply))


class ModelServer:
    """Answers from a queue; keeps what it was asked."""

    def __init__(self) -> None:
        self.scripts: deque[Script] = deque()
        self.requests: list[tuple[str, Mapping[str, str], dict[str, Any]]] = []
        self.url = ""
        self._ending = asyncio.Event()

    @asynccontextmanager
    async def serve(self) -> AsyncIterator[ModelServer]:
        app = web.Application(client_max_size=2**24)
        app.router.add_post("/openai/v1/chat/completions", self._groq)
        app.router.add_post("/{version}/models/{model}:generateContent", self._gemini)
        runner = web.AppRunner(app, shutdown_timeout=1)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        self.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
        try:
            yield self
        finally:
            self._ending.set()
            await runner.cleanup()

    async def _groq(self, request: web.Request) -> web.StreamResponse:
        def wrap(text: str) -> dict[str, Any]:
            return {
                "id": "chatcmpl-1",
                "object": "chat.completion",
                "created": 1,
                "model": "openai/gpt-oss-120b",
                "choices": [{"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": "stop"}],
                "usage": {"prompt_tokens": 900, "completion_tokens": 120, "total_tokens": 1020},
            }

        def fail(script: Script) -> dict[str, Any]:
            return {"error": {"message": script.message, "type": "error", "code": "some_code"}}

        return await self._answer(request, wrap, fail)

    async def _gemini(self, request: web.Request) -> web.StreamResponse:
        def wrap(text: str) -> dict[str, Any]:
            content = {"role": "model", "parts": [{"text": text}]}
            return {
                "candidates": [{"content": content, "finishReason": "STOP", "index": 0}],
                "usageMetadata": {"promptTokenCount": 900, "candidatesTokenCount": 120, "totalTokenCount": 1020},
            }

        def fail(script: Script) -> dict[str, Any]:
            return {"error": {"code": script.status, "message": script.message, "status": "FAILED_PRECONDITION"}}

        return await self._answer(request, wrap, fail)

    async def _answer(self, request: web.Request, wrap: Any, fail: Any) -> web.StreamResponse:
        question = await request.json()
        self.requests.append((request.path, dict(request.headers), question))
        script = self.scripts.popleft()
        if script.hang:
            await self._ending.wait()
        if script.raw is not None:
            body = script.raw
        elif script.status != 200:
            body = json.dumps(fail(script)).encode()
        else:
            text = script.text(question) if callable(script.text) else script.text
            body = json.dumps(wrap(text or "")).encode()
        headers = {"Content-Type": "application/json", **script.headers}
        if script.trickle:
            return await self._trickle(request)
        if not script.cut:
            return web.Response(status=script.status, body=body, headers=headers)
        response = web.StreamResponse(headers={**headers, "Content-Length": str(len(body))})
        await response.prepare(request)
        await response.write(body[: len(body) // 2])
        assert request.transport is not None
        request.transport.abort()
        return response

    async def _trickle(self, request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "application/json"})
        await response.prepare(request)
        while not self._ending.is_set():
            await response.write(b" ")
            try:
                await asyncio.wait_for(self._ending.wait(), 0.05)
            except TimeoutError:
                continue
        return response
