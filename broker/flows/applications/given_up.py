"""Which drafts are given up soon, and whose are they? Also what somebody began to mend or to amend."""

from collections.abc import AsyncIterator
from dataclasses import dataclass

from broker.core.ids import ApplicationId, PersonId
from broker.core.rows import Application
from broker.core.time import Seconds
from broker.flows.applications.begun import BEGUN
from broker.flows.applications.drafts import DRAFT
from broker.flows.world import World


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """A draft that is gone at `ends` unless it is saved again. `about`: the draft, or the application it is of."""

    owner: PersonId
    about: str
    ends: Seconds


async def given_up(w: World, now: Seconds, before: Seconds) -> AsyncIterator[Ending]:
    """Those that end before `before`, the next one first. What is over already is no draft any more."""
    snapshot = w.snapshots.current()
    for id, ends in await w.scratch.ending(DRAFT, now, before):
        kept = await w.scratch.get(DRAFT, id, now)
        if kept is not None and "owner" in kept:  # kept before owners were: saved again, it has one
            yield Ending(owner=PersonId(kept["owner"]), about=id, ends=ends)
    for id, ends in await w.scratch.ending(BEGUN, now, before):
        kept, (owner, application, _) = await w.scratch.get(BEGUN, id, now), id.split(" ")
        row = snapshot.get(Application, ApplicationId(application))
        if kept is not None and row is not None and kept["turn"] == row.turn and owner in row.people:
            yield Ending(owner=PersonId(owner), about=row.id, ends=ends)
