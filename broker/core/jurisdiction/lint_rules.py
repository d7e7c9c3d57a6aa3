"""Are a pack's rules complete and honest: a basis, a proportionality for every refusal, an interest told truly?

JURISDICTION sections 3 (points 6 and 7) and 4; HUMAN_RIGHTS sections 2 and 8 (HR1, HR9); rulings 8 and 9.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, get_args

from broker.core.jurisdiction.lint_conditions import read_condition, silence_helps
from broker.core.jurisdiction.pack import (
    APPLIES_WHEN,
    DEFAULT,
    Always,
    Basis,
    Duty,
    Effect,
    OnUnknown,
    Proportionality,
    Protects,
    Rule,
)
from broker.core.jurisdiction.reading import Reading, Where
from broker.core.purpose import LADDER
from broker.core.reasons import REASONS

REFUSALS = frozenset({"deny", "limit_modality"})
NEVER_EXCEPTED = frozenset({"JUR-US-202-303", "COM-REFUSED", "PUR-PROHIBITED"})
"""Codes from which no human exception is possible: their rules say `mandatory: true`."""

_REQUIRED = ("id", "when", "effect", "reason", "basis")
_OPTIONAL = (
    "obligations",
    "evidence",
    "modalities",
    "on_unknown",
    "mandatory",
    "proportionality",
    "explain",
)
_ONLY_FOR: Mapping[str, frozenset[str]] = {
    "obligations": frozenset({"permit", "limit_modality"}),
    "evidence": frozenset({"await"}),
    "modalities": frozenset({"limit_modality"}),
    "proportionality": REFUSALS,
    "mandatory": frozenset({"await", "refer", "limit_modality", "deny"}),
}
"""Members that mean something for some effects only."""

_NEEDED_FOR: Mapping[str, frozenset[str]] = {
    "evidence": frozenset({"await"}),
    "modalities": frozenset({"limit_modality"}),
    "proportionality": REFUSALS,
}
_AUDIENCES = ("researcher", "dac", "subject")


@dataclass(frozen=True, slots=True, kw_only=True)
class Around:
    """What a rule may refer to: the pack's sources and lists, and what kind of law it is."""

    sources: Collection[str]
    lists: Collection[str]
    kind: str


def read_rules(reading: Reading, raw: object, where: Where, around: Around) -> tuple[Rule, ...]:
    """The ordered rules of a pack."""
    rules = tuple(_rule(reading, item, place, around) for place, item in reading.items(raw, where, least=1))
    seen: set[str] = set()
    for index, rule in enumerate(rules):
        if rule.id in seen:
            reading.problem((*where, index, "id"), f"a second rule {rule.id}")
        seen.add(rule.id)
        decides_all = isinstance(rule.when, Always) and rule.effect != "limit_modality"
        if decides_all and index + 1 < len(rules):
            reading.problem((*where, index + 1), f"never reached: {rule.id} decides everything before it")
            break
    return rules


def read_duties(reading: Reading, raw: object, where: Where, around: Around) -> tuple[Duty, ...]:
    """The `always` obligations of a pack; those without a `when` hold whenever it applies."""
    duties = []
    for place, item in reading.items(raw, where):
        members = reading.members(item, place, ("obligations",), ("when",))
        duties.append(
            Duty(
                when=read_condition(reading, members.get("when", True), (*place, "when"), around.lists),
                obligations=reading.slugs(members.get("obligations"), (*place, "obligations"), least=1),
            )
        )
    return tuple(duties)


def _rule(reading: Reading, raw: object, where: Where, around: Around) -> Rule:
    members = reading.members(raw, where, _REQUIRED, _OPTIONAL)
    effect: Effect = reading.choice(members.get("effect"), (*where, "effect"), get_args(Effect))
    _fitting_members(reading, members, where, effect)
    rule = Rule(
        id=reading.slug(members.get("id"), (*where, "id")),
        when=read_condition(reading, members.get("when"), (*where, "when"), around.lists),
        effect=effect,
        reason=read_reason(reading, members.get("reason"), (*where, "reason"), around.kind),
        basis=_basis(reading, members.get("basis"), (*where, "basis"), around.sources),
        obligations=_slugs(reading, members, where, "obligations"),
        evidence=_slugs(reading, members, where, "evidence"),
        modalities=_modalities(reading, members, where),
        on_unknown=_on_unknown(reading, members, where, effect),
        mandatory=reading.flag(members.get("mandatory", False), (*where, "mandatory")),
        proportionality=_proportionality(reading, members, where, around.kind),
        explain=_explain(reading, members, where),
    )
    if rule.id in (APPLIES_WHEN, DEFAULT):
        reading.problem((*where, "id"), f"{rule.id} is the engine's own word")
    if rule.reason in NEVER_EXCEPTED and not rule.mandatory:
        reading.problem(where, f"{rule.reason} knows no exception: mandatory: true is missing")
    if silence_helps(rule.when, permits=effect == "permit"):
        reading.problem((*where, "when"), "leaving a fact out would help: exists and missing stand the wrong way")
    return rule


def _fitting_members(reading: Reading, members: Mapping[str, Any], where: Where, effect: Effect) -> None:
    for name, effects in _ONLY_FOR.items():
        if name in members and effect not in effects:
            reading.problem((*where, name), f"means nothing for {effect}")
    for name, effects in _NEEDED_FOR.items():
        if effect in effects and name not in members:
            reading.problem(where, f"{name} is missing, {effect} needs it")


def _slugs(reading: Reading, members: Mapping[str, Any], where: Where, name: str) -> tuple[str, ...]:
    return reading.slugs(members[name], (*where, name), least=1) if name in members else ()


def _modalities(reading: Reading, members: Mapping[str, Any], where: Where) -> tuple[str, ...]:
    if "modalities" not in members:
        return ()
    return reading.choices(members["modalities"], (*where, "modalities"), LADDER, least=1)


def _on_unknown(reading: Reading, members: Mapping[str, Any], where: Where, effect: Effect) -> OnUnknown:
    """A permit may be skipped when nobody knows, never applied; everything else the other way round."""
    place = (*where, "on_unknown")
    if "on_unknown" not in members:
        return "skip" if effect == "permit" else "refer"
    chosen: OnUnknown = reading.choice(members["on_unknown"], place, get_args(OnUnknown))
    if chosen == "skip" and effect != "permit":
        reading.problem(place, f"skip on {effect}: a fact that nobody stated would let data out")
    if chosen == "apply" and effect == "permit":
        reading.problem(place, "apply on permit: a fact that nobody stated would let data out")
    return chosen


def read_reason(reading: Reading, raw: object, where: Where, kind: str) -> str:
    """A code of the registry; a state's security rule must be told as a state's (HR9)."""
    code = reading.text(raw, where)
    spec = REASONS.get(code)
    if code and spec is None:
        reading.problem(where, f"{code} is not in the registry of reasons")
    if spec and kind == "national_security" and spec.interest != "state":
        reading.problem(where, f"{code} is told as the interest of {spec.interest}, this pack is a state's")
    return code


def _basis(reading: Reading, raw: object, where: Where, sources: Collection[str]) -> Basis:
    members = reading.members(raw, where, ("source",), ("pinpoint",))
    source = members.get("source")
    if not isinstance(source, str) or source not in sources:
        reading.problem((*where, "source"), "no source of this pack has that id")
    pinpoint = reading.text(members["pinpoint"], (*where, "pinpoint")) if "pinpoint" in members else ""
    return Basis(source=str(source), pinpoint=pinpoint)


def _proportionality(reading: Reading, rule: Mapping[str, Any], where: Where, kind: str) -> Proportionality | None:
    if "proportionality" not in rule:
        return None
    where = (*where, "proportionality")
    members = reading.members(rule["proportionality"], where, ("aim", "protects", "alternatives", "residual"))
    protects = reading.choices(members.get("protects"), (*where, "protects"), get_args(Protects), least=1)
    if kind == "national_security" and "privacy" in protects:
        reading.problem((*where, "protects"), "a state's security rule is not dressed up as privacy")
    return Proportionality(
        aim=reading.text(members.get("aim"), (*where, "aim")),
        protects=protects,
        alternatives=reading.choices(members.get("alternatives"), (*where, "alternatives"), LADDER),
        residual=reading.text(members.get("residual"), (*where, "residual")),
    )


def _explain(reading: Reading, rule: Mapping[str, Any], where: Where) -> Mapping[str, str]:
    if "explain" not in rule:
        return {}
    where = (*where, "explain")
    members = reading.members(rule["explain"], where, (), _AUDIENCES)
    return {name: reading.text(members[name], (*where, name)) for name in _AUDIENCES if name in members}
