"""What does one pack, as it stands on one day, say about one question (JURISDICTION section 3, point 3)?

The first applicable rule decides, duties add up. A permit that rests on an unknown fact is skipped, every
other rule that does is a referral which names the fact.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date

from broker.core.jurisdiction.compile import Predicate, predicate
from broker.core.jurisdiction.conditions import Members, Tri, unknowns
from broker.core.jurisdiction.facts import Facts
from broker.core.jurisdiction.pack import (
    APPLIES_WHEN,
    DEFAULT,
    Always,
    Comparison,
    Condition,
    Effect,
    OnUnknown,
    Pack,
    RegimeKind,
    Rule,
    comparisons_of,
    facts_read,
)
from broker.core.outcome import Norm, Reason

EEA = "EEA"
_EEA_LIST = "eea"
_UNKNOWN_BECOMES: dict[OnUnknown, Tri] = {"refer": None, "skip": False, "apply": True}


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What one pack says about one question."""

    pack: str
    version: str
    kind: RegimeKind
    rule: str
    """The id of the deciding rule; DEFAULT; or APPLIES_WHEN, where nobody knows whether the pack applies."""
    effect: Effect
    reason: Reason
    obligations: tuple[str, ...] = ()
    evidence: tuple[str, ...] = ()
    """Evidence that is asked for and not there."""
    missing: tuple[str, ...] = ()
    """Facts that nobody stated and that this verdict waits for."""
    mandatory: bool = False
    """Is this law from which no human exception is possible?"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Branch:
    """Where one pack's rules end for some facts: at a rule, at its default, or at a fact that nobody knows."""

    rule: str
    effect: Effect
    fixed: Verdict | None
    """The verdict, where nothing in it depends on the facts."""
    conclude: Callable[[Facts], Verdict]
    evidence: tuple[str, ...] = ()
    """What the rule asks for, there or not."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CompiledPack:
    """One pack on one day. `find` gives None where the pack does not apply."""

    id: str
    version: str
    answers_for: frozenset[str]
    find: Callable[[Facts], Branch | None]
    reads: frozenset[str]
    """Every fact that `find` looks at."""
    about: frozenset[str]
    """Those of them that say whether the pack applies at all."""


def compile_pack(pack: Pack, day: date, cap: str | None = None) -> CompiledPack:
    """`pack` as it stands on `day`; with `cap`, a reason code, its permits become referrals for that reason."""
    members = {name: each.members(day) for name, each in pack.lists.items()}
    eea = members.get(_EEA_LIST, frozenset()) if EEA in pack.answers_for else frozenset()
    return CompiledPack(
        id=pack.id,
        version=pack.version,
        answers_for=(pack.answers_for - {EEA}) | eea,
        find=_Builder(pack, members, cap).find(),
        reads=facts_read(pack),
        about=frozenset(test.fact for test in comparisons_of(pack.applies_when)),
    )


class _Builder:
    """Builds the one function that a compiled pack is, out of a branch for every end that its rules have."""

    def __init__(self, pack: Pack, members: Members, cap: str | None) -> None:
        self.pack, self.members, self.cap = pack, members, cap
        self.constant = tuple(
            name for duty in pack.duties if isinstance(duty.when, Always) for name in duty.obligations
        )
        self.conditional = tuple(
            (predicate(duty.when, members), duty.obligations)
            for duty in pack.duties
            if not isinstance(duty.when, Always)
        )

    def find(self) -> Callable[[Facts], Branch | None]:
        applies = predicate(self.pack.applies_when, self.members)
        unclear = self.unknown(APPLIES_WHEN, self.pack.applies_when)
        steps = tuple(self.step(rule) for rule in self.pack.rules)
        default = self.default()

        def find(facts: Facts) -> Branch | None:
            held = applies(facts)
            if held is not True:
                return None if held is False else unclear
            for holds, becomes, branch, unknown in steps:
                held = holds(facts)
                if held is None:
                    held = becomes
                    if held is None:
                        return unknown
                if held:
                    return branch
            return default

        return find

    def step(self, rule: Rule) -> tuple[Predicate, Tri, Branch, Branch]:
        """When a rule applies, what an unknown comes to, and the branches for known and unknown."""
        holds = predicate(rule.when, self.members)
        if rule.effect == "limit_modality":
            holds = _unless_listed(holds, frozenset(rule.modalities))
        branch = self.branch(self.verdict(rule), comparisons_of(rule.when))
        unknown = self.unknown(rule.id, rule.when, mandatory=rule.mandatory)
        return holds, _UNKNOWN_BECOMES[rule.on_unknown], branch, unknown

    def verdict(self, rule: Rule) -> Verdict:
        source = self.pack.sources[rule.basis.source]
        cite = f"{source.cite}: {rule.basis.pinpoint}" if rule.basis.pinpoint else source.cite
        return self.permit_or_cap(
            Verdict(
                pack=self.pack.id,
                version=self.pack.version,
                kind=self.pack.kind,
                rule=rule.id,
                effect=rule.effect,
                reason=Reason(code=rule.reason, norm=self.norm(rule.id, cite)),
                obligations=tuple(dict.fromkeys((*self.constant, *rule.obligations))),
                evidence=rule.evidence,
                mandatory=rule.mandatory,
            )
        )

    def default(self) -> Branch:
        verdict = Verdict(
            pack=self.pack.id,
            version=self.pack.version,
            kind=self.pack.kind,
            rule=DEFAULT,
            effect=self.pack.default_effect,
            reason=Reason(code=self.pack.default_reason, norm=self.norm(DEFAULT)),
            obligations=self.constant,
        )
        return self.branch(self.permit_or_cap(verdict), ())

    def permit_or_cap(self, verdict: Verdict) -> Verdict:
        if self.cap is None or verdict.effect != "permit":
            return verdict
        return replace(verdict, effect="refer", reason=replace(verdict.reason, code=self.cap))

    def branch(self, verdict: Verdict, tests: tuple[Comparison, ...]) -> Branch:
        """The end at a rule that applies: a constant wherever nothing in it depends on the facts."""
        told = verdict.effect != "permit" or any(type(test.value) is int for test in tests)

        def conclude(facts: Facts) -> Verdict:
            held = facts.get("evidence")
            lacking = [each for each in verdict.evidence if isinstance(held, tuple) and each not in held]
            evidence = tuple(lacking) or verdict.evidence
            return replace(
                verdict,
                evidence=evidence,
                obligations=self.with_duties(verdict.obligations, facts),
                reason=replace(verdict.reason, facts=_slots(tests, facts, evidence) if told else ()),
            )

        fixed = None if told or self.conditional else verdict
        return Branch(
            rule=verdict.rule,
            effect=verdict.effect,
            fixed=fixed,
            conclude=conclude,
            evidence=verdict.evidence,
        )

    def with_duties(self, obligations: tuple[str, ...], facts: Facts) -> tuple[str, ...]:
        """Conditional duties hold where their condition does, and where nobody knows: the stricter reading."""
        due = (name for when, names in self.conditional if when(facts) is not False for name in names)
        return tuple(dict.fromkeys((*obligations, *due)))

    def unknown(self, rule: str, when: Condition, *, mandatory: bool = False) -> Branch:
        """The end at a rule of which nobody knows whether it applies."""

        def conclude(facts: Facts) -> Verdict:
            missing = tuple(dict.fromkeys(unknowns(when, facts, self.members))) or ("request.modality",)
            slots = (("missing", ", ".join(missing)),)
            return Verdict(
                pack=self.pack.id,
                version=self.pack.version,
                kind=self.pack.kind,
                rule=rule,
                effect="refer",
                reason=Reason(code="JUR-FACT-MISSING", facts=slots, norm=self.norm(rule)),
                obligations=self.with_duties(self.constant, facts),
                missing=missing,
                mandatory=mandatory,
            )

        return Branch(rule=rule, effect="refer", fixed=None, conclude=conclude)

    def norm(self, rule: str, cite: str = "") -> Norm:
        return Norm(source=self.pack.id, version=self.pack.version, rule=rule, cite=cite)


def _unless_listed(holds: Predicate, modalities: frozenset[str]) -> Predicate:
    """A limit does not decide about the very ways that it leaves open; the next rule is tried (ruling 8)."""

    def run(facts: Facts) -> Tri:
        modality = facts.get("request.modality")
        if modality in modalities:
            return False
        held = holds(facts)
        return None if held and modality is None else held

    return run


def _slots(tests: tuple[Comparison, ...], facts: Facts, evidence: tuple[str, ...]) -> tuple[tuple[str, str], ...]:
    """What a sentence may show: facts that the rule read, `have` and `need` of its number, missing `evidence`."""
    slots = {test.fact: _text(facts[test.fact]) for test in tests if test.fact in facts and test.fact != "evidence"}
    for test in tests:
        if type(test.value) is int and test.fact in facts:
            slots |= {"have": _text(facts[test.fact]), "need": str(test.value)}
    if evidence:
        slots["evidence"] = ", ".join(evidence)
    return tuple(sorted(slots.items()))


def _text(value: object) -> str:
    if isinstance(value, tuple):
        return ", ".join(value) or "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value)
