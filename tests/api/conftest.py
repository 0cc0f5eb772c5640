"""One operator and one API for all tests of this folder that need them, beside the session's stack."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import pytest_asyncio

from ..conftest import ApiProcess, OperatorProcess, Stack
from .door import Door


@pytest.fixture(scope="package")
def running(stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ApiProcess]:
    """The API with an operator behind it."""
    operator, api = OperatorProcess(stack), ApiProcess(stack)
    operator.start()
    try:
        api.start(
            INCIDENTSIM_API_TOKEN_HEADER="X-Handed-Token", INCIDENTSIM_API_ALLOWED_ORIGINS="https://friend.example"
        )
        try:
            yield api
        finally:
            api.stop()
    finally:
        operator.stop()


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
