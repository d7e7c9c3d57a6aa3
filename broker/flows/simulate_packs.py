"""Whom would other policy packs concern? Every live grant and every open request, judged twice; nothing is changed."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field

from broker.core.access.states import State
from broker.core.decision.causes import Effects
from broker.core.decision.other_law import Concerned, difference, is_live, of_grant, of_request
from broker.core.jurisdiction.rulebook import Rulebook
from broker.core.rows import Access, Grant, Request
from broker.core.snapshot import Snapshot
from broker.core.time import Seconds
from broker.flows.world import World
from broker.ports import Rows

MOST = 2_000
"""Lines that are kept for a page; all are counted."""
_AT_ONCE = 8
"""Judged before others have their turn."""
_LAST = 20
"""Accesses of somebody among which is looked for the last whose place is known."""


@dataclass(slots=True, kw_only=True)
class Simulation:
    """One that runs, or has run: what the packs `after` say in place of those `before`, as far as it has come."""

    at: Seconds
    then: Seconds | None
    """`at`, where somebody asked for another time than now."""
    before: Rulebook
    after: Rulebook
    seen: int = 0
    over: bool = False
    effects: Effects = field(default_factory=lambda: Effects(most=MOST))


def simulation(w: World, rules: Rulebook, at: Seconds | None = None) -> Simulation:
    """One of `rules` in place of the packs in force, to be run. `at`: as of then instead of now, as a law begins."""
    when = at if at is not None else w.clock.now()
    return Simulation(at=when, then=at, before=w.snapshots.current().rulebook, after=rules)


async def run(w: World, made: Simulation) -> None:
    """Judge everybody whom it concerns, by the picture of now; others have their turn in between."""
    snapshot = w.snapshots.current()
    async for one in concerned(w.rows, snapshot, made.at):
        made.effects.add(difference(one, snapshot, made.after))
        made.seen += 1
        if made.seen % _AT_ONCE == 0:
            await w.clock.give_way()
    made.over = True


async def concerned(rows: Rows, snapshot: Snapshot, at: Seconds) -> AsyncIterator[Concerned]:
    """The live grants, and the requests that wait for an answer.

    A holder's place is the one of their last access, else the one where they asked from.
    """
    async for grant in rows.scan(Grant):
        if is_live(grant, snapshot, at):
            asked = snapshot.get(Request, grant.request)
            place = await _last_place(rows, grant) or (asked.location if asked is not None else None)
            yield of_grant(grant, place, snapshot, at)
    async for request in rows.scan(Request):
        if request.state is State.SUBMITTED:
            yield of_request(request, snapshot, at)


async def _last_place(rows: Rows, grant: Grant) -> str | None:
    async for access in rows.newest(Access, "person", grant.person, _LAST):
        if access.location is not None:
            return access.location
    return None
