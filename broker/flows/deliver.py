"""Bytes leave: judged again, recorded first, watched while they run, closed in the record when they end.

Opening and closing are two calls and not a generator: an abandoned generator closes the record whenever
it is collected, which may be never.
"""

from collections.abc import Container, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from broker.core.audit.entry import Value
from broker.core.decision import Decision, Explanation, Question, evaluate, explain
from broker.core.ids import DecisionId, ObjectId, ReceiptId
from broker.core.outcome import Reason
from broker.core.ranges import Span
from broker.core.rows import Access, Dataset, Delivery, DrsObject, Person, Put, RecipientKey, Repository, changed
from broker.core.snapshot import Snapshot
from broker.core.time import Seconds
from broker.flows.traces import about, exclusion_digest, trace, trace_again
from broker.flows.use_data import Refused, question_of
from broker.flows.world import Caller, World
from broker.ports.faults import fault

End = Literal["complete", "incomplete", "cut", "unknown"]


@dataclass(frozen=True, slots=True)
class Judged:
    """A question that was asked, with its answer and the picture that it was asked of."""

    question: Question
    decision: Decision
    snapshot: Snapshot


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """A ticket that still opens its object."""

    access: Access
    person: Person
    object: DrsObject
    repository: Repository
    reader: bytes | None
    """The public key for which the bytes will be encrypted; None: they leave in the clear."""
    until: Seconds
    """The first second at which the right may have ended."""
    judged: Judged
    """Why it still does."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """A delivery that is on record and may start: `write`-ahead is done."""

    delivery: Delivery
    access: Access
    object: DrsObject
    person: Person
    receipt: ReceiptId
    until: Seconds
    """The first second at which the right may have ended."""
    picture: Snapshot | None = None
    """By which that was judged."""


async def open_delivery(
    w: World,
    access_id: str,
    object: ObjectId,
    spans: Sequence[Span],
    form: str = "stored",
    unseen: int = 0,
    made: Sequence[Span] = (),
    by: Literal["nginx", "store"] = "nginx",
) -> Opened | Refused | Reason:
    """These bytes of a form of the object (flows/content.py) are about to leave. REQ-RANGE: the ticket is for others.

    `unseen`: seconds for which `by` sends them by itself, so that nobody can stop them (flows/handing_on.py).
    `made`: in place of bytes of the object, those of what is made of it.
    Steps: 1 gather, 2 decide again with today's picture, 3 record before the first byte, 4 hand over.
    """
    # 1. Gather. 2. Decide.
    now = w.clock.now()
    shown = await show(w, access_id, object)
    if not isinstance(shown, Shown):
        return shown
    access, person, row = shown.access, shown.person, shown.object
    if not access.covers(spans):
        return Reason(code="REQ-RANGE", facts=(("problem", "the ticket is for other ranges"),))
    leaving = spans or made
    first, last = min((one.first for one in leaving), default=0), max((one.last for one in leaving), default=-1)
    # 3. Record.
    delivery = Delivery(
        id=w.new_id("dlv", now),
        access=access.id,
        object=row.id,
        first=first,
        last=last,
        started=now,
        way=by if unseen else "broker",
        process=w.process,
    )
    id, judged = DecisionId(w.new_id("dec", now)), shown.judged
    put = trace_again(id, access.decision, judged.question, judged.decision, judged.snapshot)
    told: dict[str, Value] = {"object": row.id, "dataset": row.dataset, "access": access.id, "delivery": delivery.id}
    entry = w.entry(
        "download.authorised",
        now,
        person,
        told | _sent_how(form, unseen, by) | {"first": first, "last": last, "decision": id, "trace": put.digest},
    )
    delivery = replace(delivery, receipt=entry.id)
    fault("download.decided")
    await w.ledger.record(entry, put, Put(delivery))
    fault("download.recorded")
    # 4. Hand over.
    return Opened(
        delivery=delivery,
        access=access,
        object=row,
        person=person,
        receipt=entry.id,
        until=shown.until,
        picture=judged.snapshot,
    )


async def show(w: World, access_id: str, object: ObjectId) -> Shown | Refused | Reason:
    """May these bytes be asked for now? A refusal is on record; a yes is not yet a delivery (HEAD stops here)."""
    now, snapshot = w.clock.now(), w.snapshots.current()
    access, row = await w.rows.get(Access, access_id), snapshot.get(DrsObject, object)
    if access is None or row is None or access.object != object or access.dataset != row.dataset:
        return Reason(code="AUTH-TICKET-INVALID")
    if now >= access.expires:
        return Reason(code="AUTH-TICKET-EXPIRED")
    person, repository = await w.rows.get(Person, access.person), repository_of(row, snapshot)
    if person is None or repository is None:
        return Reason(code="REQ-NOT-FOUND")
    key = await w.rows.get(RecipientKey, access.recipient) if access.recipient is not None else None
    if access.recipient is not None and key is None:
        return Reason(code="AUTH-TICKET-INVALID")
    snapshot = w.snapshots.current()  # the reads above waited: what was withdrawn meanwhile must count
    judged = judge(access, person, row, snapshot, now)
    if not judged.decision.permits:
        return await _refused(w, access, person, judged)
    if not same_form(access, judged.decision):
        return Reason(code="AUTH-TICKET-EXPIRED")
    return Shown(
        access=access,
        person=person,
        object=row,
        repository=repository,
        reader=bytes.fromhex(key.public) if key is not None else None,
        until=min(judged.decision.until, access.expires),
        judged=judged,
    )


def judge(access: Access, person: Person, row: DrsObject, snapshot: Snapshot, now: Seconds) -> Judged:
    """The question that a ticket stands for, asked of `snapshot`. Running downloads ask it at every change."""
    filtered = access.left_out is not None
    question = question_of(_caller(access, person), row.id, row.dataset, now, access=access.id, filtered=filtered)
    return Judged(question, evaluate(question, snapshot), snapshot)


def still_permitted(opened: Opened, snapshot: Snapshot, now: Seconds) -> bool:
    """May a running delivery go on? While neither the picture nor the time says otherwise, nothing is asked anew."""
    if snapshot is opened.picture and now < opened.until:
        return True
    return opens(opened.access, opened.person, snapshot, now)


def opens(access: Access, person: Person, snapshot: Snapshot, now: Seconds) -> bool:
    """Does a ticket still open its object? Not if that is in another dataset by now: the ticket was for the one."""
    row = snapshot.get(DrsObject, access.object)
    if now >= access.expires or row is None or row.dataset != access.dataset:
        return False
    decision = judge(access, person, row, snapshot, now).decision
    return decision.permits and same_form(access, decision)


def same_form(access: Access, decision: Decision) -> bool:
    """Are those left out now whom the ticket leaves out? What it opens has one content (ruling 25)."""
    return access.left_out in (None, exclusion_digest(decision.excluded))


async def close_delivery(w: World, opened: Opened, end: End, sent: int) -> None:
    """Close what `open_delivery` opened: how it ended and how many bytes were handed to the kernel."""
    fault("download.ending")
    now = w.clock.now()
    told: dict[str, Value] = {"delivery": opened.delivery.id, "object": opened.object.id, "sent": sent, "end": end}
    closed = Put(changed(opened.delivery, state=end, sent=sent))
    if end != "cut":
        await w.ledger.record(w.entry("download.end", now, opened.person, told), closed)
        return
    judged = judge(opened.access, opened.person, opened.object, w.snapshots.current(), now)
    if judged.decision.permits:  # cut by the end of the ticket, or the right is back already
        await w.ledger.record(w.entry("download.cut", now, opened.person, told), closed)
        return
    id = DecisionId(w.new_id("dec", now))
    put = trace(w, opened.person, id, judged.question, judged.decision, None, judged.snapshot)
    entry = w.entry("download.cut", now, opened.person, told | {"decision": id, "trace": put.digest})
    await w.ledger.record(entry, put, closed)


async def close_left_open(w: World, alive: Container[str] = frozenset()) -> int:
    """At start: deliveries that were running when their process ended are closed as unknown. Returns how many.

    `alive`: the processes that run now, and close theirs themselves.
    """
    left = [one async for one in w.rows.find(Delivery, "state", "open") if one.process not in alive]
    if left:
        fault("start.closing")
    for delivery in left:
        await close_unknown(w, delivery)
    return len(left)


async def close_unknown(w: World, delivery: Delivery) -> None:
    """Nobody knows how much of it left."""
    first, last = delivery.first, delivery.last
    told: dict[str, Value] = {"delivery": delivery.id, "object": delivery.object, "first": first, "last": last}
    entry = w.entry("download.unknown_end", w.clock.now(), None, told)
    await w.ledger.record(entry, Put(changed(delivery, state="unknown")))


def _sent_how(form: str, unseen: int, by: str) -> dict[str, Value]:
    if unseen:
        return {"form": form, "way": by, "unstoppable_seconds": unseen}
    return {"form": form, "way": "broker"}


def repository_of(row: DrsObject, snapshot: Snapshot) -> Repository | None:
    """Where an object's bytes lie."""
    dataset = snapshot.get(Dataset, row.dataset)
    return snapshot.get(Repository, dataset.repository) if dataset is not None else None


def _caller(access: Access, person: Person) -> Caller:
    return Caller(
        person=person,
        identities=frozenset(access.identities),
        session=access.session,
        family=access.family,
        client=access.client,
        affiliations=access.affiliations,
        location=access.location,
        sign_in=access.sign_in,
        grants=access.grants,
        visas=access.visas,
        visas_end=access.visas_end,
        rests_on=access.rests_on,
        vouched=access.vouched,
        assertions=access.assertions,
        stated=access.stated,
        let_in=access.let_in,
        recipient=access.recipient,
        ends=access.expires,
    )


async def _refused(w: World, access: Access, person: Person, judged: Judged) -> Refused:
    question, decision, snapshot = judged.question, judged.decision, judged.snapshot
    explanation: Explanation = explain(question, decision, snapshot)
    id = DecisionId(w.new_id("dec", question.at))
    put = trace(w, person, id, question, decision, explanation, snapshot)
    told = about(id, put, decision, question, explanation) | {"access": access.id}
    entry = w.entry("download.refused", question.at, person, told)
    await w.ledger.record(entry, put)
    return Refused(id=id, decision=decision, explanation=explanation, receipt=entry.id)
