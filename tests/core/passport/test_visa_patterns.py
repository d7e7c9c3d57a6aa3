"""Match expressions: `const`, `pattern`, `split_pattern` (adversarial T105)."""

import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broker.core.passport import limits
from broker.core.passport.case import judge_pattern
from broker.core.passport.patterns import Expression, Match, parse

_SMALL = st.text("ab?*;", max_size=8)
_VALUE = st.text("ab;?*\n", max_size=10)


def _as_regex(pattern: str, text: str) -> bool:
    parts = {"?": ".", "*": ".*"}
    return re.fullmatch("".join(parts.get(one, re.escape(one)) for one in pattern), text, re.DOTALL) is not None


@pytest.mark.row("PC8", "T105")
@given(_SMALL, _VALUE)
def test_a_pattern_fits_what_the_same_regular_expression_fits(pattern: str, text: str) -> None:
    assert judge_pattern(f"pattern:{pattern}", text) is _as_regex(pattern, text)


@given(_SMALL, _VALUE)
def test_a_split_pattern_fits_if_one_part_of_the_value_does(pattern: str, text: str) -> None:
    wanted = any(_as_regex(pattern, part) for part in text.split(";"))
    assert judge_pattern(f"split_pattern:{pattern}", text) is wanted


@given(st.text(max_size=20), st.text(max_size=20))
def test_const_is_equality_of_code_points(one: str, other: str) -> None:
    assert judge_pattern(f"const:{one}", other) is (one == other)


@pytest.mark.row("T018")
@given(st.text(max_size=20), st.text(max_size=20))
def test_any_expression_is_answered(expression: str, value: str) -> None:
    assert judge_pattern(expression, value) in (True, False)


@pytest.mark.row("PC4", "PE5")
@pytest.mark.parametrize(
    "expression", ["", "foo", ":", ":foo", "glob:foo", "Const:foo", " const:foo", "const", "pattern\uff1ax"]
)
def test_without_a_known_prefix_nothing_fits(expression: str) -> None:
    assert parse(expression) is None
    assert not judge_pattern(expression, "foo")


def test_an_expression_is_split_at_the_first_colon() -> None:
    assert parse("pattern:a:*") == Expression(Match.PATTERN, "a:*")


@pytest.mark.row("PC8", "T105")
@pytest.mark.parametrize(
    ("pattern", "text", "wanted"),
    [
        ("a*" * 1500 + "b", "a" * 3000, False),
        ("*a" * 1500, "a" * 3000, True),
        ("?" * 3000, "é" * 3000, True),
        ("*" * 3000, "x" * 3000, True),
    ],
)
def test_3_000_characters_are_compared_without_backtracking(pattern: str, text: str, wanted: object) -> None:
    started = time.process_time()
    assert judge_pattern(f"pattern:{pattern}", text) is wanted
    assert time.process_time() - started < 0.05, "some 2 ms; a backtracking matcher never ends"


def test_what_no_visa_can_hold_fits_nothing() -> None:
    longest = "a" * limits.PATTERN
    assert judge_pattern("pattern:*", longest)
    assert judge_pattern(f"pattern:{longest}", longest)
    assert not judge_pattern("pattern:*", longest + "a")
    assert not judge_pattern(f"pattern:{longest}*", longest)


def test_the_published_example_of_split_pattern_is_wrong_and_the_rule_counts() -> None:
    value = "001,https::%2F%2Fexample1.org;123,https::%2F%2Fexample2.org"
    assert not judge_pattern("split_pattern:123,https:%2F%2Fexample?.org", value)
    assert judge_pattern("split_pattern:123,https::%2F%2Fexample?.org", value)


def test_what_is_not_a_string_fits_nothing() -> None:
    assert not judge_pattern(None, "a")
    assert not judge_pattern("pattern:*", None)
