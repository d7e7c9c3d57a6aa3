"""What follows from the terms that a release of a disease ontology states? (specs: DUO data trap 7)

Made once for each release; `closure.py` writes it down. A release that contradicts itself is refused whole.
"""

from array import array
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import accumulate, chain
from types import MappingProxyType

from broker.core.duo.ontology import Ontology

NUMBERS = "I"
"""How the closure's numbers are stored: four bytes each."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stanza:
    """One term as a release states it. `parents`: its direct is_a. `replaced_by`: of an obsolete term.

    `same`: alternative ids, and ids of other vocabularies that the release calls an exact match. `synonyms`: its other
    names, the exact ones alone.
    """

    id: str
    label: str = ""
    parents: tuple[str, ...] = ()
    obsolete: bool = False
    replaced_by: tuple[str, ...] = ()
    same: tuple[str, ...] = ()
    synonyms: tuple[str, ...] = ()


class ReleaseError(ValueError):
    """The release contradicts itself; `term` is where."""

    def __init__(self, term: str, wrong: str) -> None:
        super().__init__(f"{term}: {wrong}")
        self.term = term


def build(version: str, stanzas: Iterable[Stanza]) -> Ontology:
    """The closure of a release. A term that is stated twice has the parents of both; the order does not matter.

    An obsolete term with exactly one replacement is that replacement, however many steps away; with none, or
    with several to choose from, it is unknown. So is an id that two terms claim. ReleaseError for a term that
    is a kind of itself, and for one that is both in use and obsolete.
    """
    live: dict[str, set[str]] = {}
    gone: dict[str, set[str]] = {}
    same: dict[str, set[str]] = {}
    labels: dict[str, str] = {}
    called: dict[str, set[str]] = {}
    for stanza in stanzas:
        if stanza.obsolete:
            gone.setdefault(stanza.id, set()).update(stanza.replaced_by)
            continue
        live.setdefault(stanza.id, set()).update(stanza.parents)
        labels[stanza.id] = max(stanza.label, labels.get(stanza.id, ""))
        called.setdefault(stanza.id, set()).update(stanza.synonyms)
        for other in stanza.same:
            same.setdefault(other, set()).add(stanza.id)
    if both := live.keys() & gone.keys():
        raise ReleaseError(min(both), "both in use and obsolete")
    named = {other: terms for other, terms in same.items() if other not in live}
    elsewhere = {old: gone.get(old, set()) | named.get(old, set()) for old in gone.keys() | named.keys()}
    replaced = {old: new for old in elsewhere if (new := _successor(old, elsewhere, live)) is not None}
    lines = {name: "\n".join(sorted(" ".join(one.split()) for one in names)) for name, names in called.items() if names}
    return replace(_closed(version, labels, live, replaced), synonyms=_in_order(lines, live))


def _in_order(lines: Mapping[str, str], live: Iterable[str]) -> tuple[str, ...]:
    return tuple(lines.get(name, "") for name in sorted(live)) if lines else ()


def _successor(old: str, elsewhere: Mapping[str, set[str]], live: Mapping[str, set[str]]) -> str | None:
    """The one live term at the end of the way from `old`; None for a fork, a circle or a dead end."""
    seen: set[str] = set()
    term = old
    while term in elsewhere and term not in seen:
        seen.add(term)
        if len(elsewhere[term]) != 1:
            return None
        (term,) = elsewhere[term]
    return term if term in live else None


def _closed(
    version: str, labels: Mapping[str, str], live: Mapping[str, set[str]], replaced: Mapping[str, str]
) -> Ontology:
    names = tuple(sorted(live))
    numbers = {name: number for number, name in enumerate(names)}
    resolved = [{replaced.get(parent, parent) for parent in live[name]} for name in names]
    parents = [{numbers[one] for one in direct if one in numbers} for direct in resolved]
    open_ends = {number for number, direct in enumerate(resolved) if not direct <= numbers.keys()}
    closures: list[array[int]] = [array(NUMBERS)] * len(names)
    for number in _from_the_top(names, parents):
        above = parents[number]
        closures[number] = array(NUMBERS, sorted({number}.union(*(closures[one] for one in above))))
        if above & open_ends:
            open_ends.add(number)
    starts = array(NUMBERS, accumulate((len(one) for one in closures), initial=0))
    return Ontology(
        version=version,
        names=names,
        labels=tuple(labels[name] for name in names),
        numbers=MappingProxyType(numbers),
        others=MappingProxyType({old: numbers[replaced[old]] for old in sorted(replaced)}),
        starts=memoryview(starts).toreadonly(),
        ancestors=memoryview(array(NUMBERS, chain.from_iterable(closures))).toreadonly(),
        open_ends=frozenset(open_ends),
    )


def _from_the_top(names: tuple[str, ...], parents: list[set[int]]) -> Iterator[int]:
    """Every term after all that it is a kind of. ReleaseError if there is no such order."""
    waits = [len(above) for above in parents]
    below: list[list[int]] = [[] for _ in parents]
    for number, above in enumerate(parents):
        for one in above:
            below[one].append(number)
    ready = [number for number, count in enumerate(waits) if not count]
    while ready:
        number = ready.pop()
        yield number
        for one in below[number]:
            waits[one] -= 1
            if not waits[one]:
                ready.append(one)
    circle = [number for number, count in enumerate(waits) if count]
    if circle:
        raise ReleaseError(names[_in_circle(circle[0], parents, waits)], "a kind of itself")


def _in_circle(start: int, parents: list[set[int]], waits: list[int]) -> int:
    """A term of the circle that `start` is in or hangs under."""
    seen: set[int] = set()
    number = start
    while number not in seen:
        seen.add(number)
        number = min(one for one in parents[number] if waits[one])
    return number
