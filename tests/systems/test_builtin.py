"""The client for built-in kinds: who it says it is, and what it makes of odd answers."""

from __future__ import annotations

import base64
import dataclasses
import ipaddress
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import pytest_asyncio
from aiohttp import web
from aiohttp.test_utils import TestServer
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from incident_crds.client import ApiClient, ApiConfig
from incident_crds.errors import Invalid, Unreachable
from incident_operator.cluster.builtin import Builtin
from incident_operator.main import _connection

SECRET = "/api/v1/namespaces/drills/secrets/redis"


@dataclasses.dataclass
class FakeApi:
    """One Secret, and who asked for it."""

    config: ApiConfig
    content: bytes = b"s3cret"
    users: list[str] = dataclasses.field(default_factory=list)

    async def secret(self, request: web.Request) -> web.Response:
        certificate = request.get_extra_info("peercert") or {}
        self.users.append(request.headers.get("Authorization") or str(certificate.get("subject")))
        data = {"username": base64.b64encode(b"app").decode(), "password": base64.b64encode(self.content).decode()}
        return web.json_response({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "redis"}, "data": data})


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    """A key and a certificate for it that is its own authority, good for both ends."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "admin")])
    now = datetime.now(UTC)
    built = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(minutes=1))
        .not_valid_after(now + timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    (tmp_path / "client.key").write_bytes(pem)
    (tmp_path / "client.crt").write_bytes(built.public_bytes(serialization.Encoding.PEM))
    return tmp_path


@pytest_asyncio.fixture
async def fake(certificate: Path) -> AsyncIterator[FakeApi]:
    """Speaks TLS, and takes clients with the certificate as well as with a token."""
    cert, key = str(certificate / "client.crt"), str(certificate / "client.key")
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=cert)
    context.load_cert_chain(cert, key)
    context.verify_mode = ssl.CERT_OPTIONAL
    api = FakeApi(ApiConfig("", ca_file=cert))
    app = web.Application()
    app.add_routes([web.get(SECRET, api.secret)])
    server = TestServer(app, host="127.0.0.1", scheme="https")
    await server.start_server(ssl=context)
    api.config = dataclasses.replace(api.config, server=str(server.make_url("")).rstrip("/"))
    yield api
    await server.close()


@asynccontextmanager
async def open_builtin(config: ApiConfig) -> AsyncIterator[Builtin]:
    async with ApiClient(config) as client:
        builtin = Builtin(config, client, namespace="incidentsim-system")
        try:
            yield builtin
        finally:
            await builtin.close()


async def test_a_client_certificate_is_shown(fake: FakeApi, certificate: Path) -> None:
    config = dataclasses.replace(
        fake.config,
        client_cert_file=str(certificate / "client.crt"),
        client_key_file=str(certificate / "client.key"),
    )
    async with open_builtin(config) as builtin:
        assert await builtin.read_secret("drills", "redis") == {"username": "app", "password": "s3cret"}
    assert "admin" in fake.users[0]


def test_kopf_logs_in_with_the_client_certificate() -> None:
    config = ApiConfig("https://127.0.0.1:6443", ca_file="ca", client_cert_file="crt", client_key_file="key")
    login = _connection(config)
    assert (login.certificate_path, login.private_key_path, login.token) == ("crt", "key", None)


async def test_a_token_that_was_renewed_is_used(fake: FakeApi, tmp_path: Path) -> None:
    token = tmp_path / "token"
    token.write_text("first")
    config = dataclasses.replace(fake.config, token_file=str(token))
    async with open_builtin(config) as builtin:
        await builtin.read_secret("drills", "redis")
        token.write_text("second")
        await builtin.read_secret("drills", "redis")
    assert fake.users == ["Bearer first", "Bearer second"]


async def test_a_secret_that_is_no_text_names_its_key(fake: FakeApi) -> None:
    fake.content = b"caf\xe9"
    async with open_builtin(dataclasses.replace(fake.config, token="t")) as builtin:
        with pytest.raises(Invalid, match="key password of Secret drills/redis is not UTF-8 text"):
            await builtin.read_secret("drills", "redis")


async def test_no_answer_is_unreachable_for_the_counter_too() -> None:
    async with open_builtin(ApiConfig("http://127.0.0.1:1", token="t")) as builtin:
        with pytest.raises(Unreachable, match="did not answer"):
            await builtin.next_number(0)
