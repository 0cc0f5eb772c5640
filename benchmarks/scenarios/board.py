"""Board: the built board in a headless browser while incidents change, as it comes and with every card in the page."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from statistics import median, quantiles
from typing import Any

from playwright.async_api import Browser
from playwright.async_api import Error as BrowserError

from benchmarks.boardpage import BoardPage, make_link, open_browser, renderer_pids, tasks_cpu_ms
from benchmarks.figures import Measurement
from benchmarks.load import Writer
from benchmarks.meter import read_usage
from benchmarks.ports import free_port
from benchmarks.scenarios.bench import Bench
from benchmarks.targets.base import TargetFailed
from benchmarks.targets.simulator import SimulatorTarget
from incident_crds.incident import IncidentPhase
from incident_local.ports import LOOPBACK
from tests.board.browser import NoBrowser

NAME = "board"
TARGETS = (SimulatorTarget.name,)
_MOST_SECONDS = 30.0
_SETTLE_SECONDS = 60.0
_PAUSE_SECONDS = 0.3  # between what a hand does
_SHORT_MS = 16.0
"""Events that take less are not told by the browser."""
_LONG_MS = 50.0
_OPENINGS = 5
_COLUMNS = ("triage", "investigating", "fixing")
_DRAGS = tuple((_COLUMNS[number % 3], _COLUMNS[(number + 1) % 3]) for number in range(10))
_TIMED = {"pointerdown", "pointerup", "dragstart", "dragend", "drop", "click", "keydown"}
_PHASES = (IncidentPhase.TRIAGE, IncidentPhase.INVESTIGATING, IncidentPhase.FIXING)
_MOVES_EVERY = 10
"""One change of so many takes the card to another column."""


async def run(bench: Bench) -> Measurement:
    """First load; then the same load on the page as it comes, and on one with every card."""
    measurement, target, options = Measurement(), bench.target, bench.options
    if not isinstance(target, SimulatorTarget):
        raise TargetFailed("only this project's board can be looked at")
    await target.prepare(options.incidents)
    try:
        async with target.server(free_port()) as server, open_browser() as browser:
            url = f"http://{LOOPBACK}:{server.port}"
            await _first_load(measurement, browser, await make_link(url, target.headers))
            for name, has_all in (("as it comes", False), ("all cards", True)):
                await _Look(bench, target, browser, url, has_all=has_all).measure(measurement, name)
    except (NoBrowser, BrowserError) as error:
        measurement.remarks.append(f"could not be measured: {type(error).__name__}: {error}")
    return measurement


async def _first_load(measurement: Measurement, browser: Browser, link: str) -> None:
    async with BoardPage.open(browser, link, is_first_visit=True) as page:
        measurement.add("first load, until a card is shown", await page.now(), "ms")
        await page.page.wait_for_load_state("networkidle")
        loaded = await page.loaded()
    size = sum(script["bytes"] for script in loaded["scripts"]) / 1000
    measurement.add("first load, JavaScript compressed", size, "kB", "goal: below 200")
    measurement.add("first load, scripts", len(loaded["scripts"]), "files")
    measurement.add("first load, requests", loaded["requests"], "requests")


class _Look:
    """One page under load."""

    def __init__(self, bench: Bench, target: SimulatorTarget, browser: Browser, url: str, *, has_all: bool) -> None:
        self._bench = bench
        self._target = target
        self._browser = browser
        self._url = url
        self._has_all = has_all
        self._seconds = min(bench.options.seconds, _MOST_SECONDS)

    async def measure(self, measurement: Measurement, name: str) -> None:
        link = await make_link(self._url, self._target.headers)
        async with BoardPage.open(self._browser, link) as page:
            if self._has_all:
                measurement.add(f"{name}, from navigation until all are there", await page.show_all(), "ms")
            loading = await page.report(0, await page.now())
            measurement.add(f"{name}, longest task while loading", _longest(loading["tasks"]), "ms")
            await asyncio.sleep(1.0)
            await self._under_load(measurement, name, page)
            different = await page.settle(
                f"{self._url}/api/v1/incidents", self._target.headers, has_all=self._has_all, seconds=_SETTLE_SECONDS
            )
            measurement.add(f"{name}, shows in the end what the API answers", float(not different), "yes=1")
            if different:
                measurement.remarks.append(f"{name}: in the end the board differs: {different}")

    async def _under_load(self, measurement: Measurement, name: str, page: BoardPage) -> None:
        options, pids = self._bench.options, await renderer_pids(self._browser)
        writer = Writer(self._change, first=0, incidents=options.incidents, in_flight=options.steady_in_flight)
        await self._browser.start_tracing(
            page=page.page, categories=["devtools.timeline", "disabled-by-default-devtools.timeline"]
        )
        used, began, clock = read_usage(pids).cpu_seconds, await page.now(), time.monotonic()
        load = asyncio.create_task(writer.steady(options.rate, self._seconds))
        hands = await self._use(page)
        written = await load
        end, seconds = await page.now(), time.monotonic() - clock
        used = read_usage(pids).cpu_seconds - used
        worked = tasks_cpu_ms(await self._browser.stop_tracing())
        measurement.add(f"{name}, changes taken", written.sent / written.seconds, "/s")
        _add_work(measurement, name, await page.report(began, end), seconds)
        measurement.add(f"{name}, longest task, CPU time alone", max(worked) if worked else None, "ms")
        measurement.add(f"{name}, tasks over 50 ms of CPU time", sum(ms > _LONG_MS for ms in worked), "tasks")
        measurement.add(f"{name}, page CPU share", 100 * used / seconds, "% of a core")
        for hand, spans in hands.items():
            goal = "goal: below 100" if hand == "drag" else ""
            times = [await _slowest(page, *span) for span in spans]
            measurement.add(f"{name}, {hand} to next paint p50", median(times), "ms", goal)
            measurement.add(f"{name}, {hand} to next paint longest", max(times), "ms", goal)

    async def _change(self, index: int, mark: str) -> None:
        """What a card shows; now and then its column, too."""
        number = int(mark[6:12])
        status: dict[str, Any] = {"diagnosis": {"confidence": number % 101, "summary": f"Change {number}"}}
        if number % _MOVES_EVERY == 0:
            status["phase"] = _PHASES[number // _MOVES_EVERY % len(_PHASES)].value
        await self._target.write_status(index, status)

    async def _use(self, page: BoardPage) -> dict[str, list[tuple[float, float]]]:
        """As somebody uses the board; the spans of each interaction on the page's clock."""

        async def drag(number: int) -> None:
            source, goal = _DRAGS[number]
            dragged = await page.drag(source, goal)
            # No operator runs here: it is answered as one would.
            phase = _PHASES[_COLUMNS.index(goal)].value
            await self._target.write_status(int(dragged.removeprefix("INC-")) - 1, {"phase": phase})

        async def details(_: int) -> None:
            await page.press("Enter", on="[data-card-link]")
            await page.dialog(is_open=True)

        async def palette(_: int) -> None:
            await page.press("Control+k")
            await page.dialog(is_open=True)

        async def close() -> None:
            await page.press("Escape")
            await page.dialog(is_open=False)

        return {
            "drag": await _repeat(page, drag, len(_DRAGS)),
            "opening details": await _repeat(page, details, _OPENINGS, close),
            "opening the palette": await _repeat(page, palette, _OPENINGS, close),
        }


async def _nothing() -> None:
    return None


async def _repeat(
    page: BoardPage,
    act: Callable[[int], Awaitable[None]],
    times: int,
    after: Callable[[], Awaitable[None]] = _nothing,
) -> list[tuple[float, float]]:
    spans = []
    for number in range(times):
        began = await page.now()
        await act(number)
        await asyncio.sleep(_PAUSE_SECONDS)
        spans.append((began, await page.now()))
        await after()
    return spans


async def _slowest(page: BoardPage, began: float, end: float) -> float:
    """The event of an interaction that waited longest for its paint."""
    events = (await page.report(began, end))["events"]
    return max((event["ms"] for event in events if event["name"] in _TIMED), default=_SHORT_MS)


def _add_work(measurement: Measurement, name: str, seen: dict[str, list[dict[str, Any]]], seconds: float) -> None:
    tasks, frames = seen["tasks"], [frame["ms"] for frame in seen["frames"]]
    measurement.add(f"{name}, longest task", _longest(tasks), "ms", "goal: below 50")
    measurement.add(f"{name}, tasks over 50 ms", len(tasks), "tasks")
    measurement.add(f"{name}, tasks over 50 ms a minute", 60 * len(tasks) / seconds, "/min")
    if len(frames) > 1:
        measurement.add(f"{name}, time between frames p95", quantiles(frames, n=20)[18], "ms")
        measurement.add(f"{name}, time between frames longest", max(frames), "ms")


def _longest(tasks: Sequence[dict[str, Any]]) -> float:
    """Those that took less than 50 ms are not told."""
    return max((task["ms"] for task in tasks), default=0.0)
