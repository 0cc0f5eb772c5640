"""Prometheus metrics of the API. Labels are bounded: enums and paths of the code only, never what was sent."""

from __future__ import annotations

from prometheus_client import Gauge, Histogram

from incident_api.board.board import Board
from incident_api.board.scope import Topic
from incident_api.cluster.mirror import Mirror
from incident_api.streaming.codecs import Door
from incident_api.streaming.hub import Hub

REQUESTS = Histogram(
    "incidentsim_api_request_seconds",
    "Time that requests took, streams left out.",
    ["method", "path", "status"],
    buckets=(0.005, 0.02, 0.1, 0.5, 2, 10, 40),
)
STREAMS = Gauge("incidentsim_api_streams", "Streams that are open.", ["door"])
RESYNCS = Gauge("incidentsim_api_stream_resyncs", "Streams that got everything anew, since the start.")
DROPPED = Gauge("incidentsim_api_streams_dropped", "Streams that were dropped as they did not read, since the start.")
CARDS = Gauge("incidentsim_api_cards", "Objects that are shown.", ["kind"])
WATCH_AGE = Gauge("incidentsim_api_watch_age_seconds", "Time since the API server was last heard of.", ["resource"])
RELISTS = Gauge("incidentsim_api_watch_relists", "Lists taken after the first, since the start.", ["resource"])


def refresh_gauges(hub: Hub, mirror: Mirror, board: Board) -> None:
    """As of now."""
    for door in Door:
        STREAMS.labels(door.value).set(sum(follower.door is door for follower in hub.followers))
    RESYNCS.set(hub.resyncs_total)
    DROPPED.set(hub.dropped_total)
    for topic in Topic:
        CARDS.labels(topic.value).set(sum(1 for _ in board.cards(topic)))
    for name, watcher in mirror.watchers.items():
        age = watcher.last_event_age()
        WATCH_AGE.labels(name).set(-1 if age is None else age.total_seconds())
        RELISTS.labels(name).set(watcher.relists_total)
