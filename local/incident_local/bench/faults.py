"""`bench faults`: how long each fault takes to be in effect, and to be undone once somebody asks for it."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from statistics import median

from incident_crds.catalogue import FaultType
from incident_crds.chaosexperiment import ChaosExperiment
from incident_crds.client import ApiClient
from incident_crds.incident import Incident, IncidentPhase
from incident_crds.mocksystem import MockSystem
from incident_local.bench.breaking import Breaker, measure_on_stack
from incident_local.crash.matrix import SCENARIOS
from incident_local.errors import BenchFailed, ScenarioInvalid
from incident_local.identities import NAMESPACE
from incident_local.progress import Progress
from incident_local.scenarios import load_drill
from incident_local.settings import Settings

UNDO_LIMIT_SECONDS = 2.0
INJECT_LIMITS: Mapping[FaultType, float] = {FaultType.REDIS_MEMORY: 1.0, FaultType.POSTGRES_BLOAT: 2.0}
"""RedisMemory writes some 55 MiB into a Redis of 64, PostgresBloat makes 100,000 dead rows."""
_LARGE: Mapping[FaultType, Mapping[str, int]] = {FaultType.POSTGRES_BLOAT: {"rows": 112_000}}
_QUIET_WITHIN_SECONDS = 60.0
_POLL_SECONDS = 0.2


@dataclass(frozen=True, slots=True)
class Row:
    """One fault: the seconds of each of its runs."""

    fault: FaultType
    inject: tuple[float, ...]
    """From the undo record to the effect's being complete, by the status."""
    undo: tuple[float, ...]
    """From the request, as who asks sees it, to the proof that nothing is left."""

    @property
    def is_good(self) -> bool:
        limit = INJECT_LIMITS.get(self.fault)
        return max(self.undo) <= UNDO_LIMIT_SECONDS and (limit is None or max(self.inject) <= limit)


class FaultBench:
    """Injects each fault of the laptop a few times, alone, on systems that are healthy."""

    def __init__(self, client: ApiClient, drills: Mapping[FaultType, str], times: int, progress: Progress) -> None:
        self._client = client
        self._drills = drills
        self._breaker = Breaker(client)
        self._times = times
        self._progress = progress

    async def run(self) -> list[Row]:
        """Raises BenchFailed where a fault was refused or did not end."""
        rows: list[Row] = []
        for fault, name in self._drills.items():
            with self._progress.step(f"measure {fault}"):
                runs = [await self._once(fault, load_drill(name)) for _ in range(self._times)]
            rows.append(Row(fault, tuple(run[0] for run in runs), tuple(run[1] for run in runs)))
        return rows

    async def _once(self, fault: FaultType, drill: ChaosExperiment) -> tuple[float, float]:
        system = drill.spec.target.system_ref.name if drill.spec.target.system_ref else ""
        block = fault[0].lower() + fault[1:]
        await self._wait_quiet()
        async with self._breaker.broken(system, fault, {block: _LARGE.get(fault, {})}) as active:
            asked = time.monotonic()
            await self._client.patch(ChaosExperiment, *active.key, {"spec": {"suspend": True}})
            ended = await self._breaker.reaches(active, lambda phase: phase.is_final)
            took = time.monotonic() - asked
        started, injected = ended.status.started_at, ended.status.injected_at
        if started is None or injected is None:
            raise BenchFailed(f"{fault} does not say when it took effect", remedy="see the operator's log")
        return (injected - started).total_seconds(), took

    async def _wait_quiet(self) -> None:
        """Healthy systems and no open incident: a plan for the last run would act on this one."""
        deadline = time.monotonic() + _QUIET_WITHIN_SECONDS
        while time.monotonic() < deadline:
            systems = await self._client.list_all(MockSystem, NAMESPACE)
            incidents = await self._client.list_all(Incident, NAMESPACE)
            healthy = all((s.status.health or 0) >= s.spec.health.threshold_percent for s in systems)
            if healthy and all(i.status.phase is IncidentPhase.RESOLVED for i in incidents):
                return
            await asyncio.sleep(_POLL_SECONDS)
        raise BenchFailed("The systems did not become healthy", remedy="see `kubectl get msys,inc`")


async def run_bench_faults(
    settings: Settings, progress: Progress, faults: Collection[FaultType], *, times: int, as_json: bool
) -> int:
    """0 only when every fault was undone within two seconds of each request, and the two large ones were quick."""
    drills = {fault: name for fault, name in SCENARIOS.items() if not faults or fault in faults}
    if not drills:
        raise ScenarioInvalid(
            "None of these faults can be injected on a laptop", remedy=f"choose among {', '.join(SCENARIOS)}"
        )
    rows = await measure_on_stack(
        settings, progress, lambda client, _: FaultBench(client, drills, times, progress).run()
    )
    print(json.dumps(_document(rows), indent=2) if as_json else _render(rows))
    return 0 if all(row.is_good for row in rows) else 1


def _document(rows: Sequence[Row]) -> dict[str, object]:
    return {
        "passed": all(row.is_good for row in rows),
        "undoLimitSeconds": UNDO_LIMIT_SECONDS,
        "rows": [
            {
                "fault": str(row.fault),
                "injectSeconds": [round(seconds, 3) for seconds in row.inject],
                "undoSeconds": [round(seconds, 3) for seconds in row.undo],
                "injectLimitSeconds": INJECT_LIMITS.get(row.fault),
                "passed": row.is_good,
            }
            for row in rows
        ],
    }


def _render(rows: Sequence[Row]) -> str:
    lines = [f"{'fault':<20}{'n':>3}{'inject p50':>12}{'max':>8}{'undo p50':>12}{'max':>8}"]
    for row in rows:
        figures = [median(row.inject), max(row.inject), median(row.undo), max(row.undo)]
        texts = "".join(f"{value:>{width}.2f}" for value, width in zip(figures, (12, 8, 12, 8), strict=True))
        lines.append(f"{row.fault:<20}{len(row.undo):>3}{texts}{'' if row.is_good else '  TOO LONG'}")
    verdict = "PASSED" if all(row.is_good for row in rows) else "NOT PASSED"
    limits = ", ".join(f"{fault} in effect below {limit:g} s" for fault, limit in INJECT_LIMITS.items())
    lines.append(f"{verdict}: seconds; undone below {UNDO_LIMIT_SECONDS:g} s of the request, {limits}")
    return "\n".join(lines)
