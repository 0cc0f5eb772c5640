"""One operator for as many of these tests as leave it running: operators live long, and starting one takes seconds."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from ..conftest import OperatorProcess, Stack


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
