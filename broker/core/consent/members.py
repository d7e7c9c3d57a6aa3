"""How is one plain mapping read strictly? Every member is taken once, by name and type; what is left is an error.

ValueError names the place and the member, never the value: it may be somebody's.
"""

from collections.abc import Mapping
from datetime import date
from typing import Any, get_args

from broker.core.time import Seconds, parse_rfc3339

MAX_TEXT = 2000
MAX_MEMBERS = 300
"""Entries of one list or mapping: more countries, answers or codes than anybody has."""
MAX_COUNT = 1_000_000_000


class Members:
    """The members of `raw`, taken one by one; `done()` refuses what nobody took."""

    def __init__(self, raw: object, place: str, limit: int = MAX_MEMBERS) -> None:
        if not isinstance(raw, Mapping) or not all(isinstance(name, str) for name in raw):
            raise ValueError(f"{place}: not an object")
        if len(raw) > limit:
            raise ValueError(f"{place}: more than {limit} members")
        self.place = place
        self._left = dict(raw)

    def take(self, name: str) -> Any:
        """The member's value as it stands, and `None` where it is missing."""
        return self._left.pop(name, None)

    def names(self) -> frozenset[str]:
        """The members that nobody took yet."""
        return frozenset(self._left)

    def rest(self) -> Mapping[str, Any]:
        """Everything that nobody took yet, taken now: for places whose members are open."""
        rest, self._left = self._left, {}
        return rest

    def wrong(self, name: str, wanted: str) -> ValueError:
        """The error to raise for a member that is not what it should be."""
        return ValueError(f"{self.place}.{name}: {wanted}")

    def done(self) -> None:
        """ValueError if a member was given that this place does not have."""
        if self._left:
            raise ValueError(f"{self.place}: unknown member {min(self._left)[:40]!r}")

    def text(self, name: str) -> str | None:
        value = self.take(name)
        if value is not None and (not isinstance(value, str) or not value or len(value) > MAX_TEXT):
            raise self.wrong(name, f"not a text of 1 to {MAX_TEXT} characters")
        return value

    def needed(self, name: str) -> str:
        value = self.text(name)
        if value is None:
            raise self.wrong(name, "missing")
        return value

    def flag(self, name: str) -> bool | None:
        value = self.take(name)
        if value is not None and not isinstance(value, bool):
            raise self.wrong(name, "neither true nor false")
        return value

    def count(self, name: str) -> int | None:
        """A whole number from 0 to MAX_COUNT."""
        value = self.take(name)
        if value is not None and (type(value) is not int or not 0 <= value <= MAX_COUNT):
            raise self.wrong(name, f"not a whole number from 0 to {MAX_COUNT}")
        return value

    def needed_count(self, name: str) -> int:
        value = self.count(name)
        if value is None:
            raise self.wrong(name, "missing")
        return value

    def instant(self, name: str) -> Seconds | None:
        value = self.text(name)
        try:
            return None if value is None else parse_rfc3339(value)
        except ValueError:
            raise self.wrong(name, "neither a date nor an RFC 3339 instant with a zone") from None

    def needed_instant(self, name: str) -> Seconds:
        value = self.instant(name)
        if value is None:
            raise self.wrong(name, "missing")
        return value

    def day(self, name: str) -> date | None:
        value = self.text(name)
        try:
            return None if value is None else date.fromisoformat(value)
        except ValueError:
            raise self.wrong(name, "not a date, YYYY-MM-DD") from None

    def word(self, name: str, words: Any, default: str | None = None, *, optional: bool = False) -> Any:
        """One of `words`, a Literal or a tuple. Missing: `default`; without one an error, unless `optional`."""
        choice = words if isinstance(words, tuple) else get_args(words)
        value = self.take(name)
        if value is None:
            value = default
        if value is None and optional:
            return None
        if not isinstance(value, str) or value not in choice:
            raise self.wrong(name, f"not one of {', '.join(choice)}")
        return value

    def texts(self, name: str) -> tuple[str, ...] | None:
        """A list of texts, `None` where the member is missing; an empty list is kept as one."""
        value = self.take(name)
        if value is None:
            return None
        if not isinstance(value, list | tuple) or len(value) > MAX_MEMBERS:
            raise self.wrong(name, f"not a list of at most {MAX_MEMBERS}")
        if not all(isinstance(one, str) and 0 < len(one) <= MAX_TEXT for one in value):
            raise self.wrong(name, "not a list of texts")
        return tuple(value)
