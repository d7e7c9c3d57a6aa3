"""Which facts about a dataset do the loaded packs need that nobody has stated? (JURISDICTION section 1)

A dataset is registered only when none is missing: otherwise every question about it would be referred, and nobody
would have told the one who could have said it.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from broker.core.jurisdiction.conditions import Members, evaluate, unknowns
from broker.core.jurisdiction.facts import Facts, FactValue, derive
from broker.core.jurisdiction.pack import APPLIES_WHEN, Condition, Pack
from broker.core.jurisdiction.rulebook import Rulebook
from broker.core.time import Seconds, day_of

ALWAYS = ("data.origin_countries", "data.controller_country", "data.community_governed")
"""Asked for by the broker itself: whose law to ask, and whether a community decides."""
_ABOUT_DATA = "data."


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
            if fact.startswith(_ABOUT_DATA) and fact not in stated:
                found.setdefault(fact, Need(fact, pack.id, rule))
    return tuple(found.values())


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
