"""Is this file a policy pack (JURISDICTION sections 4 and 9)? The only maker of a `Pack`.

Pure: takes what the file says and where it says it, gives back a pack or everything that is wrong with it.
What a pack's own cases must cover is in `pack_cases`.
"""

from collections.abc import Callable, Mapping
from datetime import date
from typing import Any, get_args

from broker.core.jurisdiction.countries import COUNTRIES
from broker.core.jurisdiction.lint_conditions import read_condition, silence_helps
from broker.core.jurisdiction.lint_rules import Around, read_duties, read_reason, read_rules
from broker.core.jurisdiction.pack import (
    SCHEMA,
    Confidence,
    CountryList,
    Entry,
    LawStatus,
    Pack,
    Quality,
    RegimeKind,
    Review,
    Source,
    Status,
)
from broker.core.jurisdiction.reading import Problem, Reading, Where

_REQUIRED = (
    "schema",
    "id",
    "version",
    "title",
    "regime",
    "answers_for",
    "status",
    "law_status",
    "effective",
    "as_of",
    "confidence",
    "review",
    "disclaimer",
    "sources",
    "lists",
    "applies_when",
    "default_effect",
    "decide",
)
_OPTIONAL = ("default_reason", "always")
_SPEAKS_FOR_NO_COUNTRY = frozenset({"funder_policy", "collective_governance", "ethics"})
_EEA = "EEA"


def lint(raw: object, line_of: Callable[[Where], int]) -> Pack | tuple[Problem, ...]:
    """The pack that `raw` is, or its problems in the order of their lines. `line_of`: the line of a place."""
    reading = Reading(line_of)
    if not isinstance(raw, dict) or (raw.get("schema") != SCHEMA and "decide" not in raw):
        reading.problem((), f"no policy pack: a pack says `schema: {SCHEMA}`")
        return tuple(reading.problems)
    pack = _pack(reading, reading.members(raw, (), _REQUIRED, _OPTIONAL))
    if reading.problems:
        return tuple(sorted(set(reading.problems), key=lambda each: (each.line, each.field, each.message)))
    return pack


def _pack(reading: Reading, raw: Mapping[str, Any]) -> Pack:
    reading.choice(raw.get("schema"), ("schema",), (SCHEMA,))
    regime = reading.members(raw.get("regime"), ("regime",), ("jurisdiction", "instrument", "kind"))
    kind: RegimeKind = reading.choice(regime.get("kind"), ("regime", "kind"), get_args(RegimeKind))
    sources = _sources(reading, raw.get("sources"))
    lists = _lists(reading, raw.get("lists"), sources)
    around = Around(sources=sources, lists=lists, kind=kind)
    status: Status = reading.choice(raw.get("status"), ("status",), get_args(Status))
    law_status: LawStatus = reading.choice(raw.get("law_status"), ("law_status",), get_args(LawStatus))
    effective_from, effective_to = _effective(reading, raw.get("effective"), law_status)
    applies_when = read_condition(reading, raw.get("applies_when"), ("applies_when",), lists)
    if silence_helps(applies_when, permits=False):
        reading.problem(("applies_when",), "leaving a fact out would switch the pack off")
    confidence: Confidence = reading.choice(raw.get("confidence"), ("confidence",), get_args(Confidence))
    return Pack(
        id=reading.slug(raw.get("id"), ("id",)),
        version=reading.text(raw.get("version"), ("version",)),
        title=reading.text(raw.get("title"), ("title",)),
        jurisdiction=_jurisdiction(reading, regime.get("jurisdiction")),
        instrument=reading.text(regime.get("instrument"), ("regime", "instrument")),
        kind=kind,
        answers_for=_answers_for(reading, raw.get("answers_for"), kind, lists),
        status=status,
        law_status=law_status,
        effective_from=effective_from,
        effective_to=effective_to,
        as_of=reading.day(raw.get("as_of"), ("as_of",)),
        confidence=confidence,
        review=_review(reading, raw.get("review"), status),
        disclaimer=reading.text(raw.get("disclaimer"), ("disclaimer",)),
        sources=sources,
        lists=lists,
        applies_when=applies_when,
        default_effect=_default_effect(reading, raw),
        default_reason=read_reason(reading, raw.get("default_reason", "JUR-NO-RULE"), ("default_reason",), ""),
        duties=read_duties(reading, raw.get("always", []), ("always",), around),
        rules=read_rules(reading, raw.get("decide"), ("decide",), around),
    )


def _jurisdiction(reading: Reading, raw: object) -> str:
    where = ("regime", "jurisdiction")
    return raw if isinstance(raw, str) and raw in {"EU", "community", "*"} else reading.country(raw, where)


def _answers_for(reading: Reading, raw: object, kind: str, lists: Mapping[str, CountryList]) -> frozenset[str]:
    """Countries, or EEA for the pack's own list `eea`: a claim that only a law of a country can make."""
    where = ("answers_for",)
    items = reading.items(raw, where)
    if items and kind in _SPEAKS_FOR_NO_COUNTRY:
        reading.problem(where, f"a pack of kind {kind} answers for no country")
    if any(item == _EEA for _, item in items) and "eea" not in lists:
        reading.problem(where, "EEA means the members of this pack's list eea, and there is none")
    return frozenset(item if item == _EEA else reading.country(item, place) for place, item in items)


def _effective(reading: Reading, raw: object, law_status: str) -> tuple[date, date | None]:
    """Half-open: from its first day until, not including, `to`."""
    members = reading.members(raw, ("effective",), ("from", "to"))
    first = reading.day(members.get("from"), ("effective", "from"))
    last = None if members.get("to") is None else reading.day(members["to"], ("effective", "to"))
    if last is not None and last <= first:
        reading.problem(("effective", "to"), "ends before it begins")
    if last is None and law_status == "superseded":
        reading.problem(("effective", "to"), "a superseded law has an end")
    return first, last


def _review(reading: Reading, raw: object, status: str) -> Review:
    """A reviewed pack names its owner and reviewer; every pack says when it must be looked at again."""
    names = ("owner", "reviewed_by", "reviewed_on", "next_review_due")
    members = reading.members(raw, ("review",), names)
    wanted = {name for name in names if status == "reviewed" or members.get(name) is not None}
    due = reading.day(members.get("next_review_due"), ("review", "next_review_due"))
    on = reading.day(members.get("reviewed_on"), ("review", "reviewed_on")) if "reviewed_on" in wanted else None
    if on is not None and due < on:
        reading.problem(("review", "next_review_due"), "due before it was reviewed")
    owner, by = (
        reading.text(members.get(name), ("review", name)) if name in wanted else None
        for name in ("owner", "reviewed_by")
    )
    return Review(owner=owner, reviewed_by=by, reviewed_on=on, next_review_due=due)


def _sources(reading: Reading, raw: object) -> Mapping[str, Source]:
    found: dict[str, Source] = {}
    for place, item in reading.items(raw, ("sources",), least=1):
        members = reading.members(item, place, ("id", "cite", "quality"), ("url",))
        source = Source(
            id=reading.slug(members.get("id"), (*place, "id")),
            cite=reading.text(members.get("cite"), (*place, "cite")),
            quality=reading.choice(members.get("quality"), (*place, "quality"), get_args(Quality)),
            url=reading.text(members["url"], (*place, "url")) if "url" in members else "",
        )
        if source.id in found:
            reading.problem((*place, "id"), f"a second source {source.id}")
        found[source.id] = source
    return found


def _lists(reading: Reading, raw: object, sources: Mapping[str, Source]) -> Mapping[str, CountryList]:
    if not isinstance(raw, dict):
        reading.problem(("lists",), "a mapping is wanted here")
        return {}
    found = {}
    for name, each in raw.items():
        where = ("lists", name)
        members = reading.members(each, where, ("as_of", "source", "items"))
        found[reading.slug(name, where)] = CountryList(
            as_of=reading.day(members.get("as_of"), (*where, "as_of")),
            source=reading.choice(members.get("source"), (*where, "source"), sources),
            items=_entries(reading, members.get("items"), (*where, "items")),
        )
    return found


def _entries(reading: Reading, raw: object, where: Where) -> tuple[Entry, ...]:
    entries: list[Entry] = []
    for place, item in reading.items(raw, where):
        entry = _entry(reading, item, place)
        if any(_overlap(entry, other) for other in entries):
            reading.problem(place, f"{entry.code} is on this list twice at the same time")
        entries.append(entry)
    return tuple(entries)


def _entry(reading: Reading, raw: object, where: Where) -> Entry:
    if not isinstance(raw, dict):
        return Entry(code=reading.country(raw, where))
    members = reading.members(raw, where, ("code",), ("from", "to"))
    first, last = (reading.day(members[name], (*where, name)) if name in members else None for name in ("from", "to"))
    if first is not None and last is not None and last < first:
        reading.problem((*where, "to"), "ends before it begins")
    return Entry(code=reading.country(members.get("code"), (*where, "code")), first=first, last=last)


def _overlap(one: Entry, other: Entry) -> bool:
    if one.code != other.code or one.code not in COUNTRIES:
        return False
    return (one.first or date.min) <= (other.last or date.max) and (other.first or date.min) <= (one.last or date.max)


def _default_effect(reading: Reading, raw: Mapping[str, Any]) -> Any:
    """What holds when no rule decides. A refusal needs its proportionality, so it must be a rule."""
    where = ("default_effect",)
    if raw.get("default_effect") == "deny":
        reading.problem(where, "write a last rule with when: true, and its proportionality")
    if raw.get("default_effect") == "permit" and "default_reason" not in raw:
        reading.problem(where, "a permit needs its default_reason")
    return reading.choice(raw.get("default_effect"), where, ("permit", "refer", "deny"))
