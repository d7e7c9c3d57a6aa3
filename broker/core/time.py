"""Time as values: whole seconds inside, RFC 3339 in JSON, seconds in JWTs. Nothing here reads a clock."""

import calendar
from datetime import MAXYEAR, MINYEAR, UTC, date, datetime
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

FIRST = Seconds(-62_135_596_800)
"""0001-01-01T00:00:00Z, the first second that RFC 3339 can write here."""


def rfc3339(at: Seconds) -> str:
    """`2026-11-21T07:00:00Z`."""
    return _written(at)


@lru_cache(maxsize=1024)
def _written(at: int) -> str:
    return f"{datetime.fromtimestamp(at, UTC).replace(tzinfo=None).isoformat()}Z"  # strftime writes the year 1 as "1"


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
    found = int(parsed.timestamp())
    if not FIRST <= found <= FOREVER:  # in its own zone it is in these years, in UTC it is not
        raise ValueError(f"{text}: not within the years 1 to 9999 of UTC")
    return Seconds(found)


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


def days_later(day: date, days: int) -> date:
    """The calendar day so many days later; the first or the last that there is, where that is beyond it."""
    return date.fromordinal(min(max(day.toordinal() + days, date.min.toordinal()), date.max.toordinal()))


def next_day(at: Seconds) -> Seconds:
    """The first second of the UTC day after the one that `at` falls on."""
    return Seconds(at - at % _DAY + _DAY)


def add_months(at: Seconds, months: int) -> Seconds:
    """The same time of day `months` calendar months later; the last day of the month where it is shorter.

    FOREVER where that is after the year 9999, FIRST where it is before the year 1: a date as far away as that is what
    people write for "never", and is no error.
    """
    then = datetime.fromtimestamp(at, UTC)
    years, month0 = divmod(then.month - 1 + months, 12)
    year, month = then.year + years, month0 + 1
    if not MINYEAR <= year <= MAXYEAR:
        return FOREVER if year > MAXYEAR else FIRST
    day = min(then.day, calendar.monthrange(year, month)[1])
    return Seconds(int(then.replace(year=year, month=month, day=day).timestamp()))
