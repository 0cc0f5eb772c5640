"""Prometheus metrics of the API. Labels are bounded: enums and paths of the code only, never what was sent."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import NoReturn

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    GCCollector,
    Histogram,
    PlatformCollector,
    ProcessCollector,
)

from incident_api.board.board import Board
from incident_api.board.scope import Topic
from incident_api.cluster.killswitch import KillSwitchWatch
from incident_api.cluster.mirror import Mirror
from incident_api.streaming.codecs import Door
from incident_api.streaming.hub import Hub
from incident_crds import __version__
from incident_crds.apicalls import ApiCall

LAG_INTERVAL = 1.0

REGISTRY = CollectorRegistry()
"""Of this process alone: the other one has metrics of the same names."""
for _collector in (ProcessCollector, PlatformCollector, GCCollector):
    _collector(registry=REGISTRY)
_counter = partial(Counter, registry=REGISTRY)
_gauge = partial(Gauge, registry=REGISTRY)
_histogram = partial(Histogram, registry=REGISTRY)

REQUESTS = _histogram(
    "incidentsim_http_request_duration_seconds",
    "Time that requests took, streams left out.",
    ["method", "route", "status"],
    buckets=(0.005, 0.02, 0.1, 0.5, 2, 10, 40),
)
STREAMS = _gauge("incidentsim_streams_open", "Streams that are open.", ["door"])
RESYNCS = _counter("incidentsim_stream_resyncs_total", "Streams that fell behind and got everything anew.")
DROPPED = _counter("incidentsim_streams_dropped_total", "Streams that were dropped as they did not read.")
CARDS = _gauge("incidentsim_board_cards", "Objects that are shown.", ["kind"])
LOOP_LAG = _histogram(
    "incidentsim_loop_lag_seconds",
    "How late the event loop ran.",
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
)
WATCH_AGE = _gauge(
    "incidentsim_watch_last_event_age_seconds", "Time since the API server was last heard of.", ["resource"]
)
WATCH_RESTARTS = _counter(
    "incidentsim_watch_restarts_total", "Watches that were begun after the first, by resource.", ["resource"]
)
WATCH_RELISTS = _counter(
    "incidentsim_watch_relists_total", "Lists that a watch had to take after the first, by resource.", ["resource"]
)
API_REQUESTS = _counter(
    "incidentsim_api_requests_total",
    "Requests to the Kubernetes API as this process's own account; code none: not answered.",
    ["verb", "group", "resource", "code"],
)
KILL_SWITCH = _gauge("incidentsim_kill_switch_on", "1 while chaos is halted.")
BUILD_INFO = _gauge("incidentsim_build_info", "Always 1; the version is a label.", ["component", "version"])
BUILD_INFO.labels("api", __version__).set(1)


class Tallies:
    """Raises counters to what others have counted so far."""

    def __init__(self) -> None:
        self._known: dict[Counter, int] = {}

    def raise_to(self, counter: Counter, total: int) -> None:
        """`total` is since the start of the one that counts; a lower one than before is a new start."""
        known = self._known.get(counter, 0)
        counter.inc(total - known if total >= known else total)
        self._known[counter] = total


_tallies = Tallies()


def count_api_call(call: ApiCall) -> None:
    """Bounded: the paths are the code's own, and no object's name is part of a call. People's are left out."""
    API_REQUESTS.labels(call.verb, call.group, call.resource, call.code).inc()


async def measure_lag() -> NoReturn:
    """Until cancelled."""
    loop = asyncio.get_running_loop()
    while True:
        due = loop.time() + LAG_INTERVAL
        await asyncio.sleep(LAG_INTERVAL)
        LOOP_LAG.observe(max(0.0, loop.time() - due))


def refresh_gauges(hub: Hub, mirror: Mirror, board: Board, kill_switch: KillSwitchWatch) -> None:
    """As of now."""
    for door in Door:
        STREAMS.labels(door.value).set(sum(follower.door is door for follower in hub.followers))
    _tallies.raise_to(RESYNCS, hub.resyncs_total)
    _tallies.raise_to(DROPPED, hub.dropped_total)
    for topic in Topic:
        CARDS.labels(topic.value).set(sum(1 for _ in board.cards(topic)))
    for name, watcher in mirror.watchers.items():
        age = watcher.last_event_age()
        if age is not None:
            WATCH_AGE.labels(name).set(age.total_seconds())
        _tallies.raise_to(WATCH_RELISTS.labels(name), watcher.relists_total)
        _tallies.raise_to(WATCH_RESTARTS.labels(name), max(0, watcher.watches_total - 1))
    state = kill_switch.state
    if state is not None:
        KILL_SWITCH.set(1 if state.on else 0)
