"""New papers of an application that was handed in: mended after a committee gave it back, or amended after its answer.

Every turn of the papers is kept. Votes and endorsements are for the papers that were read, so each committee that has
not answered begins anew with them; what was answered holds until there is another answer.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from broker.core.access.clock import Clock
from broker.core.access.life import Command, Stage
from broker.core.access.stated import as_stated
from broker.core.access.states import State
from broker.core.amending import Asking, amended, asked, counts, standing
from broker.core.applications import differences, handed_in
from broker.core.ids import ApplicationId, DatasetId, PersonId, RequestId, ReviewId
from broker.core.origins import window
from broker.core.outcome import Reason
from broker.core.questions import stamped, unanswered
from broker.core.rows import Application, Committee, Dataset, Put, Request, Review, changed
from broker.core.rows.applications import Accessor, Paper
from broker.core.snapshot import Snapshot
from broker.core.time import Seconds
from broker.flows.applications.desk import committee_of, own_desks
from broker.flows.applications.hand_in import MOST_DATASETS, HandedIn, as_handed_in, told_of, unsaid
from broker.flows.request_access import Foreseen, foresee, foresee_for, may_know
from broker.flows.world import Caller, World

MOST_ASKED = 300
"""Requests of one application that count: datasets times people."""

_Pair = tuple[PersonId, DatasetId]


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """What is handed in. `after`: the application with the new papers; `asking`: what they ask for.

    `mended`: is it what a committee that gave the papers back waits for?
    """

    kind: str
    after: Application
    asking: Sequence[Asking]
    mended: bool
    now: Seconds
    snapshot: Snapshot

    def told(self, person: PersonId) -> Accessor | Application:
        """Where somebody of them is from, as they were when they joined, or as the applicant is now."""
        return next((one for one in self.after.together if one.person == person), self.after)


async def hand_in_again(w: World, caller: Caller, id: ApplicationId, paper: Paper) -> HandedIn | Reason:
    """New papers, for every committee that has not answered.

    Steps: 1 gather, 2 decide, 3 foresee and record (`take`).
    """
    # 1. Gather.
    now, snapshot = w.clock.now(), w.snapshots.current()
    # 2. Decide: a committee must have given it back; others that still look at it get the new papers too.
    returned = own_desks(caller, id, Command.SUBMIT, snapshot)
    if isinstance(returned, Reason):
        return returned
    before = returned[0].application
    rows = [row for row in asked(before, snapshot) if row.state is State.SUBMITTED]
    asking = [Asking(person=row.person, dataset=row.dataset, waits=row) for row in rows]
    after = _with(w, before, caller, paper, before.paper.datasets)
    # 3. Foresee and record.
    turn = Turn(kind="application.submitted", after=after, asking=asking, mended=True, now=now, snapshot=snapshot)
    return await take(w, caller, turn)


async def amend(
    w: World, caller: Caller, id: ApplicationId, paper: Paper, added: Sequence[DatasetId]
) -> HandedIn | Reason:
    """Ask for more data, or for another use of those that were approved. Papers that say anything else are answered
    anew for everything; until then what was approved holds as it was.

    Steps: 1 gather, 2 decide, 3 foresee and record (`take`).
    """
    # 1. Gather.
    now, snapshot = w.clock.now(), w.snapshots.current()
    # 2. Decide.
    answered = own_desks(caller, id, Command.AMEND, snapshot)
    if isinstance(answered, Reason):
        return answered
    before, more = answered[0].application, tuple(dict.fromkeys(added))
    rows = asked(before, snapshot)
    held = dict.fromkeys(row.dataset for row in rows if row.person == before.person and counts(row, snapshot, now))
    if not held:
        return Reason(code="REQ-STATE", facts=(("state", "nothing of it holds"),))
    if not all(may_know(caller, one, snapshot, now) and committee_of(one, snapshot) for one in more):
        return Reason(code="REQ-NOT-FOUND")
    after = _with(w, before, caller, paper, tuple(dict.fromkeys((*held, *more))))
    said_else = differences(standing(before, rows, snapshot, now), after.paper)
    rewritten = not set(said_else) <= {"datasets", "people", "form"}
    asking = amended(rows, after.people, more, snapshot, now, rewritten=rewritten)
    if not asking:
        return Reason(code="REQ-INVALID", facts=(("problem", "nothing is asked for that was not asked for before"),))
    # 3. Foresee and record.
    kind = "application.amended"
    return await take(
        w, caller, Turn(kind=kind, after=after, asking=asking, mended=rewritten, now=now, snapshot=snapshot)
    )


async def take(w: World, caller: Caller, turn: Turn) -> HandedIn | Reason:
    """Steps: 1 gather, 2 decide, 3 foresee, 4 record the papers with the requests and the reviews, 5 answer."""
    # 1. Gather.
    after, snapshot = turn.after, turn.snapshot
    others = [row for row in asked(after, snapshot) if counts(row, snapshot, turn.now)]
    datasets = tuple(dict.fromkeys(one.dataset for one in turn.asking))
    places = [after.location, *(one.location for one in after.together if one.left is None)]
    # 2. Decide.
    pairs = {(one.person, one.dataset) for one in turn.asking} | {(row.person, row.dataset) for row in others}
    if len(after.paper.datasets) > MOST_DATASETS or len(pairs) > MOST_ASKED:
        limit = f"{MOST_DATASETS} datasets, and {MOST_ASKED} datasets times people"
        return Reason(code="REQ-TOO-LARGE", facts=(("limit", limit),))
    refused = unsaid(places, datasets, after.paper, snapshot)
    if turn.kind != "application.joined":  # who joins asks under papers that somebody else wrote, in the form of then
        refused = refused or unanswered(w.form, datasets, after.paper, snapshot, turn.now)
    if refused is not None:
        return refused
    # 3. Foresee.
    said = await _foreseen(w, caller, turn)
    if isinstance(said, Reason):
        return said
    # 4. Record.
    made = _reviews(w, turn)
    rows = [_request(w, turn, one, made[one.dataset].id, said[one.person, one.dataset]) for one in turn.asking]
    reviews = _handed_to(turn, made, rows)
    ids = tuple(dict.fromkeys((*after.reviews, *(one.id for one in reviews))))
    after = replace(after, reviews=ids)
    entry = w.entry(turn.kind, turn.now, caller.person, told_of(after, rows))
    await w.ledger.record(entry, Put(after), *map(Put, reviews), *map(Put, rows))
    # 5. Answer: what was foreseen for the caller themselves.
    mine = tuple((dataset, one) for (person, dataset), one in said.items() if person in _own(caller, turn))
    return HandedIn(application=after, foreseen=mine)


def _own(caller: Caller, turn: Turn) -> frozenset[PersonId]:
    return turn.snapshot.ever_linked(caller.person.id)


def _with(w: World, before: Application, caller: Caller, paper: Paper, datasets: Sequence[DatasetId]) -> Application:
    papers = (*before.papers, as_handed_in(stamped(w.form, paper), datasets, before.people))
    return changed(before, papers=papers, affiliations=caller.affiliations, location=caller.location)


async def _foreseen(w: World, caller: Caller, turn: Turn) -> dict[_Pair, Foreseen] | Reason:
    """What would hold for each if the committees said yes; each is a decision on record of its own."""
    said: dict[_Pair, Foreseen] = {}
    purpose = turn.after.paper.purpose
    for one in turn.asking:
        if one.person == caller.person.id:
            found = await foresee(w, caller, one.dataset, purpose)
        else:
            found = await foresee_for(w, caller, one.person, turn.told(one.person), one.dataset, purpose)
        if isinstance(found, Reason):
            return found
        said[one.person, one.dataset] = found
    return said


def _request(w: World, turn: Turn, one: Asking, review: ReviewId, said: Foreseen) -> Request:
    """The request as it is with these papers; one that was answered before is another one."""
    after = turn.after
    who, paper = turn.told(one.person), after.paper
    blank = one.waits or Request(
        id=RequestId(w.new_id("req", turn.now)), version=0, person=one.person, dataset=one.dataset,
        purpose=paper.purpose, statement=paper.statement, state=State.SUBMITTED, created=turn.now, foresight=said.id,
        review=review, instead_of=one.instead_of,
    )  # fmt: skip
    dataset = turn.snapshot.get(Dataset, one.dataset)
    origin = window(dataset, paper.purpose.countries, who.location, turn.snapshot, turn.now, blank.origin)
    return changed(
        blank, purpose=as_stated(paper.purpose), statement=paper.statement, benefit=paper.benefit,
        affiliations=who.affiliations, location=who.location, foresight=said.id, findings=(), turn=after.turn,
        origin=origin,
    )  # fmt: skip


def _reviews(w: World, turn: Turn) -> dict[DatasetId, Review]:
    """Before which committee each dataset lies: where the application lies already, or newly."""
    there = [turn.snapshot.get(Review, id) for id in turn.after.reviews]
    lies = {row.committee: row for row in there if row is not None and row.stage is not Stage.WITHDRAWN}
    of_waiting = {row.id: row for row in there if row is not None}
    found: dict[DatasetId, Review] = {}
    for one in turn.asking:
        committee = committee_of(one.dataset, turn.snapshot)
        held = of_waiting.get(one.waits.review) if one.waits is not None and one.waits.review is not None else None
        name = committee.id if committee is not None else ""
        if held is None and name not in lies:
            lies[name] = Review(
                id=ReviewId(w.new_id("rev", turn.now)), version=0, application=turn.after.id, committee=name,
                requests=(), stage=Stage.DRAFT, clock=Clock(since=turn.now),
            )  # fmt: skip
        found[one.dataset] = held or lies[name]
    return found


def _handed_to(turn: Turn, made: Mapping[DatasetId, Review], rows: Sequence[Request]) -> list[Review]:
    """The reviews with the requests that are new, handed in where it is the committee's turn by that."""
    there = [turn.snapshot.get(Review, id) for id in turn.after.reviews]
    all_ = {row.id: row for row in (*there, *made.values()) if row is not None}
    touched = {made[row.dataset].id for row in rows}
    found = []
    for review in all_.values():
        new = tuple(row.id for row in rows if made[row.dataset].id == review.id and row.id not in review.requests)
        committee = turn.snapshot.get(Committee, review.committee)
        if committee is None or not (review.id in touched or review.stage in _OPEN):
            continue
        whole = replace(review, requests=(*review.requests, *new))
        waits = review.stage is Stage.RETURNED and not turn.mended
        found.append(changed(whole) if waits else handed_in(whole, committee, turn.now))
    return found


_OPEN = frozenset({Stage.SUBMITTED, Stage.IN_REVIEW})
