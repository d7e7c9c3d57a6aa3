"""Do those whom data come from sit where it is decided about their data? Populations in the holdings against seats.

Of 1 to 9 people nothing is told, and neither is what would tell how few the others are (WHO 2024, 3.4-1).
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from broker.core.equity import SMALL, told
from broker.core.ids import SubjectRef


@dataclass(frozen=True, slots=True, kw_only=True)
class Population:
    """The people whose data come from one place, or are governed by one community. `name`: as a seat for it is called.

    `share`: of a hundred of all people in the holdings; None: too small to be told, or all but too few.
    `large`: more than the part of the holdings from which on a seat is wanted.
    """

    name: str
    share: int | None
    seats: int
    large: bool

    @property
    def vacant(self) -> bool:
        """Is a seat wanted that nobody has?"""
        return self.large and not self.seats

    @property
    def shown_vacant(self) -> bool:
        """May everybody read that? Where no share is told it would tell one."""
        return self.vacant and self.share is not None


def populations(
    people: Mapping[str, frozenset[SubjectRef]], everybody: int, seats: Mapping[str, int], percent: int
) -> tuple[Population, ...]:
    """By name. `people`: whose data come from where, some from several places; `everybody`: how many there are."""
    return tuple(
        Population(
            name=name, share=_share(len(those), everybody), seats=seats.get(name, 0),
            large=len(those) * 100 > percent * everybody,
        )
        for name, those in sorted(people.items())
    )  # fmt: skip


def kinds(seats: Iterable[str | None]) -> Mapping[str, int]:
    """How many seats of each kind: `expert`, `lay`, `community`, `origin`, and `none` where nothing is stated."""
    found = dict.fromkeys(("expert", "lay", "community", "origin", "none"), 0)
    for seat in seats:
        found[(seat or "none").partition(":")[0]] += 1
    return found


def _share(count: int, of: int) -> int | None:
    if count < SMALL or told(of - count) is None:
        return None
    return round(100 * count / of)
