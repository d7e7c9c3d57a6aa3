"""Once a day everything that has a day is looked at, by one process; whoever was told of it is not told again."""

from collections.abc import AsyncIterator

from broker.core.access.results import WAITING
from broker.core.happened import Told, hook_box
from broker.core.notices import TOPICS, Channels
from broker.core.oidc.opaque import stored_id
from broker.core.reminders import DRAFT_DAYS, Reminding, of_draft, of_finding, of_vacancy, reminders
from broker.core.rows import Notice, Put, ResultReport
from broker.core.time import Seconds
from broker.flows.applications.given_up import given_up
from broker.flows.representation import represented
from broker.flows.world import World
from broker.ports import StaleError

_DAY = 86_400
CLAIM_SECONDS = 3600
_AT_ONCE = 100
"""Notices of one record."""
_PAGE = 1000
"""Rows that are looked at before others have their turn."""
_CLAIM, _DONE = "reminder.claim", "reminder.done"


async def remind(w: World, channels: Channels) -> int:
    """How many were told. Steps: 1 gather, 2 decide, 3 record. After a crash the rest is told at the next look."""
    # 1. Gather.
    now = w.clock.now()
    day = str(now // _DAY)
    if await w.scratch.get(_DONE, day, now) is not None:
        return 0
    if not await w.scratch.add(_CLAIM, day, {}, Seconds(now + CLAIM_SECONDS), now):
        return 0
    told = 0
    try:
        # 2. Decide, 3. and record.
        due: list[Notice] = []
        async for found in _found(w, now):
            made = [one for one in _notices(found, channels, now) if await w.rows.get(Notice, one.id) is None]
            due += made
            if len(due) >= _AT_ONCE:
                told += await _record(w, due, now)
                due = []
        told += await _record(w, due, now)
        await w.scratch.put(_DONE, day, {}, Seconds(now + 2 * _DAY))
    except StaleError:  # somebody else looks too: what is left is told at the next look
        return told
    finally:
        await w.scratch.take(_CLAIM, day, now)
    return told


async def _found(w: World, now: Seconds) -> AsyncIterator[Reminding]:
    snapshot = w.snapshots.current()
    for number, row in enumerate(snapshot.rows.values()):
        for one in reminders(row, snapshot, now):
            yield one
        if number % _PAGE == _PAGE - 1:
            await w.clock.give_way()
    async for draft in given_up(w, now, Seconds(now + DRAFT_DAYS * _DAY)):
        yield of_draft(draft.owner, draft.about, draft.ends)
    for population in (await represented(w)).vacant:
        yield of_vacancy(population.name, now)
    for stage in WAITING:
        async for row in w.rows.find(ResultReport, "stage", stage):
            for one in of_finding(row, snapshot, now):
                yield one


def _notices(one: Reminding, channels: Channels, now: Seconds) -> list[Notice]:
    """For whoever is reminded, and for who listens; the same ids at every look."""
    whom = [one.to, *(Told(to=hook_box(name), about=one.to.about) for name in channels.hear(TOPICS[one.what]))]
    return [
        channels.notice(f"ntc_{stored_id(f'{one.what} {one.key} {to.to}')[:40]}", to, one.what, 1, now) for to in whom
    ]


async def _record(w: World, due: list[Notice], now: Seconds) -> int:
    if due:
        once = {one.id: one for one in due}
        await w.ledger.record(w.entry("notice.reminded", now, None, {"notices": len(once)}), *map(Put, once.values()))
    return len(due)
