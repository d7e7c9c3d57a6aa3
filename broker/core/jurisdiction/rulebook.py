"""Which packs hold at which time, each as its lists stand then (JURISDICTION section 3, point 1).

Time is cut into periods in which nothing changes: pack dates are half-open, list dates inclusive (ruling 8).
Two modes: `example` takes packs as they are and stamps every answer; `production` takes only reviewed packs,
and turns permits of low confidence, or of a review 90 days overdue, into referrals.
"""

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Literal

from broker.core.jurisdiction.facts import STATED, grounds
from broker.core.jurisdiction.memo import Memo
from broker.core.jurisdiction.pack import APPLIES_WHEN, Pack, facts_read
from broker.core.jurisdiction.verdict import CompiledPack, compile_pack
from broker.core.plain import digest
from broker.core.time import Seconds, days_later, start_of

Mode = Literal["example", "production"]

OVERDUE_DAYS = 90
"""How long after `next_review_due` a pack may still permit (JURISDICTION section 8, point 7)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Period:
    """From `start` until the next period: the packs in force, by id, and what has changed since the last."""

    start: Seconds
    packs: tuple[CompiledPack, ...]
    changes: tuple["Change", ...]
    read: tuple[tuple[str, str], ...]
    """(pack, version) of every pack that is asked in this period."""
    answers: Memo = field(default_factory=Memo, init=False, compare=False, repr=False)
    """Answers that were found in this period already: equal facts have the same answer all through it.

    Not taken over by a copy with other packs.
    """


@dataclass(frozen=True, slots=True)
class Change:
    """A pack that is not what it was in the period before."""

    id: str
    pack: CompiledPack | None
    """None: it is no longer in force."""
    countries: frozenset[str]
    """For which it answers now and did not, or did and does not."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rulebook:
    """Every loaded pack over all of time. `digests`: SHA-256 of each pack's content, by id."""

    mode: Mode
    example: bool
    """Does any pack in here lack a named reviewer? Then every answer is stamped as an example."""
    packs: Mapping[str, Pack]
    """By id, as they were read: for the rules' texts, and for those that did not match before one that did."""
    digests: Mapping[str, str]
    periods: tuple[Period, ...]
    starts: tuple[Seconds, ...]
    reads: tuple[str, ...]
    """The stated facts that an answer can depend on; a fact that is not among them changes nothing."""

    def at(self, at: Seconds) -> Period:
        """The period of `at`."""
        return self.periods[bisect_right(self.starts, at) - 1]

    def after(self, period: Period) -> tuple[Period, ...]:
        """The periods that come after `period`."""
        return self.periods[bisect_right(self.starts, period.start) :]

    def knows_no_exception(self, pack: str, rule: str) -> bool:
        """Is this rule mandatory law, from which no two people may make an exception (section 3, point 7)?"""
        return any(each.id == rule and each.mandatory for each in self.packs[pack].rules)

    def passed_over(self, pack: str, rule: str) -> tuple[str, ...]:
        """The rules of `pack` that were tried before `rule` and did not decide (JURISDICTION section 3, point 9)."""
        ids = [each.id for each in self.packs[pack].rules]
        return () if rule == APPLIES_WHEN else tuple(ids[: ids.index(rule)] if rule in ids else ids)


def rulebook(packs: Iterable[Pack], mode: Mode) -> Rulebook | tuple[str, ...]:
    """The packs made ready to judge by, in any order; or why they may not be: the same id twice, no review."""
    ordered = sorted(packs, key=lambda pack: pack.id)
    refused = tuple(_refusals(ordered, mode))
    if refused:
        return refused
    periods = tuple(_periods([pack for pack in ordered if _counts(pack)], mode))
    return Rulebook(
        mode=mode,
        example=any(pack.status == "example" for pack in ordered),
        packs={pack.id: pack for pack in ordered},
        digests={pack.id: digest(pack) for pack in ordered},
        periods=periods,
        starts=tuple(period.start for period in periods),
        reads=_reads(ordered),
    )


def _reads(packs: list[Pack]) -> tuple[str, ...]:
    """What the packs' conditions read, what that follows from, and whose countries must be answered for."""
    named = {"data.origin_countries", "data.controller_country", "data.storage_country", "evidence"}
    named |= {name for pack in packs for fact in facts_read(pack) for name in grounds(fact)}
    return tuple(name for name in STATED if name in named)


def stops_on(pack: Pack) -> date:
    """From which day on it gives no permit in production, if nobody looks at it."""
    return days_later(pack.review.next_review_due, OVERDUE_DAYS)


def overdue(pack: Pack, day: date) -> str:
    """What is to be said of a pack's review on `day`; empty if it is not due yet (JURISDICTION section 8, point 7)."""
    due = pack.review.next_review_due
    if day < due:
        return ""
    stops = stops_on(pack)
    when = f"gives no permit since {stops}" if day >= stops else f"gives no permit from {stops} on"
    return f"{pack.id}: review was due on {due}; in production the pack {when}"


def _refusals(packs: list[Pack], mode: Mode) -> Iterator[str]:
    ids = [pack.id for pack in packs]
    yield from (f"{id_}: loaded twice" for id_ in sorted({id_ for id_ in ids if ids.count(id_) > 1}))
    if mode == "production":
        unreviewed = (pack for pack in packs if pack.status == "example")
        yield from (f"{pack.id}: status example, production takes reviewed packs only" for pack in unreviewed)


def _counts(pack: Pack) -> bool:
    """A retired pack is switched off, a proposed law is not law."""
    return pack.status != "retired" and pack.law_status != "proposed"


def _periods(packs: list[Pack], mode: Mode) -> Iterator[Period]:
    """One period from each day on which anything changes; a pack that does not change is compiled once."""
    before: dict[str, CompiledPack] = {}
    turns = {pack.id: set(_turns(pack, mode)) for pack in packs}
    for day in sorted({date.min}.union(*turns.values())):
        now = {
            pack.id: compile_pack(pack, day, _cap(pack, day, mode)) if day in turns[pack.id] else before[pack.id]
            for pack in packs
            if pack.in_force(day)
        }
        changes = tuple(
            Change(id_, now.get(id_), _answers(now, id_) ^ _answers(before, id_))
            for id_ in {**before, **now}
            if now.get(id_) is not before.get(id_)
        )
        yield Period(
            start=start_of(day),
            packs=tuple(now.values()),
            changes=changes,
            read=tuple((pack.id, pack.version) for pack in now.values()),
        )
        before = now


def _answers(packs: Mapping[str, CompiledPack], id_: str) -> frozenset[str]:
    return packs[id_].answers_for if id_ in packs else frozenset()


def _turns(pack: Pack, mode: Mode) -> Iterator[date]:
    """The days on which this pack is not what it was the day before."""
    yield pack.effective_from
    if pack.effective_to is not None:
        yield pack.effective_to
    if mode == "production":
        yield stops_on(pack)
    for item in (item for each in pack.lists.values() for item in each.items):
        if item.first is not None:
            yield item.first
        if item.last is not None:
            yield days_later(item.last, 1)


def _cap(pack: Pack, day: date, mode: Mode) -> str | None:
    """The reason why this pack's permits are only referrals on `day`, if there is one."""
    if mode == "example":
        return None
    if pack.confidence == "low":
        return "JUR-PACK-LOW-CONFIDENCE"
    if day >= stops_on(pack):
        return "JUR-PACK-STALE"
    return None
