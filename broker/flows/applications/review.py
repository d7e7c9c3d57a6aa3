"""What happens to an application between its coming in and the answer: endorsed, discussed, voted on, given back."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from broker.core.access.clock import LONGEST_DAYS
from broker.core.access.life import Command, Stage
from broker.core.access.parts import OF_APPLICANTS, Part
from broker.core.access.states import State
from broker.core.access.votes import Choice, Vote
from broker.core.applications import awaited, moved
from broker.core.audit.entry import Value
from broker.core.ids import DatasetId, PersonId, ReviewId
from broker.core.outcome import Reason
from broker.core.rows import Person, Put, Review, changed
from broker.core.rows.applications import Aside, Assessed, Assessment, Invited, Remark
from broker.core.snapshot import Snapshot
from broker.core.time import Seconds
from broker.flows.applications.desk import Desk, at_desk, requests
from broker.flows.applications.own_words import copied
from broker.flows.trained import untrained
from broker.flows.world import Caller, World

MOST_REMARKS = 500
"""On one application before one committee."""
MOST_INVITED = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """A remark that somebody makes. `about`: the member of the papers that it is about; None: all of them."""

    text: str
    about: str | None = None
    to: Literal["everybody", "committee"] = "everybody"


async def endorse(w: World, caller: Caller, id: ReviewId, *, yes: bool, ground: str) -> Review | Reason:
    """The signing official says whether the institution stands behind it."""
    return await _answered_for(w, caller, id, Command.ENDORSE if yes else Command.DECLINE, ground)


async def confirm(w: World, caller: Caller, id: ReviewId, *, yes: bool, ground: str) -> Review | Reason:
    """The IT director says whether the data will be kept and computed where and how the papers say."""
    return await _answered_for(w, caller, id, Command.CONFIRM if yes else Command.DECLINE, ground)


_SIGNS = {Command.ENDORSE: Part.SIGNING_OFFICIAL, Command.CONFIRM: Part.IT_DIRECTOR}


async def _answered_for(w: World, caller: Caller, id: ReviewId, command: Command, ground: str) -> Review | Reason:
    """The last of those whom the committee wants to answer moves it on. Steps: 1 gather, 2 decide, 3 record."""
    # 1. Gather.
    now, part = w.clock.now(), _SIGNS.get(command)
    found = at_desk(caller, id, command, w.snapshots.current())
    if isinstance(found, Reason):
        return found
    # 2. Decide.
    if part is not None and not _answers_for_all(caller, part, found, w.snapshots.current()):
        return Reason(code="REQ-OTHER-HOME")
    said: dict[str, object] = {"remarks": (*found.review.remarks, _remark(w, caller, found, Said(text=ground), now))}
    said |= {"endorsed_by": caller.person.id} if command is Command.ENDORSE else {}
    said |= {"confirmed_by": caller.person.id} if command is Command.CONFIRM else {}
    if part is None:
        commands: tuple[Command, ...] = (command,)
    else:
        commands = () if awaited(found.review, found.committee) - {part} else (command, Command.SCREEN)
    after = moved(found.review, *commands, now=now, **said)
    # 3. Record.
    return await _record(w, caller, _KINDS[command], found, after, now)


_KINDS = {
    Command.ENDORSE: "review.endorsed", Command.CONFIRM: "review.confirmed", Command.DECLINE: "review.declined",
}  # fmt: skip


def _answers_for_all(caller: Caller, part: Part, found: Desk, snapshot: Snapshot) -> bool:
    """Is everybody whose request waits here of an institution for which the caller answers? Their homes may differ by
    now: an applicant who moves takes nobody along.
    """
    waiting = [row for row in requests(found.review, snapshot) if row.state is State.SUBMITTED]
    homes = (snapshot.organisations(one.partition("@")[2] for one in row.affiliations) for row in waiting)
    return all(any(caller.has_role(part, f"organisation:{one.id}") for one in each) for each in homes)


async def remark(w: World, caller: Caller, id: ReviewId, said: Said) -> Review | Reason:
    """Say something. Applicants speak to everybody: what they cannot read they cannot answer. Steps as above."""
    # 1. Gather.
    now = w.clock.now()
    found = at_desk(caller, id, Command.REMARK, w.snapshots.current())
    if isinstance(found, Reason):
        return found
    # 2. Decide.
    if len(found.review.remarks) >= MOST_REMARKS:
        return Reason(code="REQ-TOO-LARGE", facts=(("limit", f"{MOST_REMARKS} remarks"),))
    if said.to != "everybody" and found.parts & OF_APPLICANTS:
        return Reason(code="REQ-NOT-YOUR-PART", facts=(("step", "remark to the committee"),))
    after = changed(found.review, remarks=(*found.review.remarks, _remark(w, caller, found, said, now)))
    # 3. Record.
    return await _record(w, caller, "review.remarked", found, after, now)


async def invite(
    w: World, caller: Caller, id: ReviewId, person: PersonId, part: Literal[Part.REVIEWER, Part.DECIDER]
) -> Review | Reason:
    """Ask somebody for advice, or to decide in the committee's place; for this application alone. Steps as above."""
    # 1. Gather.
    now, snapshot = w.clock.now(), w.snapshots.current()
    found = at_desk(caller, id, Command.INVITE, snapshot)
    if isinstance(found, Reason):
        return found
    known = await w.rows.get(Person, person)
    # 2. Decide.
    if known is None or known.subject is not None:
        return Reason(code="REQ-NOT-FOUND")
    if found.application.ever & snapshot.ever_linked(person):
        return Reason(code="REQ-OWN")
    if any((one.person, one.part) == (person, part) for one in found.review.invited):
        return found.review
    if len(found.review.invited) >= MOST_INVITED:
        return Reason(code="REQ-TOO-LARGE", facts=(("limit", f"{MOST_INVITED} invited"),))
    one = Invited(person=person, part=part, by=caller.person.id, at=now)
    after = changed(found.review, invited=(*found.review.invited, one))
    # 3. Record.
    return await _record(w, caller, "review.invited", found, after, now, {"part": part.value})


async def assess(w: World, caller: Caller, id: ReviewId, dataset: DatasetId, sides: Assessment) -> Review | Reason:
    """Write down both sides of a use; the last word counts. Without it there is no answer. Steps as above."""
    # 1. Gather.
    now, snapshot = w.clock.now(), w.snapshots.current()
    found = at_desk(caller, id, Command.ASSESS, snapshot)
    if isinstance(found, Reason):
        return found
    # 2. Decide.
    if dataset not in {row.dataset for row in requests(found.review, snapshot)}:
        return Reason(code="REQ-NOT-FOUND")
    if not all(text.strip() for text in (sides.risk_of_use, sides.risk_of_non_use, sides.benefit, sides.to_whom)):
        return Reason(code="REQ-UNASSESSED")
    if len(found.review.assessed) >= MOST_REMARKS:
        return Reason(code="REQ-TOO-LARGE", facts=(("limit", f"{MOST_REMARKS} assessments"),))
    turn = found.application.turn
    one = Assessed(dataset=dataset, assessment=sides, person=caller.person.id, at=now, turn=turn)
    after = changed(found.review, assessed=(*found.review.assessed, one))
    # 3. Record.
    told: dict[str, Value] = {"dataset": dataset, "turn": turn}
    return await _record(w, caller, "review.assessed", found, after, now, told)


async def put_off(w: World, caller: Caller, id: ReviewId, until: Seconds, ground: str) -> Review | Reason:
    """Say by when the answer comes instead, and why; the applicant reads both. Steps as above."""
    # 1. Gather.
    now = w.clock.now()
    found = at_desk(caller, id, Command.DELAY, w.snapshots.current())
    if isinstance(found, Reason):
        return found
    # 2. Decide.
    clock = found.review.clock.put_off(found.review.stage, found.committee.answer_days, until, now)
    if clock is None or not ground.strip():
        problem = f"until, ground: a later day, at most {LONGEST_DAYS} in review, and why"
        return Reason(code="REQ-INVALID", facts=(("problem", problem),))
    made = _remark(w, caller, found, Said(text=ground), now)
    after = changed(found.review, clock=clock, remarks=(*found.review.remarks, made))
    # 3. Record.
    return await _record(w, caller, "review.delayed", found, after, now, {"until": until})


async def vote(
    w: World, caller: Caller, id: ReviewId, dataset: DatasetId, choice: Choice, ground: str
) -> Review | Reason:
    """Say what one thinks of one dataset, and why in words of one's own; the last word of each person counts."""
    snapshot = w.snapshots.current()
    found = at_desk(caller, id, Command.VOTE, snapshot)
    if isinstance(found, Reason):
        return found
    for row in requests(found.review, snapshot):
        if row.dataset == dataset and (repeated := await copied(w, row, ground)) is not None:
            return repeated
    return await _voted(w, caller, id, dataset, choice, ground)


async def _voted(
    w: World, caller: Caller, id: ReviewId, dataset: DatasetId, choice: Choice, ground: str
) -> Review | Reason:
    """Gathered anew, because the look at the words waited. Steps as above."""
    # 1. Gather.
    now, snapshot = w.clock.now(), w.snapshots.current()
    found = at_desk(caller, id, Command.VOTE, snapshot)
    if isinstance(found, Reason):
        return found
    # 2. Decide.
    if dataset not in {row.dataset for row in requests(found.review, snapshot)}:
        return Reason(code="REQ-NOT-FOUND")
    if (wrong := untrained(caller, found.committee, snapshot, now)) is not None:
        return wrong
    turn = found.application.turn
    mine = Vote(person=caller.person.id, dataset=dataset, choice=choice, ground=ground, at=now, turn=turn)
    others = (one for one in found.review.votes if not _same_voter(one, found, dataset, turn))
    after = changed(found.review, votes=(*others, mine))
    # 3. Record.
    told: dict[str, Value] = {"dataset": dataset, "turn": turn}
    return await _record(w, caller, "review.voted", found, after, now, told)


async def step_aside(w: World, caller: Caller, id: ReviewId, ground: str) -> Review | Reason:
    """Take no part in it, for an interest of one's own; one's votes count no longer. Steps as above. Twice is once."""
    # 1. Gather.
    now = w.clock.now()
    found = at_desk(caller, id, Command.STEP_ASIDE, w.snapshots.current())
    if isinstance(found, Reason):
        return found
    # 2. Decide.
    if found.apart:
        return found.review
    one = Aside(person=caller.person.id, ground=ground, at=now)
    after = changed(found.review, aside=(*found.review.aside, one))
    # 3. Record.
    return await _record(w, caller, "review.stepped_aside", found, after, now)


async def give_back(w: World, caller: Caller, id: ReviewId, said: Sequence[Said]) -> Review | Reason:
    """Give it back with what is to be mended, for the applicant to read; the clock stops. Steps as above."""
    # 1. Gather.
    now = w.clock.now()
    found = at_desk(caller, id, Command.RETURN, w.snapshots.current())
    if isinstance(found, Reason):
        return found
    # 2. Decide.
    if not any(one.to == "everybody" for one in said):
        return Reason(code="REQ-INVALID", facts=(("problem", "remarks: say to the applicant what is to be mended"),))
    made = tuple(_remark(w, caller, found, one, now) for one in said)
    after = moved(found.review, Command.RETURN, now=now, remarks=(*found.review.remarks, *made))
    # 3. Record.
    return await _record(w, caller, "review.returned", found, after, now)


def _same_voter(vote: Vote, found: Desk, dataset: DatasetId, turn: int) -> bool:
    return vote.person in found.persons and (vote.dataset, vote.turn) == (dataset, turn)


def _remark(w: World, caller: Caller, found: Desk, said: Said, now: Seconds) -> Remark:
    return Remark(
        id=w.new_id("rem", now), person=caller.person.id, part=speaking_as(found.parts), text=said.text,
        about=said.about, to=said.to, at=now, turn=found.application.turn,
    )  # fmt: skip


def speaking_as(parts: frozenset[Part]) -> Part:
    """Of several parts the one that others are told: the first in order of Part."""
    return next(part for part in Part if part in parts)


async def _record(
    w: World,
    caller: Caller,
    kind: str,
    found: Desk,
    after: Review | None,
    now: Seconds,
    more: dict[str, Value] | None = None,
) -> Review | Reason:
    if after is None:
        return Reason(code="REQ-STATE", facts=(("state", Stage(found.review.stage).value),))
    told: dict[str, Value] = {"application": found.application.id, "review": after.id, **(more or {})}
    await w.ledger.record(w.entry(kind, now, caller.person, told), Put(after))
    return after
