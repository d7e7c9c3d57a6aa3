"""Do a pack's own cases hold, and do they cover it (JURISDICTION section 4, last line)?

Cover: a case for every rule, both sides of every number and of every date, and one where a fact is missing.
Cases ask one pack alone, and name the rule that must decide; no id or title is looked at.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any

from broker.core.jurisdiction.case import CaseError, facts_of, time_of
from broker.core.jurisdiction.facts import STATED, Facts, FactValue, by_the_holder, derive, milder
from broker.core.jurisdiction.pack import Comparison, CountryList, Entry, Pack, comparisons_of
from broker.core.jurisdiction.reading import Problem, Reading, Where
from broker.core.jurisdiction.verdict import Verdict, compile_pack
from broker.core.time import day_of, days_later

SCHEMA = "broker.policy-cases/1"
DOES_NOT_APPLY = "none"

_LISTS = ("obligations", "evidence", "alternatives")
_SIDES: Mapping[str, tuple[int, int]] = {
    "gt": (0, 1),
    "lte": (0, 1),
    "gte": (-1, 0),
    "lt": (-1, 0),
    "eq": (0, 1),
    "ne": (0, 1),
}
"""Added to a threshold: the last number on one side and the first on the other."""


@dataclass(slots=True)
class _Seen:
    """What the cases of a pack have touched."""

    rules: set[str] = field(default_factory=set)
    values: set[tuple[str, FactValue]] = field(default_factory=set)
    days: set[date] = field(default_factory=set)
    unknown: bool = False


def check_cases(pack: Pack, raw: object, line_of: Callable[[Where], int]) -> tuple[Problem, ...]:
    """Everything that is wrong with a pack's own case file `raw`; nothing if it holds and covers the pack."""
    reading = Reading(line_of)
    members = reading.members(raw, (), ("schema", "pack", "at", "cases"), ("defaults", "profiles"))
    reading.choice(members.get("schema"), ("schema",), (SCHEMA,))
    reading.choice(members.get("pack"), ("pack",), (pack.id,))
    seen = _Seen()
    for where, row in reading.items(members.get("cases"), ("cases",), least=1):
        case = reading.members(row, where, ("id", "expect"), ("title", "at", "profile", "facts", "lists"))
        if case:
            _run(reading, pack, members, case, where, seen)
    if seen.days and not seen.rules:
        reading.problem(("pack",), _why_none(pack, seen))
    for gap in _gaps(pack, seen):
        reading.problem(("cases",), gap)
    return tuple(sorted(set(reading.problems), key=lambda each: (each.line, each.field, each.message)))


def _run(
    reading: Reading, pack: Pack, file: Mapping[str, Any], case: Mapping[str, Any], where: Where, seen: _Seen
) -> None:
    try:
        facts = facts_of(case, file.get("defaults") or {}, file.get("profiles") or {})
        at = time_of(case, file.get("at"))
    except CaseError as error:
        reading.problem(where, str(error))
        return
    for name in sorted(facts.keys() - derive(facts).keys()):
        reading.problem((*where, "facts", name), "has not its form" if name in STATED else "no such fact")
    verdict, alternatives = _ask(_with_lists(reading, pack, case, where), facts, day_of(at))
    _compare(reading, case.get("expect"), (*where, "expect"), verdict, alternatives)
    seen.days.add(day_of(at))
    seen.values |= {(name, value) for name, value in facts.items() if type(value) is int}
    if verdict is not None and verdict.missing:
        seen.unknown = True
    elif verdict is not None:
        seen.rules.add(verdict.rule)


def _with_lists(reading: Reading, pack: Pack, case: Mapping[str, Any], where: Where) -> Pack:
    """The pack with other lists in place of its own, to try a rule whose list is still empty."""
    where = (*where, "lists")
    lists = reading.members(case.get("lists", {}), where, (), pack.lists)
    stand_ins = {
        name: CountryList(
            as_of=pack.as_of,
            source="",
            items=tuple(
                Entry(code=reading.country(code, place)) for place, code in reading.items(lists[name], (*where, name))
            ),
        )
        for name in pack.lists.keys() & lists.keys()
    }
    return replace(pack, lists={**pack.lists, **stand_ins})


def _ask(pack: Pack, facts: Facts, day: date) -> tuple[Verdict | None, tuple[str, ...]]:
    """What the pack alone says on `day`, and the milder ways that it permits."""
    if not pack.in_force(day):
        return None, ()
    compiled = compile_pack(pack, day)

    def said(question: Facts) -> Verdict | None:
        known = derive(question)
        branch = compiled.find(known)
        return branch.conclude(known) if branch is not None else None

    answers = {way: said(by_the_holder(facts, way)) for way in milder(facts)}
    permitted = (way for way, verdict in answers.items() if verdict is None or verdict.effect == "permit")
    return said(facts), tuple(permitted)


def _compare(
    reading: Reading, raw: object, where: Where, verdict: Verdict | None, alternatives: tuple[str, ...]
) -> None:
    """A problem for everything that a case expects and does not get."""
    expect = reading.members(raw, where, ("rule",), ("missing", *_LISTS))
    rule = verdict.rule if verdict is not None else DOES_NOT_APPLY
    if expect.get("rule") != rule:
        reading.problem(where, f"rule: {expect.get('rule')} wanted, {rule} decides")
    missing = verdict.missing if verdict is not None else ()
    wanted = reading.slugs(expect.get("missing", []), (*where, "missing"))
    if sorted(wanted) != sorted(missing):
        told = ", ".join(wanted) or "none"
        reading.problem(where, f"missing: {told} wanted, {', '.join(missing) or 'none'} given")
    given = {
        "obligations": verdict.obligations if verdict is not None else (),
        "evidence": verdict.evidence if verdict is not None else (),
        "alternatives": alternatives,
    }
    for name, has in given.items():
        for each in reading.slugs(expect.get(name, []), (*where, name)):
            if each not in has:
                reading.problem(where, f"{name}: {each} wanted, {', '.join(has) or 'none'} given")


def _why_none(pack: Pack, seen: _Seen) -> str:
    """What a reader must know before all else where no rule of the pack decided any case."""
    if any(map(pack.in_force, seen.days)):
        return "the pack applies to none of these cases; look at its applies_when before anything below"
    return "the pack is in force on no day of these cases; look at its effective before anything below"


def _gaps(pack: Pack, seen: _Seen) -> Iterator[str]:
    """What no case has touched."""
    yield from (f"rule {rule.id} has no case" for rule in pack.rules if rule.id not in seen.rules)
    if not seen.unknown:
        yield "no case with a missing fact"
    for test in _numbers(pack):
        for value in (int(str(test.value)) + side for side in _SIDES[test.op]):
            if value >= 0 and (test.fact, value) not in seen.values:
                yield f"no case with {test.fact} {value}, next to a threshold"
    for day in sorted(_dates(pack)):
        for side in (days_later(day, -1), day):
            if side not in seen.days:
                yield f"no case on {side}, next to a date on which something changes"


def _numbers(pack: Pack) -> Iterator[Comparison]:
    conditions = (
        pack.applies_when,
        *(rule.when for rule in pack.rules),
        *(duty.when for duty in pack.duties),
    )
    yield from (test for each in conditions for test in comparisons_of(each) if type(test.value) is int)


def _dates(pack: Pack) -> Iterator[date]:
    """The first day of everything that begins or has ended."""
    entries = [item for each in pack.lists.values() for item in each.items]
    yield pack.effective_from
    yield from (item.first for item in entries if item.first is not None)
    yield from (days_later(item.last, 1) for item in entries if item.last is not None)
    if pack.effective_to is not None:
        yield pack.effective_to
