"""Cron expressions of five fields, in UTC: minute, hour, day of month, month, day of week.

A parser of our own: the libraries for it bring seconds, zones and macros that a schedule here must not have, and
say less about what is wrong. UTC has no summer time, so each minute exists exactly once.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

_MONTH_NAMES = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_DAY_NAMES = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
_MONTHS = {name: number for number, name in enumerate(_MONTH_NAMES, 1)}
_DAYS = {name: number for number, name in enumerate(_DAY_NAMES)}
_LONGEST_GAP_DAYS = 8 * 366 + 1
"""29 February comes after 8 years at the latest, as 2096 to 2104 shows. What did not come by then never comes."""


class CronError(Exception):
    """What is wrong with which field, for people."""


@dataclass(frozen=True, slots=True)
class _Field:
    """What may stand in one place of the expression."""

    name: str
    lowest: int
    highest: int
    names: Mapping[str, int]


_FIELDS = (
    _Field("minute", 0, 59, {}),
    _Field("hour", 0, 23, {}),
    _Field("day of month", 1, 31, {}),
    _Field("month", 1, 12, _MONTHS),
    _Field("day of week", 0, 7, _DAYS),
)


@dataclass(frozen=True, slots=True)
class Cron:
    """A parsed expression."""

    minutes: tuple[int, ...]
    hours: tuple[int, ...]
    month_days: frozenset[int]
    months: frozenset[int]
    week_days: frozenset[int]
    """0 is Sunday."""
    is_either_day: bool
    """Both days are limited: then one of the two is enough, as cron has always had it."""

    def next_after(self, moment: datetime) -> datetime | None:
        """The first minute after the moment that it names, or None where no day ever fits."""
        for offset in range(_LONGEST_GAP_DAYS):
            day = moment.date() + timedelta(days=offset)
            if not self._has(day):
                continue
            for hour in self.hours:
                for minute in self.minutes:
                    found = datetime.combine(day, time(hour, minute), tzinfo=moment.tzinfo)
                    if found > moment:
                        return found
        return None

    def _has(self, day: date) -> bool:
        if day.month not in self.months:
            return False
        by_month, by_week = day.day in self.month_days, day.isoweekday() % 7 in self.week_days
        return by_month or by_week if self.is_either_day else by_month and by_week


def parse_cron(text: str, *, now: datetime) -> Cron:
    """Raises CronError, also where the expression names no minute that ever comes after `now`."""
    parts = text.split()
    if text.strip().startswith("@"):
        raise CronError(f"{text.strip()} is a macro; write the five fields, such as '0 3 * * mon-fri'")
    if len(parts) != len(_FIELDS):
        names = ", ".join(field.name for field in _FIELDS)
        raise CronError(f"'{text}' has {len(parts)} fields, and five are needed: {names}")
    minutes, hours, month_days, months, week_days = map(_parse_field, parts, _FIELDS)
    cron = Cron(
        minutes=tuple(sorted(minutes)),
        hours=tuple(sorted(hours)),
        month_days=month_days,
        months=months,
        week_days=frozenset(day % 7 for day in week_days),
        is_either_day=not parts[2].startswith("*") and not parts[4].startswith("*"),
    )
    if cron.next_after(now) is None:
        raise CronError(f"'{text}' never comes: none of its months has a day {parts[2]} (field day of month)")
    return cron


def _parse_field(text: str, field: _Field) -> frozenset[int]:
    found: set[int] = set()
    for part in text.split(","):
        span, slash, step_text = part.partition("/")
        step = 1
        if slash:
            if not step_text.isdecimal() or not 1 <= int(step_text) <= field.highest:
                raise _wrong(text, field, f"the step '{step_text}' is no number from 1 to {field.highest}")
            step = int(step_text)
        if span == "*":
            first, last = field.lowest, min(field.highest, 6) if field.names is _DAYS else field.highest
        else:
            start, dash, end = span.partition("-")
            first = _parse_value(start, text, field)
            last = _parse_value(end, text, field) if dash else field.highest if slash else first
        if first > last:
            raise _wrong(text, field, f"the range '{span}' goes backwards")
        found.update(range(first, last + 1, step))
    return frozenset(found)


def _parse_value(value: str, text: str, field: _Field) -> int:
    number = field.names.get(value.lower())
    if number is None and value.isascii() and value.isdecimal():
        number = int(value)
    if number is None or not field.lowest <= number <= field.highest:
        also = f", or a name such as {next(iter(field.names))}" if field.names else ""
        raise _wrong(text, field, f"'{value}' is no number from {field.lowest} to {field.highest}{also}")
    return number


def _wrong(text: str, field: _Field, why: str) -> CronError:
    return CronError(f"field {field.name} '{text}': {why}")
