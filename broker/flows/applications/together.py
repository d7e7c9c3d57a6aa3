"""People who apply together: somebody is asked to join, joins by their own sign-in, and leaves or is parted with.

Each asks for grants of their own, is judged as they are and where they are, and accepts terms themselves. The applicant
hands a code on; whoever enters it reads what they would join before they do. A code joins one person.
"""

from dataclasses import dataclass, replace

from broker.core.access.grants import GrantCommand
from broker.core.access.life import Command
from broker.core.access.parts import Part, allowed
from broker.core.access.states import Event, State, step
from broker.core.amending import asked, for_one_more, standing
from broker.core.applications import moved
from broker.core.audit.entry import Value
from broker.core.grants import after as row_after
from broker.core.ids import ApplicationId, PersonId
from broker.core.oidc.opaque import opaque, stored_id
from broker.core.outcome import Reason
from broker.core.rows import Application, Committee, Grant, Put, Request, Review, Revocation, changed
from broker.core.rows.applications import Accessor, Paper
from broker.core.snapshot import Snapshot
from broker.core.time import Seconds
from broker.flows.applications.desk import desks, own_desks
from broker.flows.applications.hand_in import as_handed_in
from broker.flows.applications.turns import Turn, take
from broker.flows.request_access import may_know
from broker.flows.world import Caller, World

MOST_PEOPLE = 30
"""Who apply together, the applicant among them."""
CODE_LIFE = 14 * 86_400
"""Seconds in which a code is to be used."""
_CODE, _USED, _CODE_BYTES = "together", "together.used", 32


@dataclass(frozen=True, slots=True)
class Code:
    """What the applicant hands on. It is shown once."""

    code: str
    ends: Seconds


@dataclass(frozen=True, slots=True)
class Invitation:
    """What somebody would join, and the papers under which they would ask."""

    application: Application
    paper: Paper


async def bring(w: World, caller: Caller, id: ApplicationId) -> Code | Reason:
    """A code by which one person joins. Steps: 1 gather, 2 decide, 3 keep."""
    # 1. Gather.
    now, snapshot = w.clock.now(), w.snapshots.current()
    # 2. Decide.
    found = own_desks(caller, id, Command.BRING, snapshot)
    if isinstance(found, Reason):
        return found
    if len(found[0].application.people) >= MOST_PEOPLE:
        return _too_many()
    # 3. Keep: no entry, it gives nobody anything (ruling 27).
    code, ends = opaque(w.entropy.random(_CODE_BYTES)), Seconds(now + CODE_LIFE)
    await w.scratch.put(_CODE, stored_id(code), {"application": id, "by": caller.person.id, "made": now}, ends)
    return Code(code, ends)


async def asked_by(w: World, caller: Caller, code: str) -> Invitation | Reason:
    """What somebody would join who has this code. Steps: 1 gather, 2 decide.

    A code gives nobody knowledge of hidden data, and does not bring back who left since it was made.
    """
    # 1. Gather.
    now, snapshot = w.clock.now(), w.snapshots.current()
    kept = await w.scratch.get(_CODE, stored_id(code.strip()), now)
    row = snapshot.get(Application, ApplicationId(str(kept["application"]))) if kept is not None else None
    # 2. Decide: participants have no applications, and what has ended is not joined.
    if row is None or kept is None or kept["by"] not in row.people or caller.person.subject is not None:
        return Reason(code="REQ-NOT-FOUND")
    persons = snapshot.ever_linked(caller.person.id)
    left = [one.left for one in row.together if one.person in persons and one.left is not None]
    paper = standing(row, asked(row, snapshot), snapshot, now)
    if any(at >= kept["made"] for at in left) or not all(may_know(caller, id, snapshot, now) for id in paper.datasets):
        return Reason(code="REQ-NOT-FOUND")
    reviews = [one for id in row.reviews if (one := snapshot.get(Review, id)) is not None]
    if not any(Command.BRING in allowed(one.stage, {Part.APPLICANT}) for one in reviews):
        return Reason(code="REQ-STATE", facts=(("state", ", ".join(sorted({one.stage.value for one in reviews}))),))
    return Invitation(row, paper)


async def join(w: World, caller: Caller, code: str) -> Application | Reason:
    """Apply together with whoever gave the code. Steps: 1 gather, 2 decide, 3 foresee and record, 4 spend the code.

    Twice is once. Committees that have not answered begin anew: they voted on others.
    """
    # 1. Gather.
    now, found = w.clock.now(), await asked_by(w, caller, code)
    if isinstance(found, Reason):
        return found
    row, snapshot = found.application, w.snapshots.current()
    persons, rows = snapshot.ever_linked(caller.person.id), asked(row, snapshot)
    # 2. Decide.
    if persons & set(row.people):
        return row if caller.person.id in row.people else Reason(code="REQ-OWN")
    asking = for_one_more(rows, row.person, caller.person.id, snapshot, now)
    if not asking or not all(may_know(caller, one.dataset, snapshot, now) for one in asking):
        return Reason(code="REQ-NOT-FOUND")
    if len(row.people) >= MOST_PEOPLE:
        return _too_many()
    if _endorsed(row, snapshot) and not _same_home(row, caller, snapshot):
        return Reason(code="REQ-OTHER-HOME")
    if not await _theirs(w, caller, code, now):
        return Reason(code="REQ-NOT-FOUND")
    one = Accessor(person=caller.person.id, joined=now, affiliations=caller.affiliations, location=caller.location)
    after = changed(row, together=(*(each for each in row.together if each.person != one.person), one))
    paper = as_handed_in(found.paper, found.paper.datasets, after.people)
    after = replace(after, papers=(*row.papers, paper))
    # 3. Foresee and record.
    turn = Turn(kind="application.joined", after=after, asking=asking, mended=False, now=now, snapshot=snapshot)
    done = await take(w, caller, turn)
    if isinstance(done, Reason):
        return done
    # 4. Spend the code.
    await w.scratch.take(_CODE, stored_id(code.strip()), now)
    return done.application


async def part(w: World, caller: Caller, id: ApplicationId, person: PersonId) -> Application | Reason:
    """Somebody applies with the others no longer: they leave, or the applicant goes on without them. Grants of theirs
    that it brought end in the same record, and running uses are cut.

    Steps: 1 gather, 2 decide by the tables, 3 record, 4 answer.
    """
    # 1. Gather.
    now, snapshot = w.clock.now(), w.snapshots.current()
    found = desks(caller, id, snapshot)
    wanted, command = (Part.APPLICANT, Command.REMOVE)
    if person in snapshot.ever_linked(caller.person.id):
        wanted, command = (Part.ACCESSOR, Command.LEAVE)
    # 2. Decide.
    if not found or person not in found[0].application.people[1:]:
        return Reason(code="REQ-NOT-FOUND")
    if wanted not in found[0].parts:
        return Reason(code="REQ-NOT-YOUR-PART", facts=(("step", command.value),))
    if not any(command in one.may for one in found):
        return Reason(code="REQ-STATE", facts=(("state", found[0].review.stage.value),))
    row = found[0].application
    together = tuple(replace(one, left=now) if one.person == person else one for one in row.together)
    theirs = [one for one in asked(row, snapshot) if one.person == person]
    gone = [changed(one, state=to) for one in theirs if (to := _after(one)) is not None]
    ends = [end for one in theirs if (end := _end(one, snapshot, now)) is not None]
    reviews = _without(row, gone, snapshot, now)
    # 3. Record.
    told: dict[str, Value] = {
        "application": id,
        "requests": tuple(one.id for one in gone),
        "grants": tuple(grant for grant, _ in ends),
    }
    after = changed(row, together=together)
    rows = [*map(Put, gone), *(Put(end) for _, end in ends), *map(Put, reviews)]
    await w.ledger.record(w.entry("application.left", now, caller.person, told), Put(after), *rows)
    # 4. Answer.
    return after


async def _theirs(w: World, caller: Caller, code: str, now: Seconds) -> bool:
    """Is the code the caller's? It is whose who joins with it first, also while that is being recorded."""
    id, who = stored_id(code.strip()), caller.person.id
    if await w.scratch.add(_USED, id, {"by": who}, Seconds(now + CODE_LIFE), now):
        return True
    used = await w.scratch.get(_USED, id, now)
    return used is not None and used["by"] == who


def _after(row: Request) -> State | None:
    """What becomes of a request of who leaves; None: it stays as it is."""
    return step(row.state, Event.WITHDRAW) or step(row.state, Event.REVOKE)


def _end(row: Request, snapshot: Snapshot, now: Seconds) -> tuple[str, Revocation] | None:
    """What ends the grant that it brought, if that has not ended."""
    grant = snapshot.get(Grant, row.grant) if row.grant is not None else None
    if grant is None:
        return None
    end = row_after(GrantCommand.REVOKE, grant, snapshot, now, "left the project", "left")
    return (grant.id, end) if end is not None else None


def _without(row: Application, gone: list[Request], snapshot: Snapshot, now: Seconds) -> list[Review]:
    """The reviews that wait for nothing any more: their answers stand."""
    left = {one.id for one in gone}
    found = []
    for id in row.reviews:
        review = snapshot.get(Review, id)
        rows = [one for each in review.requests if (one := snapshot.get(Request, each))] if review is not None else []
        if review is None or not left & {one.id for one in rows}:
            continue
        if any(one.state is State.SUBMITTED and one.id not in left for one in rows):
            continue
        after = moved(review, Command.STAND, now=now)
        found += [after] if after is not None else []
    return found


def _endorsed(row: Application, snapshot: Snapshot) -> bool:
    """Does one of its committees want an institution to stand behind it?"""
    reviews = (snapshot.get(Review, id) for id in row.reviews)
    committees = (snapshot.get(Committee, one.committee) for one in reviews if one is not None)
    return any(one.vouched for one in committees if one is not None)


def _same_home(row: Application, caller: Caller, snapshot: Snapshot) -> bool:
    """Is one institution theirs and the applicant's? Its official can only answer for its own people."""
    mine, theirs = (
        {home.id for home in snapshot.organisations(one.partition("@")[2] for one in said)}
        for said in (caller.affiliations, row.affiliations)
    )
    return bool(mine & theirs)


def _too_many() -> Reason:
    return Reason(code="REQ-TOO-LARGE", facts=(("limit", f"{MOST_PEOPLE} people in one application"),))
