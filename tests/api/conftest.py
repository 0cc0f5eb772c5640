"""One operator and one API for all tests of this folder that need them, beside the session's stack."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import pytest_asyncio

from ..clearing import clear
from ..conftest import ApiProcess, OperatorProcess, Stack
from .door import Door


@pytest.fixture(scope="package")
def acting(stack: Stack) -> Iterator[OperatorProcess]:
    """The operator behind the API."""
    operator = OperatorProcess(stack)
    operator.start()
    try:
        yield operator
        asyncio.run(clear(stack))  # also what a fuzzer made: the tests that come after find a quiet stack
    finally:
        operator.stop()


@pytest.fixture(scope="package")
def running(stack: Stack, acting: OperatorProcess) -> Iterator[ApiProcess]:
    """The API with an operator behind it."""
    api = ApiProcess(stack)
    api.start(INCIDENTSIM_API_TOKEN_HEADER="X-Handed-Token", INCIDENTSIM_API_ALLOWED_ORIGINS="https://friend.example")
    try:
        yield api
    finally:
        api.stop()


@pytest.fixture
def secrets(stack: Stack) -> Path:
    """The folder with each user's token."""
    return stack.state / "secrets"


@pytest_asyncio.fixture
async def door(running: ApiProcess, secrets: Path) -> AsyncIterator[Door]:
    """The API as `sre`, who may approve."""
    async with Door(running.url, (secrets / "sre.token").read_text()) as opened:
        yield opened


@pytest_asyncio.fixture
async def viewer_door(running: ApiProcess, secrets: Path) -> AsyncIterator[Door]:
    """The API as `viewer`, who may only read."""
    async with Door(running.url, (secrets / "viewer.token").read_text()) as opened:
        yield opened
