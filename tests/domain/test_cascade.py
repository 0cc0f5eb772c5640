"""One cause is one incident, in whichever order the systems break."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from incident_crds.action import Action, ActionParams
from incident_crds.catalogue import ActionType, FaultType, Risk, Severity, SignalName, SystemType
from incident_crds.diagnosis import Diagnosis, EvidenceDocument, RootCause
from incident_crds.incident import Incident, IncidentPhase, RemediationMode, ResolvedReason, Timestamps
from incident_crds.mocksystem import Breach, MockSystem
from incident_crds.remediationplan import PlanPhase
from incident_operator.domain.approval import decide_approval
from incident_operator.domain.breaches import decide_breach_change
from incident_operator.domain.cascade import (
    CASCADE_WINDOW,
    broken_signals,
    cause_found_at,
    dependencies_of,
    find_shared,
    held_up_by,
    suspects,
    with_joined,
)
from incident_operator.domain.evidence import DIRECT_MILLISECONDS, Evidence, Related, SessionGroup
from incident_operator.domain.incidents import assign_incidents, decide_resolution, is_open
from incident_operator.domain.planning import build_plan_spec, wants_diagnosis
from incident_operator.domain.rules import diagnose
from incident_operator.domain.sample import Signal
from incident_operator.domain.verdict import ActionDraft, Verdict

from .factories import at, incident, plan, system

LATENCY, CONNECTIONS, BLOAT, CANARY = (
    SignalName.LATENCY,
    SignalName.CONNECTIONS,
    SignalName.BLOAT,
    SignalName.CANARY,
)
REDIS, POSTGRES = "redis-test", "postgres-test"
OF_REDIS, OF_POSTGRES = "redis-test-latency-1", "postgres-test-connections-1"


class Namespace:
    """Systems and incidents as the API server would hold them, and the operator's decisions on their breaches."""

    def __init__(self, **depends_on: Sequence[str]) -> None:
        self.systems: dict[str, MockSystem] = {}
        for name, others in {REDIS: (), POSTGRES: (REDIS,), "other-test": ()}.items():
            self.systems[name] = system(name)
            self.systems[name].spec.depends_on = list(depends_on.get(name.removesuffix("-test"), others))
        self.incidents: dict[str, Incident] = {}

    def breaks(self, name: str, *signals: SignalName, seconds: float = 0) -> list[str]:
        """These are broken now, and no others; the incident of each. It writes the record, and creates nothing."""
        now, broken = at(seconds), self.systems[name]
        active = {s: next((b.breached_at or now for b in self._active(name) if b.signal is s), now) for s in signals}
        change = decide_breach_change(broken.status.breaches, active, now=now)
        breaches = assign_incidents(
            broken,
            change,
            [i for i in self.incidents.values() if name in i.systems],
            is_taken=self.incidents.__contains__,
            shared=lambda b: find_shared(name, b, self.systems, is_open=self._may_join, now=now),
            now=now,
        )
        broken.status = broken.status.model_copy(update={"breaches": breaches})
        return [b.incident for b in self._active(name)]

    def _active(self, name: str) -> list[Breach]:
        return [b for b in self.systems[name].status.breaches if b.ended_at is None]

    def _may_join(self, name: str) -> bool:
        return name not in self.incidents or is_open(self.incidents[name])

    def create(self, name: str, owner: str, signal: SignalName, seconds: float = 0) -> Incident:
        """What the detector does with a record."""
        made = incident(name, timestamps=Timestamps(detected_at=at(seconds), breached_at=at(seconds)))
        made.spec.affected_systems, made.spec.signal = [owner], signal
        self.incidents[name] = made
        return made

    def settle(self, name: str, seconds: float) -> Incident:
        known = self.incidents[name]
        status = with_joined(known, known.status, self.systems, now=at(seconds))
        self.incidents[name] = known.model_copy(update={"status": status})
        return self.incidents[name]


def resolved(found: Incident, seconds: float) -> Incident:
    stamps = found.status.timestamps.model_copy(update={"resolved_at": at(seconds)})
    update = {"phase": IncidentPhase.RESOLVED, "reason": ResolvedReason.VERIFIED, "timestamps": stamps}
    return found.model_copy(update={"status": found.status.model_copy(update=update)})


@pytest.mark.parametrize("is_created", [True, False], ids=["created", "only on record"])
def test_a_system_joins_the_open_incident_of_what_it_depends_on(is_created: bool) -> None:
    space = Namespace()
    assert space.breaks(REDIS, LATENCY) == [OF_REDIS]
    if is_created:
        space.create(OF_REDIS, REDIS, LATENCY)
    assert space.breaks(POSTGRES, CONNECTIONS, seconds=300) == [OF_REDIS]
    assert space.breaks(POSTGRES, CONNECTIONS, CANARY, seconds=301) == [OF_REDIS, OF_REDIS]
    assert {b.owner for b in space.systems[POSTGRES].status.breaches} == {REDIS}
    assert space.systems[REDIS].status.breaches[0].owner == ""
    space.create(OF_REDIS, REDIS, LATENCY)
    found = space.settle(OF_REDIS, 301)
    assert (found.systems, cause_found_at(found)) == ([REDIS, POSTGRES], None)
    assert space.settle(OF_REDIS, 302) == found, "it joins once"
    assert suspects(found, space.systems) == [REDIS, POSTGRES]
    space.breaks(REDIS, seconds=310)
    assert suspects(found, space.systems) == [POSTGRES]


@pytest.mark.parametrize("is_created", [True, False], ids=["created", "only on record"])
def test_the_cause_that_is_noticed_later_joins_what_it_caused(is_created: bool) -> None:
    space = Namespace()
    assert space.breaks(POSTGRES, CONNECTIONS) == [OF_POSTGRES]
    if is_created:
        space.create(OF_POSTGRES, POSTGRES, CONNECTIONS)
    assert space.breaks(REDIS, LATENCY, seconds=20) == [OF_POSTGRES]
    space.create(OF_POSTGRES, POSTGRES, CONNECTIONS)
    found = space.settle(OF_POSTGRES, 20.5)
    assert (found.systems, cause_found_at(found)) == ([POSTGRES, REDIS], at(20.5))
    assert suspects(found, space.systems) == [REDIS, POSTGRES]
    assert broken_signals(found, list(space.systems.values())) == {POSTGRES: [CONNECTIONS], REDIS: [LATENCY]}


def test_a_cause_that_is_noticed_much_later_is_another_incident() -> None:
    space = Namespace()
    space.breaks(POSTGRES, CONNECTIONS)
    assert space.breaks(REDIS, LATENCY, seconds=CASCADE_WINDOW.total_seconds() + 1) == [OF_REDIS]


@pytest.mark.parametrize(
    ("name", "signal", "cause", "felt"),
    [
        (POSTGRES, BLOAT, REDIS, LATENCY),
        (POSTGRES, CONNECTIONS, REDIS, SignalName.MEMORY),
        (POSTGRES, CONNECTIONS, "other-test", LATENCY),
        ("other-test", CONNECTIONS, REDIS, LATENCY),
        (POSTGRES, SignalName.REACHABLE, REDIS, LATENCY),
        (POSTGRES, SignalName.LOCKS, REDIS, CANARY),
    ],
    ids=[
        "no delay makes dead rows",
        "a full cache lets nobody wait",
        "not depended on",
        "unrelated",
        "down by itself",
        "who has the lock is here",
    ],
)
def test_unrelated_trouble_stays_apart(name: str, signal: SignalName, cause: str, felt: SignalName) -> None:
    for first, second in (((name, signal), (cause, felt)), ((cause, felt), (name, signal))):
        space = Namespace()
        incidents = {*space.breaks(*first), *space.breaks(*second, seconds=1)}
        assert len(incidents) == 2


def test_a_circle_of_dependencies_ends_and_still_makes_one_incident() -> None:
    space = Namespace(redis=[POSTGRES], postgres=["other-test", "postgres-test"], other=[REDIS, "no-such"])
    assert dependencies_of(POSTGRES, space.systems) == ["other-test", REDIS]
    assert dependencies_of(REDIS, space.systems) == [POSTGRES, "other-test"]
    assert space.breaks(REDIS, LATENCY) == [OF_REDIS]
    assert space.breaks(POSTGRES, CONNECTIONS, seconds=1) == [OF_REDIS]
    assert space.breaks("other-test", LATENCY, seconds=2) == [OF_REDIS]
    space.create(OF_REDIS, REDIS, LATENCY)
    assert sorted(suspects(space.settle(OF_REDIS, 2), space.systems)) == sorted(space.systems)


def test_what_a_consequence_leaves_on_record_reopens_nothing() -> None:
    space = Namespace()
    space.breaks(REDIS, LATENCY)
    space.create(OF_REDIS, REDIS, LATENCY)
    space.breaks(POSTGRES, CONNECTIONS, seconds=1)
    space.breaks(REDIS, seconds=10)
    space.breaks(POSTGRES, seconds=11)
    space.incidents[OF_REDIS] = resolved(space.settle(OF_REDIS, 2), 12)
    assert space.breaks(POSTGRES, CONNECTIONS, seconds=100) == ["postgres-test-connections-2"]
    assert space.systems[POSTGRES].status.breaches[0].owner == ""
    assert space.breaks("other-test", LATENCY, seconds=100) == ["other-test-latency-1"]
    space.breaks(POSTGRES, seconds=101)
    assert space.breaks(REDIS, LATENCY, seconds=131) == [OF_REDIS], "its own comes back as a relapse"
    again = space.incidents[OF_REDIS]
    again.status.timestamps = Timestamps(detected_at=at(131))
    assert space.settle(OF_REDIS, 132).systems == [REDIS], "Postgres is well this time"


@pytest.mark.parametrize("seconds", [-200, 50, 200])
def test_a_system_is_held_up_by_what_failed_before_it_could_be_an_incident_of_its_own(seconds: float) -> None:
    space = Namespace(other=[POSTGRES])
    of_postgres = space.create(OF_POSTGRES, POSTGRES, CONNECTIONS)
    space.breaks(POSTGRES, CONNECTIONS)
    breach = Breach(signal=LATENCY, number=1, breached_at=at(seconds), incident=OF_REDIS)

    def held_up(name: str, *unknown: str) -> list[str]:
        return held_up_by(name, of_postgres, space.systems, unknown=unknown, now=at(300))

    assert held_up(POSTGRES) == held_up(REDIS, POSTGRES) == []
    assert (held_up(POSTGRES, REDIS), held_up("other-test", REDIS)) == ([REDIS], [REDIS])
    space.systems[REDIS].status.breaches = [breach]
    assert held_up(POSTGRES) == ([REDIS] if seconds < CASCADE_WINDOW.total_seconds() else [])
    space.systems[REDIS].status.breaches = [breach.model_copy(update={"incident": OF_POSTGRES})]
    assert held_up(POSTGRES) == [REDIS]
    for ended, is_over in ((299, False), (296, True)):
        space.systems[REDIS].status.breaches = [
            breach.model_copy(update={"ended_at": at(ended), "incident": OF_POSTGRES})
        ]
        assert (held_up(POSTGRES) == []) == is_over
    space.systems[REDIS].spec.depends_on = [POSTGRES]
    assert held_up(POSTGRES, REDIS) == [], "each would wait for the other"


def test_it_is_not_resolved_before_both_are_healthy() -> None:
    space = Namespace()
    space.breaks(REDIS, LATENCY)
    space.create(OF_REDIS, REDIS, LATENCY)
    space.breaks(POSTGRES, CONNECTIONS, seconds=1)
    space.breaks(REDIS, seconds=10)
    found = space.settle(OF_REDIS, 10)
    done = plan(phase=PlanPhase.SUCCEEDED, verified_at=at(12))

    def decide() -> ResolvedReason | None:
        breaches = [b for s in space.systems.values() for b in s.status.breaches if b.incident == OF_REDIS]
        resolution = decide_resolution(found, breaches, [done])
        return resolution.reason if resolution else None

    assert decide() is None
    space.breaks(POSTGRES, seconds=13)
    assert decide() is ResolvedReason.VERIFIED


def joined_late(*, collected: float, cause: str = REDIS) -> Incident:
    """Postgres broke, then Redis, at 20; a diagnosis was made from evidence of this time."""
    space = Namespace()
    space.breaks(POSTGRES, CONNECTIONS)
    space.create(OF_POSTGRES, POSTGRES, CONNECTIONS)
    space.breaks(REDIS, LATENCY, seconds=20)
    found = space.settle(OF_POSTGRES, 20)
    document = EvidenceDocument(system=cause, threshold_percent=50, collected_at=at(collected))
    diagnosis = Diagnosis(
        provider="rules", summary="x", root_cause=RootCause(system=cause), severity=Severity.P2, confidence=50
    )
    update = {"evidence": document, "diagnosis": diagnosis}
    return found.model_copy(update={"status": found.status.model_copy(update=update)})


def test_a_diagnosis_is_made_again_once_the_cause_has_joined() -> None:
    assert wants_diagnosis(joined_late(collected=5, cause=POSTGRES))
    assert not wants_diagnosis(joined_late(collected=21))
    by_hand = joined_late(collected=5, cause=POSTGRES)
    by_hand.spec.remediation_mode = RemediationMode.MANUAL
    assert not wants_diagnosis(by_hand)


@pytest.mark.parametrize(
    ("acts_on", "collected", "ends"), [(POSTGRES, 21, True), (POSTGRES, 5, True), (REDIS, 21, False), (REDIS, 5, False)]
)
def test_a_plan_that_misses_the_cause_is_superseded(acts_on: str, collected: float, ends: bool) -> None:
    found = joined_late(collected=collected)
    action = Action(id="s", type=ActionType.REDIS_EVICT_PREFIX, system=acts_on, params=ActionParams(prefix="abc:"))
    checks = [{"system": POSTGRES, "signal": CONNECTIONS}, {"system": REDIS, "signal": CANARY}]
    ours = plan(spec={"incident_ref": OF_POSTGRES, "actions": [action], "verification": checks})
    ours.metadata.name = f"{OF_POSTGRES}-plan-1"
    systems = {name: system(name) for name in (REDIS, POSTGRES)}
    verdict = decide_approval(ours, found, systems, running=None, now=at(30))
    assert (verdict.ends is not None) == ends
    if verdict.ends is not None:
        assert (verdict.ends[0], verdict.ends[1].reason) == (PlanPhase.SUPERSEDED, "CauseElsewhere")
    ours.metadata.name = "somebody-s-own"
    assert decide_approval(ours, found, systems, running=None, now=at(30)).ends is None


def test_the_plan_acts_on_the_cause_and_is_verified_on_both() -> None:
    space = Namespace()
    space.breaks(POSTGRES, CONNECTIONS)
    space.create(OF_POSTGRES, POSTGRES, CONNECTIONS)
    space.breaks(REDIS, LATENCY, seconds=1)
    found = space.settle(OF_POSTGRES, 1)
    assert verified_signals(found, broken_signals(found, list(space.systems.values()))) == [
        (REDIS, CANARY),
        (REDIS, LATENCY),
        (POSTGRES, CANARY),
        (POSTGRES, CONNECTIONS),
    ]


def test_rules_name_the_cause_and_what_suffers_from_it() -> None:
    slow = Evidence(
        REDIS,
        SystemType.REDIS,
        (Signal(LATENCY, 21, "the canary took 2000 ms", {"milliseconds": 2000.0}),),
        facts={DIRECT_MILLISECONDS: 0.4},
    )
    piled = Evidence(
        POSTGRES,
        SystemType.POSTGRES,
        (Signal(CONNECTIONS, 0, "32 of 50 connections, 32 of them idle"), Signal(CANARY, 100, "fine")),
        sessions=(SessionGroup("shop-web", "app", "idle", 32, 4),),
    )
    found = diagnose(slow, [LATENCY], [Related(piled, [CONNECTIONS])])
    assert (found.system, found.fault) == (REDIS, FaultType.NETWORK_LATENCY)
    assert [a.system for a in found.actions] == [REDIS]
    assert "postgres-test suffers from it (connections: 32 of 50 connections, 32 of them idle)." in found.summary
    assert "fine" not in found.summary


def test_a_plan_for_one_system_verifies_what_opened_the_incident_and_that_clients_are_served() -> None:
    found = incident(signals=[SignalName.REACHABLE, SignalName.LATENCY])
    found.spec.signal = SignalName.REACHABLE
    assert verified_signals(found, {}) == [
        (REDIS, CANARY),
        (REDIS, LATENCY),
        (REDIS, SignalName.REACHABLE),
    ]


def test_what_had_joined_before_a_relapse_is_verified_on_no_other_system() -> None:
    found = incident(signals=[CONNECTIONS, LATENCY])
    found.spec.signal = LATENCY
    assert verified_signals(found, {REDIS: [LATENCY]}) == [(REDIS, CANARY), (REDIS, LATENCY)]


def verified_signals(found: Incident, broken: dict[str, list[SignalName]]) -> list[tuple[str, SignalName]]:
    draft = ActionDraft(ActionType.REMOVE_LATENCY, REDIS, ActionParams(), "")
    verdict = Verdict(FaultType.NETWORK_LATENCY, REDIS, "s", "s", Severity.P2, 85, (), (draft,))
    spec = build_plan_spec(
        found,
        verdict,
        attempt=1,
        author="rules",
        risks=dict.fromkeys(ActionType, Risk.LOW),
        reversible=(),
        broken=broken,
        min_health={POSTGRES: 60},
        hold=CASCADE_WINDOW,
    )
    assert {(c.system, c.min_health) for c in spec.verification} <= {(REDIS, 50), (POSTGRES, 60)}
    return [(c.system, c.signal) for c in spec.verification]
