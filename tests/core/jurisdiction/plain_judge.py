"""The same question judged plainly: every pack read as it is written, nothing compiled, nothing remembered.

Slow on purpose, and near to the text of docs/reference/policy-packs.md. What it shares with the product is what a
pack is, `conditions.evaluate`, and the facts that follow from others.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date

from broker.core.jurisdiction.conditions import Members, evaluate, unknowns
from broker.core.jurisdiction.facts import FactValue, derive
from broker.core.jurisdiction.pack import Pack, Rule
from broker.core.outcome import Outcome
from broker.core.purpose import LADDER, Modality
from broker.core.time import Seconds, day_of

Facts = Mapping[str, FactValue]
ORDER = ("permit", "await", "refer", "limit_modality", "deny")


@dataclass
class Plain:
    """What the packs say, in sets: the order in which it is told is not part of it."""

    effect: str = "permit"
    outcome: Outcome = Outcome.PERMIT
    codes: set[str] = field(default_factory=set)
    rules: set[tuple[str, str]] = field(default_factory=set)
    obligations: set[str] = field(default_factory=set)
    evidence: set[str] = field(default_factory=set)
    missing: set[str] = field(default_factory=set)
    alternatives: list[str] = field(default_factory=list)

    def say(self, effect: str, code: str) -> None:
        self.codes.add(code)
        self.effect = max(self.effect, effect, key=ORDER.index)


def plainly(packs: Iterable[Pack], stated: Facts, at: Seconds) -> Plain:
    """The answer, with the milder ways that pass where the asked one does not."""
    packs = list(packs)
    said = one_way(packs, stated, day_of(at))
    asked = stated.get("request.modality")
    if said.effect != "permit" and asked in LADDER:
        for way in LADDER[LADDER.index(Modality(str(asked))) + 1 :]:
            question = {**stated, "request.modality": way.value}
            if way is not Modality.STREAM:
                question.pop("request.processing_country", None)
                if "data.storage_country" in stated:
                    question["request.processing_country"] = stated["data.storage_country"]
            if one_way(packs, question, day_of(at)).effect == "permit":
                said.alternatives.append(way.value)
    if said.effect in ("limit_modality", "deny"):
        said.outcome = Outcome.ALTERNATIVE if said.alternatives else Outcome.DENY
    elif said.effect != "permit":
        said.outcome = Outcome.PENDING if said.effect == "await" else Outcome.REFER
    elif said.obligations:
        said.outcome = Outcome.PERMIT_WITH_OBLIGATIONS
    return said


def one_way(packs: list[Pack], stated: Facts, day: date) -> Plain:
    said, facts, answered = Plain(), derive(stated), set[str]()
    for pack in packs:
        if pack.status == "retired" or pack.law_status == "proposed" or not pack.in_force(day):
            continue
        members = {name: each.members(day) for name, each in pack.lists.items()}
        applies = evaluate(pack.applies_when, facts, members)
        if applies is None:
            _unclear(said, pack, "applies_when", unknowns(pack.applies_when, facts, members), facts, members)
        if applies:
            answered |= {code for code in pack.answers_for if code != "EEA"}
            answered |= members["eea"] if "EEA" in pack.answers_for else set()
            _one_pack(said, pack, facts, members)
    concerned = [facts.get("data.origin_countries"), facts.get("data.controller_country")]
    if not all(concerned):
        names = ("data.origin_countries", "data.controller_country")
        said.missing |= {name for name, value in zip(names, concerned, strict=True) if not value}
        said.say("refer", "JUR-FACT-MISSING")
    if not {*(concerned[0] or ()), *([concerned[1]] if concerned[1] else [])} <= answered:  # type: ignore[misc]
        said.say("refer", "JUR-NO-PACK")
    return said


def _unclear(said: Plain, pack: Pack, rule: str, names: tuple[str, ...], facts: Facts, members: Members) -> None:
    _decided(said, pack, rule, facts, members)
    said.missing |= set(names)
    said.say("refer", "JUR-FACT-MISSING")


def _one_pack(said: Plain, pack: Pack, facts: Facts, members: Members) -> None:
    for rule in pack.rules:
        holds = _holds(rule, facts, members)
        if holds is None and rule.on_unknown == "refer":
            missing = unknowns(rule.when, facts, members) or ("request.modality",)
            _unclear(said, pack, rule.id, missing, facts, members)
            return
        if holds or (holds is None and rule.on_unknown == "apply"):
            held = facts.get("evidence")
            lacking = {one for one in rule.evidence if isinstance(held, tuple) and one not in held}
            said.evidence |= lacking or set(rule.evidence)
            _decided(said, pack, rule.id, facts, members)
            said.obligations |= set(rule.obligations)
            said.say(rule.effect, rule.reason)
            return
    _decided(said, pack, "default", facts, members)
    said.say(pack.default_effect, pack.default_reason)


def _decided(said: Plain, pack: Pack, rule: str, facts: Facts, members: Members) -> None:
    said.rules.add((pack.id, rule))
    for duty in pack.duties:
        if evaluate(duty.when, facts, members) is not False:
            said.obligations |= set(duty.obligations)


def _holds(rule: Rule, facts: Facts, members: Members) -> bool | None:
    holds = evaluate(rule.when, facts, members)
    if rule.effect != "limit_modality":
        return holds
    modality = facts.get("request.modality")
    if modality in rule.modalities:
        return False
    return None if holds and modality is None else holds
