"""Rows whose time is over are taken away, on record; the log stays whole (core/rows/retention.py, ruling 31).

Steps: 1 gather what belongs together, 2 decide by its end and by who is held, 3 record. Whatever was changed meanwhile
stays, and is looked at again another day.
"""

from collections import Counter
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass

from broker.core.ids import make_id
from broker.core.oidc.logout import farewell_id
from broker.core.rows import (
    Access,
    Code,
    Delivery,
    Drop,
    Family,
    Farewell,
    Hold,
    HomeSession,
    Notice,
    RefreshToken,
    Report,
    Request,
    ResultReport,
    Row,
    Session,
    Task,
    Trace,
)
from broker.core.rows.retention import Keeping, Sort, message_over, result_over, sign_in_over, use_over
from broker.core.time import Seconds
from broker.flows.world import World
from broker.ports import StaleError

_AT_ONCE = 200
"""Rows of one record, or a few more: what belongs together goes together."""
_DAY = 86_400
_CLAIM = "drop.day"

Together = tuple[Row, ...]


@dataclass(frozen=True, slots=True)
class _Due:
    """What may go of one sort: what was over `before`; nothing of whom `held` names, and no trace in `needed`."""

    before: Seconds
    held: frozenset[str]
    needed: frozenset[str]


async def drop_daily(w: World, keeping: Keeping) -> int:
    """Once a day, by one process of all: how many rows went; 0 for whoever comes later."""
    now = w.clock.now()
    if not await w.scratch.add(_CLAIM, str(now // _DAY), {}, Seconds(now + 2 * _DAY), now):
        return 0
    return sum((await drop(w, keeping)).values())


async def drop(w: World, keeping: Keeping, *, count_only: bool = False) -> Counter[str]:
    """How many rows of which kind are taken away, or would be."""
    # 1. Gather.
    now, dropped = w.clock.now(), Counter[str]()
    held = await _held(w)
    needed = frozenset([id async for id in _needed(w)])
    for sort, find in _FOUND.items():
        before = keeping.horizon(sort, now)
        if before is None:
            continue
        # 2. Decide, 3. and record.
        async for rows in _some(find(w, _Due(before, held, needed))):
            if not await _held(w) <= held:  # a hold came meanwhile: whom it names may be among them
                return dropped
            if count_only or await _record(w, rows, now):
                dropped.update(row.KIND for row in rows)
            await w.clock.give_way()
    return dropped


async def _held(w: World) -> frozenset[str]:
    """Of whom nothing may go now."""
    now = w.clock.now()
    return frozenset([one.id async for one in w.rows.scan(Hold) if one.stands(now)])


async def _record(w: World, rows: Together, now: Seconds) -> bool:
    """False: one of them was changed meanwhile, and none went."""
    about = dict(sorted(Counter(row.KIND for row in rows).items()))
    try:
        await w.ledger.record(w.entry("rows.dropped", now, None, about), *map(Drop, rows))
    except StaleError:
        return False
    return True


async def _needed(w: World) -> AsyncIterator[str]:
    """Decisions on which an answer of a committee rests: they are kept as long as the answer."""
    async for request in w.rows.scan(Request):
        for id in (request.foresight, request.decision, *request.decisions):
            if id is not None:
                yield id
    async for report in w.rows.scan(Report):
        if report.decision is not None:
            yield report.decision


async def _sign_ins(w: World, due: _Due) -> AsyncIterator[Together]:
    async for session in w.rows.scan(Session):
        if session.person in due.held or (session.expires >= due.before and session.ended is None):
            continue
        families = tuple([one async for one in w.rows.find(Family, "session", session.id)])
        told = {farewell_id(session.id, one.client): None for one in families}
        farewells = tuple([one for id in told if (one := await w.rows.get(Farewell, id)) is not None])
        over = sign_in_over(session, families, farewells)
        if over is None or over >= due.before:
            continue
        beside = await w.rows.get(HomeSession, session.id), await w.rows.get(Task, session.id)
        below = [row for one in families for row in await _of_family(w, one)]
        yield (session, *(one for one in beside if one is not None), *families, *farewells, *below)


async def _of_family(w: World, family: Family) -> list[Row]:
    codes: list[Row] = [one async for one in w.rows.find(Code, "family", family.id)]
    return [*codes, *[one async for one in w.rows.find(RefreshToken, "family", family.id)]]


async def _uses(w: World, due: _Due) -> AsyncIterator[Together]:
    """Tickets with their deliveries, then what was decided: ids are in the order of their making."""
    async for access in w.rows.scan(Access):
        if access.id >= make_id("acc", due.before, bytes(10)):
            break
        deliveries = tuple([one async for one in w.rows.find(Delivery, "access", access.id)])
        over = use_over(access, deliveries)
        if over is not None and over < due.before and access.person not in due.held:
            yield (access, *deliveries)
    async for trace in w.rows.scan(Trace):
        if trace.id >= make_id("dec", due.before, bytes(10)):
            break
        if trace.at < due.before and trace.person not in due.held and trace.id not in due.needed:
            yield (trace,)


async def _messages(w: World, due: _Due) -> AsyncIterator[Together]:
    async for notice in w.rows.scan(Notice):
        over = message_over(notice)
        if over is not None and over < due.before and notice.to not in due.held:
            yield (notice,)


async def _results(w: World, due: _Due) -> AsyncIterator[Together]:
    async for row in w.rows.scan(ResultReport):
        over = result_over(row)
        if over is not None and over < due.before and row.reporter not in due.held:
            yield (row,)


async def _some(found: AsyncIterator[Together]) -> AsyncIterator[Together]:
    """As many rows as fit into one record; what belongs together is in one."""
    rows: list[Row] = []
    async for together in found:
        rows += together
        if len(rows) >= _AT_ONCE:
            yield tuple(rows)
            rows = []
    if rows:
        yield tuple(rows)


_FOUND: dict[Sort, Callable[[World, _Due], AsyncIterator[Together]]] = {
    "sign_ins": _sign_ins, "uses": _uses, "messages": _messages, "results": _results,
}  # fmt: skip
