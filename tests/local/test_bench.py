"""`bench`: what `probes` reads out of the operator's metrics, and a short run of each on real servers."""

from __future__ import annotations

import json
import math

from prometheus_client import CollectorRegistry, Histogram, generate_latest

from incident_crds.catalogue import FaultType
from incident_local.bench.faults import Row
from incident_local.bench.jitter import Delays, measure_delays, parse_buckets
from incident_operator import metrics
from tests.conftest import OperatorProcess, Stack
from tests.local.test_drill import run


def scrape(*delays: float) -> str:
    """As the operator tells of these delays of a Redis, and of one of a disk."""
    registry = CollectorRegistry()
    histogram = Histogram(
        "incidentsim_probe_delay_seconds",
        "As the operator's.",
        ["type"],
        registry=registry,
        buckets=metrics._DELAY_BUCKETS,
    )
    histogram.labels("Disk").observe(9)
    for delay in delays:
        histogram.labels("Redis").observe(delay)
    return generate_latest(registry).decode()


def test_only_what_came_between_two_scrapes_is_measured() -> None:
    before, after = parse_buckets(scrape(0.9, 0.9)), parse_buckets(scrape(0.9, 0.9, *[0.004] * 98, 0.18, 0.18))
    found = measure_delays(before["Redis"], after["Redis"])
    assert found == Delays(count=100, p50=5, p99=200, longest=200)
    assert found.is_good
    late = measure_delays({}, parse_buckets(scrape(*[0.004] * 98, 0.21, 4))["Redis"])
    assert (late.p99, late.longest, late.is_good) == (300, math.inf, False)


def test_what_was_not_measured_is_not_good() -> None:
    assert parse_buckets("") == {}
    same = parse_buckets(scrape(0.01))["Redis"]
    assert measure_delays(same, same) == Delays(0, 0, 0, 0)
    assert not measure_delays({}, {}).is_good


def test_the_limit_is_an_edge_of_the_operator_s_histogram() -> None:
    assert 0.2 in metrics._DELAY_BUCKETS


def test_a_short_run_measures_every_system_in_every_phase(stack: Stack, operator: OperatorProcess) -> None:
    done = run(stack, "bench", "probes", "--seconds", "2", "--json")
    report = json.loads(done.stdout)
    assert done.returncode == (0 if report["passed"] else 1), done.stderr
    assert report["passed"] == all(row["passed"] for row in report["rows"])
    assert [(row["phase"], row["broken"]) for row in report["rows"]] == [
        *[("at rest", False)] * 3,
        *[("RedisMemory", system == "redis-test") for system in ("disk-monitor", "postgres-test", "redis-test")],
        *[("PostgresBloat", system == "postgres-test") for system in ("disk-monitor", "postgres-test", "redis-test")],
    ]
    for row in report["rows"]:
        assert row["broken"] or row["n"] >= 1, row
        assert (row["injections"] > 0) == (row["phase"] != "at rest")


def test_one_undo_that_takes_too_long_is_a_miss() -> None:
    assert Row(FaultType.DISK_FILL, (5.0,), (0.1, 1.9)).is_good
    assert not Row(FaultType.DISK_FILL, (0.1,), (0.1, 2.1)).is_good
    assert not Row(FaultType.REDIS_MEMORY, (1.1,), (0.1,)).is_good


def test_a_fault_is_measured_from_the_request_to_the_proof(stack: Stack, operator: OperatorProcess) -> None:
    done = run(stack, "bench", "faults", "--fault", "DiskFill", "--times", "1", "--json")
    report = json.loads(done.stdout)
    assert done.returncode == (0 if report["passed"] else 1), done.stderr
    ((row,),) = [report["rows"]]
    assert row["fault"] == "DiskFill"
    assert 0 < row["injectSeconds"][0] < 30
    assert 0 < row["undoSeconds"][0] < 30


def test_a_fault_that_needs_pods_is_refused_with_those_there_are(stack: Stack) -> None:
    done = run(stack, "bench", "faults", "--fault", "PodKill")
    assert done.returncode == 1
    assert "choose among RedisMemory" in done.stderr
