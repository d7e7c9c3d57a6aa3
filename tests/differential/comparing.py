"""Many drawn rows through both judges, and each difference made small enough to read."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass, field
from random import Random
from typing import Any

from tests.differential import drawing, drawing_decision
from tests.differential.both import Answer, Both

KINDS: Mapping[str, Callable[[Random], drawing.Row]] = {
    "duo": drawing.duo,
    "consent": drawing.consent,
    "law": drawing.law,
    "decision": drawing_decision.decision,
}
PERMITTED = {"PERMIT", "PERMIT_FILTERED", "PERMIT_WITH_OBLIGATIONS"}
FAIR_SHARE = 0.25
"""Of the drawn rows at least so many must be permitted, or the comparison says little."""


@dataclass(frozen=True, slots=True)
class Difference:
    """A row to which the two give different answers, as small as it got."""

    kind: str
    row: drawing.Row
    product: Answer
    reading: Answer

    @property
    def what(self) -> str:
        """Which members differ and, of the outcome, how: differences of one cause mostly share this."""
        return _signature(self.product, self.reading)


@dataclass(slots=True)
class Tally:
    """What came of some rows of one kind."""

    outcomes: Counter[str] = field(default_factory=Counter)
    differences: list[Difference] = field(default_factory=list)

    def add(self, other: "Tally") -> None:
        self.outcomes += other.outcomes
        self.differences += other.differences

    @property
    def rows(self) -> int:
        return self.outcomes.total()

    @property
    def permitted(self) -> float:
        """The share of rows that are permitted, of those that ask whether something is."""
        judged = self.rows - self.outcomes["withdrawal"]
        return sum(self.outcomes[name] for name in PERMITTED) / judged if judged else 0.0


def compare(judges: Both, kind: str, seed: str, count: int) -> Tally:
    """`count` rows of `kind`, drawn from `seed`. One difference of each sort is kept, and made small."""
    draw, tally, seen = Random(seed), Tally(), set[str]()
    for _ in range(count):
        row = KINDS[kind](draw)
        product, reading = judges.ask(kind, row)
        tally.outcomes[product.get("outcome", "withdrawal")] += 1
        what = _signature(product, reading)
        if what and what not in seen:
            seen.add(what)
            small = shrink(row, _still_differs(judges, kind, what))
            tally.differences.append(Difference(kind, small, *judges.ask(kind, small)))
    return tally


def _still_differs(judges: Both, kind: str, what: str) -> Callable[[drawing.Row], bool]:
    return lambda row: _signature(*judges.ask(kind, row)) == what


def _signature(product: Answer, reading: Answer) -> str:
    """Empty if both say the same."""
    differing = sorted(name for name in product.keys() | reading.keys() if product.get(name) != reading.get(name))
    if not differing:
        return ""
    how = f" {product.get('outcome')} against {reading.get('outcome')}" if "outcome" in differing else ""
    return ", ".join(differing) + how


def shrink(row: drawing.Row, differs: Callable[[drawing.Row], bool]) -> drawing.Row:
    """`row` without every part that can go while `differs` stays true."""
    smaller = True
    while smaller:
        smaller = False
        for path in sorted(_places(row), key=len):
            less = _without(row, path)
            if less is not None and _still(less, differs):
                row, smaller = less, True
                break
    return row


def _still(row: drawing.Row, differs: Callable[[drawing.Row], bool]) -> bool:
    try:
        return differs(row)
    except (ValueError, LookupError, TypeError, AttributeError):
        return False  # what is left is no row any more


def _places(part: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    inside = part.items() if isinstance(part, dict) else enumerate(part) if isinstance(part, list) else ()
    for name, value in inside:
        yield (*path, name)
        yield from _places(value, (*path, name))


def _without(row: drawing.Row, path: tuple[Any, ...]) -> drawing.Row | None:
    copy = deepcopy(row)
    part: Any = copy
    for name in path[:-1]:
        part = part[name]
    del part[path[-1]]
    return copy
