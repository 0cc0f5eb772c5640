"""The built board in a headless browser, and what is asked of the page from inside and from outside."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import aiohttp
from playwright.async_api import Browser, Page, async_playwright

from benchmarks.targets.base import TargetFailed
from tests.board.browser import find_browser, flags

SCRIPT = Path(__file__).with_suffix(".js")
"""To be run in each document before its own scripts; what the methods of a BoardPage call."""
_VIEWPORT = {"width": 1280, "height": 900}
_LOAD_MS = 60_000
_STEPS = 4  # of the pointer, on its way to another column
_CARD = "[data-card]"


@asynccontextmanager
async def open_browser() -> AsyncIterator[Browser]:
    """Headless, with nothing in its profile. Raises NoBrowser."""
    async with async_playwright() as playwright:
        program = find_browser(Path(playwright.chromium.executable_path))
        browser = await playwright.chromium.launch(executable_path=program, args=flags())
        try:
            yield browser
        finally:
            await browser.close()


async def renderer_pids(browser: Browser) -> list[int]:
    """The processes that run pages; what paints for them is another one."""
    session = await browser.new_browser_cdp_session()
    found = await session.send("SystemInfo.getProcessInfo")
    await session.detach()
    return [int(process["id"]) for process in found["processInfo"] if process["type"] == "renderer"]


def tasks_cpu_ms(trace: bytes) -> list[float]:
    """What the tasks of the pages' main threads took of a core: less than their time where others held the cores."""
    events = json.loads(trace)["traceEvents"]
    threads = {
        (event["pid"], event["tid"])
        for event in events
        if event["name"] == "thread_name" and event["args"]["name"] == "CrRendererMain"
    }
    return [
        event.get("tdur", 0) / 1000
        for event in events
        if event["name"] == "RunTask" and (event["pid"], event["tid"]) in threads
    ]


async def make_link(url: str, headers: Mapping[str, str]) -> str:
    """An address that signs a browser in as whoever the headers are."""
    async with (
        aiohttp.ClientSession(headers=headers) as session,
        session.post(f"{url}/api/v1/session/links") as answer,
    ):
        if answer.status != 201:
            raise TargetFailed(f"no link to sign in with: HTTP {answer.status}")
        return str((await answer.json())["url"])


@dataclass(frozen=True, slots=True)
class Shown:
    """What a page showed."""

    cards: Sequence[Mapping[str, str]]
    counts: Mapping[str, int]

    def differences(self, incidents: Sequence[Mapping[str, Any]], *, has_all: bool) -> list[str]:
        """Where it is not what the API answers, in words. `has_all`: each incident has to have its card."""
        known = {incident["id"]: incident for incident in incidents}
        found = [text for card in self.cards if (text := _difference(card, known.get(card["id"])))]
        if has_all and len(self.cards) != len(incidents):
            found.append(f"{len(self.cards)} cards of {len(incidents)} incidents")
        for column, count in self.counts.items():
            expected = sum(incident["status"] == column for incident in incidents)
            if count != expected:
                found.append(f"{column} counts {count} of {expected}")
        return found


def _difference(card: Mapping[str, str], incident: Mapping[str, Any] | None) -> str:
    if incident is None:
        return f"the card {card['id']} is of nothing"
    wanted = [incident["number"], incident["message"], incident["team"], incident["severity"] or ""]
    if (analysis := incident["analysis"]) is not None:
        wanted.append(f"{analysis['confidence']} %")
    missing = [text for text in wanted if text not in card["text"]]
    if card["column"] != incident["status"]:
        return f"{incident['number']} is in {card['column']}, not in {incident['status']}"
    return f"{incident['number']} lacks {missing}" if missing else ""


class BoardPage:
    """One page with the board on it."""

    def __init__(self, page: Page) -> None:
        self.page = page

    @staticmethod
    @asynccontextmanager
    async def open(browser: Browser, link: str, *, is_first_visit: bool = False) -> AsyncIterator[BoardPage]:
        """In a profile of its own, with a first card in sight. Who was here before is not shown the guide."""
        parts = urlsplit(link)
        known = [] if is_first_visit else [{"name": "incidentsim.guide", "value": "closed"}]
        origin = {"origin": f"{parts.scheme}://{parts.netloc}", "localStorage": known}
        context = await browser.new_context(viewport=_VIEWPORT, storage_state={"origins": [origin]})  # type: ignore[arg-type]
        try:
            context.set_default_timeout(_LOAD_MS)
            await context.add_init_script(path=SCRIPT)
            page = await context.new_page()
            await page.goto(link)
            await page.locator(_CARD).first.wait_for()
            yield BoardPage(page)
        finally:
            await context.close()

    async def now(self) -> float:
        """Milliseconds since the navigation began."""
        return float(await self.page.evaluate("performance.now()"))

    async def show_all(self) -> float:
        """Every card of every column; the milliseconds since the navigation began."""
        return float(await self._ask("showAll()"))

    async def shown(self) -> Shown:
        return Shown(**await self._ask("shown()"))

    async def loaded(self) -> dict[str, Any]:
        """How many requests were made, and which scripts came, with their bytes as they were sent."""
        found: dict[str, Any] = await self._ask("loaded()")
        return found

    async def report(self, begin: float, end: float) -> dict[str, list[dict[str, Any]]]:
        """Long tasks, slow events and frames between two moments of `now`."""
        found: dict[str, list[dict[str, Any]]] = await self._ask(f"report({begin}, {end})")
        return found

    async def settle(self, incidents_url: str, headers: Mapping[str, str], *, has_all: bool, seconds: float) -> str:
        """Waits until the page shows what the API answers; in the end, what is different."""
        until = time.monotonic() + seconds
        async with aiohttp.ClientSession(headers=headers) as session:
            while True:
                async with session.get(incidents_url) as answer:
                    incidents = json.loads(await answer.read())
                if has_all:
                    await self.show_all()  # a column may have grown
                different = (await self.shown()).differences(incidents, has_all=has_all)
                if not different or time.monotonic() > until:
                    return "; ".join(different[:3])
                await asyncio.sleep(0.25)

    async def drag(self, source: str, target: str) -> str:
        """The first card of a column by hand to another column; its number."""
        card = self.page.locator(f'[data-column="{source}"] {_CARD}').first
        heading = self.page.locator(f'[data-column="{target}"] h2')
        number = await card.locator("[data-move]").get_attribute("aria-label") or ""
        await heading.evaluate("(element) => element.scrollIntoView({ block: 'center' })")
        origin, goal = await card.bounding_box(), await heading.bounding_box()
        if origin is None or goal is None:
            raise TargetFailed("there is no card to drag, or no column to drag it to")
        mouse = self.page.mouse
        await mouse.move(origin["x"] + 12, origin["y"] + 40)
        await mouse.down()
        await mouse.move(goal["x"] + 20, goal["y"] + 10, steps=_STEPS)
        if await self.page.locator("[data-dragging]").count() != 1:
            raise TargetFailed("the card does not follow the pointer")
        await mouse.up()
        return number.removeprefix("Move ")

    async def press(self, key: str, *, on: str = "") -> None:
        """A key, on that element where one is given."""
        if on:
            await self.page.locator(on).first.focus()
        await self.page.keyboard.press(key)

    async def dialog(self, *, is_open: bool) -> None:
        """Waits until one is there, or is gone."""
        await self.page.locator('[role="dialog"]').first.wait_for(state="visible" if is_open else "detached")

    async def _ask(self, call: str) -> Any:
        return await self.page.evaluate(f"window.incidentsimBench.{call}")
