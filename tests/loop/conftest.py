"""One operator for as many of these tests as leave it running: operators live long, and starting one takes seconds."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import suppress

import pytest
import pytest_asyncio

from incident_crds.chaosexperiment import ChaosExperiment
from incident_crds.errors import NotFound

from ..conftest import NAMESPACE, OperatorProcess, Stack


@pytest.fixture(scope="package")
def kept_operator(stack: Stack) -> Iterator[OperatorProcess]:
    """Running or not, as the last test left it."""
    process = OperatorProcess(stack)
    try:
        yield process
    finally:
        process.stop()


@pytest.fixture
def operator(kept_operator: OperatorProcess) -> OperatorProcess:
    """The operator, ready; it may be killed and started again, and need not be left running."""
    if not kept_operator.is_running:
        kept_operator.start()
    kept_operator.wait_ready()
    return kept_operator


@pytest.fixture
def no_operator(kept_operator: OperatorProcess) -> None:
    """For a test that starts an operator of its own."""
    kept_operator.stop()


@pytest_asyncio.fixture(autouse=True)
async def nothing_goes_on(stack: Stack) -> AsyncIterator[None]:
    """A test that failed in mid-fault takes no other with it: the next operator, if none runs, undoes what it left."""
    yield
    async with stack.client("admin") as admin:
        for left in await admin.list_all(ChaosExperiment, NAMESPACE):
            with suppress(NotFound):
                await admin.delete(ChaosExperiment, *left.key)
