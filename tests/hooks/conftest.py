"""A release on the session's stack: the operator's Deployment, a real operator, and the account of the hooks."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from pathlib import Path

import pytest
import pytest_asyncio

from incident_crds.access import hook_roles
from incident_crds.client import ApiClient

from ..clearing import clear
from ..conftest import OperatorProcess, Stack
from .release import Release
from .running import SYSTEM, Hook, account


@pytest.fixture(scope="package")
def kept_operator(stack: Stack) -> Iterator[OperatorProcess]:
    """Running or not, as the last test left it. The tests that come after find a quiet stack."""
    process = OperatorProcess(stack)
    try:
        yield process
        if not process.is_running:
            process.start()
        asyncio.run(clear(stack))
    finally:
        process.stop()


@pytest_asyncio.fixture
async def release(admin: ApiClient, kept_operator: OperatorProcess) -> AsyncIterator[Release]:
    """Installed: its operator runs and is ready."""
    made = Release(admin, kept_operator)
    await made.install()
    tending = asyncio.create_task(made.tend())
    try:
        await made.runs()
        yield made
    finally:
        tending.cancel()
        with suppress(asyncio.CancelledError):
            await tending
        await made.remove()


@pytest_asyncio.fixture
async def hook(stack: Stack, admin: ApiClient, tmp_path: Path) -> AsyncIterator[Hook]:
    """As an account with the hooks' roles and nothing else."""
    ca = stack.state / "secrets" / "ca.crt"
    roles = hook_roles(SYSTEM)
    async with account(admin, "hook", roles, server=stack.info["server"], ca=ca, folder=tmp_path) as made:
        yield made
