"""Time as values: whole seconds inside, RFC 3339 in JSON, seconds in JWTs. Nothing here reads a clock."""

import calendar
from datetime import UTC, date, datetime
from functools import lru_cache
from typing import NewType

Seconds = NewType("Seconds", int)
"""Whole seconds since 1970-01-01T00:00:00Z, as in a JWT NumericDate. Always an argument.

Our own things are dead at `now >= end`; only other people's tokens get a leeway (see core/passport)."""

Day = date
"""A calendar date without a zone; where an instant is needed it means 00:00 UTC of that day."""

EPOCH = Seconds(0)
"""1970-01-01T00:00:00Z: the beginning of what always was."""

_DAY = 86_400

FOREVER = Seconds(253_402_300_799)
"""9999-12-31T23:59:59Z, the last second that RFC 3339 can write: the end of what has no end."""


def rfc3339(at: Seconds) -> str:
    """`2026-11-21T07:00:00Z`."""
    return _written(at)


@lru_cache(maxsize=1024)
def _written(at: int) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def parse_rfc3339(text: str) -> Seconds:
    """An RFC 3339 instant or date (its first second, UTC). ValueError for anything else, and for no zone."""
    try:
        if len(text) == len("2026-11-21"):
            return start_of(date.fromisoformat(text))
        parsed = datetime.fromisoformat(text)
    except ValueError:
        raise ValueError(f"{text}: not a date or an instant like 2026-11-21 or 2026-11-21T12:00:00Z") from None
    if parsed.tzinfo is None:
        raise ValueError(f"{text}: an instant needs a zone, for example a final Z")
    return Seconds(int(parsed.timestamp()))


def start_of(day: date) -> Seconds:
    """The first second of `day`, UTC."""
    return Seconds(int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp()))


def day_of(at: Seconds) -> date:
    """The UTC calendar day that `at` falls on."""
    return _day(at // _DAY)


@lru_cache(maxsize=1024)
def _day(number: int) -> date:
    """The day so many days after 1970-01-01: one decision asks for the same few days again and again."""
    return datetime.fromtimestamp(number * _DAY, UTC).date()


def next_day(at: Seconds) -> Seconds:
    """The first second of the UTC day after the one that `at` falls on."""
    return Seconds(at - at % _DAY + _DAY)


def add_months(at: Seconds, months: int) -> Seconds:
    """The same time of day `months` calendar months later; the last day of the month where it is shorter."""
    then = datetime.fromtimestamp(at, UTC)
    years, month0 = divmod(then.month - 1 + months, 12)
    year, month = then.year + years, month0 + 1
    day = min(then.day, calendar.monthrange(year, month)[1])
    return Seconds(int(then.replace(year=year, month=month, day=day).timestamp()))
