"""What somebody was told, newest first, and what of it they have not read. That they read it gives nobody a right."""

from dataclasses import dataclass

from broker.core.notices import TOPICS
from broker.core.rows import Notice
from broker.core.rows.notices import PERIOD, box_of
from broker.core.time import EPOCH, Seconds
from broker.flows.notices.whom import boxes_of
from broker.flows.world import Caller, World

MOST = 100
"""Notices that are shown."""
_MARK, _MARK_LIFE = "inbox", 400 * 86_400


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """A notice as its receiver sees it."""

    notice: Notice
    topic: str
    read: bool


async def inbox(w: World, caller: Caller) -> tuple[Shown, ...]:
    """Of this period and the one before. Whoever hears of something in two roles reads it once."""
    now, me = w.clock.now(), w.snapshots.current().ever_linked(caller.person.id)
    read, found = await _read_until(w, caller), dict[tuple[str, str, Seconds], Notice]()
    for to in boxes_of(w, caller):
        for at in (now, Seconds(max(EPOCH, now - PERIOD))):
            async for row in w.rows.find(Notice, "box", box_of(to, at)):
                if not me & set(row.but):
                    found.setdefault((row.what, row.about, row.at), row)
    newest = sorted(found.values(), key=lambda row: (row.at, row.id), reverse=True)[:MOST]
    return tuple(Shown(notice=row, topic=TOPICS[row.what], read=(row.at, row.id) <= read) for row in newest)


async def mark_read(w: World, caller: Caller, id: str) -> None:
    """Everything up to this one, and nothing that came after it. What is no longer there marks nothing."""
    row = next((one.notice for one in await inbox(w, caller) if one.notice.id == id), None)
    if row is not None and (row.at, row.id) > await _read_until(w, caller):
        ends = Seconds(w.clock.now() + _MARK_LIFE)
        await w.scratch.put(_MARK, caller.person.id, {"at": row.at, "id": row.id}, ends)


async def _read_until(w: World, caller: Caller) -> tuple[Seconds, str]:
    found = await w.scratch.get(_MARK, caller.person.id, w.clock.now())
    return (Seconds(found["at"]), str(found["id"])) if found is not None else (EPOCH, "")
