"""Which facts stood behind a reason, where does each come from, and how old is it? (ruling 5; EXPLAIN section 2)"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from broker.core.decision.case import Case
from broker.core.decision.received import COUNTED
from broker.core.jurisdiction.pack import DEFAULT, Rule, comparisons_of
from broker.core.outcome import Gate, Reason
from broker.core.time import EPOCH, Seconds

Source = Literal["registry", "dataset", "request", "sign_in", "evidence", "derived", "codes", "record"]
"""Where facts come from: a closed list. `texts.py` has the words for it."""

_NO_FACTS = frozenset({"have", "need", "missing", "n", "evidence"})
"""Slots of sentences that are no facts of their own."""

_PREFIXES: Mapping[str, Source] = {
    "recipient.individual_location": "sign_in",
    "recipient.": "registry",
    "data.": "dataset",
    "derived.": "derived",
    "request.": "request",
    "evidence": "evidence",
}
_BY_GATE: Mapping[Gate, Source] = {Gate.DUO: "codes", Gate.PURPOSE: "request", Gate.IDENTITY: "sign_in"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """A fact as a rule saw it. `at`: when its source vouched for it; None where the source does not say."""

    name: str
    value: object
    source: Source
    at: Seconds | None = None


def read_by(reason: Reason, gate: Gate, case: Case) -> tuple[Fact, ...]:
    """The facts behind one reason."""
    said = dict(reason.facts)
    names = dict.fromkeys((*(name for name in said if name not in _NO_FACTS), *_near(reason, case)))
    found = [_fact(name, case.facts.get(name, said.get(name)), gate, case) for name in names]
    if "evidence" in said:
        asked, held = set(said["evidence"].split(", ")), case.facts.get("evidence", ())
        there = asked & set(held if isinstance(held, tuple) else ())
        found.append(_fact("evidence", sorted(there), gate, case))
    return tuple(found)


def background(case: Case) -> tuple[Fact, ...]:
    """Every fact that the packs could read, for the committee."""
    return tuple(_fact(name, case.facts[name], Gate.JURISDICTION, case) for name in sorted(case.facts))


def not_matched(reason: Reason, case: Case) -> tuple[str, ...]:
    """The rules of the same pack that would have been a yes, came before, and did not fit: the near misses."""
    if reason.norm is None:
        return ()
    missed: list[str] = []
    for rule in _rules(reason, case):
        if rule.id == reason.norm.rule:
            break
        if rule.effect == "permit":
            missed.append(rule.id)
    return tuple(missed)


def _near(reason: Reason, case: Case) -> Iterator[str]:
    """The facts that the near misses asked about: they too had a part in the answer."""
    missed = set(not_matched(reason, case))
    for rule in _rules(reason, case):
        if rule.id in missed:
            yield from (test.fact for test in comparisons_of(rule.when) if test.fact in case.facts)


def holds_up(reason: Reason, case: Case) -> bool:
    """Does this reason stand in the way? A pack that permits also says why, beside the one that does not."""
    if reason.norm is None or reason.norm.source not in case.snapshot.rulebook.packs:
        return True
    pack = case.snapshot.rulebook.packs[reason.norm.source]
    if reason.norm.rule == DEFAULT:
        return pack.default_effect != "permit" or reason.code != pack.default_reason
    return not any(
        rule.id == reason.norm.rule and rule.effect == "permit" and rule.reason == reason.code for rule in pack.rules
    )


def _rules(reason: Reason, case: Case) -> tuple[Rule, ...]:
    pack = case.snapshot.rulebook.packs.get(reason.norm.source) if reason.norm is not None else None
    return pack.rules if pack is not None else ()


def _fact(name: str, value: object, gate: Gate, case: Case) -> Fact:
    source = next((source for start, source in _PREFIXES.items() if name.startswith(start)), None)
    source = source or _BY_GATE.get(gate, "record")
    if name in COUNTED and case.question.stage != "use":
        source = "record"  # with what the institution had before, which no custodian stated
    return Fact(name=name, value=value, source=source, at=_at(source, case))


def _at(source: Source, case: Case) -> Seconds | None:
    question = case.question
    if source == "registry":
        return case.organisation.checked if case.organisation is not None else None
    if source == "sign_in":
        return question.sign_in.at if question.sign_in is not None else None
    if source == "request":
        return case.held.begins if case.held is not None else question.at
    if source == "evidence":
        rows = (case.dataset, case.organisation)
        begins = [one.valid_from for row in rows if row is not None for one in row.evidence]
        return max((at for at in begins if EPOCH < at <= question.at), default=None)
    return None
