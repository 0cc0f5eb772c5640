"""All remedies, found by their modules: a new action is a new file."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from collections.abc import Mapping

from incident_crds.catalogue import ActionType
from incident_operator import remedies
from incident_operator.remedies.base import Remedy


def find_remedies() -> Mapping[ActionType, Remedy]:
    """One for each type. A type with none or with two is a bug, raised at import."""
    found: dict[ActionType, Remedy] = {}
    for module in pkgutil.iter_modules(remedies.__path__):
        name = f"{remedies.__name__}.{module.name}"
        for item in vars(importlib.import_module(name)).values():
            if not inspect.isclass(item) or not issubclass(item, Remedy) or inspect.isabstract(item):
                continue
            if item.__module__ != name:
                continue
            if item.type in found:
                raise RuntimeError(f"two remedies are {item.type}: {item.__name__} and {found[item.type]!r}")
            found[item.type] = item()
    missing = sorted(set(ActionType) - set(found))
    if missing:
        raise RuntimeError(f"no remedy is {', '.join(missing)}")
    return found


REMEDIES = find_remedies()
