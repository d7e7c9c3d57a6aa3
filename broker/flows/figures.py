"""How is access given, to whom, and how fast? The public figures of a year, by whole months.

Read only, from the picture, once a month: the same month has the same figures, and they move on only where so many
cases are new that nobody finds one by comparing (core/equity.py). Small figures are left out before anybody sees them.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from broker.core.access.cases import CaseKind
from broker.core.access.grants import USED
from broker.core.access.states import State
from broker.core.equity import Answer, IncomeGroups, Line, closed, hidden_alike, lines, told, told_parts
from broker.core.grants import stage
from broker.core.ids import made_at
from broker.core.reasons import REASONS
from broker.core.rows import Case, Dataset, Grant, Request, Trace, UseVolume
from broker.core.snapshot import Snapshot
from broker.core.time import Seconds, add_months, day_of, start_of
from broker.flows.world import World

_DAY = 86_400
_GB = 10**9
_AT_ONCE = 500
"""Datasets after which others get their turn."""
_SEVERAL = "several"
INTERESTS = ("person", "people", "state", "contract", "system")


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """The figures. A count is None where it is too small to be told."""

    since: Seconds
    until: Seconds
    applicants: tuple[Line, ...]
    """By the income group of the applicant's institution."""
    origins: tuple[Line, ...]
    """By that of the countries that the data come from."""
    refusals: tuple[tuple[str, int | None], ...]
    """By whose interest the first reason of a refusal protects."""
    counts: tuple[tuple[str, int | None], ...]
    complaints: Line
    """Complaints that were answered; `share`: of a hundred, how many were upheld, in whole or in part."""


@dataclass(slots=True)
class _Counted:
    applicants: list[Answer]
    origins: list[Answer]
    refused: Counter[str]
    counts: Counter[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Volume:
    """What left in a year, in whole gigabytes: too coarse for one download to be seen in it where much leaves."""

    year: str
    whole: int
    parts: int
    again: int


async def volumes_told(w: World) -> tuple[Volume, ...]:
    """Of each year in which a gigabyte left, and of this one so far; the last first."""
    rows = [row async for row in w.rows.scan(UseVolume)]
    told = [Volume(year=row.id, whole=row.whole // _GB, parts=row.parts // _GB, again=row.again // _GB) for row in rows]
    return tuple(sorted((one for one in told if one.whole or one.parts), key=lambda one: one.year, reverse=True))


class Figures:
    """Makes the report of a month once."""

    def __init__(self, income: IncomeGroups) -> None:
        self.income = income
        self._kept: tuple[Seconds, Report] | None = None

    async def of_now(self, w: World) -> Report:
        """The figures of the last year that is told."""
        month = start_of(day_of(w.clock.now()).replace(day=1))
        if self._kept is None or self._kept[0] != month:
            self._kept = month, await self._made(w, month)
        return self._kept[1]

    async def _made(self, w: World, month: Seconds) -> Report:
        snapshot = w.snapshots.current()
        until = closed(await _answers(w, snapshot), month)
        since = add_months(until, -12)
        found = _Counted([], [], Counter(), Counter())
        for number, dataset in enumerate(snapshot.all(Dataset)):
            found.counts["datasets" if dataset.existence == "listed" else "hidden"] += 1
            for request in snapshot.requests_for(dataset.id):
                await self._count(w, snapshot, dataset, request, since, until, found)
            if number % _AT_ONCE == _AT_ONCE - 1:
                await w.clock.give_way()
        found.counts.pop("hidden", None)
        applicants, origins = hidden_alike(lines(found.applicants), lines(found.origins, _GROUPS_OF_DATA))
        names = ("datasets", "waiting", "grants", "across_borders")
        return Report(
            since=since,
            until=until,
            applicants=applicants,
            origins=origins,
            refusals=tuple(told_parts({one: found.refused[one] for one in INTERESTS}).items()),
            counts=tuple((name, told(found.counts[name])) for name in names),
            complaints=lines(_complaints(snapshot, month), ())[-1],
        )

    async def _count(
        self, w: World, snapshot: Snapshot, dataset: Dataset, request: Request, since: Seconds, until: Seconds,
        found: _Counted,
    ) -> None:  # fmt: skip
        country = country_of(snapshot, request)
        at = made_at(request.decision) if request.decision is not None else None
        if request.created < until and (request.state is State.SUBMITTED or (at is not None and at >= until)):
            found.counts["waiting"] += 1
        if request.grant is not None and _in_force(snapshot, request, until):
            found.counts["grants"] += 1
            found.counts["across_borders"] += country is not None and country not in origins_of(dataset)
        if request.state not in _ANSWERED or at is None or not since <= at < until:
            return
        approved = request.state is not State.REJECTED
        days = max(0, at - request.created) // _DAY
        found.applicants.append(Answer(group=self.income.of(country), approved=approved, days=days))
        found.origins.append(Answer(group=self._origin(dataset), approved=approved, days=days))
        if not approved and request.decision is not None:
            found.refused[_interest(await w.rows.get(Trace, request.decision))] += 1

    def _origin(self, dataset: Dataset) -> str:
        groups = {self.income.of(country) for country in origins_of(dataset)}
        return groups.pop() if len(groups) == 1 else _SEVERAL if groups else "unknown"


_GROUPS_OF_DATA = ("high", "upper_middle", "lower_middle", "low", _SEVERAL, "unknown")
_ANSWERED = frozenset({State.APPROVED, State.REJECTED, State.REVOKED, State.REPLACED})


def origins_of(dataset: Dataset) -> tuple[str, ...]:
    """The countries that the data come from, as far as anybody has stated it."""
    stated = dataset.facts.get("data.origin_countries")
    return stated if isinstance(stated, tuple) else ()


def country_of(snapshot: Snapshot, request: Request) -> str | None:
    """That of the applicant's institution, as the registry has it."""
    homes = snapshot.organisations(one.partition("@")[2] for one in request.affiliations)
    found = [home.facts.get("recipient.country") for home in homes]
    return next((one for one in found if isinstance(one, str)), None)


def _in_force(snapshot: Snapshot, request: Request, at: Seconds) -> bool:
    grant = snapshot.get(Grant, request.grant or "")
    return grant is not None and grant.begins < at and stage(grant, snapshot, at) in USED


def _interest(trace: Trace | None) -> str:
    """Whose interest the strictest reason protects; the committee's own no is its contract."""
    why = ((trace.body if trace is not None else {}).get("explanation") or {}).get("why") or ()
    code = str(why[0].get("code")) if why else ""
    return REASONS[code].interest if code in REASONS else "contract"


async def _answers(w: World, snapshot: Snapshot) -> list[Seconds]:
    """When each answer was given, of all datasets."""
    found: list[Seconds] = []
    for number, dataset in enumerate(snapshot.all(Dataset)):
        rows = (row for row in snapshot.requests_for(dataset.id) if row.state in _ANSWERED)
        found += [Seconds(at) for row in rows if row.decision is not None and (at := made_at(row.decision)) is not None]
        if number % _AT_ONCE == _AT_ONCE - 1:
            await w.clock.give_way()
    return found


def _complaints(snapshot: Snapshot, month: Seconds) -> Iterator[Answer]:
    """Those of the year that is told of complaints: they are few, and move on by themselves."""
    cases = [row for row in snapshot.all(Case) if row.kind is CaseKind.COMPLAINT and row.answered is not None]
    until = closed((row.answered for row in cases if row.answered is not None), month)
    since = add_months(until, -12)
    for case in cases:
        if case.answered is not None and since <= case.answered < until:
            upheld = case.outcome in ("upheld", "partly")
            yield Answer(group="all", approved=upheld, days=(case.answered - case.opened) // _DAY)
