"""May it happen under the law of every place involved (JURISDICTION section 3)? The gate of the policy packs.

Read `judge` first. Order of combining: select by date; every origin country and the controller's country
needs a pack that answers for it; each pack says its part; the most restrictive wins; then the ladder of
milder ways. No pack's permit lifts another pack's bar.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from broker.core.jurisdiction.facts import Facts, FactValue, by_the_holder, derive, milder
from broker.core.jurisdiction.memo import signature
from broker.core.jurisdiction.pack import APPLIES_WHEN, Effect
from broker.core.jurisdiction.rulebook import Period, Rulebook
from broker.core.jurisdiction.verdict import Branch, Verdict
from broker.core.outcome import Outcome, Reason
from broker.core.time import FOREVER, Seconds

STRICTNESS: Mapping[Effect, int] = MappingProxyType(
    {"permit": 0, "await": 1, "refer": 2, "limit_modality": 3, "deny": 4}
)
"""Of the verdicts of several packs the strictest counts."""

OUTCOMES: Mapping[int, Outcome] = MappingProxyType(
    {1: Outcome.PENDING, 2: Outcome.REFER, 3: Outcome.DENY, 4: Outcome.DENY}
)
"""What a strictness above 0 comes to, without a look at milder ways."""
_LIMIT = STRICTNESS["limit_modality"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What all packs together say; every field is for the way of access that was asked for."""

    outcome: Outcome
    reasons: tuple[Reason, ...]
    """The strictest first; one per pack that applies, and one for countries that no pack answers for."""
    obligations: tuple[str, ...]
    evidence: tuple[str, ...] = ()
    """Evidence that is missing."""
    missing_facts: tuple[str, ...] = ()
    alternatives: tuple[str, ...] = ()
    """Milder ways of access that all packs permit, as evaluated, least intrusive last."""
    ladder: tuple[tuple[str, Outcome], ...] = ()
    """Every milder way and what it would come to by itself."""
    until: Seconds = FOREVER
    """The first second at which a date of a pack or of a list makes this answer another one."""
    verdicts: tuple[Verdict, ...]
    """What each pack that applies said."""
    read: tuple[tuple[str, str], ...]
    """(pack, version) of every pack that was asked."""
    example: bool
    """Was an unreviewed pack among them? Then this is no legal basis for anything."""


@dataclass(frozen=True, slots=True)
class Found:
    """Where the packs end for some facts, before anything is told of it."""

    branches: Mapping[str, Branch]
    """By the id of the pack; a pack that does not apply is not in here."""
    uncovered: tuple[Reason, ...]
    """Why the rules of some country were not asked; nothing if a pack that applies answers for each."""
    strictness: int
    """0: all packs that apply permit, and every country concerned is answered for."""


@dataclass(frozen=True, slots=True)
class _Weighed:
    """One way of access, weighed by every pack in force."""

    verdicts: tuple[Verdict, ...]
    uncovered: tuple[Reason, ...]
    strictness: int
    until: Seconds


def judge(rulebook: Rulebook, stated: Mapping[str, FactValue], at: Seconds) -> Answer:
    """The answer to the question that the `stated` facts put, at `at`. An unknown fact is an absent key.

    Milder ways are tried only where the asked one fails, at the place of whoever holds the data.
    """
    period = rulebook.at(at)
    answer: Answer = period.answers.get(signature(rulebook.reads, stated), lambda: _judged(rulebook, stated, period))
    return answer


def _judged(rulebook: Rulebook, stated: Mapping[str, FactValue], period: Period) -> Answer:
    """The answer at any time of `period`, found by asking the packs."""
    later = rulebook.after(period)
    asked = _weigh(period, later, derive(stated))
    if asked.strictness == 0:
        return _answer(asked, _permit(asked), period, example=rulebook.example)
    tried = {way: _weigh(period, later, derive(by_the_holder(stated, way))) for way in milder(stated)}
    alternatives = tuple(way for way, weighed in tried.items() if weighed.strictness == 0)
    outcome = _outcome(asked)
    if asked.strictness >= _LIMIT and alternatives:
        outcome = Outcome.ALTERNATIVE
    return _answer(
        asked,
        outcome,
        period,
        example=rulebook.example,
        alternatives=alternatives,
        ladder=tuple((way, _outcome(weighed)) for way, weighed in tried.items()),
        until=min([asked.until, *(weighed.until for weighed in tried.values())]),
    )


def found(period: Period, facts: Facts, before: Found | None = None, moved: frozenset[str] = frozenset()) -> Found:
    """Where every pack in force ends for derived `facts`; the strictest counts, and so does a country without one.

    `before`: where they ended for facts that were the same but for those in `moved`. Who reads none of them is not
    asked again.
    """
    branches: dict[str, Branch] = {}
    answers_for, strictness = [], 0
    for pack in period.packs:
        branch = before.branches.get(pack.id) if before is not None else None
        if before is None or not moved.isdisjoint(pack.about if branch is None else pack.reads):
            branch = pack.find(facts)
        if branch is None:
            continue
        branches[pack.id] = branch
        strictness = max(strictness, STRICTNESS[branch.effect])
        if branch.rule != APPLIES_WHEN:  # only a pack that is known to apply answers for a country
            answers_for.append(pack.answers_for)
    uncovered = _uncovered(facts, answers_for)
    if uncovered:
        strictness = max(strictness, STRICTNESS["refer"])
    return Found(branches, uncovered, strictness)


def _weigh(period: Period, later: tuple[Period, ...], facts: Facts) -> _Weighed:
    """What every pack in force says to `facts`, and until when."""
    ends = found(period, facts)
    return _Weighed(
        tuple([branch.fixed or branch.conclude(facts) for branch in ends.branches.values()]),
        ends.uncovered,
        ends.strictness,
        _until(later, facts, ends.branches),
    )


def _uncovered(facts: Facts, answers_for: list[frozenset[str]]) -> tuple[Reason, ...]:
    """Why the rules of some country were not asked: it is not stated, or no pack that applies answers for it."""
    unstated = [name for name in ("data.origin_countries", "data.controller_country") if not facts.get(name)]
    without = _concerned(facts).difference(*answers_for)
    said = []
    if unstated:
        said.append(Reason(code="JUR-FACT-MISSING", facts=(("missing", ", ".join(unstated)),)))
    if without:
        said.append(Reason(code="JUR-NO-PACK", facts=(("countries", ", ".join(sorted(without))),)))
    return tuple(said)


def _concerned(facts: Facts) -> set[str]:
    """The countries whose law must be asked, as far as they are stated: of origin, and of the controller."""
    origins: Any = facts.get("data.origin_countries", ())
    controller: Any = facts.get("data.controller_country")
    return {*origins, *([controller] if controller else [])}


def _until(later: tuple[Period, ...], facts: Facts, branches: Mapping[str, Branch]) -> Seconds:
    """The start of the first later period in which a pack that changed says something else."""
    for period in later:
        for change in period.changes:
            now, then = branches.get(change.id), change.pack.find(facts) if change.pack is not None else None
            if _differ(now, then, facts):
                return period.start
            if now is not None and change.countries and not change.countries.isdisjoint(_concerned(facts)):
                return period.start
    return FOREVER


def _differ(now: Branch | None, then: Branch | None, facts: Facts) -> bool:
    if now is None or then is None:
        return now is not then
    if (now.rule, now.effect) != (then.rule, then.effect):
        return True
    if now.fixed is not None:
        return False  # the same end of the same pack: a constant, then too
    return now.conclude(facts) != then.conclude(facts)


def _permit(weighed: _Weighed) -> Outcome:
    for verdict in weighed.verdicts:
        if verdict.obligations:
            return Outcome.PERMIT_WITH_OBLIGATIONS
    return Outcome.PERMIT


def _outcome(weighed: _Weighed) -> Outcome:
    """What one way of access comes to by itself, without a look at the others."""
    return OUTCOMES[weighed.strictness] if weighed.strictness else _permit(weighed)


def _answer(
    weighed: _Weighed,
    outcome: Outcome,
    period: Period,
    *,
    example: bool,
    alternatives: tuple[str, ...] = (),
    ladder: tuple[tuple[str, Outcome], ...] = (),
    until: Seconds | None = None,
) -> Answer:
    said = weighed.verdicts
    unstated = [reason.facts[0][1] for reason in weighed.uncovered if reason.code == "JUR-FACT-MISSING"]
    missing = [*(verdict.missing for verdict in said), *(tuple(names.split(", ")) for names in unstated)]
    return Answer(
        outcome=outcome,
        reasons=_reasons(weighed),
        obligations=_union([verdict.obligations for verdict in said]),
        evidence=_union([verdict.evidence for verdict in said]),
        missing_facts=_union(missing),
        alternatives=alternatives,
        ladder=ladder,
        until=weighed.until if until is None else until,
        verdicts=said,
        read=period.read,
        example=example,
    )


def _reasons(weighed: _Weighed) -> tuple[Reason, ...]:
    if weighed.strictness == 0:
        return tuple([verdict.reason for verdict in weighed.verdicts])
    ranked = [(STRICTNESS[verdict.effect], verdict.reason) for verdict in weighed.verdicts]
    ranked += [(STRICTNESS["refer"], reason) for reason in weighed.uncovered]
    return tuple([reason for _, reason in sorted(ranked, key=lambda each: -each[0])])


def _union(lists: list[tuple[str, ...]]) -> tuple[str, ...]:
    return tuple(sorted(set().union(*lists)))
