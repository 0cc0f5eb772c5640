"""Events: posted once and then counted, in the background, and silent about what was injected."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
from aiohttp import web

from incident_crds.base import Resource
from incident_crds.catalogue import FaultType
from incident_crds.chaosexperiment import ChaosExperiment
from incident_crds.client import ApiClient, ApiConfig
from incident_crds.incident import IncidentPhase, ResolvedReason, StatusChange
from incident_operator.cluster import events
from incident_operator.cluster.events import EventRecorder
from incident_operator.services.announcing import announce_change

from ..domain.factories import at, incident, system
from ..waiting import eventually


class EventServer:
    """As the API server keeps Events; `hangs` while it answers nothing."""

    def __init__(self) -> None:
        self.kept: dict[str, dict[str, Any]] = {}
        self.hangs = asyncio.Event()
        self.hangs.set()
        self.refuses = False
        app = web.Application(middlewares=[self._gate])
        app.router.add_post("/api/v1/namespaces/drills/events", self._post)
        app.router.add_get("/api/v1/namespaces/drills/events/{name}", self._get)
        app.router.add_patch("/api/v1/namespaces/drills/events/{name}", self._patch)
        self.runner = web.AppRunner(app)

    def has_counts(self, *counts: int) -> Callable[[], Awaitable[bool]]:
        async def look() -> bool:
            return sorted(event["count"] for event in self.kept.values()) == sorted(counts)

        return look

    @web.middleware
    async def _gate(self, request: web.Request, handler: Any) -> web.StreamResponse:
        await self.hangs.wait()
        if self.refuses:
            return web.json_response({"kind": "Status", "reason": "Forbidden", "code": 403}, status=403)
        answer: web.StreamResponse = await handler(request)
        return answer

    async def _post(self, request: web.Request) -> web.Response:
        body = await request.json()
        name = body["metadata"]["name"]
        if name in self.kept:
            return web.json_response({"kind": "Status", "reason": "AlreadyExists", "code": 409}, status=409)
        self.kept[name] = body
        return web.json_response(body, status=201)

    async def _get(self, request: web.Request) -> web.Response:
        return web.json_response(self.kept[request.match_info["name"]])

    async def _patch(self, request: web.Request) -> web.Response:
        self.kept[request.match_info["name"]] |= await request.json()
        return web.json_response(self.kept[request.match_info["name"]])


@asynccontextmanager
async def recording() -> AsyncIterator[tuple[EventServer, EventRecorder]]:
    server = EventServer()
    await server.runner.setup()
    await web.TCPSite(server.runner, "127.0.0.1", 0).start()
    url = f"http://127.0.0.1:{server.runner.addresses[0][1]}"
    async with ApiClient(ApiConfig(url)) as client:
        recorder = EventRecorder(client)
        try:
            yield server, recorder
        finally:
            server.hangs.set()
            await recorder.close()
            await server.runner.cleanup()


async def test_the_same_event_again_raises_its_count() -> None:
    async with recording() as (server, recorder):
        recorder.add(incident(), "Escalated", "a person is needed", warning=True)
        await eventually(server.has_counts(1), "the first Event")
        for _ in range(3):
            recorder.add(incident(), "Escalated", "a person is needed", warning=True)
        recorder.add(incident(), "Escalated", "another reason", warning=True)
        await eventually(server.has_counts(1, 4), "the counts")
        [event] = [e for e in server.kept.values() if e["count"] == 4]
        assert event["type"] == "Warning"
        assert event["involvedObject"]["kind"] == "Incident"


async def test_an_api_server_that_hangs_holds_nobody_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(events, "MOST_WAITING", 50)
    monkeypatch.setattr(events, "CLOSE_SECONDS", 0.2)
    async with recording() as (server, recorder):
        server.hangs.clear()
        began = time.monotonic()
        for number in range(500):
            recorder.add(incident(), "Escalated", f"reason {number}")
        await asyncio.sleep(0)
        assert time.monotonic() - began < 1
        await recorder.close()
        assert time.monotonic() - began < 3


async def test_a_right_that_is_missing_is_said_once(capsys: pytest.CaptureFixture[str]) -> None:
    async with recording() as (server, recorder):
        server.refuses = True
        for number in range(5):
            recorder.add(incident(), "Escalated", f"reason {number}")
        await recorder.close()
        said = capsys.readouterr()
        warnings = [line for line in (said.out + said.err).splitlines() if "warning" in line and "not recorded" in line]
        assert len(warnings) == 1


def told(before: Resource, after: Resource) -> list[tuple[str, str, str, bool]]:
    found: list[tuple[str, str, str, bool]] = []
    announce_change(before, after, lambda obj, *rest: found.append((obj.info.kind, *rest)))
    return found


def test_what_happens_to_an_incident_is_announced() -> None:
    new, triage = incident(phase=None), incident(phase=IncidentPhase.TRIAGE)
    moved = StatusChange(to=IncidentPhase.RESOLVED, at=at(9), actor="operator", reason="plan p ended it")
    over = incident(phase=IncidentPhase.RESOLVED, reason=ResolvedReason.VERIFIED, status_history=[moved])
    assert told(new, triage) == [("Incident", "Opened", "memory", False)]
    assert told(triage, triage) == []
    assert told(triage, over) == [("Incident", "ResolvedVerified", "plan p ended it", False)]
    assert [e[1] for e in told(over, triage)] == ["Reopened"]


def test_a_system_that_goes_and_comes_is_announced() -> None:
    assert told(system(), system(phase="Unreachable")) == [("MockSystem", "Unreachable", "it does not answer", True)]
    assert told(system(phase="Unreachable"), system()) == [("MockSystem", "Ready", "it answers", False)]
    assert told(system(), system()) == []


@pytest.mark.parametrize("fault", FaultType)
def test_what_was_injected_is_told_on_the_experiment_alone(fault: FaultType) -> None:
    block = fault.value[0].lower() + fault.value[1:]
    raw: dict[str, Any] = {
        "metadata": {"name": "run", "namespace": "drills", "uid": "u"},
        "spec": {"target": {"systemRef": {"name": "redis-test"}}, "fault": {"type": fault.value, block: {}}},
    }
    if fault is FaultType.NONE:
        del raw["spec"]["fault"][block]
    before = ChaosExperiment.parse(raw | {"status": {"phase": "Injecting"}})
    after = ChaosExperiment.parse(raw | {"status": {"phase": "Active", "message": f"{fault} is in effect"}})
    assert told(before, after) == [("ChaosExperiment", "Injected", f"{fault} is in effect", False)]
