"""Rules about what is around a system, and about servers that are slow, down or set wrongly."""

from __future__ import annotations

from typing import Any

import pytest

from incident_crds.catalogue import ActionType, FaultType, SignalName, SystemType
from incident_operator.domain.evidence import (
    ClientGroup,
    Evidence,
    PrefixUsage,
    SlowCommand,
)
from incident_operator.domain.rules import diagnose
from incident_operator.domain.sample import Signal
from incident_operator.domain.verdict import Verdict

MIB = 1024 * 1024


def evidence(type: SystemType, signal: SignalName, health: int = 8, **found: Any) -> Evidence:
    return Evidence("system", type, (Signal(signal, health, "measured"),), **found)


def assert_undetermined(verdict: Verdict) -> None:
    assert (verdict.fault, verdict.actions, verdict.confidence) == (None, (), 0)


def outage(**facts: float | str) -> Evidence:
    return Evidence("system", SystemType.REDIS, (Signal(SignalName.REACHABLE, 0, "refused"),), facts=facts)


def slow(canary: float, direct: float | None) -> Evidence:
    signal = Signal(SignalName.LATENCY, 10, "slow", {"milliseconds": canary})
    return Evidence("system", SystemType.REDIS, (signal,), facts={"direct_milliseconds": direct} if direct else {})


@pytest.mark.parametrize("process", ["stopped", "not running"])
def test_a_process_that_does_not_run_is_started(process: str) -> None:
    verdict = diagnose(outage(process=process, pod_age_seconds=900), [SignalName.REACHABLE, SignalName.CANARY])
    assert verdict.fault is FaultType.SYSTEM_DOWN
    assert [a.type for a in verdict.actions] == [ActionType.RESTART_SYSTEM] * len(verdict.actions)
    assert len(verdict.actions) == 1


def test_a_young_pod_means_that_kubernetes_is_at_work() -> None:
    killed = diagnose(outage(process="unknown: refused", pod_age_seconds=2), [SignalName.REACHABLE])
    assert killed.fault is FaultType.POD_KILL
    assert killed.actions == ()
    stopped = diagnose(outage(process="stopped", pod_age_seconds=2), [SignalName.REACHABLE])
    assert stopped.fault is FaultType.SYSTEM_DOWN


def test_an_outage_without_a_trace_is_undetermined() -> None:
    assert diagnose(outage(process="running", pod_age_seconds=900), [SignalName.REACHABLE]).fault is None
    assert diagnose(outage(), [SignalName.REACHABLE]).fault is None


def test_a_delay_is_between_the_system_and_its_clients() -> None:
    verdict = diagnose(slow(2000, 1.5), [SignalName.LATENCY])
    assert verdict.fault is FaultType.NETWORK_LATENCY
    assert [a.type for a in verdict.actions] == [ActionType.REMOVE_LATENCY]
    assert diagnose(slow(2000, 900), [SignalName.LATENCY]).fault is None  # the system itself is slow
    assert diagnose(slow(2000, None), [SignalName.LATENCY]).fault is None


def busy(direct: float | None, *slow: SlowCommand) -> Evidence:
    signal = Signal(SignalName.LATENCY, 20, "slow", {"milliseconds": 2000})
    return Evidence(
        "system",
        SystemType.REDIS,
        (signal,),
        clients=(
            ClientGroup("", "get", 9, 0, 9),
            ClientGroup("web", "get", 5, 0, 9),
            ClientGroup("report-ab", "eval", 2, 0, 0),
        ),
        slow_commands=slow,
        facts={"direct_milliseconds": direct} if direct else {},
    )


SCRIPTS = SlowCommand("report-ab", "eval", 100, 28000, 290)
PAGES = SlowCommand("web", "lrange", 90, 26000, 290)
GONE = SlowCommand("batch", "keys", 30, 59000, 2000)


@pytest.mark.parametrize("direct", [570, None])
@pytest.mark.parametrize("signal", [SignalName.LATENCY, SignalName.CANARY])
def test_a_busy_server_is_slow_by_itself(direct: float | None, signal: SignalName) -> None:
    """Who left is not to blame any more, whatever the log says of the time before."""
    verdict = diagnose(busy(direct, GONE, SCRIPTS), [signal])
    assert verdict.fault is FaultType.REDIS_LATENCY
    (draft,) = verdict.actions
    assert (draft.type, draft.params.to_json()) == (ActionType.REDIS_KILL_CLIENTS, {"clientName": "report-ab"})
    assert "eval" in verdict.summary
    assert verdict.confidence >= 80


@pytest.mark.parametrize("slow", [(), (GONE,)])
def test_the_only_one_that_runs_scripts_is_a_weaker_suspect(slow: tuple[SlowCommand, ...]) -> None:
    verdict = diagnose(busy(570, *slow), [SignalName.LATENCY])
    assert (verdict.fault, verdict.confidence) == (FaultType.REDIS_LATENCY, 50)
    assert diagnose(busy(None, *slow), [SignalName.LATENCY]).fault is None


def test_neither_latency_is_mistaken_for_the_other() -> None:
    assert diagnose(busy(1.5, SCRIPTS), [SignalName.LATENCY]).fault is FaultType.NETWORK_LATENCY
    even = SlowCommand("", "get", 90, 26000, 290), SlowCommand("web", "get", 90, 26000, 290), SCRIPTS
    assert_undetermined(diagnose(busy(570, *even), [SignalName.LATENCY]))
    assert diagnose(busy(570, PAGES), [SignalName.LATENCY]).actions[0].params.client_name == "web"


@pytest.mark.parametrize(
    ("facts", "is_lowered"),
    [
        ({"maxmemory": 2.0 * MIB, "used_memory": 1.8 * MIB, "created_with_maxmemory": 64.0 * MIB}, True),
        ({"maxmemory": 2.0 * MIB, "used_memory": 1.8 * MIB}, False),  # nobody says what it should be
        ({"maxmemory": 64.0 * MIB, "used_memory": 60.0 * MIB, "created_with_maxmemory": 64.0 * MIB}, False),
        ({"maxmemory": 60.0 * MIB, "used_memory": 59.0 * MIB, "created_with_maxmemory": 64.0 * MIB}, False),
    ],
)
def test_a_limit_that_was_lowered_is_set_back_and_no_key_goes(facts: dict[str, float], is_lowered: bool) -> None:
    found = evidence(SystemType.REDIS, SignalName.MEMORY, facts=facts, prefixes=(PrefixUsage("user:", 500, 90, 0),))
    verdict = diagnose(found, [SignalName.MEMORY])
    if not is_lowered:
        assert_undetermined(verdict)
        return
    (draft,) = verdict.actions
    assert (draft.type, draft.params.to_json()) == (ActionType.REDIS_RESET_CONFIG, {"option": "maxmemory"})
    assert "created with 64.0 MiB" in verdict.summary


def test_a_limit_of_clients_that_was_lowered_is_set_back_and_nobody_is_cut_off() -> None:
    facts = {"maxclients": 12.0, "connected_clients": 9.0}
    lowered = evidence(SystemType.REDIS, SignalName.CLIENTS, facts=facts | {"created_with_maxclients": 200.0})
    verdict = diagnose(lowered, [SignalName.CLIENTS])
    (draft,) = verdict.actions
    assert (draft.type, draft.params.to_json()) == (ActionType.REDIS_RESET_CONFIG, {"option": "maxclients"})
    assert_undetermined(diagnose(evidence(SystemType.REDIS, SignalName.CLIENTS, facts=facts), [SignalName.CLIENTS]))
