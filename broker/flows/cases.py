"""Somebody challenges an answer or complains; somebody else than who decided acknowledges and answers it. And a
participant asks about their data; whoever decides about them answers.

A challenge that is upheld takes the answer up again, in the same record: the committee must answer anew.
"""

import re
from dataclasses import dataclass

from broker.core.access.cases import (
    CASE_TRANSITIONS,
    CHALLENGE_DAYS,
    CaseCommand,
    CaseKind,
    CaseStage,
    Outcome,
)
from broker.core.access.life import Command
from broker.core.access.states import Event, State, step
from broker.core.applications import moved
from broker.core.audit.entry import Value
from broker.core.cases import may
from broker.core.ids import DatasetId, RequestId
from broker.core.oidc.opaque import opaque, stored_id
from broker.core.outcome import Reason
from broker.core.rows import Case, Committee, Dataset, Put, Request, Review, Trace, changed
from broker.core.snapshot import Snapshot
from broker.core.time import Seconds, rfc3339
from broker.flows.applications.desk import committee_of
from broker.flows.applications.own_words import copied
from broker.flows.choose_consent import all_held
from broker.flows.trained import untrained
from broker.flows.world import Caller, World

_DAY = 86_400
_SECRET_BYTES = 32
_KEY = "[A-Za-z0-9_-]{43}"
MOST_OPEN = 100
"""Complaints of one person that wait."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """A case, and what whoever looks at it may do."""

    case: Case
    may: frozenset[CaseCommand]


async def challenge(w: World, caller: Caller, id: RequestId, kind: CaseKind, text: str) -> Case | Reason:
    """The applicant asks for another look at a no. Steps: 1 gather, 2 decide, 3 record."""
    async with w.alone.at("challenges", id):
        # 1. Gather.
        now, snapshot = w.clock.now(), w.snapshots.current()
        held = snapshot.get(Request, id)
        if held is None or held.person not in snapshot.ever_linked(caller.person.id):
            return Reason(code="REQ-NOT-FOUND")
        answered = await w.rows.get(Trace, held.decision) if held.decision is not None else None
        dataset = snapshot.get(Dataset, held.dataset)
        # 2. Decide.
        if kind not in _CHALLENGES or held.state is not State.REJECTED or answered is None or dataset is None:
            return Reason(code="REQ-STATE", facts=(("state", held.state.value),))
        ends = Seconds(answered.at + CHALLENGE_DAYS * _DAY)
        if ends <= now:
            return Reason(code="CASE-LATE", facts=(("date", rfc3339(ends)),))
        if any(one.kind is kind and one.stage in _OPEN for one in snapshot.cases(id)):
            return Reason(code="REQ-STATE", facts=(("state", "challenged already"),))
        row = Case(
            id=w.new_id("cas", now), kind=kind, about=id, committee=dataset.committee, person=caller.person.id,
            text=text, opened=now,
        )  # fmt: skip
        # 3. Record.
        await w.ledger.record(
            w.entry("case.opened", now, caller.person, {"case": row.id, "kind": kind.value}), Put(row)
        )
        return row


def blank_key(w: World) -> str:
    """The key of a complaint that somebody begins to write; nothing is stored under it yet."""
    return opaque(w.entropy.random(_SECRET_BYTES))


async def complain(
    w: World, caller: Caller | None, about: str, text: str, blank: str | None = None
) -> tuple[Case, str] | Reason:
    """Anybody says what is wrong; and reads how it stands by the key. Steps: 1 gather, 2 decide, 3 record.

    `blank`: the key that its form was given (`blank_key`): the same form sent twice is one complaint, and whoever sent
    it reads number and key both times.
    """
    key = blank if blank is not None and re.fullmatch(_KEY, blank) else blank_key(w)
    async with w.alone.at("complaints", caller.person.id if caller is not None else key):
        # 1. Gather.
        now, snapshot = w.clock.now(), w.snapshots.current()
        who = caller.person if caller is not None else None
        same = next((one for one in snapshot.all(Case) if one.key == stored_id(key)), None)
        # 2. Decide.
        if same is not None and (same.about, same.text) == (about, text):
            return same, key
        key = key if same is None else blank_key(w)
        if who is not None and sum(one.stage in _OPEN for one in snapshot.cases(who.id)) >= MOST_OPEN:
            return _too_many()
        row = Case(
            id=w.new_id("cas", now), kind=CaseKind.COMPLAINT, about=about, committee=_concerned(about, snapshot),
            person=who.id if who is not None else None, key=stored_id(key), text=text, opened=now,
        )  # fmt: skip
        # 3. Record.
        entry = w.entry("case.opened", now, who, {"case": row.id, "kind": row.kind.value})
        await w.ledger.record(entry, Put(row))
        # 4. Answer.
        return row, key


def may_ask_about(snapshot: Snapshot, caller: Caller, now: Seconds) -> tuple[Dataset, ...]:
    """The data that hold a participant's, or those of somebody for whom they speak; by title."""
    subject = caller.person.subject
    held = all_held(snapshot, subject, now) if subject is not None else []
    rows = (snapshot.get(Dataset, id) for id in {id for one in held for id in one.newest.datasets})
    return tuple(sorted((row for row in rows if row is not None), key=lambda row: (row.title, row.id)))


async def ask(w: World, caller: Caller, about: DatasetId, text: str) -> Case | Reason:
    """A participant asks whoever decides about their data. The same question that waits already is one.

    Steps: 1 gather, 2 decide, 3 record.
    """
    async with w.alone.at("complaints", caller.person.id):
        # 1. Gather.
        now, snapshot = w.clock.now(), w.snapshots.current()
        dataset = next((row for row in may_ask_about(snapshot, caller, now) if row.id == about), None)
        waiting = [one for one in snapshot.cases(caller.person.id) if one.stage in _OPEN]
        # 2. Decide.
        if dataset is None:
            return Reason(code="REQ-NOT-FOUND")
        if not text.strip():
            return Reason(code="REQ-INVALID", facts=(("problem", "text: nothing is said"),))
        same = next(
            (one for one in waiting if (one.kind, one.about, one.text) == (CaseKind.QUESTION, about, text)), None
        )
        if same is not None:
            return same
        if len(waiting) >= MOST_OPEN:
            return _too_many()
        row = Case(
            id=w.new_id("cas", now), kind=CaseKind.QUESTION, about=about, committee=dataset.committee,
            person=caller.person.id, text=text, opened=now,
        )  # fmt: skip
        # 3. Record.
        entry = w.entry("case.opened", now, caller.person, {"case": row.id, "kind": row.kind.value})
        await w.ledger.record(entry, Put(row))
        return row


def asked(w: World, caller: Caller) -> tuple[Case, ...]:
    """A participant's own questions, the newest first."""
    rows = (one for one in w.snapshots.current().cases(caller.person.id) if one.kind is CaseKind.QUESTION)
    return tuple(sorted(rows, key=lambda one: (one.opened, one.id), reverse=True))


def _too_many() -> Reason:
    return Reason(code="REQ-TOO-LARGE", facts=(("limit", f"{MOST_OPEN} complaints that wait"),))


def follow(w: World, id: str, key: str) -> Case | Reason:
    """How it stands, for whoever has its key."""
    row = w.snapshots.current().get(Case, id)
    return row if row is not None and row.key != "" and row.key == stored_id(key) else Reason(code="REQ-NOT-FOUND")


def seen(caller: Caller, row: Case, snapshot: Snapshot) -> Seen | None:
    """The case, if they see it."""
    can = may(row, snapshot.ever_linked(caller.person.id), caller.has_role, snapshot)
    return Seen(case=row, may=can) if CaseCommand.SEE in can else None


def listed(caller: Caller, snapshot: Snapshot) -> tuple[Seen, ...]:
    """What they opened, and what they may answer; the oldest first."""
    found = [one for row in snapshot.all(Case) if (one := seen(caller, row, snapshot)) is not None]
    return tuple(sorted(found, key=lambda one: (one.case.opened, one.case.id)))


def at_case(caller: Caller, id: str, command: CaseCommand, snapshot: Snapshot) -> Seen | Reason:
    """The case, if they may do `command` with it now."""
    row = snapshot.get(Case, id)
    found = seen(caller, row, snapshot) if row is not None else None
    if found is None:
        return Reason(code="REQ-NOT-FOUND")
    if command in found.may:
        return found
    if command not in CASE_TRANSITIONS[found.case.stage]:
        return Reason(code="REQ-STATE", facts=(("state", found.case.stage.value),))
    return Reason(code="REQ-NOT-YOUR-PART", facts=(("step", command.value),))


async def acknowledge(w: World, caller: Caller, id: str) -> Case | Reason:
    """Say that it was read and is looked into. Steps: 1 gather, 2 decide by the tables, 3 record."""
    # 1. Gather.
    now = w.clock.now()
    found = at_case(caller, id, CaseCommand.ACKNOWLEDGE, w.snapshots.current())
    # 2. Decide.
    if isinstance(found, Reason):
        return found
    after = changed(found.case, stage=CaseStage.ACKNOWLEDGED, acknowledged=now)
    # 3. Record.
    await w.ledger.record(w.entry("case.acknowledged", now, caller.person, {"case": id}), Put(after))
    return after


async def take_back(w: World, caller: Caller, id: str) -> Case | Reason:
    """Whoever opened it takes it back. Steps: 1 gather, 2 decide by the tables, 3 record."""
    # 1. Gather.
    now = w.clock.now()
    found = at_case(caller, id, CaseCommand.WITHDRAW, w.snapshots.current())
    # 2. Decide.
    if isinstance(found, Reason):
        return found
    after = changed(found.case, stage=CaseStage.WITHDRAWN)
    # 3. Record.
    await w.ledger.record(w.entry("case.withdrawn", now, caller.person, {"case": id}), Put(after))
    return after


async def answer(w: World, caller: Caller, id: str, outcome: Outcome | None, text: str) -> Case | Reason:
    """Answer it, with reasons. A question has no `outcome`, and all else has one.

    Steps: 1 gather, 2 decide by the tables, 3 record with what follows.
    """
    # 1. Gather.
    asked = w.snapshots.current().get(Case, id)
    repeated = await copied(w, w.snapshots.current().get(Request, asked.about), text) if asked is not None else None
    now, snapshot = w.clock.now(), w.snapshots.current()
    found = at_case(caller, id, CaseCommand.ANSWER, snapshot)
    if isinstance(found, Reason):
        return found
    # 2. Decide.
    if found.case.kind is CaseKind.RECONSIDERATION and (wrong := _untrained(caller, found.case, snapshot, now)):
        return wrong
    if not text.strip():
        return Reason(code="REQ-INVALID", facts=(("problem", "answer: nothing is said"),))
    if (outcome is None) is not (found.case.kind is CaseKind.QUESTION):
        return Reason(
            code="REQ-INVALID", facts=(("problem", "outcome: of a challenge or complaint, and of those alone"),)
        )
    if repeated is not None:
        return repeated
    after = changed(
        found.case, stage=CaseStage.ANSWERED, answered=now, answered_by=caller.person.id, outcome=outcome, answer=text
    )
    again = _taken_up(after, snapshot, now) if outcome == "upheld" else ()
    # 3. Record.
    told: dict[str, Value] = {"case": id, "reopened": int(bool(again))}
    told |= {"outcome": outcome} if outcome is not None else {}
    await w.ledger.record(w.entry("case.answered", now, caller.person, told), Put(after), *again)
    return after


_OPEN = frozenset({CaseStage.RECEIVED, CaseStage.ACKNOWLEDGED})
_CHALLENGES = frozenset({CaseKind.RECONSIDERATION, CaseKind.APPEAL})


def _concerned(about: str, snapshot: Snapshot) -> str:
    """The committee that a complaint is about, by its dataset or its own id; empty: nobody can tell."""
    dataset = snapshot.rows.get((Dataset.KIND, about))
    if isinstance(dataset, Dataset):
        return dataset.committee
    return about if snapshot.get(Committee, about) is not None else ""


def _untrained(caller: Caller, case: Case, snapshot: Snapshot, now: Seconds) -> Reason | None:
    """Whoever looks at an answer again for the committee has a say in it, as at the first time."""
    request = snapshot.get(Request, RequestId(case.about))
    committee = committee_of(request.dataset, snapshot) if request is not None else None
    return untrained(caller, committee, snapshot, now)


def _taken_up(case: Case, snapshot: Snapshot, now: Seconds) -> tuple[Put, ...]:
    """The request and its review, open again."""
    request = snapshot.get(Request, case.about) if case.kind in _CHALLENGES else None
    state = step(request.state, Event.REOPEN) if request is not None else None
    if request is None or state is None:
        return ()
    before = (*request.decisions, request.decision) if request.decision is not None else request.decisions
    origin = request.origin.reopened() if request.origin is not None else None
    open_again = changed(
        request, state=state, decided_by=None, ground="", decision=None, decisions=before, origin=origin
    )  # fmt: skip
    rows = [Put(open_again)]
    review = snapshot.get(Review, request.review) if request.review is not None else None
    if review is not None:
        votes = tuple(one for one in review.votes if one.dataset != request.dataset)
        row = moved(review, Command.REOPEN, now=now, votes=votes)
        rows.append(Put(row if row is not None else changed(review, votes=votes)))
    return tuple(rows)
