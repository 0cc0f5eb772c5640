"""Who else is here: each connection gets an animal, and may say which incident it looks at."""

from __future__ import annotations

import random
from dataclasses import dataclass, replace

from pydantic import JsonValue

from incident_api.board.scope import Scope, Topic

ANIMALS = (
    "Alpaca", "Badger", "Beaver", "Bison", "Capybara", "Cheetah", "Chinchilla", "Cougar", "Coyote", "Dingo", "Dolphin",
    "Falcon", "Ferret", "Gazelle", "Gecko", "Hedgehog", "Heron", "Ibex", "Jackal", "Jaguar", "Kestrel", "Kiwi", "Koala",
    "Lemur", "Leopard", "Lynx", "Manatee", "Marmot", "Meerkat", "Mongoose", "Narwhal", "Ocelot", "Octopus", "Okapi",
    "Orca", "Osprey", "Otter", "Panda", "Pangolin", "Panther", "Pelican", "Penguin", "Platypus", "Puffin", "Quokka",
    "Raccoon", "Raven", "Seal", "Serval", "Sloth", "Squirrel", "Stoat", "Tapir", "Tortoise", "Toucan", "Walrus",
    "Weasel", "Wolverine", "Wombat", "Yak",
)  # fmt: skip
COLORS = ("amber", "blue", "cyan", "green", "indigo", "lime", "orange", "pink", "purple", "red", "teal", "yellow")
SHOWN = 50
"""Connections that are named in a message; all are counted."""
LONGEST_NAME = 40


@dataclass(frozen=True, slots=True)
class Visitor:
    """One connection."""

    connection: str
    animal: str
    color: str
    name: str = ""
    """What a client of the earlier simulator calls itself."""
    viewing: tuple[str, str, str] | None = None
    """(namespace, uid, number) of the incident that it looks at."""


class Presence:
    """Everybody who is connected to this process. Who a visitor really is, is nobody's business."""

    def __init__(self, *, seed: int | None = None) -> None:
        self._visitors: dict[str, Visitor] = {}
        self._taken: set[str] = set()
        self._random = random.Random(seed)  # noqa: S311 - names of animals are no secret
        self.version = 0
        """Grows with every change."""

    def __len__(self) -> int:
        return len(self._visitors)

    def join(self, connection: str) -> Visitor:
        """An animal that nobody else is just now; with a number once all are taken."""
        free = [animal for animal in ANIMALS if animal not in self._taken]
        animal = self._random.choice(free) if free else self._numbered()
        visitor = Visitor(connection, animal, self._random.choice(COLORS))
        self._taken.add(animal)
        self._visitors[connection] = visitor
        self.version += 1
        return visitor

    def _numbered(self) -> str:
        while True:
            animal = f"{self._random.choice(ANIMALS)} {self._random.randrange(2, 100_000)}"
            if animal not in self._taken:
                return animal

    def leave(self, connection: str) -> None:
        """The connection ended."""
        visitor = self._visitors.pop(connection, None)
        if visitor is not None:
            self._taken.discard(visitor.animal)
            self.version += 1

    def view(self, connection: str, viewing: tuple[str, str, str] | None) -> bool:
        """What the visitor looks at now; False for a connection that is not here."""
        return self._change(connection, viewing=viewing)

    def name(self, connection: str, name: str) -> None:
        """What a client of the earlier simulator calls itself; only what can be printed, and not too long."""
        shown = "".join(c for c in name if c.isprintable())[:LONGEST_NAME].strip()
        self._change(connection, name=shown)

    def _change(self, connection: str, **changes: object) -> bool:
        visitor = self._visitors.get(connection)
        if visitor is None:
            return False
        changed = replace(visitor, **changes)  # type: ignore[arg-type]
        if changed != visitor:
            self._visitors[connection] = changed
            self.version += 1
        return True

    def visitors(self) -> list[Visitor]:
        """Those who are shown, longest here first."""
        return list(self._visitors.values())[:SHOWN]


def describe_visitor(visitor: Visitor, scope: Scope) -> dict[str, JsonValue]:
    """As others see the visitor; what it looks at only where they may see that."""
    viewing: JsonValue = None
    if visitor.viewing is not None and scope.sees(Topic.INCIDENT, visitor.viewing[0]):
        _, id, number = visitor.viewing
        viewing = {"id": id, "number": number}
    name = visitor.name or visitor.animal
    return {
        "id": visitor.connection,
        "animal": visitor.animal,
        "name": name,
        "color": visitor.color,
        "viewing": viewing,
    }
