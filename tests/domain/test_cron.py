"""Cron expressions, against facts that a calendar tells."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from incident_operator.domain.cron import CronError, parse_cron


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


START = moment("2026-01-31T12:00:00")  # a Saturday


@pytest.mark.parametrize(
    ("text", "firings"),
    [
        ("* * * * *", ["2026-01-31T12:01", "2026-01-31T12:02"]),
        ("*/15 * * * *", ["2026-01-31T12:15", "2026-01-31T12:30", "2026-01-31T12:45", "2026-01-31T13:00"]),
        ("5/20 12 * * *", ["2026-01-31T12:05", "2026-01-31T12:25", "2026-01-31T12:45", "2026-02-01T12:05"]),
        ("0 3 * * mon-fri", ["2026-02-02T03:00", "2026-02-03T03:00"]),
        ("30 9,17 1-7/3 * *", ["2026-02-01T09:30", "2026-02-01T17:30", "2026-02-04T09:30"]),
        ("0 0 29 2 *", ["2028-02-29T00:00", "2032-02-29T00:00"]),
        ("0 0 * * 7", ["2026-02-01T00:00", "2026-02-08T00:00"]),
        ("0 0 * * 5-7", ["2026-02-01T00:00", "2026-02-06T00:00", "2026-02-07T00:00", "2026-02-08T00:00"]),
        ("0 0 * JAN,Jul sun", ["2026-07-05T00:00", "2026-07-12T00:00"]),
        # one of two limited days is enough: Friday the 6th, Friday the 13th, Friday the 20th, Tuesday the 24th
        ("0 0 24 2 fri", ["2026-02-06T00:00", "2026-02-13T00:00", "2026-02-20T00:00", "2026-02-24T00:00"]),
        # with a star in one of them both must fit
        ("0 0 */2 2 fri", ["2026-02-13T00:00", "2026-02-27T00:00", "2027-02-05T00:00"]),
        ("59 23 31 12 *", ["2026-12-31T23:59", "2027-12-31T23:59"]),
    ],
)
def test_the_next_firings(text: str, firings: list[str]) -> None:
    cron, at, found = parse_cron(text, now=START), START, []
    for _ in firings:
        following = cron.next_after(at)
        assert following is not None
        at = following
        found.append(at.strftime("%Y-%m-%dT%H:%M"))
    assert found == firings


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "has 0 fields"),
        ("* * * *", "has 4 fields, and five are needed: minute, hour"),
        ("0 * * * * *", "has 6 fields"),
        ("@daily", "macro"),
        ("60 * * * *", "field minute '60': '60' is no number from 0 to 59"),
        ("* 24 * * *", "field hour"),
        ("* * 0 * *", "field day of month"),
        ("* * * 13 *", "field month '13': '13' is no number from 1 to 12, or a name such as jan"),
        ("* * * * fry", "field day of week 'fry': 'fry' is no number from 0 to 7, or a name such as sun"),
        ("5-1 * * * *", "the range '5-1' goes backwards"),
        ("*/0 * * * *", "the step '0'"),
        ("*/x * * * *", "the step 'x'"),
        ("1,,2 * * * *", "field minute '1,,2': ''"),
        ("1-2-3 * * * *", "field minute"),
        ("\u00b2 * * * *", "field minute"),
        ("0 0 30 2 *", "never comes: none of its months has a day 30"),
    ],
)
def test_what_is_wrong_is_said_of_its_field(text: str, says: str) -> None:
    with pytest.raises(CronError) as caught:
        parse_cron(text, now=START)
    assert says in str(caught.value)


@given(
    minute=st.integers(0, 59),
    hour=st.integers(0, 23),
    start=st.integers(1_500_000_000, 3_900_000_000).map(lambda seconds: datetime.fromtimestamp(seconds, UTC)),
)
def test_a_daily_firing_is_within_a_day_and_on_the_minute(minute: int, hour: int, start: datetime) -> None:
    found = parse_cron(f"{minute} {hour} * * *", now=start).next_after(start)
    assert found is not None
    assert (found.hour, found.minute, found.second, found.microsecond) == (hour, minute, 0, 0)
    assert 0 < (found - start).total_seconds() <= 86400
