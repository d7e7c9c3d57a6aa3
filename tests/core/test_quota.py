"""How often one caller may ask: bursts, refilling, and a table that does not grow."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broker.core.quota import MOST, QUOTAS, Quota, Rates
from broker.core.time import Seconds
from tests.fakes import START

SMALL = {"x": Quota(burst=3, per_minute=6)}


def rates(**changes: int) -> Rates:
    return Rates(quotas=SMALL, **changes)


@pytest.mark.row("T081")
def test_a_burst_is_served_and_one_more_has_to_wait() -> None:
    made = rates()
    assert [made.wait("x", "a", START) for _ in range(5)] == [0, 0, 0, 10, 10]


@pytest.mark.row("T081")
def test_who_waits_as_long_as_told_is_served_once_and_not_twice() -> None:
    made = rates()
    for _ in range(3):
        made.wait("x", "a", START)
    assert made.wait("x", "a", Seconds(START + 9)) == 1
    assert made.wait("x", "a", Seconds(START + 10)) == 0
    assert made.wait("x", "a", Seconds(START + 10)) == 10
    assert [made.wait("x", "a", Seconds(START + 90)) for _ in range(4)] == [0, 0, 0, 10]


@pytest.mark.row("T081")
def test_one_caller_is_not_another() -> None:
    made = rates()
    for _ in range(4):
        made.wait("x", "a", START)
    assert made.wait("x", "b", START) == 0
    assert made.wait("y", "a", START) == 0, "what has no quota is never counted"
    assert len(made) == 2


def test_a_scale_of_nought_means_no_quotas_and_two_means_twice_as_often() -> None:
    assert not any(rates(scale=0).wait("x", "a", START) for _ in range(100))
    twice = rates(scale=2)
    assert [twice.wait("x", "a", START) for _ in range(7)] == [0] * 6 + [5]


@pytest.mark.row("T081", "T120")
def test_of_too_many_callers_those_that_asked_longest_ago_are_forgotten() -> None:
    made = rates(most=2)
    for _ in range(4):
        made.wait("x", "a", START)
    made.wait("x", "b", START)
    assert made.wait("x", "a", START) > 0
    made.wait("x", "c", START)
    assert (len(made), made.wait("x", "a", START) > 0) == (2, True), "b was forgotten, who asked longest ago"
    assert MOST == 50_000


@given(st.lists(st.integers(0, 20), max_size=60))
def test_never_more_than_burst_and_what_time_gave_back(steps: list[int]) -> None:
    made, now, served = rates(), START, 0
    for step in steps:
        now = Seconds(now + step)
        served += made.wait("x", "a", now) == 0
        assert served <= 3 + (now - START) // 10


def test_every_quota_allows_more_at_once_than_a_second_gives_back() -> None:
    assert all(quota.burst * 60 >= quota.per_minute for quota in QUOTAS.values())
