"""How late probes began, read from the operator's histogram from outside."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

LIMIT_SECONDS = 0.2
"""The 99th percentile of the delay must stay below it; a bucket's edge, so that the histogram can tell."""
_METRIC = "incidentsim_probe_delay_seconds_bucket"
_LINE = re.compile(rf"^{_METRIC}{{(?P<labels>[^}}]*)}} (?P<value>\S+)$", re.MULTILINE)
_LABEL = re.compile(r'(\w+)="([^"]*)"')

Buckets = Mapping[float, int]
"""Samples up to each edge in seconds, as Prometheus counts them: the last edge is infinite and has all."""


@dataclass(frozen=True, slots=True)
class Delays:
    """How late the probes of one type of system began, each figure the upper edge of its bucket, in milliseconds."""

    count: int
    p50: float
    p99: float
    longest: float

    @property
    def is_good(self) -> bool:
        """Without a sample nothing was shown."""
        return self.count > 0 and self.p99 <= LIMIT_SECONDS * 1000


def parse_buckets(text: str) -> dict[str, Buckets]:
    """The histogram of each type of system in a scrape; none where nothing was measured yet."""
    found: dict[str, dict[float, int]] = {}
    for line in _LINE.finditer(text):
        labels = dict(_LABEL.findall(line["labels"]))
        found.setdefault(labels["type"], {})[float(labels["le"])] = int(float(line["value"]))
    return dict(found)


def measure_delays(before: Buckets, after: Buckets) -> Delays:
    """What came between two scrapes."""
    edges = sorted(after)
    counts = [after[edge] - before.get(edge, 0) for edge in edges]
    total = counts[-1] if counts else 0
    return Delays(
        count=total,
        p50=_edge(edges, counts, math.ceil(total * 0.5)),
        p99=_edge(edges, counts, math.ceil(total * 0.99)),
        longest=_edge(edges, counts, total),
    )


def _edge(edges: Sequence[float], counts: Sequence[int], rank: int) -> float:
    """Of the bucket that holds the sample of this rank; 0 where there is no sample."""
    if rank < 1:
        return 0.0
    return next(edge for edge, count in zip(edges, counts, strict=True) if count >= rank) * 1000
