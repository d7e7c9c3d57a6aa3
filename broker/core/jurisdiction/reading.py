"""Has a raw value the form that is wanted? Problems are gathered, so that an author sees all of them at once.

A `Reading` gives back something of the right type even where it found a problem; whoever uses one must throw
everything away unless `problems` is empty.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from broker.core.jurisdiction.countries import COUNTRIES

Where = tuple[str | int, ...]
"""A place in a document: keys and indices from the top."""

SLUG = re.compile(r"[a-z0-9]+(?:[-_.][a-z0-9]+)*")

_ISO_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One thing that is wrong with a file: on which line, in which field, and what."""

    line: int
    field: str
    message: str

    def __str__(self) -> str:
        return f"{self.line}: {self.field}: {self.message}"


@dataclass(slots=True)
class Reading:
    """One document being read. `line_of` gives the line of a place."""

    line_of: Callable[[Where], int]
    problems: list[Problem] = field(default_factory=list)
    missing: set[Where] = field(default_factory=set)
    """Members that are not there: said once, and nothing more of them."""

    def problem(self, where: Where, message: str) -> None:
        if any(where[: len(one)] == one for one in self.missing):
            return
        name = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in where).removeprefix(".")
        self.problems.append(Problem(line=self.line_of(where), field=name or "file", message=message))

    def members(
        self, raw: object, where: Where, required: Iterable[str], optional: Iterable[str] = ()
    ) -> Mapping[str, Any]:
        """The mapping `raw`; a problem for every member that is not expected or not there."""
        if not isinstance(raw, dict):
            self.problem(where, "a mapping is wanted here")
            return {}
        for name in required:
            if name not in raw:
                self.problem(where, f"{name} is missing")
                self.missing.add((*where, name))
        for name in raw.keys() - {*required, *optional}:
            self.problem((*where, name), "nobody knows this member")
        return raw

    def items(self, raw: object, where: Where, *, least: int = 0) -> list[tuple[Where, Any]]:
        """The items of a list, each with its place."""
        if not isinstance(raw, list):
            self.problem(where, "a list is wanted here")
            return []
        if len(raw) < least:
            self.problem(where, "an empty list")
        return [((*where, index), item) for index, item in enumerate(raw)]

    def text(self, raw: object, where: Where) -> str:
        if isinstance(raw, str) and raw.strip():
            return raw
        self.problem(where, "text is wanted here; quote what looks like a number or a truth value")
        return ""

    def slug(self, raw: object, where: Where) -> str:
        """A name of small letters, digits and `-`, `_`, `.` between them."""
        if isinstance(raw, str) and SLUG.fullmatch(raw):
            return raw
        self.problem(where, "a name of small letters, digits and dashes is wanted here")
        return ""

    def slugs(self, raw: object, where: Where, *, least: int = 0) -> tuple[str, ...]:
        return tuple(self.slug(item, place) for place, item in self.items(raw, where, least=least))

    def choice(self, raw: object, where: Where, words: Iterable[str]) -> Any:
        if isinstance(raw, str) and raw in words:
            return raw
        self.problem(where, f"one of {', '.join(sorted(words))} is wanted here")
        return ""

    def choices(self, raw: object, where: Where, words: Iterable[str], *, least: int = 0) -> tuple[Any, ...]:
        return tuple(self.choice(item, place, words) for place, item in self.items(raw, where, least=least))

    def day(self, raw: object, where: Where) -> date:
        if isinstance(raw, str) and _ISO_DATE.fullmatch(raw):
            try:
                return date.fromisoformat(raw)
            except ValueError:
                pass
        self.problem(where, "a date like 2026-11-21 is wanted here")
        return date.min

    def flag(self, raw: object, where: Where) -> bool:
        if isinstance(raw, bool):
            return raw
        self.problem(where, "true or false is wanted here")
        return False

    def country(self, raw: object, where: Where) -> str:
        """An assigned country code. A truth value here is a Norway whose quotes were forgotten."""
        if isinstance(raw, str) and raw in COUNTRIES:
            return raw
        self.problem(where, 'a country code of ISO 3166-1 is wanted here, in quotes if it reads as a word ("NO")')
        return ""
