"""Filters, order and pages of lists."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from incident_api.board.cards import Card, incident_card
from incident_api.board.queries import CursorInvalid, Query, Sort, run_query
from incident_crds.catalogue import Severity
from incident_crds.incident import IncidentPhase

from .factories import card, incident

CARDS = [
    incident_card(incident(1, severity=Severity.P3, team="web", systems=("redis-test", "disk-monitor"))),
    incident_card(incident(2, severity=Severity.P0, phase=IncidentPhase.FIXING, title="Postgres is SLOW")),
    incident_card(incident(3, severity=Severity.P1, team="web", namespace="other")),
    incident_card(incident(10, severity=Severity.P1, phase=IncidentPhase.RESOLVED)),
]


def numbers(query: Query) -> list[str]:
    return [found.number for found in run_query(CARDS, query).cards]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        (Query(), ["INC-0010", "INC-0003", "INC-0002", "INC-0001"]),
        (Query(sort=Sort.OLDEST), ["INC-0001", "INC-0002", "INC-0003", "INC-0010"]),
        (Query(sort=Sort.LATEST_NUMBER), ["INC-0010", "INC-0003", "INC-0002", "INC-0001"]),
        (Query(sort=Sort.WORST), ["INC-0002", "INC-0010", "INC-0003", "INC-0001"]),
        (Query(status=frozenset({"fixing", "resolved"})), ["INC-0010", "INC-0002"]),
        (Query(severity=frozenset({"P1"})), ["INC-0010", "INC-0003"]),
        (Query(team=frozenset({"web"}), severity=frozenset({"P3"})), ["INC-0001"]),
        (Query(system=frozenset({"disk-monitor", "unknown"})), ["INC-0001"]),
        (Query(namespace=frozenset({"other"})), ["INC-0003"]),
        (Query(text="slow"), ["INC-0002"]),
        (Query(text="inc-0003"), ["INC-0003"]),
        (Query(text="no such text"), []),
    ],
)
def test_filters_and_order(query: Query, expected: list[str]) -> None:
    assert numbers(query) == expected


@given(size=st.integers(1, 7), sort=st.sampled_from(Sort), count=st.integers(0, 20))
def test_the_pages_together_are_the_list(size: int, sort: Sort, count: int) -> None:
    cards = [card(number) for number in range(1, count + 1)]
    whole = run_query(cards, Query(sort=sort)).cards
    assert _walk(cards, sort, size) == whole
    keys = [(found.created_at, found.id) for found in whole]
    assert all(a != b for a, b in pairwise(keys))


def _walk(cards: list[Card], sort: Sort, size: int) -> list[Card]:
    found: list[Card] = []
    after = ""
    while True:
        page = run_query(cards, Query(sort=sort, limit=size, after=after))
        assert page.total == len(cards)
        found += page.cards
        after = page.after
        if not after:
            return found


def test_what_comes_and_goes_between_two_pages_neither_hides_nor_repeats_the_rest() -> None:
    cards = [card(number) for number in range(1, 7)]
    first = run_query(cards, Query(sort=Sort.OLDEST, limit=3))
    changed = [c for c in cards if c.id != "uid-3"] + [card(7)]
    second = run_query(changed, Query(sort=Sort.OLDEST, limit=3, after=first.after))
    assert [c.id for c in second.cards] == ["uid-4", "uid-5", "uid-6"]


@pytest.mark.parametrize("after", ["0", "é", "AAAA", "not base64!", "=" * 8])
def test_a_cursor_that_no_list_gave(after: str) -> None:
    with pytest.raises(CursorInvalid):
        run_query(CARDS, Query(after=after))
