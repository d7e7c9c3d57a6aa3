"""What two readers could understand in two ways is refused, quickly and without an echo."""

import contextlib
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broker.core.strict_json import MAX_DEPTH, StrictJsonError, loads

LIMIT = 1_000_000
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text() | st.floats(-1e9, 1e9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=10,
)


@given(VALUES)
def test_what_is_plain_is_read_as_it_is(value: Any) -> None:
    assert loads(json.dumps(value).encode(), LIMIT) == value


@pytest.mark.row("T083", "T008", "T009")
@pytest.mark.parametrize(
    "raw",
    [
        b"", b"{", b"nul", b"'a'", b"{a:1}", b"[1,]", b"\xff", b"\xef\xbb\xbf{}", b'{"a":1,"a":1}', b'{"a":{"b":1,"b":2}}',
        b"NaN", b"[Infinity]", b"-Infinity", b"1e400", b"-1e400", b"1" * 21, b"[" * 5_000, b'{"a":' * 40 + b"1" + b"}" * 40,
        b"[" * (MAX_DEPTH + 1) + b"]" * (MAX_DEPTH + 1), b'"\x01"', b'"\\ud800"x', b'"\\ud800"',
        b'{"\\uDFFF":1}', b'["a\\uDc00\\ud83e"]',
    ],
)  # fmt: skip
def test_what_is_doubtful_is_refused(raw: bytes) -> None:
    with pytest.raises(StrictJsonError):
        loads(raw, LIMIT)


def test_two_halves_of_a_character_are_one_and_words_about_them_are_words() -> None:
    assert loads(b'["\\ud83e\\uddec", "\\\\ud800"]', LIMIT) == ["\U0001f9ec", "\\ud800"]


@pytest.mark.row("T083")
def test_depth_and_size_are_allowed_up_to_their_limits() -> None:
    deep = b"[" * MAX_DEPTH + b"]" * MAX_DEPTH
    loads(deep, len(deep))
    with pytest.raises(StrictJsonError, match="longer"):
        loads(deep, len(deep) - 1)


def test_brackets_in_strings_are_no_depth() -> None:
    assert loads(json.dumps(['\\"[[{' * 100]).encode(), LIMIT) == ['\\"[[{' * 100]


@pytest.mark.row("T018")
@given(st.binary(max_size=200))
def test_nothing_but_the_declared_error_comes_out(raw: bytes) -> None:
    with contextlib.suppress(StrictJsonError):
        loads(raw, LIMIT)
