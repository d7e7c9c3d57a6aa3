"""Canonical bytes are those of RFC 8785, written by a library that is not ours."""

from dataclasses import dataclass
from datetime import date
from enum import IntEnum, StrEnum
from typing import Any

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from broker.core.plain import canonical, digest, plain
from tests import builders as b


class Word(StrEnum):
    A = "ä"


class Number(IntEnum):
    ONE = 1


@dataclass(frozen=True, slots=True)
class Pair:
    second: Any
    first: Any = None


TEXT = st.text(st.characters(codec="utf-8"))
LEAVES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**53) + 1, 2**53 - 1),
    TEXT,
    st.floats(allow_nan=False, allow_infinity=False),
    st.dates(),
    st.sampled_from([Word.A, Number.ONE]),
)
VALUES = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        st.lists(inner, max_size=4),
        st.lists(inner, max_size=4).map(tuple),
        st.dictionaries(TEXT, inner, max_size=4),
        st.builds(Pair, inner, inner),
    ),
    max_leaves=20,
)


@given(VALUES)
def test_the_same_bytes_as_the_library(value: Any) -> None:
    assert canonical(value) == rfc8785.dumps(plain(value))


@given(st.frozensets(st.one_of(TEXT, st.tuples(st.integers(0, 99)))))
def test_sets_have_one_order(value: frozenset[Any]) -> None:
    assert canonical(value) == rfc8785.dumps(sorted((plain(each) for each in value), key=rfc8785.dumps))
    assert plain(value) == sorted((plain(each) for each in value), key=rfc8785.dumps)


def test_rows_have_the_same_bytes_as_the_library() -> None:
    for row in b.rows():
        assert canonical(row) == rfc8785.dumps(plain(row))


def test_names_are_ordered_by_utf_16() -> None:
    assert canonical({"\U0001f600": 1, "\ufb33": 2}) == rfc8785.dumps({"\U0001f600": 1, "\ufb33": 2})
    assert canonical({"\ufb33": 2, "\U0001f600": 1}).index("\U0001f600".encode()) == 2


def test_unset_members_are_left_out_and_an_empty_place_in_a_mapping_is_not() -> None:
    assert plain(Pair(second=None, first=1)) == {"first": 1}
    assert plain({"a": None}) == {"a": None}
    assert plain(date(2026, 11, 21)) == "2026-11-21"


@pytest.mark.parametrize("value", [2**53, -(2**53), float("nan"), float("inf"), "\ud800", {"\ud800": 1}])
def test_what_json_cannot_say_for_everybody_is_refused(value: Any) -> None:
    with pytest.raises(ValueError, match=r".+"):
        canonical(value)
    with pytest.raises(ValueError, match=r".+"):
        digest([value])


@pytest.mark.parametrize("value", [b"bytes", object(), 1j])
def test_what_no_row_may_hold_is_an_error_of_ours(value: Any) -> None:
    with pytest.raises(TypeError, match="no plain form"):
        canonical(value)
    with pytest.raises(TypeError, match="no plain form"):
        plain([value])
