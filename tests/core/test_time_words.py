"""What is no time is told so, in words for people."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broker.core.time import FIRST, FOREVER, Seconds, add_months, parse_rfc3339, rfc3339


@pytest.mark.parametrize("text", ["now", "tomorrow!!", "2026-13-01"])
def test_what_is_no_time_is_told_with_an_example(text: str) -> None:
    with pytest.raises(ValueError, match=r"not a date or an instant like 2026-11-21"):
        parse_rfc3339(text)


OUTSIDE = ["9999-12-31T23:00:00-10:00", "0001-01-01T00:00:00+10:00", "9999-12-31T23:59:59-00:01"]


@pytest.mark.parametrize("text", OUTSIDE)
def test_an_instant_that_cannot_be_written_in_utc_is_told_so(text: str) -> None:
    with pytest.raises(ValueError, match=r"not within the years 1 to 9999"):
        parse_rfc3339(text)


@pytest.mark.parametrize(("text", "at"), [("9999-12-31T23:59:59Z", FOREVER), ("0001-01-01T00:00:00Z", FIRST)])
def test_the_first_and_the_last_second_are_read_and_written(text: str, at: Seconds) -> None:
    assert (parse_rfc3339(text), rfc3339(at)) == (at, text)


@given(at=st.integers(FIRST, FOREVER).map(Seconds), months=st.integers(-200_000, 200_000))
def test_months_later_is_never_outside_of_time_and_never_the_wrong_way(at: Seconds, months: int) -> None:
    then = add_months(at, months)
    assert FIRST <= then <= FOREVER
    assert (then >= at) if months >= 0 else (then <= at)
