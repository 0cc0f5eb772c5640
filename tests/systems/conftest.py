"""Servers once a session, targets once a test."""

from __future__ import annotations

import signal
from collections.abc import AsyncIterator, Iterator

import pytest
import pytest_asyncio

from incident_crds.catalogue import SystemType
from incident_operator.targets import open_target
from incident_operator.targets.disk import DiskTarget
from incident_operator.targets.postgres import PostgresTarget
from incident_operator.targets.redis import RedisTarget
from tests.systems.servers import (
    Server,
    access_to,
    agent_server,
    create_app_role,
    postgres_server,
    redis_server,
    server_folder,
)


@pytest.fixture(scope="session")
def redis() -> Iterator[Server]:
    with server_folder("redis") as folder:
        server = redis_server(folder)
        server.start()
        yield server
        server.end(signal.SIGTERM)


@pytest.fixture(scope="session")
def postgres() -> Iterator[Server]:
    with server_folder("postgres") as folder:
        server = postgres_server(folder)
        server.start()
        create_app_role(server.port)
        yield server
        server.end(signal.SIGINT)


@pytest.fixture(scope="session")
def agent() -> Iterator[Server]:
    with server_folder("agent") as folder:
        server = agent_server(folder)
        server.start()
        yield server
        server.end(signal.SIGTERM)


@pytest_asyncio.fixture
async def redis_target(redis: Server) -> AsyncIterator[RedisTarget]:
    target = open_target(SystemType.REDIS, access_to(f"redis://127.0.0.1:{redis.port}/0"))
    assert isinstance(target, RedisTarget)
    await target.seed()
    yield target
    await target.close()


@pytest_asyncio.fixture
async def postgres_target(postgres: Server) -> AsyncIterator[PostgresTarget]:
    target = open_target(SystemType.POSTGRES, access_to(f"postgresql://127.0.0.1:{postgres.port}/app"))
    assert isinstance(target, PostgresTarget)
    await target.seed()
    yield target
    await target.close()


@pytest_asyncio.fixture
async def disk_target(agent: Server) -> AsyncIterator[DiskTarget]:
    target = open_target(SystemType.DISK, access_to(f"http://127.0.0.1:{agent.port}"))
    assert isinstance(target, DiskTarget)
    await target.seed()
    yield target
    await target.close()
