"""Which facts do policy packs need, who answers each, and which of a dataset's has nobody stated? (JURISDICTION 1)

A dataset is registered only when none is missing that its custodian answers: otherwise every question about it would
be referred, and nobody would have told the one who could have said it.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from broker.core.jurisdiction.conditions import Members, evaluate, unknowns
from broker.core.jurisdiction.facts import DERIVED, Facts, FactValue, derive
from broker.core.jurisdiction.pack import APPLIES_WHEN, Condition, Pack, comparisons_of, facts_read
from broker.core.jurisdiction.rulebook import Rulebook
from broker.core.time import Seconds, day_of

ALWAYS = ("data.origin_countries", "data.controller_country", "data.community_governed")
"""Asked for by the broker itself: whose law to ask, and whether a community decides."""

Answerer = Literal["custodian", "institution", "person", "applicant", "documents", "derived"]
"""Who answers a fact: the custodian when a dataset is registered, the registry of institutions, the person at sign-in,
the applicant's request, documents on file, or nobody, because it follows from the others.
"""

_TERMS = frozenset({
    "request.consideration", "request.transaction_type", "request.us_gov_funded", "request.onward_transfer",
    "request.encryption", "request.duration",
})  # fmt: skip
"""On which terms data are handed out. It is the custodian who sets them, and nobody may state them for themselves."""


def answerer(fact: str) -> Answerer:
    """Who answers `fact`, for everybody who asks."""
    if fact in DERIVED:
        return "derived"
    if fact.startswith("data.") or fact in _TERMS:
        return "custodian"
    if fact == "recipient.individual_location":
        return "person"
    if fact.startswith("recipient."):
        return "institution"
    return "documents" if fact == "evidence" else "applicant"


def read_by(pack: Pack) -> Mapping[str, tuple[str, ...]]:
    """Every fact that a pack reads, with the rules that read it, in their order; none, where it is asked besides."""
    asked = [(APPLIES_WHEN, pack.applies_when), *((rule.id, rule.when) for rule in pack.rules)]
    found: dict[str, dict[str, None]] = {fact: {} for fact in facts_read(pack)}
    for rule, when in asked:
        for test in comparisons_of(when):
            found[test.fact][rule] = None
    return {fact: tuple(rules) for fact, rules in sorted(found.items())}


@dataclass(frozen=True, slots=True)
class Need:
    """A fact that is not stated, and who asks for it: a pack and the rule in it, or (neither) the broker itself."""

    fact: str
    pack: str
    rule: str


def needs(rulebook: Rulebook, stated: Mapping[str, FactValue], at: Seconds) -> tuple[Need, ...]:
    """Each unstated fact once, with the first rule that needs it. A permit that is skipped for it does not need it."""
    day = day_of(at)
    facts = derive(stated)
    found = {name: Need(name, "", "") for name in ALWAYS if name not in stated}
    for compiled in rulebook.at(at).packs:
        pack = rulebook.packs[compiled.id]
        members = {name: one.members(day) for name, one in pack.lists.items()}
        for rule, fact in _unstated(pack, facts, members):
            if answerer(fact) == "custodian" and fact not in stated:
                found.setdefault(fact, Need(fact, pack.id, rule))
    return tuple(found.values())


def may_apply(rulebook: Rulebook, stated: Mapping[str, FactValue], at: Seconds) -> tuple[tuple[Pack, bool], ...]:
    """The packs in force that are asked about data of which this is stated. True: whoever asks; False: it depends."""
    day, facts = day_of(at), derive(stated)
    packs = [rulebook.packs[compiled.id] for compiled in rulebook.at(at).packs]
    said = (
        (pack, evaluate(pack.applies_when, facts, {name: one.members(day) for name, one in pack.lists.items()}))
        for pack in packs
    )
    return tuple((pack, applies is True) for pack, applies in said if applies is not False)


def asked_of_applicants(rulebook: Rulebook, stated: Mapping[str, FactValue], at: Seconds) -> frozenset[str]:
    """The facts of a request that packs read which may apply to data of which this is stated."""
    found = {fact for pack, _ in may_apply(rulebook, stated, at) for fact in facts_read(pack)}
    return frozenset(one for one in found if answerer(one) == "applicant")


def _unstated(pack: Pack, facts: Facts, members: Members) -> Iterator[tuple[str, str]]:
    """(rule, fact) for every fact that would settle a condition of a pack that may apply."""
    applies = evaluate(pack.applies_when, facts, members)
    if applies is False:
        return
    asked: list[tuple[str, Condition]] = [(APPLIES_WHEN, pack.applies_when)]
    asked += [(rule.id, rule.when) for rule in pack.rules if rule.on_unknown != "skip"]
    for rule, when in asked:
        if evaluate(when, facts, members) is None:
            yield from ((rule, fact) for fact in unknowns(when, facts, members))
