"""The figures of fairness: what is too small is not told, nor what would give it away; and when somebody has to look."""

from collections.abc import Sequence
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broker.core.equity import GROUPS, SMALL, Answer, IncomeGroups, Line, closed, hidden_alike, lines, told, told_parts
from broker.core.time import Seconds, add_months, day_of
from tests.fakes import START

answers = st.lists(
    st.builds(
        Answer, group=st.sampled_from(GROUPS), approved=st.booleans(), days=st.none() | st.integers(0, 400)
    ),
    max_size=120,
)  # fmt: skip


def many(group: str, yes: int, no: int, days: int = 10) -> list[Answer]:
    made = [Answer(group=group, approved=True, days=days)] * yes
    return [*made, *[Answer(group=group, approved=False, days=days)] * no]


def of(found: Sequence[Line], group: str) -> Line:
    return next(one for one in found if one.group == group)


@pytest.mark.row("PUB-FIGURES")
@given(answers)
def test_no_small_count_is_told_and_none_can_be_worked_out(rows: list[Answer]) -> None:
    found = lines(rows)
    whole = found[-1]
    assert [one.group for one in found] == [*GROUPS, "all"]
    for one in found[:-1]:
        count = sum(row.group == one.group for row in rows)
        yes = sum(row.group == one.group and row.approved for row in rows)
        assert one.decided == (count if count == 0 or count >= SMALL else None)
        if one.share is not None:
            assert count >= SMALL
            assert all(part == 0 or part >= SMALL for part in (yes, count - yes))
        if one.median is not None or one.slowest is not None:
            assert count >= SMALL
    hidden = [one for one in found[:-1] if one.decided is None]
    if whole.decided is not None and hidden:
        assert whole.decided - sum(one.decided or 0 for one in found[:-1]) >= SMALL
    if any(one.decided and one.share is None for one in found[:-1]):
        assert whole.share is None, "with the other shares it would tell the one that is left out"


@pytest.mark.row("PUB-FIGURES")
@given(answers)
def test_the_order_of_answers_is_no_part_of_the_figures(rows: list[Answer]) -> None:
    assert lines(rows) == lines(rows[::-1])


ALARMS = {
    "as often": (many("high", 80, 20) + many("low", 80, 20), False),
    "half as often": (many("high", 80, 20) + many("low", 40, 60), True),
    "never": (many("high", 80, 20) + many("low", 0, 20), True),
    "too few to say": (many("high", 80, 20) + many("low", 0, 9), False),
    "nobody to compare with": (many("high", 1, 1) + many("low", 20, 20), False),
    "more often": (many("high", 50, 50) + many("low", 90, 10), False),
    "twice as slow": (many("high", 80, 20) + many("low", 80, 20, days=20), True),
    "a little slower": (many("high", 80, 20) + many("low", 80, 20, days=15), False),
}


@pytest.mark.row("PUB-FIGURES")
@pytest.mark.parametrize(("rows", "alarm"), ALARMS.values(), ids=ALARMS.keys())
def test_when_somebody_has_to_look(rows: list[Answer], alarm: bool) -> None:  # noqa: FBT001 (a table)
    found = lines(rows)
    assert of(found, "low").alarm is alarm
    assert not of(found, "high").alarm
    assert not of(found, "all").alarm


@pytest.mark.parametrize(("count", "shown"), [(0, 0), (1, None), (SMALL - 1, None), (SMALL, SMALL)])
def test_a_count_as_it_is_told(count: int, shown: int | None) -> None:
    assert told(count) == shown


def test_days_are_those_of_the_middle_and_of_nine_in_ten() -> None:
    rows = [Answer(group="low", approved=True, days=n) for n in range(1, 21)]
    line = of(lines(rows), "low")
    assert (line.median, line.slowest) == (10, 18)


@pytest.mark.parametrize("country", [None, "XX", 7, ("DE",)], ids=str)
def test_a_country_in_no_group_is_not_known(country: object) -> None:
    assert IncomeGroups(groups={"DE": "high"}).of(country) == "unknown"
    assert IncomeGroups(groups={"DE": "high"}).of("DE") == "high"


@pytest.mark.row("PUB-FIGURES")
def test_past_hole_the_sum_of_another_table_told_what_one_left_out() -> None:
    here = lines(many("high", 30, 30) + many("low", 2, 1))
    there = lines(many("several", 20, 20) + many("high", 12, 11), ("high", "several"))
    assert (here[-1].decided, there[-1].decided) == (None, 63)
    one, other = hidden_alike(here, there)
    assert one[:-1] + other[:-1] == here[:-1] + there[:-1]
    assert one[-1] == other[-1] == Line(group="all", decided=None, share=None, median=None, slowest=None)


@pytest.mark.row("PUB-FIGURES")
@given(answers)
def test_tables_that_leave_nothing_out_stay(rows: list[Answer]) -> None:
    found = lines(rows)
    assert hidden_alike(found, found) == (found, found)


@pytest.mark.row("PUB-FIGURES")
@given(st.dictionaries(st.sampled_from("abcde"), st.integers(0, 40)))
def test_past_hole_the_share_of_all_told_the_few_refusals_that_were_left_out(counts: dict[str, int]) -> None:
    found = told_parts(counts)
    left_out = [counts[name] for name, count in found.items() if count is None]
    assert all(
        count in (None, counts[name]) and (count is None or count == told(count)) for name, count in found.items()
    )
    assert not left_out or sum(left_out) >= SMALL or sum(counts.values()) < SMALL


DAYS = st.integers(0, 900).map(lambda day: Seconds(START - day * 86_400))


@pytest.mark.row("PUB-FIGURES")
@given(st.lists(DAYS, max_size=60))
def test_figures_of_two_times_never_differ_by_few_cases(cases: list[Seconds]) -> None:
    seen = [closed(cases, Seconds(START - 86_400 * 30 * n)) for n in range(12)]
    for later, before in pairwise(seen):
        if later == before:
            continue
        came = sum(before <= one < later for one in cases)
        went = sum(add_months(before, -12) <= one < add_months(later, -12) for one in cases)
        assert later > before
        assert came + went == 0 or came + went >= SMALL
    assert all(day_of(one).day == 1 for one in seen)
