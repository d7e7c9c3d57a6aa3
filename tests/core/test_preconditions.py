"""core/preconditions.py: entity tags compared as RFC 9110 section 13 says."""

import base64
import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broker.core.preconditions import answer, digest_field

OURS = '"abc"'
CASES = [
    (None, None, "go on"),
    (OURS, None, "go on"),
    ("*", None, "go on"),
    ('"x", "abc"', None, "go on"),
    ('"x"', None, "not that content"),
    ('W/"abc"', None, "not that content"),
    ("abc", None, "not that content"),
    ('"abc" "x"', None, "not that content"),
    ("", None, "not that content"),
    (None, OURS, "the same still"),
    (None, 'W/"abc"', "the same still"),
    (None, '"x" ,\t"abc"', "the same still"),
    (None, "*", "the same still"),
    (None, '"x"', "go on"),
    (None, "abc", "go on"),
    (None, '"abc', "go on"),
    ('"x"', OURS, "not that content"),
    (OURS, OURS, "the same still"),
    (None, '"a,b", "abc"', "the same still"),
    (None, ",".join(['"x"'] * 5000 + [OURS]), "go on"),
]


@pytest.mark.parametrize(("if_match", "if_none_match", "wanted"), CASES)
def test_tags_are_compared_by_the_letter(if_match: str | None, if_none_match: str | None, wanted: str) -> None:
    assert answer(if_match, if_none_match, OURS) == wanted


@given(st.text(max_size=60))
def test_whatever_is_sent_only_our_tag_is_ours(field: str) -> None:
    if OURS not in field and "*" not in field:
        assert answer(field, None, OURS) == "not that content"
        assert answer(None, field, OURS) == "go on"


def test_a_digest_is_written_as_a_structured_field() -> None:
    made = hashlib.sha256(b"x")
    assert digest_field(made.hexdigest()) == f"sha-256=:{base64.b64encode(made.digest()).decode()}:"
