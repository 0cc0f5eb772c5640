"""The client against a real API server, and against one that misbehaves."""

from __future__ import annotations

import asyncio
import gc
import socket
import ssl
import threading
import warnings
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest
import pytest_asyncio

from incident_crds.client import ApiClient, ApiConfig, raw_path
from incident_crds.errors import (
    AlreadyExists,
    ApiError,
    ConfigError,
    Conflict,
    Forbidden,
    Invalid,
    NotFound,
    NotUnderstood,
    ServerUnavailable,
    TooManyRequests,
    Unauthorized,
    Unreachable,
)
from incident_crds.incident import Incident, IncidentSpec, IncidentType
from incident_crds.manifests import PLURALS

from ..conftest import NAMESPACE, Stack
from .conftest import MANAGER
from .manifests import good, send
from .scripted import Answer, ScriptedServer, failed, incident, listed

TOKEN = "secret-of-the-test"


@pytest_asyncio.fixture
async def stored(sre: ApiClient, admin: ApiClient) -> AsyncIterator[Incident]:
    """A training incident that goes after the test."""
    obj = Incident(spec=IncidentSpec(title="stored", incident_type=IncidentType.TRAINING))
    obj.metadata.namespace, obj.metadata.name = NAMESPACE, "stored"
    obj.metadata.labels = {"test": "client"}
    created = await sre.create(obj)
    yield created
    try:
        await admin.delete(Incident, *created.key)
    except NotFound:
        return


async def test_what_is_created_comes_back(stored: Incident, sre: ApiClient) -> None:
    found = await sre.get(Incident, *stored.key)
    assert found == stored
    assert found.spec.title == "stored"
    assert found.metadata.uid
    assert found.metadata.generation == 1
    assert found.metadata.creation_timestamp is not None


async def test_twice_is_already_there(stored: Incident, sre: ApiClient) -> None:
    with pytest.raises(AlreadyExists, match='"stored" already exists'):
        await sre.create(
            Incident(metadata=stored.metadata.model_copy(update={"resource_version": ""}), spec=stored.spec)
        )


async def test_nothing_is_not_found(sre: ApiClient) -> None:
    with pytest.raises(NotFound, match='"nothing" not found'):
        await sre.get(Incident, NAMESPACE, "nothing")


async def test_a_guarded_patch_meets_a_change(stored: Incident, sre: ApiClient) -> None:
    version = stored.metadata.resource_version
    written = await sre.patch(Incident, *stored.key, {"spec": {"team": "red"}}, resource_version=version)
    assert written.spec.team == "red"
    with pytest.raises(Conflict):
        await sre.patch(Incident, *stored.key, {"spec": {"team": "blue"}}, resource_version=version)
    assert (await sre.get(Incident, *stored.key)).spec.team == "red"


async def test_a_replacement_meets_a_change(stored: Incident, sre: ApiClient) -> None:
    mine = stored.model_copy(deep=True)
    mine.spec.notes = "mine"
    written = await sre.replace(mine)
    assert written.spec.notes == "mine"
    assert written.metadata.labels == stored.metadata.labels
    with pytest.raises(Conflict):
        await sre.replace(mine)


async def test_a_json_patch_tests_first(stored: Incident, sre: ApiClient) -> None:
    change = {"op": "replace", "path": "/spec/title", "value": "new"}
    written = await sre.json_patch(
        Incident, *stored.key, [{"op": "test", "path": "/spec/title", "value": "stored"}, change]
    )
    assert written.spec.title == "new"
    with pytest.raises(Invalid):
        await sre.json_patch(Incident, *stored.key, [{"op": "test", "path": "/spec/title", "value": "stored"}, change])


async def test_an_apply_takes_fields_over_only_by_force(stored: Incident, sre: ApiClient) -> None:
    manifest = good("Incident", "stored", title="applied")
    plural = PLURALS["Incident"]
    with pytest.raises(Conflict, match="conflict"):
        await sre.apply(manifest, plural=plural, field_manager=MANAGER, force=False)
    assert (await sre.apply(manifest, plural=plural, field_manager=MANAGER))["spec"]["title"] == "applied"


async def test_a_status_is_its_own_door(stored: Incident, operator_client: ApiClient) -> None:
    written = await operator_client.patch(
        Incident, *stored.key, {"spec": {"title": "no"}, "status": {"number": "INC-0001"}}, subresource="status"
    )
    assert written.status.number == "INC-0001"
    assert written.spec.title == "stored"


async def test_a_delete_of_another_namesake_is_refused(stored: Incident, admin: ApiClient) -> None:
    with pytest.raises(Conflict):
        await admin.delete(Incident, *stored.key, uid="00000000-0000-0000-0000-000000000000")
    await admin.delete(Incident, *stored.key, uid=stored.metadata.uid)
    with pytest.raises(NotFound):
        await admin.get(Incident, *stored.key)


async def test_pages_and_selectors(stored: Incident, sre: ApiClient, admin: ApiClient) -> None:
    names = [f"paged-{n}" for n in range(3)]
    for name in names:
        await send(sre, good("Incident", name, incidentType="Training", team="paged"))
    try:
        first, token, version = await sre.list_page(Incident, NAMESPACE, limit=2)
        assert len(first) == 2
        assert token
        assert version
        assert len(await sre.list_all(Incident, NAMESPACE)) >= 4
        by_field = await sre.list_all(Incident, field_selector="spec.team=paged")
        assert sorted(i.metadata.name for i in by_field) == names
        assert [i.key for i in await sre.list_all(Incident, label_selector="test=client")] == [stored.key]
    finally:
        for name in names:
            await admin.delete(Incident, NAMESPACE, name)


async def test_who_may_not_is_told_so(viewer: ApiClient) -> None:
    with pytest.raises(Forbidden, match='User "viewer" cannot create resource "incidents"'):
        await send(viewer, good("Incident"))


async def test_a_wrong_token(stack: Stack) -> None:
    config = ApiConfig(stack.info["server"], ca_file=str(stack.state / "secrets" / "ca.crt"), token=TOKEN)
    async with ApiClient(config) as client:
        with pytest.raises(Unauthorized) as error:
            await client.list_all(Incident, NAMESPACE)
    assert TOKEN not in str(error.value)


async def test_a_server_whose_certificate_nobody_vouches_for(stack: Stack) -> None:
    async with ApiClient(ApiConfig(stack.info["server"], token=TOKEN)) as client:
        with pytest.raises(Unreachable, match="ClientConnectorCertificateError"):
            await client.request("POST", "/api")


async def test_a_certificate_that_is_none(tmp_path: Path) -> None:
    (tmp_path / "ca.crt").write_text("nothing")
    with pytest.raises(ConfigError, match=r"a certificate for https://127\.0\.0\.1:1 cannot be used"):
        async with ApiClient(ApiConfig("https://127.0.0.1:1", ca_file=str(tmp_path / "ca.crt"))):
            pass


@pytest_asyncio.fixture
async def client(server: ScriptedServer) -> AsyncIterator[ApiClient]:
    async with ApiClient(ApiConfig(server.url, token=TOKEN), timeout=timedelta(seconds=10)) as client:
        yield client


async def test_a_read_is_tried_again(server: ScriptedServer, client: ApiClient) -> None:
    server.answers += [failed(503, "ServiceUnavailable"), Answer(502, b"<html>"), listed(version=1)]
    assert await client.list_all(Incident) == []
    assert server.asked == ["list"] * 3


async def test_a_write_that_may_have_been_done_is_not(server: ScriptedServer, client: ApiClient) -> None:
    server.answers += [failed(500, "InternalError", "etcd is away")]
    with pytest.raises(ServerUnavailable, match="etcd is away"):
        await client.request("POST", "/api", body={})
    assert server.asked == ["POST"]


async def test_a_write_that_was_put_off_is_tried_again(server: ScriptedServer, client: ApiClient) -> None:
    server.answers += [failed(429, "TooManyRequests", **{"Retry-After": "0"}), Answer(body={"done": True})]
    assert await client.request("PATCH", "/api", body={}) == {"done": True}


async def test_being_put_off_has_an_end(server: ScriptedServer, client: ApiClient) -> None:
    server.answers += [failed(429, "TooManyRequests", **{"Retry-After": "0"})] * 4
    with pytest.raises(TooManyRequests) as error:
        await client.request("POST", "/api", body={})
    assert error.value.retry_after == 0
    assert server.asked == ["POST"] * 4


async def test_an_answer_that_is_no_json(server: ScriptedServer, client: ApiClient) -> None:
    server.answers.append(Answer(body=b"<html>"))
    with pytest.raises(ServerUnavailable, match="is not JSON"):
        await client.request("POST", "/api", body={})


async def test_an_answer_that_does_not_come(server: ScriptedServer) -> None:
    async with ApiClient(ApiConfig(server.url), timeout=timedelta(milliseconds=200)) as impatient:
        with pytest.raises(Unreachable, match="did not answer POST /api in time"):
            await impatient.request("POST", "/api", query={"watch": "true", "resourceVersion": "1"}, body={})


async def test_nobody_listens() -> None:
    async with ApiClient(ApiConfig("http://127.0.0.1:1", token=TOKEN)) as client:
        with pytest.raises(Unreachable, match=r"http://127\.0\.0\.1:1 cannot be reached: ClientConnectorError"):
            await client.request("POST", "/api")


async def test_an_object_of_another_version_is_named(server: ScriptedServer, client: ApiClient) -> None:
    server.answers.append(Answer(body=incident("odd", 1, severity="P17")))
    with pytest.raises(NotUnderstood, match=r"Incident drills/odd is not understood: spec\.severity"):
        await client.get(Incident, "drills", "odd")


async def test_the_user_signs_each_request(server: ScriptedServer, client: ApiClient) -> None:
    server.answers.append(Answer())
    await client.request("DELETE", raw_path("v1", "secrets", "drills", "x"))
    sent = server.requests[0]
    assert sent.headers["Authorization"] == f"Bearer {TOKEN}"
    assert sent.headers["User-Agent"].startswith("incident-simulator/")
    assert sent.path == "/api/v1/namespaces/drills/secrets/x"


async def test_a_client_that_is_not_open() -> None:
    with pytest.raises(ApiError, match="use it as an async context manager"):
        await ApiClient(ApiConfig("http://127.0.0.1:1")).request("GET", "/api")


@contextmanager
def deaf_server(stack: Stack) -> Iterator[str]:
    """Over TLS it begins to answer one request, and then reads and says nothing more: not even goodbye."""
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    secrets = stack.state / "secrets"
    tls.load_cert_chain(secrets / "serving.crt", secrets / "serving.key")
    done = threading.Event()

    def serve(listener: socket.socket) -> None:
        with listener.accept()[0] as plain, tls.wrap_socket(plain, server_side=True) as client:
            client.recv(65536)
            client.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
            done.wait(30)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=serve, args=(listener,))
        thread.start()
        try:
            yield f"https://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            done.set()
            thread.join()


def test_a_watch_that_is_cut_short_leaves_no_socket(stack: Stack) -> None:
    """A TLS connection says goodbye and waits for the answer; the loop may be gone before that comes."""

    async def cut_short(url: str) -> None:
        async with ApiClient(ApiConfig(url, ca_file=str(stack.state / "secrets" / "ca.crt"))) as client:
            is_open = asyncio.Event()

            async def follow() -> None:
                events = client.watch(Incident, resource_version="0", timeout_seconds=60, on_open=is_open.set)
                async for _ in events:
                    raise AssertionError("nothing was said")

            task = asyncio.create_task(follow())
            await is_open.wait()
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    with warnings.catch_warnings(record=True) as seen, deaf_server(stack) as url:
        warnings.simplefilter("always", ResourceWarning)
        asyncio.run(cut_short(url))
        gc.collect()
    assert [str(w.message) for w in seen] == []
