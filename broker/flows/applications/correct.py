"""A committee corrects an answer: it takes it up again, with a ground. The old answer is kept; a yes ends at once."""

from broker.core.access.grants import GrantCommand
from broker.core.access.life import Command
from broker.core.access.states import Event, step
from broker.core.applications import moved
from broker.core.audit.entry import Value
from broker.core.grants import after
from broker.core.ids import DatasetId, ReviewId
from broker.core.outcome import Reason
from broker.core.rows import Application, Grant, Put, Request, Review, Revocation, changed
from broker.core.snapshot import Snapshot
from broker.core.time import Seconds
from broker.flows.applications.desk import at_desk, requests
from broker.flows.world import Caller, World


async def reopen(w: World, caller: Caller, id: ReviewId, dataset: DatasetId, ground: str) -> Review | Reason:
    """Take up the answer about `dataset` again. Steps: 1 gather, 2 decide, 3 record, 4 answer."""
    # 1. Gather.
    now, snapshot = w.clock.now(), w.snapshots.current()
    found = at_desk(caller, id, Command.REOPEN, snapshot)
    if isinstance(found, Reason):
        return found
    answered = _last(found.application, [row for row in requests(found.review, snapshot) if row.dataset == dataset])
    # 2. Decide.
    again = [_again(row) for row in answered if step(row.state, Event.REOPEN) is not None]
    if not again:
        return Reason(code="REQ-NOT-FOUND")
    ended = [one for row in answered for one in _ended(row, ground, snapshot, now)]
    votes = tuple(one for one in found.review.votes if one.dataset != dataset)
    after = moved(found.review, Command.REOPEN, now=now, votes=votes)
    if after is None:
        return Reason(code="REQ-STATE", facts=(("state", found.review.stage.value),))
    # 3. Record: the old answer's end and the question's beginning together.
    told: dict[str, Value] = {
        "application": found.application.id,
        "review": id,
        "dataset": dataset,
        "requests": tuple(one.id for one in again),
        "grants": tuple(row.grant for row in answered if row.grant is not None),
    }
    entry = w.entry("review.reopened", now, caller.person, told)
    await w.ledger.record(entry, Put(after), *map(Put, again), *map(Put, ended))
    # 4. Answer.
    return after


def _last(application: Application, rows: list[Request]) -> list[Request]:
    """The last answer for each who still applies: an amendment that was refused leaves alone what was approved."""
    last = {row.person: row for row in sorted(rows, key=lambda row: (row.turn, row.id))}
    return [last[person] for person in application.people if person in last]


def _again(row: Request) -> Request:
    before = (*row.decisions, row.decision) if row.decision is not None else row.decisions
    state = step(row.state, Event.REOPEN) or row.state
    origin = row.origin.reopened() if row.origin is not None else None
    return changed(
        row, state=state, decided_by=None, ground="", grant=None, decision=None, decisions=before, origin=origin
    )


def _ended(row: Request, ground: str, snapshot: Snapshot, now: Seconds) -> list[Revocation]:
    """What ends the grant that the old answer made, if it has not ended."""
    grant = snapshot.get(Grant, row.grant) if row.grant is not None else None
    end = after(GrantCommand.REVOKE, grant, snapshot, now, ground, "reopened") if grant is not None else None
    return [end] if end is not None else []
