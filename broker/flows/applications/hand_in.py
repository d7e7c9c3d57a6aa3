"""Somebody hands an application in, or hands it in again after a committee gave it back; or takes it back.

Every gate is asked beforehand for every dataset, and both sides read what was said. A hopeless application may still
be made, but not unknowingly. A person decides in any case.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from broker.core.access.clock import Clock
from broker.core.access.life import Command, Stage
from broker.core.access.stated import as_stated
from broker.core.access.states import Event, State, step
from broker.core.applications import handed_in, moved
from broker.core.audit.entry import Value
from broker.core.duties import needs_a_benefit
from broker.core.ids import ApplicationId, DatasetId, PersonId, RequestId, ReviewId, is_made_id
from broker.core.origins import window
from broker.core.outcome import Reason
from broker.core.questions import stamped, unanswered
from broker.core.rows import Application, Committee, Dataset, Put, Request, Review, changed
from broker.core.rows.applications import Paper
from broker.core.snapshot import Snapshot
from broker.core.time import Seconds
from broker.flows.applications.desk import Desk, committee_of, own_desks, requests
from broker.flows.request_access import Foreseen, foresee, is_participant, may_know
from broker.flows.world import Caller, World
from broker.ports import StaleError

MOST_DATASETS = 100
"""Of one application."""
NO_DATA = "one at least"
"""What is wrong with an application for none."""


_ANSWERED = frozenset({State.APPROVED, State.REJECTED, State.REVOKED, State.REPLACED})


@dataclass(frozen=True, slots=True, kw_only=True)
class HandedIn:
    """The application as it is now, and what was foreseen for each dataset."""

    application: Application
    foreseen: tuple[tuple[DatasetId, Foreseen], ...]


async def hand_in(
    w: World,
    caller: Caller,
    datasets: Sequence[DatasetId],
    paper: Paper,
    copied_from: ApplicationId | None = None,
    once: str | None = None,
) -> HandedIn | Reason:
    """A new application. Steps: 1 gather, 2 decide, 3 foresee, 4 record it with its requests and reviews, 5 answer.

    `once`: the id that its form was given (`blank_id`): the same form sent twice is one application.
    """
    # 1. Gather.
    now, snapshot = w.clock.now(), w.snapshots.current()
    id = ApplicationId(once if once is not None and is_made_id(once, "app") else blank_id(w, now))
    if (before := snapshot.get(Application, id)) is not None:
        return _as_before(caller, before)
    wanted = tuple(dict.fromkeys(datasets))
    committees = {id: committee_of(id, snapshot) for id in wanted if may_know(caller, id, snapshot, now)}
    # 2. Decide.
    if (refused := is_participant(caller)) is not None:
        return refused
    if not wanted or len(wanted) > MOST_DATASETS:
        problem = f"datasets: {MOST_DATASETS} at most" if wanted else f"datasets: {NO_DATA}"
        return Reason(code="REQ-INVALID", facts=(("problem", problem),))
    if copied_from is not None and not _own(caller, copied_from, snapshot):
        return Reason(code="REQ-NOT-FOUND")
    asked = {id: committee for id, committee in committees.items() if committee is not None}
    if len(asked) != len(wanted):
        return Reason(code="REQ-NOT-FOUND")
    refused = unsaid((caller.location,), wanted, paper, snapshot) or unanswered(w.form, wanted, paper, snapshot, now)
    if refused is not None:
        return refused
    # 3. Foresee.
    said = await _foreseen(w, caller, wanted, paper)
    if isinstance(said, Reason):
        return said
    # 4. Record.
    application, made, rows = _rows(w, caller, id, asked, paper, said, now)
    application = replace(application, copied_from=copied_from)
    told = told_of(application, rows)
    entry = w.entry("application.submitted", now, caller.person, told)
    try:
        await w.ledger.record(entry, Put(application), *map(Put, made), *map(Put, rows))
    except StaleError:
        before = w.snapshots.current().get(Application, id)
        if before is None:
            raise
        return _as_before(caller, before)
    # 5. Answer.
    return HandedIn(application=application, foreseen=tuple(said.items()))


def _rows(
    w: World,
    caller: Caller,
    id: ApplicationId,
    asked: Mapping[DatasetId, Committee],
    paper: Paper,
    said: Mapping[DatasetId, Foreseen],
    now: Seconds,
) -> tuple[Application, list[Review], list[Request]]:
    """The application, a review for each committee, and a request for each dataset."""
    made: list[Review] = []
    rows: list[Request] = []
    snapshot = w.snapshots.current()
    for committee in dict.fromkeys(asked.values()):
        review = ReviewId(w.new_id("rev", now))
        theirs = [
            _request(w, caller, review, dataset, paper, said[dataset], now, snapshot)
            for dataset in said
            if asked[dataset] == committee
        ]
        rows += theirs
        blank = Review(
            id=review, version=0, application=id, committee=committee.id, requests=tuple(one.id for one in theirs),
            stage=Stage.DRAFT, clock=Clock(since=now),
        )  # fmt: skip
        made.append(handed_in(blank, committee, now))
    papers = (as_handed_in(stamped(w.form, paper), tuple(said), (caller.person.id,)),)
    application = Application(
        id=id, person=caller.person.id, papers=papers, reviews=tuple(one.id for one in made),
        created=now, affiliations=caller.affiliations, location=caller.location,
    )  # fmt: skip
    return application, made, rows


def blank_id(w: World, now: Seconds) -> str:
    """The id of an application that somebody begins to write; nothing is stored under it yet."""
    return w.new_id("app", now)


def _as_before(caller: Caller, before: Application) -> HandedIn | Reason:
    """The same form came twice. Somebody else's id is none."""
    if before.person != caller.person.id:
        return Reason(code="REQ-NOT-FOUND")
    return HandedIn(application=before, foreseen=())


async def take_back(w: World, caller: Caller, id: ApplicationId) -> Application | Reason:
    """From every committee that has not answered; what was answered before stands.

    Steps: 1 gather, 2 decide by the table, 3 record, 4 answer.
    """
    # 1. Gather.
    now, snapshot = w.clock.now(), w.snapshots.current()
    # 2. Decide.
    found = own_desks(caller, id, Command.WITHDRAW, snapshot)
    if isinstance(found, Reason):
        return found
    ended = [row for one in found if (row := moved(one.review, _without(one, snapshot), now=now)) is not None]
    gone = [
        changed(row, state=after)
        for one in found
        for row in requests(one.review, snapshot)
        if (after := step(row.state, Event.WITHDRAW)) is not None
    ]
    # 3. Record.
    entry = w.entry("application.withdrawn", now, caller.person, {"application": id})
    await w.ledger.record(entry, *map(Put, ended), *map(Put, gone))
    # 4. Answer.
    return found[0].application


def _without(one: Desk, snapshot: Snapshot) -> Command:
    """What becomes of it without what waits: it is taken back as a whole, unless something was answered before."""
    answered = any(row.state in _ANSWERED for row in requests(one.review, snapshot))
    return Command.STAND if answered else Command.WITHDRAW


def _own(caller: Caller, id: ApplicationId, snapshot: Snapshot) -> bool:
    row = snapshot.get(Application, id)
    return row is not None and caller.person.id in row.people


def as_handed_in(paper: Paper, datasets: Sequence[DatasetId], people: Sequence[PersonId]) -> Paper:
    """The papers as they are kept: for which data, by whom, and claims in place of proofs."""
    purpose, benefit = as_stated(paper.purpose), paper.benefit.strip()
    return replace(paper, purpose=purpose, benefit=benefit, datasets=tuple(datasets), people=tuple(people))


def unsaid(
    places: Iterable[str | None], datasets: Sequence[DatasetId], paper: Paper, snapshot: Snapshot
) -> Reason | None:
    """What everybody reads in the register is said (WHO 3.7-3); a use across a border says what it gives to the
    population that the data come from (WHO 3.2-1). `places`: where those are who apply.
    """
    if not paper.lay.strip():
        return Reason(code="REQ-LAY-UNSTATED")
    facts = [row.facts for id in datasets if (row := snapshot.get(Dataset, id)) is not None]
    abroad = any(needs_a_benefit(one, paper.purpose.countries, place) for place in places for one in facts)
    unsaid = Reason(code="REQ-BENEFIT-UNSTATED", facts=(("member", "benefit"),))
    return unsaid if abroad and not paper.benefit.strip() else None


async def _foreseen(
    w: World, caller: Caller, datasets: Sequence[DatasetId], paper: Paper
) -> dict[DatasetId, Foreseen] | Reason:
    """What would hold for each dataset if its committee said yes; each is a decision on record of its own."""
    said: dict[DatasetId, Foreseen] = {}
    for dataset in datasets:
        found = await foresee(w, caller, dataset, paper.purpose)
        if isinstance(found, Reason):
            return found
        said[dataset] = found
    return said


def _request(
    w: World,
    caller: Caller,
    review: ReviewId,
    dataset: DatasetId,
    paper: Paper,
    said: Foreseen,
    now: Seconds,
    snapshot: Snapshot,
) -> Request:
    purpose = as_stated(paper.purpose)
    origin = window(snapshot.get(Dataset, dataset), purpose.countries, caller.location, snapshot, now)
    return Request(
        id=RequestId(w.new_id("req", now)), person=caller.person.id, dataset=dataset, purpose=purpose,
        statement=paper.statement, benefit=paper.benefit.strip(), state=State.SUBMITTED, created=now,
        affiliations=caller.affiliations, location=caller.location, foresight=said.id, review=review,
        origin=origin,
    )  # fmt: skip


def told_of(application: Application, rows: Sequence[Request]) -> dict[str, Value]:
    return {
        "application": application.id,
        "turn": application.turn,
        "requests": tuple(one.id for one in rows),
        "datasets": tuple(one.dataset for one in rows),
        "decisions": tuple(one.foresight for one in rows),
    }
