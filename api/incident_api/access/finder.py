"""From what people write in a URL to an object that they may see."""

from __future__ import annotations

from incident_api.board.board import Board
from incident_api.board.cards import Card
from incident_api.board.scope import Scope, Topic
from incident_api.problems import Problem

_WORDS = {
    Topic.INCIDENT: "incident",
    Topic.PLAN: "execution",
    Topic.EXPERIMENT: "experiment",
    Topic.SYSTEM: "system",
}


class Finder:
    """By uid, by name, or by number. What may not be seen is not there."""

    def __init__(self, board: Board) -> None:
        self._board = board

    def find(self, topic: Topic, id: str, scope: Scope) -> Card:
        """Raises Problem where there is none, or where a name stands for several."""
        if not scope.sees_some(topic):
            raise Problem("forbidden", f"you may not list {topic}: ask for the role incidentsim-viewer")
        found = self._matching(topic, id, scope)
        if not found:
            raise Problem("not-found", f"there is no {_WORDS[topic]} with this id, name or number")
        if len(found) > 1:
            places = ", ".join(sorted(card.namespace for card in found))
            raise Problem("ambiguous-name", f"it is the name of several, in the namespaces {places}: use the id")
        return found[0]

    def find_in(self, topic: Topic, namespace: str, name: str, scope: Scope) -> Card:
        """By namespace and name. Raises Problem where there is none that may be seen."""
        for card in self._board.cards(topic):
            if (card.namespace, card.name) == (namespace, name) and scope.sees(topic, namespace):
                return card
        raise Problem("not-found", f"there is no {_WORDS[topic]} of this name in namespace {namespace}")

    def find_or_none(self, topic: Topic, id: str, scope: Scope) -> Card | None:
        """None also where a name stands for several."""
        found = self._matching(topic, id, scope)
        return found[0] if len(found) == 1 else None

    def _matching(self, topic: Topic, id: str, scope: Scope) -> list[Card]:
        by_id = self._board.card(topic, id)
        if by_id is not None:
            return [by_id] if scope.sees(topic, by_id.namespace) else []
        return [
            card
            for card in self._board.cards(topic)
            if id in (card.name, card.number) and id and scope.sees(topic, card.namespace)
        ]
