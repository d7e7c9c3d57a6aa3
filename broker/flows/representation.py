"""Who sits in the committees, and for whom of those whose data they decide about? Read only, from the picture."""

from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

from broker.core.equity import told
from broker.core.ids import SubjectRef
from broker.core.origins import COMMUNITY, PLACE
from broker.core.representation import Population, kinds, populations
from broker.core.rows import Committee, Dataset
from broker.core.snapshot import Snapshot
from broker.core.time import Seconds
from broker.flows.world import World

_AT_ONCE = 500
"""Datasets after which others get their turn."""
_DAY = 86_400
_TITLES = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Represented:
    """`places`: countries of origin; `communities`: by pseudonym; `committees`: those that decide about data which are
    listed, by name, and how many seats of each kind.
    """

    places: tuple[Population, ...]
    communities: tuple[Population, ...]
    committees: tuple[tuple[str, tuple[tuple[str, int], ...]], ...]
    percent: int
    governed: Mapping[str, tuple[str, ...]]
    """By community, titles of some datasets that it governs: its pseudonym is for nobody else to read."""

    @property
    def told_communities(self) -> int | None:
        """How many communities govern data, as it may be told."""
        return told(len(self.communities))

    @property
    def vacant(self) -> tuple[Population, ...]:
        """Populations so large that a seat is wanted, which have none."""
        return tuple(one for one in (*self.places, *self.communities) if one.vacant)


async def represented(w: World) -> Represented:
    """As it is now, over the datasets that are listed: of the others nobody may learn where they come from."""
    snapshot = w.snapshots.current()
    people, committees = defaultdict[str, set[SubjectRef]](set), defaultdict[str, set[str]](set)
    governed = defaultdict[str, list[str]](list)
    everybody, deciding = set[SubjectRef](), set[str]()
    for number, dataset in enumerate(snapshot.all(Dataset)):
        if dataset.existence != "listed":
            continue
        subjects = snapshot.subjects(dataset.id)
        everybody |= subjects
        deciding.add(dataset.committee)
        for name in _names(dataset, snapshot):
            people[name] |= subjects
            committees[name].add(dataset.committee)
            if name.startswith(COMMUNITY) and len(governed[name]) < _TITLES:
                governed[name].append(dataset.title)
        if number % _AT_ONCE == _AT_ONCE - 1:
            await w.clock.give_way()
    now = w.clock.now()
    seats = {name: _seats(name, where, snapshot, now) for name, where in committees.items()}
    found = populations(
        {name: frozenset(those) for name, those in people.items()}, len(everybody), seats, w.seat_percent
    )
    return Represented(
        places=tuple(one for one in found if one.name.startswith(PLACE)),
        communities=tuple(one for one in found if one.name.startswith(COMMUNITY)),
        committees=tuple(_composition(one, snapshot, now) for one in snapshot.all(Committee) if one.id in deciding),
        percent=w.seat_percent,
        governed={name: tuple(titles) for name, titles in governed.items()},
    )


def _names(dataset: Dataset, snapshot: Snapshot) -> list[str]:
    stated = dataset.facts.get("data.origin_countries")
    countries = stated if isinstance(stated, tuple) else ()
    communities = [f"{COMMUNITY}{layer.ref}" for layer in snapshot.communities(dataset.id)]
    return [*(f"{PLACE}{country}" for country in countries), *communities]


def _seats(name: str, committees: set[str], snapshot: Snapshot, at: Seconds) -> int:
    """Seats for a population in committees that decide about its data; elsewhere nobody speaks for it there."""
    held = Counter(role.seat for one in committees for role in snapshot.seats(f"committee:{one}", at))
    return held[name]


def _composition(one: Committee, snapshot: Snapshot, at: Seconds) -> tuple[str, tuple[tuple[str, int], ...]]:
    return one.name, tuple(kinds(role.seat for role in snapshot.seats(f"committee:{one.id}", at)).items())


class Seats:
    """Works it out once a day, whatever is asked of it."""

    def __init__(self) -> None:
        self._kept: tuple[int, Represented] | None = None

    async def of_today(self, w: World) -> Represented:
        day = w.clock.now() // _DAY
        if self._kept is None or self._kept[0] != day:
            self._kept = day, await represented(w)
        return self._kept[1]
