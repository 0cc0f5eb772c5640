"""Requests to the API server, in the words of RBAC, as any aiohttp session makes them."""

from __future__ import annotations

import aiohttp
import pytest
from aiohttp import web
from yarl import URL

from incident_crds.apicalls import NO_ANSWER, ApiCall, describe_call, trace_calls

OURS = "/apis/incidentsimulator.net/v1alpha1"


@pytest.mark.parametrize(
    ("method", "path", "expected"),
    [
        ("GET", f"{OURS}/incidents?limit=500", "list incidentsimulator.net incidents"),
        ("GET", f"{OURS}/incidents?watch=true", "watch incidentsimulator.net incidents"),
        ("GET", f"{OURS}/namespaces/drills/incidents/x-1", "get incidentsimulator.net incidents"),
        ("PATCH", f"{OURS}/namespaces/drills/incidents/x-1/status", "patch incidentsimulator.net incidents/status"),
        ("POST", "/api/v1/namespaces/drills/events", "create  events"),
        ("GET", "/api/v1/namespaces/drills", "get  namespaces"),
        ("GET", "/api/v1/namespaces", "list  namespaces"),
        ("PUT", "/apis/coordination.k8s.io/v1/namespaces/s/leases/l", "update coordination.k8s.io leases"),
        ("POST", "/apis/authentication.k8s.io/v1/tokenreviews", "create authentication.k8s.io tokenreviews"),
        ("DELETE", "/api/v1/namespaces/drills/pods/p", "delete  pods"),
        ("GET", "/apis/incidentsimulator.net/v1alpha1", "get incidentsimulator.net "),
        ("GET", "/version", "get  "),
    ],
)
def test_a_request_in_the_words_of_rbac(method: str, path: str, expected: str) -> None:
    call = describe_call(method, URL(f"https://server{path}"), "200")
    assert f"{call.verb} {call.group} {call.resource}" == expected


async def test_a_session_tells_of_answers_and_of_none() -> None:
    seen: list[ApiCall] = []
    app = web.Application()
    app.router.add_get("/api/v1/namespaces/{name}", _refuse)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    port = runner.addresses[0][1]
    async with aiohttp.ClientSession(trace_configs=[trace_calls(seen.append)]) as session:
        async with session.get(f"http://127.0.0.1:{port}/api/v1/namespaces/drills"):
            pass
        await runner.cleanup()
        with pytest.raises(aiohttp.ClientError):
            await session.get(f"http://127.0.0.1:{port}/api/v1/namespaces/drills")
    assert seen == [ApiCall("get", "", "namespaces", "403"), ApiCall("get", "", "namespaces", NO_ANSWER)]


async def _refuse(_request: web.Request) -> web.Response:
    return web.Response(status=403)
