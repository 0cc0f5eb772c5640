"""Which kills are tried: every fault at every point it passes, in an order that needs one start of the operator a kill.

The operator that recovers from one kill is already armed for the next, which is why neighbours differ in their system.
"""

from __future__ import annotations

import random
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from itertools import chain, zip_longest

from incident_crds.base import ObjectMeta
from incident_crds.catalogue import FaultType
from incident_crds.chaosexperiment import ChaosExperiment, ChaosExperimentSpec, SystemRef, Target
from incident_crds.failpoint import Failpoint
from incident_crds.fault import Fault
from incident_local.errors import ScenarioInvalid
from incident_local.scenarios import load_drill

SCENARIOS: Mapping[FaultType, str] = {
    FaultType.REDIS_MEMORY: "redis-memory",
    FaultType.REDIS_CONNECTIONS: "redis-connections",
    FaultType.REDIS_LATENCY: "redis-latency",
    FaultType.POSTGRES_CONNECTIONS: "postgres-connections",
    FaultType.POSTGRES_BLOAT: "postgres-bloat",
    FaultType.POSTGRES_LOCK: "postgres-lock",
    FaultType.DISK_FILL: "disk-full",
    FaultType.SYSTEM_DOWN: "system-down",
    FaultType.NETWORK_LATENCY: "network-latency",
}
"""The drill that stands for each fault. PodKill needs pods, and is tried on a cluster by `make e2e`."""
CONTROL_SYSTEM = "disk-monitor"
"""Where the control without a fault is tried; it has no scenario, as nothing comes of it."""
_HALVES = frozenset({Failpoint.HALF_INJECTED, Failpoint.HALF_RECOVERED})
LATEST_KILL = 8.0
"""Seconds after its creation within which a random kill ends the operator: a drill is over by then."""
ABANDONED_SECONDS = 5
"""Duration of a fault whose operator never comes back. Its dead-man may take the grace of the operator besides."""


@dataclass(frozen=True, slots=True)
class Kill:
    """One kill: of which fault's drill, and where or when."""

    fault: FaultType
    system: str
    point: Failpoint | None
    """None: after a time."""
    after: float = 0.0
    """Seconds from the experiment's creation, where there is no point."""
    for_good: bool = False
    """No operator comes back until the fault's dead-man has ended it."""

    @property
    def name(self) -> str:
        return f"{self.fault} {self.when}"

    @property
    def when(self) -> str:
        at = self.point or f"{self.after:.2f} s"
        return f"{at}, for good" if self.for_good else at

    @property
    def armed(self) -> str | None:
        """The operator's setting for it."""
        return f"{self.point}@{self.system}" if self.point else None

    def experiment(self, name: str, namespace: str) -> ChaosExperiment:
        """The experiment to create for it."""
        metadata = ObjectMeta(name=name, namespace=namespace)
        if self.fault is FaultType.NONE:
            target = Target(system_ref=SystemRef(name=self.system))
            return ChaosExperiment(
                metadata=metadata, spec=ChaosExperimentSpec(target=target, fault=Fault(type=self.fault))
            )
        scenario = load_drill(SCENARIOS[self.fault]).model_copy(deep=True)
        scenario.metadata = metadata
        if self.for_good:
            scenario.spec.duration_seconds = ABANDONED_SECONDS
        return scenario


def passes(fault: FaultType) -> list[Failpoint]:
    """The points that a drill of the fault passes."""
    if fault is FaultType.NONE:
        return [p for p in Failpoint if not p.is_of_plan and p not in _HALVES]
    return list(Failpoint)


@dataclass(frozen=True, slots=True)
class Choice:
    """Which part of the matrix, or what in its place; as the command line says."""

    faults: Collection[FaultType] = ()
    points: Collection[Failpoint] = ()
    seed: int = 1
    random: int | None = None
    """So many kills at random times in place of the points."""
    sample: int | None = None
    """Only so many of the points."""
    for_good: bool = False

    def kills(self) -> list[Kill]:
        """At least one. Raises ScenarioInvalid that says what does not go together, or cannot be tried on a laptop."""
        for fault in self.faults:
            if fault not in _systems():
                raise ScenarioInvalid(
                    f"{fault} needs a pod, which a laptop has not",
                    remedy="kill operators on a cluster with `make e2e`; here, choose among " + ", ".join(_systems()),
                )
        if [bool(self.points or self.sample), self.random is not None, self.for_good].count(True) > 1:
            raise ScenarioInvalid(
                "--point and --sample choose points, --kills takes random times in their place, --for-good one point",
                remedy="use one of them",
            )
        if self.for_good:
            return abandoned(self.faults)
        if self.random is not None:
            return random_kills(self.seed, self.random, self.faults)
        chosen = every_kill(self.faults, self.points)
        return slice_of(chosen, self.seed, self.sample) if self.sample else chosen


def every_kill(faults: Collection[FaultType] = (), points: Collection[Failpoint] = ()) -> list[Kill]:
    """The matrix, or the part of it with these faults and points. Raises ScenarioInvalid where nothing is left."""
    wanted = [
        Kill(fault, system, point)
        for fault, system in _systems().items()
        if not faults or fault in faults
        for point in passes(fault)
        if not points or point in points
    ]
    if not wanted:
        known = {point for fault in faults for point in passes(fault)}
        raise ScenarioInvalid(
            f"{', '.join(faults)} never passes {', '.join(points)}, so that there is nothing to try",
            remedy=f"choose among {', '.join(point for point in Failpoint if point in known)}",
        )
    return list(_spread(wanted))


def abandoned(faults: Collection[FaultType] = ()) -> list[Kill]:
    """Each fault, killed while it is active, and nobody comes back."""
    kills = [kill for kill in every_kill(faults, [Failpoint.ACTIVE]) if kill.fault is not FaultType.NONE]
    if not kills:
        raise ScenarioInvalid(
            "None leaves nothing that a dead-man could end", remedy=f"choose among {', '.join(SCENARIOS)}"
        )
    return [replace(kill, for_good=True) for kill in kills]


def random_kills(seed: int, count: int, faults: Collection[FaultType] = ()) -> list[Kill]:
    """So many kills at random times of random drills; the same for the same seed."""
    dice = random.Random(seed)  # noqa: S311 - to be repeated, not to be secret
    choices = [(f, s) for f, s in _systems().items() if not faults or f in faults]
    return [Kill(*dice.choice(choices), None, dice.uniform(0, LATEST_KILL)) for _ in range(count)]


def slice_of(kills: Sequence[Kill], seed: int, count: int) -> list[Kill]:
    """So many of them by chance; the same for the same seed."""
    dice = random.Random(seed)  # noqa: S311 - as above
    return list(_spread(dice.sample(list(kills), min(count, len(kills)))))


@cache
def _systems() -> Mapping[FaultType, str]:
    """Read from the scenarios, once."""
    found = {}
    for fault, name in SCENARIOS.items():
        reference = load_drill(name).spec.target.system_ref
        if reference is not None:
            found[fault] = reference.name
    return found | {FaultType.NONE: CONTROL_SYSTEM}


def _spread(kills: Sequence[Kill]) -> Iterator[Kill]:
    """Neighbours differ in their system for as long as there is another; else in their order as given."""
    by_system: dict[str, list[Kill]] = {}
    for kill in kills:
        by_system.setdefault(kill.system, []).append(kill)
    rounds = zip_longest(*sorted(by_system.values(), key=len, reverse=True))
    return (kill for kill in chain.from_iterable(rounds) if kill is not None)
