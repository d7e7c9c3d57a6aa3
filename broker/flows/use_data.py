"""A caller asks for the bytes of an object: judged, recorded, and answered with a ticket.

A ticket is not the right itself: every request that shows it asks the whole question again.
"""

from dataclasses import dataclass

from broker.core.audit.entry import Value
from broker.core.decision import Decision, Explanation, Question, evaluate, explain
from broker.core.drs.identifiers import is_object_id
from broker.core.ids import DatasetId, DecisionId, ObjectId, ReceiptId
from broker.core.oidc.claims import confirmation
from broker.core.outcome import Reason
from broker.core.passport.left_out import LeftOut
from broker.core.plain import digest
from broker.core.purpose import Modality
from broker.core.rows import Access, Dataset, DrsObject, Put
from broker.core.snapshot import Snapshot
from broker.core.time import Seconds
from broker.flows.traces import about, about_nothing, exclusion_digest, said_digest, trace, trace_beside
from broker.flows.world import Caller, World
from broker.ports.faults import fault

TICKET_SECONDS = 3600
"""A ticket outlives an hour of downloading; it is worth nothing once the right has ended."""
TICKET_TYPE = "data-ticket+jwt"
_WAITING, _WAITING_SECONDS = "waiting", 3600
"""What is on record of somebody who waits counts for so long."""
_ASK_AGAIN = {"online": 0, "staging": 30, "offline": 300}
"""Seconds until one should ask again, where nobody said when the bytes will be there."""
_SOONEST, _LATEST = 5, 3600
_NO_DATASET = DatasetId("")
"""Of which an unknown object is. It is judged and recorded like a hidden one, or the time would tell them apart."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ticket:
    """Leave to ask for bytes of one object."""

    token: str
    access: Access
    receipt: ReceiptId


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """No ticket, and why. `decision` is where the explanation is kept."""

    id: DecisionId
    decision: Decision
    explanation: Explanation
    receipt: ReceiptId
    left_out: tuple[LeftOut, ...] = ()
    """The asker's own visas that did not count."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """The answer is yes, and the bytes are not there yet: ask again in `seconds`, which is judged again."""

    decision: Decision
    seconds: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """A caller's question, its answer, and the picture that it was asked of. Nothing is on record yet."""

    row: DrsObject | None
    question: Question
    decision: Decision
    snapshot: Snapshot


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """What of an object is given: `ranges` (first, last) of its bytes, and `inline` bytes with the ticket itself."""

    ranges: tuple[tuple[int, int], ...]
    inline: int = 0
    cuts: tuple[tuple[int, int], ...] = ()
    """Virtual offsets (first, end) of what is made on its way; then there are no `ranges`."""
    form: str = "stored"
    """`filtered` or `sealed regions` where it is made on its way."""


async def ask(
    w: World, caller: Caller, object: ObjectId, grant: str | None = None
) -> Ticket | Refused | Waiting | Reason:
    """May the caller download `object`? Steps: 1 gather, 2 decide, 3 record, 4 hand out the ticket."""
    # 1. Gather.
    row = with_bytes(w.snapshots.current().get(DrsObject, object))
    if row is None and not is_object_id(object):
        return Reason(code="REQ-NOT-FOUND")
    # 2. Decide.
    found = judged(w, caller, object, row, grant)
    # 3. Record. 4. Hand out.
    late = waiting(found)
    if late is None:
        return await answered(w, caller, found)
    await remember_waiting(w, await note_waiting(w, caller, found))
    return late


def with_bytes(row: DrsObject | None) -> DrsObject | None:
    """The object, if it has bytes. A bundle is answered as if it were not there, and at the same cost."""
    return None if row is None or row.is_bundle else row


def judged(
    w: World,
    caller: Caller,
    object: ObjectId,
    row: DrsObject | None,
    grant: str | None = None,
    *,
    filtered: bool = False,
) -> Judged:
    """May the caller download `object`, as the picture of now has it? `row`: None for one that is not there.

    `filtered`: if those who must be left out were taken out of it on the way.
    """
    now, snapshot = w.clock.now(), w.snapshots.current()
    question = question_of(caller, object, dataset_of(row), now, grant=grant, filtered=filtered)
    return Judged(row=row, question=question, decision=evaluate(question, snapshot), snapshot=snapshot)


def dataset_of(row: DrsObject | None) -> DatasetId:
    """The dataset of an object, or of one that is not there."""
    return row.dataset if row is not None else _NO_DATASET


def waiting(judged: Judged) -> Waiting | None:
    """Is it permitted, and are the bytes not there yet?"""
    row, decision = judged.row, judged.decision
    if row is None or row.availability == "online" or not decision.permits:
        return None
    return Waiting(decision=decision, seconds=wait_of(row, judged.question.at))


async def note_waiting(w: World, caller: Caller, judged: Judged) -> str | None:
    """Record that somebody waits, unless the same answer is on record already: a poll costs no record.

    Returns what to remember that by (`remember_waiting`) once the record is durable.
    """
    question, decision = judged.question, judged.decision
    version = judged.row.version if judged.row is not None else 0
    mark = digest([caller.person.id, question.object, version, said_digest(decision)])
    if await w.scratch.get(_WAITING, mark, question.at) is not None:
        return None
    id = DecisionId(w.new_id("dec", question.at))
    put = trace(w, caller.person, id, question, decision, None, judged.snapshot, caller.left_out)
    told = about(id, put, decision, question, None)
    await w.ledger.record(w.entry("access.waiting", question.at, caller.person, told), put)
    return mark


async def remember_waiting(w: World, mark: str | None) -> None:
    """It is on record that somebody waits."""
    if mark is not None:
        await w.scratch.put(_WAITING, mark, {}, Seconds(w.clock.now() + _WAITING_SECONDS))


def wait_of(row: DrsObject, now: Seconds) -> int:
    """In how many seconds it is worth asking again for an object that is not there yet."""
    expected = row.ready - now if row.ready is not None else _ASK_AGAIN[row.availability]
    return max(_SOONEST, min(expected, _LATEST))


@dataclass(frozen=True, slots=True)
class Before:
    """A decision of the same request: the same question, but for the object. `explanation`: it holds for this too."""

    id: DecisionId
    explanation: Explanation | None = None


async def answered(
    w: World, caller: Caller, judged: Judged, part: Part | None = None, before: Before | None = None
) -> Ticket | Refused | Reason:
    """The second half of `ask`. Steps: 3 record, whatever the answer, 4 hand out. `part`: no more of it than this.

    `before`: the decision in whose trace the same question is kept already.
    """
    question, decision = judged.question, judged.decision
    now, id = question.at, DecisionId(w.new_id("dec", question.at))
    # 3. Record.
    if not decision.permits:
        return await _refuse(w, caller, id, judged, before)
    put = _kept(w, caller, id, judged, None, before)
    access = _access(w, caller, question, decision, id, now, part)
    told = about(id, put, decision, question, None) | {"access": access.id} | _told(part)
    entry = w.entry("access.permitted", now, caller.person, told)
    await w.ledger.record(entry, put, Put(access))
    fault("ticket.recorded")
    claims = {
        "iss": w.issuer,
        "aud": f"{w.issuer}/data",
        "sub": access.person,
        "jti": access.id,
        "obj": access.object,
        "iat": now,
        "exp": access.expires,
        **confirmation(access.jkt),
    }
    return Ticket(token=await w.signer.sign("ticket", TICKET_TYPE, claims), access=access, receipt=entry.id)


def _told(part: Part | None) -> dict[str, Value]:
    """What the entry says of a part: how many ranges, how many bytes they are, and how many came with the ticket."""
    if part is None:
        return {}
    size = sum(last - first + 1 for first, last in part.ranges)
    told: dict[str, Value] = {"ranges": len(part.ranges), "bytes": size, "inline": part.inline}
    return told if part.form == "stored" else told | {"form": part.form, "ranges": len(part.cuts)}


def is_hidden(judged: Judged) -> bool:
    """Was it refused, and must not be seen that there is such an object at all?"""
    return judged.row is None or hidden(judged.row, judged.decision, judged.snapshot)


def _kept(
    w: World,
    caller: Caller,
    id: DecisionId,
    judged: Judged,
    explanation: Explanation | None,
    before: Before | None,
) -> Put:
    question, decision, snapshot = judged.question, judged.decision, judged.snapshot
    if before is not None:
        return trace_beside(id, before.id, question, decision, snapshot)
    return trace(w, caller.person, id, question, decision, explanation, snapshot, caller.left_out)


async def _refuse(w: World, caller: Caller, id: DecisionId, judged: Judged, before: Before | None) -> Refused | Reason:
    """Record a refusal and tell it, if the caller may know that there is such an object at all."""
    question, decision, snapshot = judged.question, judged.decision, judged.snapshot
    explanation: Explanation | None = None
    if not is_hidden(judged):
        explanation = before.explanation if before is not None else explain(question, decision, snapshot)
    put = _kept(w, caller, id, judged, explanation, before)
    told = (
        about_nothing(id, put, ObjectId(question.object or ""))
        if explanation is None
        else about(id, put, decision, question, explanation)
    )
    entry = w.entry("access.refused", question.at, caller.person, told)
    await w.ledger.record(entry, put)
    if explanation is None:
        return Reason(code="REQ-NOT-FOUND")
    left_out = (*caller.left_out, *decision.dropped)
    return Refused(id=id, decision=decision, explanation=explanation, receipt=entry.id, left_out=left_out)


def question_of(
    caller: Caller,
    object: ObjectId,
    dataset: DatasetId,
    now: Seconds,
    *,
    grant: str | None = None,
    access: str | None = None,
    filtered: bool = False,
) -> Question:
    """The question that the caller's request for an object of `dataset` asks."""
    return Question(
        stage="use",
        at=now,
        known_at=now,
        person=caller.person.id,
        identities=caller.identities,
        session=caller.session,
        family=caller.family,
        within=caller.within,
        access=access,
        rests_on=caller.rests_on,
        affiliations=caller.affiliations,
        location=caller.location,
        sign_in=caller.sign_in,
        visas=caller.visas,
        visas_end=caller.visas_end,
        assertions=caller.assertions,
        stated=caller.stated,
        vouched=caller.vouched,
        grants=caller.grants,
        grant=grant,
        dataset=dataset,
        object=object,
        modality=Modality.DOWNLOAD,
        sealed=caller.recipient is not None,
        filtered=filtered,
        let_in=caller.let_in,
    )


def hidden(row: DrsObject, decision: Decision, snapshot: Snapshot) -> bool:
    """Must this refusal look as if nothing were there? Hidden data show themselves to their grantees only."""
    dataset = snapshot.get(Dataset, row.dataset)
    return dataset is None or (dataset.existence == "hidden" and decision.grant is None)


def _access(
    w: World,
    caller: Caller,
    question: Question,
    decision: Decision,
    id: DecisionId,
    now: Seconds,
    part: Part | None,
) -> Access:
    return Access(
        id=w.new_id("acc", now),
        decision=id,
        person=caller.person.id,
        identities=tuple(sorted(caller.identities)),
        client=caller.client,
        session=caller.session,
        family=caller.family,
        dataset=question.dataset,
        object=ObjectId(question.object or ""),
        grants=caller.grants,
        grant=decision.grant,
        modality=question.modality,
        affiliations=caller.affiliations,
        location=caller.location,
        sign_in=caller.sign_in,
        visas=caller.visas,
        visas_end=caller.visas_end,
        assertions=caller.assertions,
        stated=caller.stated,
        vouched=caller.vouched,
        rests_on=caller.rests_on,
        expires=Seconds(min(now + TICKET_SECONDS, caller.ends, decision.until)),
        let_in=caller.let_in,
        jkt=caller.jkt,
        recipient=caller.recipient,
        ranges=part.ranges if part is not None else None,
        cuts=part.cuts if part is not None else (),
        left_out=exclusion_digest(decision.excluded) if question.filtered else None,
    )
