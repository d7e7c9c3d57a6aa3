"""What is the least that would have to be otherwise for the packs to permit (JURISDICTION section 2, `fixes`)?

Found by evaluating, never by guessing: every change that is promised was applied and judged. What to try comes
from the packs' own conditions and evidence, and only what the asker's side can bring about: evidence, places of
computing and of sitting, ways of access, terms and what their institution can show. Nobody is told to be somebody
else, to state another purpose or to change what is known of the data.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import combinations
from typing import Any

from broker.core.jurisdiction.facts import (
    KINDS,
    MEANS_NONE,
    WORDS,
    Facts,
    FactValue,
    by_the_holder,
    milder,
    well_formed,
    with_derived,
)
from broker.core.jurisdiction.judge import OUTCOMES, STRICTNESS, Found, found, judge
from broker.core.jurisdiction.pack import Comparison, Pack, comparisons_of
from broker.core.jurisdiction.rulebook import Period, Rulebook
from broker.core.outcome import Outcome
from broker.core.purpose import LADDER, Modality
from broker.core.time import Seconds

TRIES = 64
"""How many changed questions are put to the packs at most: about 15 us each."""
MOST = 8
"""How many fixes are told at most."""

_MODALITY, _COMPUTING, _SITTING = "request.modality", "request.processing_country", "recipient.individual_location"
_THEIRS = frozenset({
    "recipient.security_level", "recipient.can_sign_scc", "recipient.dpf_certified", "recipient.dpf_uk_extension",
    "request.consideration", "request.ai_use",
})  # fmt: skip
"""Facts that an asker or their institution can change; places, evidence and modality have ways of their own."""

_STATABLE = _THEIRS | {
    "recipient.individual_residence", "recipient.control_countries", "recipient.suspended",
    "recipient.institution_type", "request.us_gov_funded", "request.transaction_type", "request.purpose_flags",
}  # fmt: skip
"""Facts about the asker's side that may be stated where nobody has yet; where they compute and sit is tried anyway."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One fact that would be otherwise."""

    fact: str
    value: FactValue
    """What it would be, all of it. For a milder way of access the computing moves to the holder with it."""
    add: tuple[str, ...] = ()
    """For `evidence`: what of it would come to what is there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fix:
    """Changes that together would help, and what the packs say then, as evaluated."""

    changes: tuple[Change, ...]
    outcome: Outcome


def fixes(rulebook: Rulebook, stated: Mapping[str, FactValue], at: Seconds) -> tuple[Fix, ...]:
    """The least changes after which the packs permit, the smallest first; none for what is permitted already.

    Single changes, and pairs where no single one helps but another way of access. Where nothing within TRIES
    leads to a permit: the single changes that at least lead from a refusal to a referral or to named evidence.
    Ours is the gate of the packs alone: what other gates say to a changed question is for whoever asks.
    """
    search = _Search(rulebook.at(at), rulebook.packs, well_formed(stated))
    if search.asked.strictness == 0:
        return ()
    helping, singles = search.helping(ways=True)
    if helping:
        return tuple(Fix(changes=one, outcome=judge(rulebook, changed(stated, one), at).outcome) for one in helping)
    lesser = [(search.strictness(one), one) for one in singles if search.milder(one)]
    return tuple(
        Fix(changes=one, outcome=OUTCOMES[strictness])
        for strictness, one in sorted(lesser, key=lambda each: (each[0], _size(each[1])))[:MOST]
    )


def lawful(rulebook: Rulebook, stated: Mapping[str, FactValue], at: Seconds) -> list[tuple[Change, ...]]:
    """As `fixes`, but only what leads to a permit, and in the way of access that was asked for."""
    search = _Search(rulebook.at(at), rulebook.packs, well_formed(stated))
    return search.helping(ways=False)[0] if search.asked.strictness else []


def changed(stated: Mapping[str, FactValue], changes: Iterable[Change]) -> dict[str, FactValue]:
    """The question with `changes` applied."""
    facts = dict(stated)
    for change in changes:
        if change.fact == _MODALITY:
            facts = by_the_holder(facts, str(change.value))
        else:
            facts[change.fact] = change.value
    return facts


def _held(facts: Mapping[str, object]) -> tuple[str, ...]:
    held = facts.get("evidence")
    return held if isinstance(held, tuple) else ()


def _size(changes: tuple[Change, ...]) -> tuple[object, ...]:
    """What makes a set of changes smaller than another: fewer changes, the same way of access, less evidence."""
    ways = [LADDER.index(Modality(str(change.value))) for change in changes if change.fact == _MODALITY]
    papers = sum(len(change.add) for change in changes)
    told = tuple((change.fact, change.value != "none", str(change.value)) for change in changes)
    return len(changes), sum(ways), papers, told


@dataclass(slots=True)
class _Search:
    """One question, and what has been tried on it."""

    period: Period
    packs: Mapping[str, Pack]
    stated: dict[str, FactValue]
    asked: Found = field(init=False)
    tried: dict[tuple[Change, ...], tuple[Facts, Found]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.asked = self.put(())[1]

    def put(self, changes: tuple[Change, ...]) -> tuple[Facts, Found]:
        """The question with `changes`, and what the packs say; the unchanged question when TRIES are used up."""
        if changes not in self.tried:
            if len(self.tried) > TRIES:
                return self.tried[()]
            facts = with_derived(changed(self.stated, changes))
            before = self.tried.get(())
            if before is None:
                self.tried[changes] = facts, found(self.period, facts)
            else:
                known = before[0]
                moved = frozenset([name for name, value in facts.items() if known.get(name) != value])
                moved |= known.keys() - facts.keys()
                self.tried[changes] = facts, found(self.period, facts, before[1], moved)
        return self.tried[changes]

    def strictness(self, changes: tuple[Change, ...]) -> int:
        return self.put(changes)[1].strictness

    def permitted(self, changes: tuple[Change, ...]) -> bool:
        return self.strictness(changes) == 0

    def milder(self, changes: tuple[Change, ...]) -> bool:
        """Does a refusal become something that a person can still answer, or a referral only a matter of evidence?"""
        return self.strictness(changes) < min(self.asked.strictness, STRICTNESS["limit_modality"])

    def helping(self, *, ways: bool) -> tuple[list[tuple[Change, ...]], list[tuple[Change, ...]]]:
        """The least changes that lead to a permit, the smallest first; and every single change that was tried.

        `ways`: may another way of access be one of them?
        """
        singles: list[tuple[Change, ...]] = [(change,) for change in self.singles(ways=ways)]
        found = [one for one in singles if self.permitted(one)]
        if all(one[0].fact == _MODALITY for one in found):
            found += self.pairs([one[0] for one in singles if one not in found], ways=ways and not found)
        return sorted(found, key=_size)[:MOST], singles

    def singles(self, *, ways: bool) -> list[Change]:
        """Everything that is worth trying by itself, each once."""
        made = [*self.places(), *self.facts(), *self.papers(()), *(self.ways() if ways else ())]
        return list(dict.fromkeys(made))

    def pairs(self, singles: list[Change], *, ways: bool) -> list[tuple[Change, ...]]:
        """Two changes that help together: something with the evidence that is wanted then, or two other things.

        `ways`: is another way of access with some evidence worth telling?
        """
        others = [change for change in singles if change.fact not in (_MODALITY, "evidence")]
        asked = [*others, *(change for change in singles if ways and change.fact == _MODALITY)]
        with_papers = [(change, paper) for change in asked for paper in self.papers((change,))]
        together = [(one, two) for one, two in combinations(others, 2) if one.fact != two.fact]
        return [pair for pair in (*with_papers, *together) if self.permitted(pair)]

    def refusing(self) -> Iterator[Pack]:
        """The packs that stand in the way."""
        for id, branch in self.asked.branches.items():
            if branch.effect != "permit":
                yield self.packs[id]

    def tests(self) -> Iterator[Comparison]:
        for pack in self.refusing():
            yield from comparisons_of(pack.applies_when)
            for rule in pack.rules:
                yield from comparisons_of(rule.when)

    def places(self) -> Iterator[Change]:
        """Compute, or sit, where the data lie, where their holder is, or at one's own institution."""
        homes = [self.stated.get(name) for name in ("data.storage_country", "data.controller_country")]
        own = self.stated.get("recipient.country")
        for fact, targets in ((_COMPUTING, (*homes, own)), (_SITTING, (own, *homes))):
            for target in targets:
                if isinstance(target, str) and target != self.stated.get(fact):
                    yield Change(fact=fact, value=target)

    def facts(self) -> Iterator[Change]:
        """Every value that could make a difference to a condition of a pack in the way."""
        for test in self.tests():
            if test.fact in _THEIRS or (test.fact in _STATABLE and test.fact not in self.stated):
                for value in _values(test, self.stated):
                    if value != self.stated.get(test.fact):
                        yield Change(fact=test.fact, value=value)

    def ways(self) -> Iterator[Change]:
        yield from (Change(fact=_MODALITY, value=way) for way in milder(self.stated))

    def papers(self, after: tuple[Change, ...]) -> list[Change]:
        """Sets of evidence that lead to a permit, each without an item to spare; `after` other changes."""
        made = [self.enough(frozenset(), after)]
        made += [self.enough(start, after) for start in (() if after else dict.fromkeys(self.asked_for()))]
        return [self.paper(each) for each in dict.fromkeys(made) if each]

    def asked_for(self) -> Iterator[frozenset[str]]:
        """The evidence that single rules of packs in the way look for."""
        held = frozenset(_held(self.stated))
        for test in self.tests():
            if test.fact == "evidence" and isinstance(test.value, tuple):
                alone = test.op in ("any_in", "none_in")
                for wanted in [frozenset({each}) for each in test.value] if alone else [frozenset(test.value)]:
                    if wanted - held:
                        yield wanted - held

    def enough(self, start: frozenset[str], after: tuple[Change, ...]) -> frozenset[str]:
        """`start` with what the packs ask for next, until they permit, less what is not needed; or `start`."""
        wanted = start
        while not self.permitted(self.with_paper(wanted, after)):
            more = self.awaited(self.with_paper(wanted, after)) - wanted
            if not more:
                return start
            wanted |= more
        for each in sorted(wanted):
            if self.permitted(self.with_paper(wanted - {each}, after)):
                wanted -= {each}
        return wanted

    def awaited(self, changes: tuple[Change, ...]) -> frozenset[str]:
        """The evidence that is asked for, and not there, after `changes`."""
        facts, ends = self.put(changes)
        asked = [end.evidence for end in ends.branches.values() if end.effect == "await"]
        return frozenset().union(*asked) - frozenset(_held(facts))

    def with_paper(self, items: frozenset[str], after: tuple[Change, ...]) -> tuple[Change, ...]:
        return (*after, self.paper(items)) if items else after

    def paper(self, items: frozenset[str]) -> Change:
        add = tuple(sorted(items))
        return Change(fact="evidence", value=(*_held(self.stated), *add), add=add)


def _values(test: Comparison, stated: Mapping[str, FactValue]) -> Iterator[FactValue]:
    """Values of a fact on both sides of `test`."""
    match KINDS[test.fact]:
        case "flag":
            yield from (True, False)
        case "number":
            yield from (number for number in _beside(test.value) if number >= 0)
        case "word":
            words = test.value if isinstance(test.value, tuple) else (test.value,)
            yield from sorted(WORDS.get(test.fact) or (word for word in words if isinstance(word, str)))
        case "country":
            homes = (stated.get(name) for name in ("recipient.country", "data.storage_country"))
            yield from (home for home in homes if isinstance(home, str))
        case "countries" | "words":
            if test.fact in MEANS_NONE or test.fact == "request.purpose_flags":
                yield ()


def _beside(value: Any) -> tuple[int, ...]:
    return (value - 1, value, value + 1) if type(value) is int else ()
