"""Lists: which incidents, in what order, and which page of them."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from incident_api.board.cards import Card


class Sort(StrEnum):
    """By what a list is sorted; a leading minus is descending."""

    NEWEST = "-created_at"
    OLDEST = "created_at"
    LATEST_CHANGE = "-updated_at"
    OLDEST_CHANGE = "updated_at"
    WORST = "severity"
    MILDEST = "-severity"
    NUMBER = "number"
    LATEST_NUMBER = "-number"


class CursorInvalid(ValueError):
    """The cursor is none that this list gave."""


@dataclass(frozen=True, slots=True)
class Query:
    """Empty filters let everything through; each of several values of one filter is enough."""

    status: frozenset[str] = frozenset()
    severity: frozenset[str] = frozenset()
    team: frozenset[str] = frozenset()
    assignee: frozenset[str] = frozenset()
    system: frozenset[str] = frozenset()
    incident_type: frozenset[str] = frozenset()
    namespace: frozenset[str] = frozenset()
    text: str = ""
    sort: Sort = Sort.NEWEST
    limit: int | None = None
    after: str = ""
    """The cursor that the page before ended with."""


@dataclass(frozen=True, slots=True)
class ResultPage:
    """One page of a list."""

    cards: list[Card] = field(repr=False)
    total: int
    """How many the filters let through, on all pages."""
    after: str
    """The cursor of the next page; empty on the last."""


_SEVERITIES = {"P0": 0, "P1": 1, "P2": 2, "P3": 3}


def run_query(cards: Iterable[Card], query: Query) -> ResultPage:
    """The page. Raises CursorInvalid.

    The cursor names the last card's place in the order, not a count, so that what comes and goes meanwhile neither
    repeats nor hides one that stayed where it was.
    """
    found = [card for card in cards if _is_wanted(card, query)]
    is_descending = query.sort.startswith("-")
    key = _sort_key(query.sort.removeprefix("-"))
    found.sort(key=lambda card: (key(card), card.id), reverse=is_descending)
    total = len(found)
    if query.after:
        place = _read_cursor(query.after)
        if is_descending:
            found = [card for card in found if _place(card, key) < place]
        else:
            found = [card for card in found if _place(card, key) > place]
    if query.limit is None or len(found) <= query.limit:
        return ResultPage(found, total, "")
    page = found[: query.limit]
    return ResultPage(page, total, _write_cursor(_place(page[-1], key)))


def _is_wanted(card: Card, query: Query) -> bool:
    facets = card.facets
    return (
        (not query.status or facets.status in query.status)
        and (not query.severity or facets.severity in query.severity)
        and (not query.team or facets.team in query.team)
        and (not query.assignee or facets.assignee in query.assignee)
        and (not query.incident_type or facets.incident_type in query.incident_type)
        and (not query.namespace or card.namespace in query.namespace)
        and (not query.system or not query.system.isdisjoint(facets.systems))
        and (not query.text or query.text in facets.text)
    )


def _sort_key(name: str) -> Callable[[Card], str]:
    """Texts that sort as what they stand for, so that a cursor can hold one."""
    match name:
        case "created_at":
            return lambda card: _moment(card.created_at)
        case "updated_at":
            return lambda card: _moment(card.updated_at)
        case "severity":
            return lambda card: f"{_SEVERITIES.get(card.facets.severity, 9)}"
        case _:
            return lambda card: f"{card.number:>24}"


def _moment(at: datetime) -> str:
    return f"{at.timestamp():020.6f}"


def _place(card: Card, key: Callable[[Card], str]) -> tuple[str, str]:
    return key(card), card.id


def _write_cursor(place: tuple[str, str]) -> str:
    return base64.urlsafe_b64encode("\n".join(place).encode()).decode().rstrip("=")


def _read_cursor(text: str) -> tuple[str, str]:
    try:
        raw = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True).decode()
    except (binascii.Error, ValueError) as error:
        raise CursorInvalid("the cursor is none that this list gave: begin at the first page") from error
    key, newline, id = raw.partition("\n")
    if not newline:
        raise CursorInvalid("the cursor is none that this list gave: begin at the first page")
    return key, id
