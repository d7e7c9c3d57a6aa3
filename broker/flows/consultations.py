"""People are asked about a change of the rules: opened, commented on, answered, closed; and read by everybody.

Who may write rules opens, answers and closes; the authorities of the communities that are asked, and if the public is
asked everybody who is signed in, comment, each for themselves or for a community whose authority they are.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

from broker.core.audit.entry import Value
from broker.core.consultations import MOST_COMMENTS, MOST_OF_ONE, MOST_TEXT, can, ends, unanswered
from broker.core.ids import SubjectRef
from broker.core.outcome import Reason
from broker.core.rows import Comment, Consultation, PackProposal, Put, Row, changed
from broker.flows.community import speaks_for
from broker.flows.propose_packs import OPEN, WRITERS, look, may_write
from broker.flows.world import Caller, World
from broker.ports import StaleError
from broker.ports.packs import PackSets

R = TypeVar("R", bound=Row)
MOST_COMMUNITIES = 100
MOST_OPEN = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """Who is asked, for how many days, and what they are told."""

    days: int
    communities: Sequence[SubjectRef]
    public: bool
    ground: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Read:
    """A consultation with all that was said. `current`: is its text still that of the proposal?"""

    row: Consultation
    comments: tuple[Comment, ...]
    current: bool


async def open_ones(w: World) -> tuple[Consultation, ...]:
    """Those that are open, what was opened last first."""
    found = [row async for row in w.rows.find(Consultation, "state", "open")]
    return tuple(sorted(found, key=lambda row: row.id, reverse=True))


async def of_pack(w: World, pack: str) -> tuple[Consultation, ...]:
    """Every one about a pack, the newest first."""
    found = [row async for row in w.rows.find(Consultation, "pack", pack)]
    return tuple(sorted(found, key=lambda row: row.id, reverse=True))


async def read(w: World, id: str) -> Read | Reason:
    """One of them; for everybody."""
    row = await w.rows.get(Consultation, id)
    if row is None:
        return Reason(code="REQ-NOT-FOUND")
    proposal = await w.rows.get(PackProposal, row.proposal)
    current = proposal is not None and proposal.written[-1].digest == row.digest
    return Read(row=row, comments=await _comments(w, id), current=current)


async def ask(w: World, sets: PackSets, who: Caller, proposal: str, asked: Asked) -> Consultation | Reason:
    """Open one about a proposal as it is written now. Steps: 1 gather, 2 decide, 3 record."""
    async with w.alone.at("consultations"):
        # 1. Gather.
        now, found = w.clock.now(), await look(w, sets, who, proposal)
        if isinstance(found, Reason):
            return found
        others, row = await open_ones(w), found.row
        # 2. Decide.
        if not may_write(who):
            return _forbidden()
        if row.state not in OPEN:
            return Reason(code="REQ-STATE", facts=(("state", row.state),))
        if found.problems or found.tried.rules is None:
            return Reason(code="REQ-PACK-UNSOUND", facts=(("problem", "; ".join(found.problems[:3])),))
        digest = row.written[-1].digest
        if len(others) >= MOST_OPEN or any((one.proposal, one.digest) == (row.id, digest) for one in others):
            return Reason(code="REQ-STATE", facts=(("state", "open already"),))
        refs = tuple(dict.fromkeys(asked.communities))
        until = ends(asked.days, w.consultation_days, now)
        wrong = _wrong(asked, refs, w, until is None)
        if wrong is not None or until is None:
            return wrong or _invalid("days")
        made = Consultation(
            id=w.new_id("cst", now), proposal=row.id, pack=row.pack, release=found.tried.rules.packs[row.pack].version,
            digest=digest, text=row.text, ground=asked.ground.strip(), communities=refs, public=asked.public,
            opened=now, opened_by=who.person.id, until=until,
        )  # fmt: skip
        # 3. Record.
        told: dict[str, Value] = {"consultation": made.id, "proposal": row.id, "pack": row.pack, "digest": digest}
        return await _recorded(w, who, "consultation.opened", told | {"until": until}, made)


async def comment(
    w: World, who: Caller, id: str, text: str, *, objects: bool, side: SubjectRef | None = None
) -> Comment | Reason:
    """Say something to it: for `side`, or for oneself. Steps as above. Two clicks are one comment.

    It is the next version of the consultation too: of a comment and its closing, or of two comments in two processes,
    one comes first and the other is asked again (REQ-STALE).
    """
    async with w.alone.at("consultations", id):
        # 1. Gather.
        now, row = w.clock.now(), await w.rows.get(Consultation, id)
        if row is None:
            return Reason(code="REQ-NOT-FOUND")
        said = await _comments(w, id)
        # 2. Decide.
        if (no := can(row, "comment", now)) is not None:
            return no
        if side is None and not row.public:
            return Reason(code="AUTH-NOT-YOURS", facts=(("roles", "community_authority"),))
        if side is not None and (side not in row.communities or side not in speaks_for(who)):
            return Reason(code="AUTH-NOT-YOURS", facts=(("roles", "community_authority"),))
        if not text.strip() or len(text) > MOST_TEXT:
            return _invalid(f"text: 1 to {MOST_TEXT} characters")
        persons = w.snapshots.current().ever_linked(who.person.id)
        mine = [one for one in said if one.person in persons and one.side == side]
        if mine and (mine[-1].text, mine[-1].objects) == (text.strip(), objects):
            return mine[-1]
        crowded = side is None and sum(one.side is None for one in said) >= MOST_COMMENTS
        if crowded or len(mine) >= MOST_OF_ONE:
            return Reason(
                code="REQ-TOO-LARGE", facts=(("limit", f"{MOST_COMMENTS} comments, {MOST_OF_ONE} of one person"),)
            )
        made = Comment(
            id=w.new_id("com", now), consultation=id, person=who.person.id, side=side, objects=objects,
            text=text.strip(), at=now,
        )  # fmt: skip
        # 3. Record.
        told: dict[str, Value] = {"consultation": id, "comment": made.id, "objects": int(objects)}
        return await _recorded(w, who, "consultation.commented", told, made, Put(changed(row)))


async def answer(w: World, who: Caller, comment_id: str, text: str) -> Comment | Reason:
    """Answer a comment, once; for who may write rules. Steps as above."""
    # 1. Gather.
    now, said = w.clock.now(), await w.rows.get(Comment, comment_id)
    row = await w.rows.get(Consultation, said.consultation) if said is not None else None
    # 2. Decide.
    if not may_write(who):
        return _forbidden()
    if said is None or row is None:
        return Reason(code="REQ-NOT-FOUND")
    if (no := can(row, "answer", now)) is not None:
        return no
    if said.answered is not None:
        return Reason(code="REQ-STATE", facts=(("state", "answered"),))
    if not text.strip() or len(text) > MOST_TEXT:
        return _invalid(f"text: 1 to {MOST_TEXT} characters")
    after = changed(said, answer=text.strip(), answered=now, answered_by=who.person.id)
    # 3. Record.
    told: dict[str, Value] = {"consultation": row.id, "comment": said.id}
    return await _recorded(w, who, "consultation.answered", told, after)


async def close(w: World, who: Caller, id: str, result: str) -> Consultation | Reason:
    """End it, when its time is over and every objection has an answer; for who may write rules. Steps as above."""
    # 1. Gather.
    now, row = w.clock.now(), await w.rows.get(Consultation, id)
    said = await _comments(w, id)
    # 2. Decide.
    if not may_write(who):
        return _forbidden()
    if row is None:
        return Reason(code="REQ-NOT-FOUND")
    if (no := can(row, "close", now)) is not None:
        return no
    if open_objections := unanswered(said):
        return Reason(code="REQ-OBJECTIONS", facts=(("count", str(open_objections)),))
    if not result.strip() or len(result) > MOST_TEXT:
        return _invalid(f"result: 1 to {MOST_TEXT} characters")
    objected = sum(one.objects for one in said)
    after = changed(
        row, state="closed", closed=now, closed_by=who.person.id, result=result.strip(), said=len(said),
        objected=objected,
    )  # fmt: skip
    # 3. Record.
    told: dict[str, Value] = {"consultation": id, "comments": len(said), "objections": objected}
    return await _recorded(w, who, "consultation.closed", told, after)


async def _comments(w: World, id: str) -> tuple[Comment, ...]:
    found = [row async for row in w.rows.find(Comment, "consultation", id)]
    return tuple(sorted(found, key=lambda row: row.id))


def _wrong(asked: Asked, refs: tuple[SubjectRef, ...], w: World, too_short: bool) -> Reason | None:  # noqa: FBT001 (of this file)
    if too_short:
        return _invalid(f"days: {max(1, w.consultation_days)} at least, 366 at most")
    if not refs and not asked.public:
        return _invalid("communities, public: nobody would be asked")
    known = w.snapshots.current()
    if len(refs) > MOST_COMMUNITIES or any(not known.about(ref) for ref in refs):
        return _invalid("communities: nothing is on record of one of them")
    return None if 0 < len(asked.ground.strip()) <= MOST_TEXT else _invalid("ground: what changes, and why")


def _invalid(problem: str) -> Reason:
    return Reason(code="REQ-INVALID", facts=(("problem", problem),))


def _forbidden() -> Reason:
    return Reason(code="AUTH-NOT-YOURS", facts=(("roles", ", ".join(WRITERS)),))


async def _recorded(w: World, who: Caller, kind: str, told: dict[str, Value], row: R, *more: Put) -> R | Reason:
    try:
        await w.ledger.record(w.entry(kind, w.clock.now(), who.person, told), Put(row), *more)
    except StaleError:
        return Reason(code="REQ-STALE")
    return row
