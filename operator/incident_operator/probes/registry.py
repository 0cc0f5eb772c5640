"""All probes, found by their modules: a new signal is a new file."""

from __future__ import annotations

import asyncio
import importlib
import inspect
import pkgutil
from collections.abc import Mapping

import structlog

from incident_crds.catalogue import SignalName, SystemType
from incident_crds.mocksystem import HealthPolicy
from incident_operator import probes
from incident_operator.domain.sample import Signal
from incident_operator.probes.base import Probe, Reading
from incident_operator.targets import AccessDenied, Target, TargetError, Unreachable

log = structlog.get_logger(__name__)
_NOT_PROBED = frozenset({SignalName.REACHABLE})  # follows from the others' failure


def find_probes() -> Mapping[SignalName, Probe]:
    """One probe for each signal. A signal with none or with two is a bug, raised at import."""
    found: dict[SignalName, Probe] = {}
    for module in pkgutil.iter_modules(probes.__path__):
        content = vars(importlib.import_module(f"{probes.__name__}.{module.name}"))
        for item in content.values():
            if not inspect.isclass(item) or not issubclass(item, Probe) or inspect.isabstract(item):
                continue
            if item.__module__ != f"{probes.__name__}.{module.name}":
                continue
            if item.signal in found:
                raise RuntimeError(f"two probes measure {item.signal}: {item.__name__} and {found[item.signal]!r}")
            found[item.signal] = item()
    missing = sorted(set(SignalName) - _NOT_PROBED - set(found))
    if missing:
        raise RuntimeError(f"no probe measures {', '.join(missing)}")
    return found


PROBES = find_probes()


def signals_of(type: SystemType) -> tuple[SignalName, ...]:
    """The signals that a system of this type has, sorted."""
    return tuple(sorted(name for name, probe in PROBES.items() if type in probe.system_types))


async def measure_all(target: Target, policy: HealthPolicy) -> tuple[bool, tuple[Signal, ...]]:
    """Whether the target can be reached, and all its signals, within policy.timeout_seconds in all.

    Unreachable is the one signal `reachable` at 0; with wrong credentials its health is unknown
    (None), as that is no outage of the system. Never raises TargetError.
    """
    try:
        async with asyncio.timeout(policy.timeout_seconds):
            try:
                return True, await _measure(target, policy)
            except Unreachable:
                # the kept connection may have died with the process before the last restart
                return True, await _measure(target, policy)
    except TimeoutError:
        reason = f"{target.access.address} did not answer within {policy.timeout_seconds} s"
        return False, (Signal(SignalName.REACHABLE, 0, reason),)
    except AccessDenied as error:
        return False, (Signal(SignalName.REACHABLE, None, str(error)),)
    except TargetError as error:
        return False, (Signal(SignalName.REACHABLE, 0, str(error)),)


async def _measure(target: Target, policy: HealthPolicy) -> tuple[Signal, ...]:
    reading = Reading(target)
    names = signals_of(target.type)
    # the canary has a connection of its own, the others share one: together they take one round
    outcomes = await asyncio.gather(*(PROBES[name].measure(reading, policy) for name in names), return_exceptions=True)
    signals: list[Signal] = []
    for name, outcome in zip(names, outcomes, strict=True):
        if isinstance(outcome, Signal):
            signals.append(outcome)
        elif isinstance(outcome, TargetError) and not isinstance(outcome, Unreachable | AccessDenied):
            signals.append(Signal(name, None, str(outcome)))
        elif isinstance(outcome, Exception) and not isinstance(outcome, TargetError):
            # an answer that no server of this kind should give: unknown, and the last good value must not stand
            log.error("probe failed", signal=name, exc_info=outcome)
            signals.append(Signal(name, None, f"what was read makes no sense ({type(outcome).__name__}); see the log"))
        else:
            raise outcome
    return tuple(signals)
