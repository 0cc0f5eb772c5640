"""What differs between two looks at the objects of a kind."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Generic, TypeVar

from incident_crds.base import Resource

R = TypeVar("R", bound=Resource)
Key = tuple[str, str]
"""(namespace, name)."""


class ChangeType(StrEnum):
    """What happened to an object."""

    ADDED = "ADDED"
    MODIFIED = "MODIFIED"
    DELETED = "DELETED"


@dataclass(frozen=True, slots=True)
class Change(Generic[R]):
    """One object that came, changed or went."""

    type: ChangeType
    obj: R
    """As it is now; as it was last seen where it went."""


def compare(before: Mapping[Key, R], after: Mapping[Key, R]) -> list[Change[R]]:
    """What leads from one to the other, deletions first. A namesake with another uid is a deletion and an addition."""
    gone = [old for key, old in before.items() if key not in after or after[key].metadata.uid != old.metadata.uid]
    changes = [Change(ChangeType.DELETED, old) for old in gone]
    for key, new in after.items():
        old = before.get(key)
        if old is None or old.metadata.uid != new.metadata.uid:
            changes.append(Change(ChangeType.ADDED, new))
        elif old.metadata.resource_version != new.metadata.resource_version:
            changes.append(Change(ChangeType.MODIFIED, new))
    return changes
