"""All faults, found by their modules: a new fault is a new file."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from collections.abc import Mapping

from incident_crds.catalogue import FaultType
from incident_operator import faults
from incident_operator.faults.base import Fault


def find_faults() -> Mapping[FaultType, type[Fault]]:
    """One class for each type. A type with none or with two is a bug, raised at import."""
    found: dict[FaultType, type[Fault]] = {}
    for module in pkgutil.iter_modules(faults.__path__):
        name = f"{faults.__name__}.{module.name}"
        for item in vars(importlib.import_module(name)).values():
            if not inspect.isclass(item) or not issubclass(item, Fault) or inspect.isabstract(item):
                continue
            if item.__module__ != name:
                continue
            if item.type in found:
                raise RuntimeError(f"two faults are {item.type}: {item.__name__} and {found[item.type].__name__}")
            found[item.type] = item
    missing = sorted(set(FaultType) - set(found))
    if missing:
        raise RuntimeError(f"no fault is {', '.join(missing)}")
    return found


FAULT_CLASSES = find_faults()


def build_faults() -> Mapping[FaultType, Fault]:
    """Instances hold sockets, so each operator builds its own."""
    return {type: fault() for type, fault in FAULT_CLASSES.items()}
