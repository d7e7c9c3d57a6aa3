"""Plain JSON back into values: everything that is stored can be read, and nothing else is."""

import json
from dataclasses import dataclass, field
from datetime import date
from enum import IntEnum, StrEnum
from typing import Any, Literal

import pytest

from broker.core.decision import Question
from broker.core.ids import PersonId
from broker.core.jurisdiction.pack import Pack
from broker.core.plain import canonical
from broker.core.rows import KINDS
from broker.core.typed import typed
from tests import builders as b


class Colour(StrEnum):
    RED = "red"


class Rank(IntEnum):
    LOW = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Inner:
    number: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Outer:
    name: PersonId
    maybe: str | None
    colour: Colour = Colour.RED
    rank: Rank = Rank.LOW
    word: Literal["a", 1] = "a"
    day: date | None = None
    inner: tuple[Inner, ...] = ()
    pair: tuple[str, int] = ("x", 1)
    some: frozenset[str] = frozenset()
    facts: dict[str, str | int | bool | tuple[str, ...]] = field(default_factory=dict)
    rest: Any = None
    nested: "Outer | None" = None


FULL = Outer(
    name=PersonId("n"),
    maybe="m",
    word=1,
    day=date(2026, 11, 21),
    inner=(Inner(number=3),),
    some=frozenset({"b", "a"}),
    facts={"s": "x", "n": 3, "b": True, "l": ("p", "q")},
    rest={"any": [1]},
    nested=Outer(name=PersonId("inside"), maybe=None),
)


@pytest.mark.parametrize("value", [FULL, Outer(name=PersonId("n"), maybe=None)])
def test_what_plain_makes_is_read_back(value: Outer) -> None:
    assert typed(Outer, json.loads(canonical(value))) == value


def test_rows_are_read_back() -> None:
    for row in b.rows():
        assert typed(type(row), json.loads(canonical(row))) == row


def test_questions_and_packs_are_read_back() -> None:
    assert typed(Question, json.loads(canonical(b.question()))) == b.question()
    for pack in b.rules().packs.values():
        assert typed(Pack, json.loads(canonical(pack))) == pack


@pytest.mark.parametrize(
    ("said", "wrong"),
    [
        ({}, "name: missing"),
        ({"name": 1}, "name: not a str"),
        ({"name": "n", "more": 1}, "not a Outer"),
        ({"name": "n", "colour": "blue"}, "colour: 'blue'"),
        ({"name": "n", "rank": True}, "rank: not a Rank"),
        ({"name": "n", "word": True}, "word: none of a, 1"),
        ({"name": "n", "day": "2026-13-01"}, "day: .*month"),
        ({"name": "n", "day": 3}, "day: not a date"),
        ({"name": "n", "inner": {}}, "inner: not a list"),
        ({"name": "n", "inner": [{"number": True}]}, "inner: number: not a int"),
        ({"name": "n", "pair": ["x"]}, "pair: not a list of 2"),
        ({"name": "n", "facts": []}, "facts: not an object"),
        ({"name": "n", "facts": {"f": 1.5}}, "facts: not a str; not a int; not a bool; not a list"),
        ({"name": "n", "nested": {"maybe": "m"}}, "nested: name: missing"),
        ([], "not a Outer"),
    ],
)
def test_nothing_else_is_read(said: Any, wrong: str) -> None:
    with pytest.raises(ValueError, match=wrong):
        typed(Outer, said)


def test_every_kind_of_row_can_be_read() -> None:
    """A type that has no reader is found when it is added, not in ten years."""
    for kind in KINDS:
        with pytest.raises(ValueError, match=r"missing|not a"):
            typed(kind, {})


def test_a_type_that_no_value_has_is_an_error_of_ours() -> None:
    with pytest.raises(TypeError, match="no plain form"):
        typed(bytes, b"")
    with pytest.raises(TypeError, match="no plain form"):
        typed(list[str], [])
