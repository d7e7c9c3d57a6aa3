"""What does a change of an application ask for? Which requests wait, which are new, and whose place these take.

Nothing that holds ends by being amended: a grant gives way only when the committee has approved what takes its place
(dac-workflow section 2, row 15).
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from broker.core.access.grants import USED, GrantCommand, GrantStage
from broker.core.access.states import Event, State, step
from broker.core.grants import after, stage
from broker.core.ids import DatasetId, PersonId, RequestId
from broker.core.outcome import Reason
from broker.core.rows import Application, Grant, Request, Review, Revocation, changed
from broker.core.rows.applications import Paper
from broker.core.snapshot import Snapshot
from broker.core.time import Seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class Asking:
    """One dataset, asked for by one person. `waits`: the request on record, if it waits for its answer already.

    `instead_of`: the approved request whose place it is to take.
    """

    person: PersonId
    dataset: DatasetId
    waits: Request | None = None
    instead_of: RequestId | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """The grant whose place another takes, and what is stored so that both never hold at once."""

    grant: Grant
    request: Request | None = None
    end: Revocation | None = None


def asked(application: Application, snapshot: Snapshot) -> tuple[Request, ...]:
    """All that was ever asked for by it, before every committee."""
    reviews = (snapshot.get(Review, id) for id in application.reviews)
    found = (snapshot.get(Request, id) for review in reviews if review is not None for id in review.requests)
    return tuple(row for row in found if row is not None)


def standing(application: Application, rows: Iterable[Request], snapshot: Snapshot, now: Seconds) -> Paper:
    """The papers under which the applicant asks or holds what counts now: not those of an amendment that came to
    nothing.
    """
    turns = [row.turn for row in rows if row.person == application.person and counts(row, snapshot, now)]
    return application.papers[max(turns, default=application.turn) - 1]


def counts(row: Request, snapshot: Snapshot, now: Seconds) -> bool:
    """Does it wait for its answer, or was it approved and its grant has not ended?"""
    return row.state is State.SUBMITTED or _holds(row, snapshot, now)


def for_one_more(
    rows: Iterable[Request], applicant: PersonId, person: PersonId, snapshot: Snapshot, now: Seconds
) -> tuple[Asking, ...]:
    """What somebody asks for who joins: all that the applicant asks for or holds, and they do not yet."""
    here = [row for row in rows if counts(row, snapshot, now)]
    theirs = {row.dataset for row in here if row.person == person}
    wanted = dict.fromkeys(row.dataset for row in here if row.person == applicant)
    return tuple(Asking(person=person, dataset=one) for one in wanted if one not in theirs)


def amended(
    rows: Iterable[Request],
    people: Sequence[PersonId],
    added: Sequence[DatasetId],
    snapshot: Snapshot,
    now: Seconds,
    *,
    rewritten: bool,
) -> tuple[Asking, ...]:
    """What other papers, or more data, ask for. Papers that say something else are asked of everything that counts."""
    here = [row for row in rows if row.person in people and counts(row, snapshot, now)]
    waiting = [row for row in here if row.state is State.SUBMITTED]
    found: list[Asking] = []
    if rewritten:
        followed = {row.instead_of for row in waiting}
        found += [Asking(person=row.person, dataset=row.dataset, waits=row) for row in waiting]
        found += [
            Asking(person=row.person, dataset=row.dataset, instead_of=row.id)
            for row in here
            if row.state is State.APPROVED and row.id not in followed
        ]
    there = {(row.person, row.dataset) for row in here}
    pairs = ((person, dataset) for dataset in added for person in people)
    return (*found, *(Asking(person=one[0], dataset=one[1]) for one in pairs if one not in there))


def place(held: Request, snapshot: Snapshot, now: Seconds) -> Place | Reason | None:
    """Whose place the grant takes that is given for `held`; None: nobody's. Reason: there is no place to take.

    What rests is not let go on by another name, and what has ended is not begun anew as an amendment.
    """
    before = snapshot.get(Request, held.instead_of) if held.instead_of is not None else None
    grant = snapshot.get(Grant, before.grant) if before is not None and before.grant is not None else None
    if held.instead_of is None:
        return None
    if before is None or grant is None or grant.ends <= now:
        return Reason(code="REQ-STATE", facts=(("state", "the grant before has ended"),))
    if before.state is State.REPLACED:
        return Place(grant=grant)
    here, replaced = stage(grant, snapshot, now), step(before.state, Event.REPLACE)
    if here not in USED or replaced is None:
        return Reason(code="REQ-STATE", facts=(("state", f"the grant before: {here.value}"),))
    end = after(GrantCommand.REVOKE, grant, snapshot, now, "another grant takes its place", "replaced")
    return Place(grant=grant, request=changed(before, state=replaced), end=end)


def _holds(row: Request, snapshot: Snapshot, now: Seconds) -> bool:
    grant = snapshot.get(Grant, row.grant) if row.state is State.APPROVED and row.grant is not None else None
    return grant is not None and stage(grant, snapshot, now) in USED | {GrantStage.SUSPENDED}
