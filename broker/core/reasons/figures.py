"""How are days, moments, numbers and places written? For people as their language does it; for machines always alike.

The core only says what there is to write. Which words a language has for it is read at the edge (adapters/figures.py).
"""

from collections.abc import Callable, Mapping
from datetime import date
from typing import Protocol

from broker.core.time import Seconds, parse_rfc3339, rfc3339

_DAYS = frozenset({"as_of", "date", "day", "offered", "since", "until", "value"})
_NUMBERS = frozenset({"days", "found", "limit", "months", "most", "n", "quorum", "seconds", "votes"})
_PLACES = frozenset({"allowed", "countries", "country", "hosts", "place"})
"""Slots of sentences that hold such a thing, as machines write it; whatever else stands in one stays as it is."""


class Figures(Protocol):
    """What one language writes. What it has no words for, it leaves as machines write it."""

    def day(self, day: date) -> str:
        """`22 November 2026`."""
        ...

    def moment(self, at: Seconds) -> str:
        """`22 November 2026, 07:00 UTC`."""
        ...

    def number(self, n: float) -> str:
        """`1,234,567`."""
        ...

    def size(self, octets: int) -> str:
        """`3.4 GB`."""
        ...

    def place(self, code: str) -> str:
        """`Germany`, for a country's two letters or a region."""
        ...

    def __hash__(self) -> int:
        """So that what was worked out with it can be kept by it."""
        ...

    def order(self, name: str) -> str:
        """By which names are sorted, so that an accent does not put a name behind the last letter."""
        ...

    def itself(self) -> str:
        """What the language calls itself, `español`; empty where nobody knows."""
        ...


class Bare:
    """As machines write it: what is stored, signed and compared."""

    def day(self, day: date) -> str:
        return day.isoformat()

    def moment(self, at: Seconds) -> str:
        return rfc3339(at)

    def number(self, n: float) -> str:
        return str(n)

    def size(self, octets: int) -> str:
        return str(octets)

    def place(self, code: str) -> str:
        return code

    def order(self, name: str) -> str:
        return name

    def itself(self) -> str:
        return ""


BARE = Bare()


def when(text: str, figures: Figures) -> str:
    """A day or a moment, of RFC 3339; anything else as it is."""
    try:
        if len(text) == len("2026-11-21"):
            return figures.day(date.fromisoformat(text))
        return figures.moment(parse_rfc3339(text)) if text[10:11] == "T" else text
    except ValueError:
        return text


def written(slots: Mapping[str, str | int], figures: Figures, place: Callable[[str], str]) -> dict[str, str]:
    """`slots` as `figures` write what each one holds, and `place` its places."""
    return {name: _written(name, value, figures, place) for name, value in slots.items()}


def _written(name: str, value: str | int, figures: Figures, place: Callable[[str], str]) -> str:
    if isinstance(value, int):
        return figures.number(value)
    if name in _DAYS:
        return when(value, figures)
    if name in _PLACES:
        return ", ".join(map(place, value.split(", ")))
    return figures.number(int(value)) if name in _NUMBERS and value.isascii() and value.isdigit() else value
