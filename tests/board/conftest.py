"""A browser in front of the built board, with the real API, operator and systems behind it.

All tests of this folder run in one event loop, that of the session, as the browser does: fixtures here and in the
tests are `@pytest_asyncio.fixture(loop_scope="session")`.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Generator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Browser, BrowserContext, Page, async_playwright, expect

from incident_local.board import BoardBuilder
from incident_local.progress import Progress
from incident_local.settings import Settings
from incident_local.wheels import WheelStore

from ..api.door import Door
from ..clearing import clear
from ..conftest import ApiProcess, OperatorProcess, Stack
from .browser import find_browser, flags
from .problems import Problems
from .relay import Relay

PATIENCE_MS = 10_000
"""How long a page may take for anything: two slow cores carry the browser and all that is behind it."""
VIEWPORT = {"width": 1280, "height": 900}
_REPORTS = pytest.StashKey[dict[str, pytest.TestReport]]()

Visit = Callable[..., Awaitable[Page]]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """One loop for all, without a mark in each file: this hook is called with the tests of every folder."""
    for item in items:
        if item.path.is_relative_to(Path(__file__).parent):
            item.add_marker(pytest.mark.asyncio(loop_scope="session"), append=False)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Lets fixtures know whether the test failed."""
    report = yield
    item.stash.setdefault(_REPORTS, {})[report.when] = report
    return report


@dataclass(frozen=True, slots=True)
class Board:
    """The board at `url`. A test may stop or kill what is behind it: it runs again for the next one."""

    url: str
    stack: Stack
    api: ApiProcess
    operator: OperatorProcess

    def token(self, user: str) -> str:
        return (self.stack.state / "secrets" / f"{user}.token").read_text()

    def door(self, user: str = "sre") -> Door:
        """The API as that user, beside the browser; to be used as a context."""
        return Door(self.url, self.token(user))

    def start(self) -> None:
        for process in (self.operator, self.api):
            if not process.is_running:
                process.start()


@pytest_asyncio.fixture(scope="package", loop_scope="session")
async def chromium() -> AsyncIterator[Browser]:
    """One browser for all tests; each page has a profile of its own in it."""
    expect.set_options(timeout=PATIENCE_MS)
    async with async_playwright() as playwright:
        program = find_browser(Path(playwright.chromium.executable_path))
        browser = await playwright.chromium.launch(executable_path=program, args=flags())
        yield browser
        await browser.close()


@pytest_asyncio.fixture(scope="package", loop_scope="session")
async def running_board(stack: Stack) -> AsyncIterator[Board]:
    """The board as it is built from the source now, served by the API, with an operator."""
    cache, progress = Settings().cache_dir, Progress()
    await BoardBuilder(cache, WheelStore(cache, progress), progress).folder()
    api, operator = ApiProcess(stack), OperatorProcess(stack)
    board = Board(api.url, stack, api, operator)
    try:
        board.start()
        await clear(stack)
        yield board
    finally:
        api.stop()
        operator.stop()


@pytest_asyncio.fixture(loop_scope="session")
async def board(running_board: Board) -> AsyncIterator[Board]:
    """The board with nothing on it; what the test leaves is cleared away."""
    yield running_board
    running_board.start()
    await clear(running_board.stack)


@pytest.fixture
def problems() -> Problems:
    """What went wrong on the pages of this test; `problems.expect("…")` for what has to."""
    return Problems()


@pytest_asyncio.fixture(loop_scope="session")
async def visit(
    board: Board, chromium: Browser, problems: Problems, request: pytest.FixtureRequest, tmp_path: Path
) -> AsyncIterator[Visit]:
    """Opens the board in a browser profile of its own, signed in by a link as that user, or not at all.

    `await visit("sre", "/analytics", at=relay.url, viewport={...}, color_scheme="dark")`: what it does not know itself
    it hands to Playwright's `new_context`. The guide of the first visit is shown where it is asked for.
    """
    contexts: list[BrowserContext] = []

    async def open_page(
        user: str | None = None, path: str = "/", *, at: str = "", with_guide: bool = False, **options: Any
    ) -> Page:
        url = at or board.url
        # Who was here before is not shown around again.
        known = [] if with_guide else [{"name": "incidentsim.guide", "value": "closed"}]
        storage = {"origins": [{"origin": url, "localStorage": known}]}
        context = await chromium.new_context(**{"viewport": VIEWPORT, "storage_state": storage, **options})
        context.set_default_timeout(PATIENCE_MS)
        contexts.append(context)
        problems.watch(context)
        page = await context.new_page()
        if user is not None:
            async with Door(url, board.token(user)) as door:
                await page.goto((await door.post("/session/links")).json["url"])
        if user is None or path != "/":
            await page.goto(f"{url}{path}")
        return page

    yield open_page
    reports = request.node.stash.get(_REPORTS, {})
    has_failed = "call" in reports and reports["call"].failed
    if has_failed or problems.unexpected:
        await _picture(contexts, tmp_path)
    for context in contexts:
        await context.close()
    assert not problems.unexpected, "\n".join(["on the pages of this test:", *problems.unexpected])


async def _picture(contexts: list[BrowserContext], folder: Path) -> None:
    pages = [page for context in contexts for page in context.pages]
    for number, page in enumerate(pages, 1):
        path = folder / f"page-{number}.png"
        await page.screenshot(path=path)
        print(f"screenshot of {page.url}: {path}")


@pytest_asyncio.fixture(loop_scope="session")
async def sre_page(visit: Visit) -> Page:
    """The board, seen by somebody who may approve."""
    return await visit("sre")


@pytest_asyncio.fixture(loop_scope="session")
async def viewer_page(visit: Visit) -> Page:
    """The board, seen by somebody who may only look."""
    return await visit("viewer")


@pytest_asyncio.fixture(loop_scope="session")
async def relay(board: Board) -> AsyncIterator[Relay]:
    """In front of the API, for connections that break: `await visit("sre", at=relay.url)`."""
    async with Relay(board.url) as running:
        yield running
