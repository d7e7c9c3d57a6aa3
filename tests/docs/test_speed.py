"""The benchmarks: they can miss, and the page says what they measure."""

from itertools import count

import pytest

from tests.bench.measure import Goal, Result, Yardstick, measure
from tests.bench.page import page
from tests.docs.doc_blocks import ROOT


def work(steps: int) -> None:
    for _ in range(steps):
        pass


STICK = Yardstick(name="counting", reference=10.0, run=lambda: work(2000))


def result(ratio: float) -> Result:
    goal = Goal(name="something", micros=20.0, run=lambda: None)
    return Result(goal=goal, yardstick=STICK, micros=1.0, here=1.0, ratio=ratio, rounds=9)


@pytest.mark.parametrize(("ratio", "met"), [(1.99, True), (2.0, True), (2.01, False)])
def test_a_goal_is_met_up_to_what_it_allows(ratio: float, met: bool) -> None:  # noqa: FBT001
    assert result(ratio).met is met


def test_what_costs_a_multiple_of_the_yardstick_is_measured_as_that() -> None:
    """Far apart on purpose: a busy machine must not decide this test."""
    dear = measure(Goal(name="dear", micros=10.0, run=lambda: work(20_000)), STICK, rounds=3, most=3)
    cheap = measure(Goal(name="cheap", micros=10.0, run=lambda: work(200)), STICK, rounds=3, most=3)
    assert not dear.met
    assert cheap.met
    assert dear.ratio > 3
    assert cheap.ratio < 0.5


def test_what_is_done_several_times_in_a_go_is_counted_once_each() -> None:
    calls = count()
    measured = measure(
        Goal(name="n", micros=1.0, run=lambda: work(20_000 + 0 * next(calls)), times=10), STICK, rounds=1, most=1
    )
    assert measured.ratio < 5
    assert next(calls) > 1


@pytest.mark.parametrize(
    ("disturbed", "rounds", "met"), [(0, 3, True), (2, 3, True), (4, 6, True), (6, 9, True), (12, 12, False)]
)
def test_a_goal_that_is_not_met_is_given_more_rounds_and_no_more_than_the_most(
    disturbed: int,
    rounds: int,
    met: bool,  # noqa: FBT001
) -> None:
    """A clock of our own: each run takes a second, and three while something disturbs it."""
    past, runs = [0.0], count()
    stick = Yardstick(name="a second", reference=1.0, run=lambda: work(1), spent=count(0.0, 1.0).__next__)

    def run() -> None:
        past[0] += 3.0 if 0 < next(runs) <= disturbed else 1.0  # the first run warms up, and counts for nothing

    found = measure(Goal(name="disturbed", micros=1.0, run=run, spent=lambda: past[0]), stick, rounds=3, most=12)
    assert (found.rounds, found.met, found.ratio) == (rounds, met, 1.0 if met else 3.0)


def test_a_missed_goal_is_told_on_the_page() -> None:
    assert "**missed**" in page([result(3.0)])
    assert "**missed**" not in page([result(1.0)])


def test_the_page_was_written_by_a_run_that_met_every_goal() -> None:
    text = (ROOT / "docs" / "reference" / "speed.md").read_text("utf-8")
    assert "| met |" in text
    assert "missed**" not in text
