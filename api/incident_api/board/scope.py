"""What one person may see: kinds everywhere, or kinds in some namespaces."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Topic(StrEnum):
    """The kinds that a board shows, by the resource's name in RBAC."""

    INCIDENT = "incidents"
    PLAN = "remediationplans"
    EXPERIMENT = "chaosexperiments"
    SYSTEM = "mocksystems"


@dataclass(frozen=True, slots=True)
class Scope:
    """Equal scopes see the same, so that what is made for one serves all who share it."""

    everywhere: frozenset[Topic] = frozenset()
    inside: frozenset[tuple[Topic, str]] = frozenset()
    """(topic, namespace) pairs."""

    def sees(self, topic: Topic, namespace: str) -> bool:
        """Whether objects of the topic in the namespace may be shown."""
        return topic in self.everywhere or (topic, namespace) in self.inside

    def sees_some(self, topic: Topic) -> bool:
        """Whether anything of the topic may be shown anywhere."""
        return topic in self.everywhere or any(seen is topic for seen, _ in self.inside)

    @property
    def is_empty(self) -> bool:
        return not self.everywhere and not self.inside


EVERYTHING = Scope(everywhere=frozenset(Topic))
