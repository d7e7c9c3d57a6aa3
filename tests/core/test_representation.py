"""Populations in the holdings against seats: who is large, who has none, and what of that is told."""

import pytest

from broker.core.equity import SMALL
from broker.core.ids import SubjectRef
from broker.core.representation import kinds, populations


def people(*counts: int) -> dict[str, frozenset[SubjectRef]]:
    """So many of each, nobody in two."""
    return {
        f"origin:{chr(65 + n)}{chr(65 + n)}": frozenset(SubjectRef(f"sub_{n}_{one}") for one in range(count))
        for n, count in enumerate(counts)
    }


@pytest.mark.row("WHO-3.4-1")
@pytest.mark.parametrize(
    ("counts", "seats", "percent", "shares", "vacant"),
    [
        ((80, 20), 0, 10, (80, 20), (True, True)),
        ((80, 20), 1, 10, (80, 20), (True, False)),
        ((80, 20), 0, 20, (80, 20), (True, False)),
        ((80, 20), 0, 19, (80, 20), (True, True)),
        ((80, SMALL - 1), 0, 5, (None, None), (True, True)),
        ((80, SMALL), 0, 5, (89, 11), (True, True)),
        ((30,), 0, 10, (100,), (True,)),
        ((0,), 0, 10, (None,), (False,)),
    ],
    ids=["both", "one has a seat", "not more than that", "more", "few", "not few", "all", "nobody"],
)
def test_a_large_population_without_a_seat_is_found_and_few_people_are_not_told(
    counts: tuple[int, ...], seats: int, percent: int, shares: tuple[int | None, ...], vacant: tuple[bool, ...]
) -> None:
    made = populations(people(*counts), sum(counts), {"origin:BB": seats}, percent)
    assert tuple(one.share for one in made) == shares
    assert tuple(one.vacant for one in made) == vacant
    assert all(one.shown_vacant == (one.vacant and one.share is not None) for one in made)


@pytest.mark.row("WHO-3.4-1")
def test_seats_are_counted_by_kind() -> None:
    found = kinds(["lay", "expert", "lay", None, "community:a", "origin:DE"])
    assert found == {"expert": 1, "lay": 2, "community": 1, "origin": 1, "none": 1}
