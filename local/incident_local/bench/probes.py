"""`bench probes`: do probes begin on time while another system is broken as hard as it can be?"""

from __future__ import annotations

import asyncio
import json
import math
from collections.abc import Sequence
from dataclasses import dataclass

import aiohttp

from incident_crds.catalogue import FaultType
from incident_crds.client import ApiClient
from incident_crds.mocksystem import MockSystem
from incident_local.bench.breaking import Breaker, measure_on_stack
from incident_local.bench.jitter import LIMIT_SECONDS, Buckets, Delays, measure_delays, parse_buckets
from incident_local.errors import BenchFailed
from incident_local.identities import NAMESPACE
from incident_local.progress import Progress
from incident_local.runinfo import read_run_info
from incident_local.settings import Settings


@dataclass(frozen=True, slots=True)
class Phase:
    """A stretch of the measurement, and what is injected and undone in it again and again."""

    name: str
    system: str = ""
    fault: FaultType | None = None
    block: tuple[str, dict[str, int]] = ("", {})


PHASES = (
    Phase("at rest"),
    Phase("RedisMemory", "redis-test", FaultType.REDIS_MEMORY, ("redisMemory", {"fillPercent": 95})),
    Phase("PostgresBloat", "postgres-test", FaultType.POSTGRES_BLOAT, ("postgresBloat", {"rows": 1_000_000})),
)


@dataclass(frozen=True, slots=True)
class Row:
    """One system in one phase."""

    phase: Phase
    injections: int
    system: str
    delays: Delays

    @property
    def is_broken(self) -> bool:
        """Its own probes are shown; the promise is about the others."""
        return self.system == self.phase.system

    @property
    def is_good(self) -> bool:
        return self.is_broken or self.delays.is_good


class ProbeBench:
    """Breaks systems as the approver may, and reads what the operator's metrics say meanwhile."""

    def __init__(self, client: ApiClient, metrics_url: str, seconds: float, progress: Progress) -> None:
        self._client = client
        self._breaker = Breaker(client)
        self._metrics_url = metrics_url
        self._seconds = seconds
        self._progress = progress

    async def run(self) -> list[Row]:
        """Raises BenchFailed where a fault was refused or the operator did not answer."""
        systems = await self._client.list_all(MockSystem, NAMESPACE)
        rows: list[Row] = []
        for phase in PHASES:
            before = await self._scrape()
            with self._progress.step(f"measure {phase.name}"):
                injections = await self._pass_time(phase)
            after = await self._scrape()
            for system in sorted(systems, key=lambda s: s.metadata.name):
                kind = system.spec.type.value
                delays = measure_delays(before.get(kind, {}), after.get(kind, {}))
                rows.append(Row(phase, injections, system.metadata.name, delays))
        return rows

    async def _pass_time(self, phase: Phase) -> int:
        loop = asyncio.get_running_loop()
        end, injections = loop.time() + self._seconds, 0
        if phase.fault is None:
            await asyncio.sleep(self._seconds)
            return 0
        while loop.time() < end:
            async with self._breaker.broken(phase.system, phase.fault, {phase.block[0]: phase.block[1]}):
                injections += 1
        return injections

    async def _scrape(self) -> dict[str, Buckets]:
        try:
            timeout = aiohttp.ClientTimeout(total=10)
            async with aiohttp.ClientSession(timeout=timeout) as session, session.get(self._metrics_url) as response:
                response.raise_for_status()
                return parse_buckets(await response.text())
        except (aiohttp.ClientError, TimeoutError) as error:
            raise BenchFailed(
                f"The operator's metrics at {self._metrics_url} cannot be read: {type(error).__name__} {error}",
                remedy="see the operator's log",
            ) from error


async def run_bench_probes(settings: Settings, progress: Progress, *, seconds: float, as_json: bool) -> int:
    """0 only when every system's probes began on time, whatever was done to another system."""
    rows = await measure_on_stack(
        settings,
        progress,
        lambda client, state: ProbeBench(
            client, f"{read_run_info(state).operator_url}/metrics", seconds, progress
        ).run(),
    )
    print(json.dumps(_document(rows, seconds), indent=2) if as_json else _render(rows))
    return 0 if all(row.is_good for row in rows) else 1


def _document(rows: Sequence[Row], seconds: float) -> dict[str, object]:
    return {
        "passed": all(row.is_good for row in rows),
        "limitMilliseconds": LIMIT_SECONDS * 1000,
        "secondsEach": seconds,
        "rows": [
            {
                "phase": row.phase.name,
                "injections": row.injections,
                "system": row.system,
                "broken": row.is_broken,
                "n": row.delays.count,
                "p50Milliseconds": _known(row.delays.p50),
                "p99Milliseconds": _known(row.delays.p99),
                "maxMilliseconds": _known(row.delays.longest),
                "passed": row.is_good,
            }
            for row in rows
        ],
    }


def _render(rows: Sequence[Row]) -> str:
    lines = [f"{'phase':<15}{'times':>6}  {'system':<16}{'n':>5}{'p50':>10}{'p99':>10}{'max':>10}"]
    for row in rows:
        delays = row.delays
        figures = "".join(f"{_text(value):>10}" for value in (delays.p50, delays.p99, delays.longest))
        remark = "  broken" if row.is_broken else "" if row.is_good else "  LATE" if delays.count else "  NO SAMPLE"
        lines.append(
            f"{row.phase.name:<15}{row.injections or '':>6}  {row.system:<16}{delays.count:>5}{figures}{remark}"
        )
    verdict = "PASSED" if all(row.is_good for row in rows) else "NOT PASSED"
    lines.append(f"{verdict}: how late probes began, at most; p99 of systems that are not broken below 200 ms")
    return "\n".join(lines)


def _text(milliseconds: float) -> str:
    return f"{milliseconds:g} ms" if math.isfinite(milliseconds) else "longer"


def _known(milliseconds: float) -> float | None:
    """JSON has no infinity: None is longer than the last bucket."""
    return milliseconds if math.isfinite(milliseconds) else None
