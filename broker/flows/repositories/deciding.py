"""A repository that serves its own bytes asks: may this person use this, in this way, now? (AuthZEN 6 and 7)

The same question as at every other door. Judging and recording are two steps, because of a batch only what is told is
recorded: `judge` gives nothing away, `keep` makes the answer, once it is durable.
"""

import json
from collections.abc import Mapping, MutableMapping
from dataclasses import dataclass, field, replace
from typing import Any

from broker.core.audit.entry import Entry, Value
from broker.core.authz.asked import Asked, Entity
from broker.core.authz.scope import Asker
from broker.core.authz.telling import codes, reasons, told
from broker.core.copied import copied
from broker.core.decision import Decision, evaluate, explain
from broker.core.drs.identifiers import HostUri, parse_drs_uri
from broker.core.ids import ClientId, DatasetId, DecisionId, ObjectId, PersonId, ReceiptId, SubjectRef
from broker.core.outcome import Reason
from broker.core.purpose import LADDER, Modality
from broker.core.rows import AskedAbout, DrsObject, Person, Put
from broker.core.rows.repositories import asked_about_id
from broker.core.snapshot import Snapshot
from broker.core.time import FOREVER, Seconds, rfc3339
from broker.flows.entries import entry_about
from broker.flows.repositories.before import (
    Judged,
    Name,
    Reads,
    Told,
    Yes,
    end_in,
    name_of,
    passports_in,
    used_again,
    who_of,
)
from broker.flows.repositories.subjects import subject_of
from broker.flows.traces import about, about_nothing, trace
from broker.flows.use_data import question_of
from broker.flows.verified import Verifier
from broker.flows.world import Caller, World
from broker.ports import StaleError

_NO_DATASET = DatasetId("")
_REMEMBERED, _REPEATED = 100_000, 1_000
_NOTHING: Mapping[str, Value] = {}
DATASET, OBJECT = "dataset", "object"
WAYS = frozenset(str(way) for way in Modality)


@dataclass(frozen=True, slots=True, kw_only=True)
class Unasked:
    """No question could be asked: whoever was shown is not known by it, or the way is none. The answer is no."""

    asker: Asker
    reason: Reason

    permits = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What the repository is told (AuthZEN 5.5)."""

    permits: bool
    context: dict[str, Any]
    codes: tuple[str, ...] = ()
    """Why not."""
    decision: DecisionId | None = None
    receipt: ReceiptId | None = None
    """Of the entry that says that this was told."""
    person: PersonId | None = None
    until: Seconds = FOREVER
    text: str = ""
    """All of it as JSON, where it was written before."""


@dataclass(slots=True)
class Desk:
    """What repositories' questions need besides the world. `known`: AskedAbout rows of which we know that they are."""

    verifier: Verifier
    known: dict[str, None] = field(default_factory=dict)
    told: Told = field(default_factory=Told)
    repeated: dict[DecisionId, tuple[Seconds, Answer]] = field(default_factory=dict)
    """What was told last of each decision that is repeated, and when: within a second nothing of it differs."""
    askers: dict[ClientId, tuple[Snapshot, Asker]] = field(default_factory=dict)
    """Who asked last, by which picture."""

    def note(self, id: str) -> None:
        """It is on record. Bounded: what is forgotten is looked up again."""
        if len(self.known) >= _REMEMBERED:
            self.known.pop(next(iter(self.known)))
        self.known[id] = None


@dataclass(slots=True)
class Round:
    """What one request asks: nobody is verified twice, and nothing is judged twice."""

    callers: MutableMapping[Name, tuple[Caller | Reason | None, Reads]] = field(default_factory=dict)
    judged: MutableMapping[Name, Judged | Unasked] = field(default_factory=dict)


async def judge(w: World, desk: Desk, asker: Asker, asked: Asked, round: Round) -> Judged | Unasked:
    """Steps: 1 gather, 2 decide. Nothing is told before `keep` has recorded it."""
    # 1. Gather.
    name = name_of(asker, asked)
    if name in round.judged:
        return round.judged[name]
    before = await desk.told.again(w, desk.verifier, asker, name)
    if before is None:
        who = who_of(asked.subject)
        if who not in round.callers:
            reads = Reads(w.rows)
            round.callers[who] = await subject_of(copied(w, rows=reads), desk.verifier, asker, asked.subject), reads
        # 2. Decide, by the picture of now: what was withdrawn while credentials were read must count.
        round.judged[name] = decide(w, asker, *round.callers[who], asked, name)
    else:
        round.judged[name] = before
    return round.judged[name]


def decide(
    w: World, asker: Asker, found: Caller | Reason | None, reads: Reads, asked: Asked, name: Name
) -> Judged | Unasked:
    """The answer for somebody who is known already, by the picture of now."""
    if isinstance(found, Reason):
        return Unasked(asker=asker, reason=found)
    if asked.action.name not in WAYS:
        return Unasked(asker=asker, reason=Reason(code="ASK-WAY", facts=(("ways", ", ".join(LADDER)),)))
    now, snapshot = w.clock.now(), w.snapshots.current()
    caller = found if found is not None else nobody(w)
    dataset, object = target(w, asker, asked.resource, snapshot)
    grant = asked.context.get("grant")
    question = question_of(
        caller,
        object or ObjectId(""),
        dataset or _NO_DATASET,
        now,
        grant=grant if isinstance(grant, str) else None,
    )
    question = replace(
        question,
        object=object if object is not None or dataset is None else None,
        modality=Modality(asked.action.name),
        person=question.person or None,
    )
    decision = evaluate(question, snapshot)
    return Judged(
        id=DecisionId(w.new_id("dec", now)),
        name=name,
        asker=asker,
        caller=caller,
        question=question,
        decision=decision,
        snapshot=snapshot,
        seen=dataset is not None,
        excluded=_inside(decision, object, snapshot),
        passports=passports_in(asked.subject),
        shown_until=end_in(asked.subject),
        reads=reads,
    )


def target(w: World, asker: Asker, resource: Entity, snapshot: Snapshot) -> tuple[DatasetId | None, ObjectId | None]:
    """What is asked about: a dataset, or an object of it. Another repository's is like one that does not exist."""
    if resource.type == DATASET:
        dataset = asker.dataset(DatasetId(resource.id), snapshot)
        return (dataset.id if dataset is not None else None), None
    id = ObjectId(resource.id if resource.type == OBJECT else "")
    if id.startswith("drs://"):
        uri = parse_drs_uri(id)
        ours = isinstance(uri, HostUri) and w.issuer == f"https://{uri.host}"
        id = ObjectId(uri.object_id if ours else "")  # type: ignore[union-attr]
    row = asker.object(id, snapshot)
    return (row.dataset if row is not None else None), id


def nobody(w: World) -> Caller:
    """Somebody whom we have never met: judged like everybody, with nothing to show."""
    now = w.clock.now()
    return Caller(person=Person(id=PersonId(""), log_key="", created=now), identities=frozenset(), ends=now)


async def keep(w: World, desk: Desk, found: Judged | Unasked, beside: Mapping[str, Value] = _NOTHING) -> Answer:
    """Steps: 3 record, whatever the answer, 4 tell. `beside`: what the entry says besides."""
    if isinstance(found, Unasked):
        entry = w.entry(
            "decision.unasked", w.clock.now(), None, {"client": found.asker.client, "reasons": (found.reason.code,)}
        )
        await w.ledger.record(entry)
        why = (found.reason.code,)
        return Answer(permits=False, context={"reasons": reasons(why)}, codes=why, receipt=entry.id)
    if found.before is not None:
        return await _repeat(w, desk, found, found.before, beside)
    first = await _record(w, desk, found, beside)
    if not found.seen:
        unseen = ("REQ-NOT-FOUND",)
        context = {"decision": found.id, "reasons": reasons(unseen)}
        return Answer(permits=False, context=context, codes=unseen, receipt=first.id)
    question, decision = found.question, found.decision
    context = told(found.id, question, decision, found.excluded, found.until, found.snapshot)
    yes = used_again(w, found, first, context)
    if yes is not None:
        desk.told.keep(yes)
    return Answer(
        permits=decision.permits,
        context=context,
        codes=() if decision.permits else codes(decision, question),
        decision=found.id,
        receipt=first.id,
        person=question.person,
        until=found.until,
    )


async def _repeat(w: World, desk: Desk, found: Judged, yes: Yes, beside: Mapping[str, Value]) -> Answer:
    """The same yes once more: on record like the first, under its decision, whose trace holds for it too."""
    now, about = w.clock.now(), {**yes.said, **beside} if beside else yes.said
    entry = entry_about("decision.repeated", now, w.entropy, yes.who, about)
    await w.ledger.record(entry)
    at, answer = desk.repeated.get(found.id, (None, None))
    if answer is None or at != now:
        context = {**yes.context, "evaluated_at": rfc3339(now)}
        answer = Answer(
            permits=True,
            context=context,
            decision=found.id,
            person=found.question.person,
            until=found.until,
            text=json.dumps({"decision": True, "context": context}),
        )
        if len(desk.repeated) >= _REPEATED:
            desk.repeated.clear()
        desk.repeated[found.id] = now, answer
    return copied(answer, receipt=entry.id)


async def _record(w: World, desk: Desk, found: Judged, beside: Mapping[str, Value]) -> Entry:
    """The entry, once it is durable."""
    question, decision, snapshot, person = found.question, found.decision, found.snapshot, found.caller.person
    explanation = explain(question, decision, snapshot) if found.seen and not decision.permits else None
    put = trace(
        w,
        person,
        found.id,
        question,
        decision,
        explanation,
        snapshot,
        found.caller.left_out,
        told_to=found.asker.client,
    )
    said = (
        about(found.id, put, decision, question, explanation)
        if found.seen
        else about_nothing(found.id, put, ObjectId(question.object or ""))
    ) | {"client": found.asker.client}
    entry = w.entry("decision.told", question.at, person if person.log_key else None, {**said, **beside})
    new = await _acquainted(w, desk, found)
    try:
        await w.ledger.record(entry, put, *new)
    except StaleError:  # two first questions about the same person at once: the other one wrote it down
        new = await _acquainted(w, desk, found)
        await w.ledger.record(entry, put, *new)
    for one in new:
        desk.note(one.row.id)
    return entry


async def _acquainted(w: World, desk: Desk, found: Judged) -> list[Put]:
    """What this repository was never told about before: it hears from now on when it ends."""
    if not found.seen or found.question.person is None:
        return []
    names = [f"person:{found.question.person}"]
    names += [name for name in found.caller.rests_on if name.startswith(("key:", "token:"))]
    if found.decision.permits:
        names += sorted({f"issuer:{visa.iss}" for visa in found.caller.visas if visa.iss != w.issuer})
    client, new = found.asker.client, []
    for name in dict.fromkeys(names):
        id = asked_about_id(client, name)
        if id in desk.known:
            continue
        if await w.rows.get(AskedAbout, id) is None:
            new.append(Put(AskedAbout(id=id, client=client, about=name, since=found.question.at)))
        else:
            desk.note(id)
    return new


def _inside(decision: Decision, object: ObjectId | None, snapshot: Snapshot) -> frozenset[SubjectRef]:
    """Those left out whose data are in what was asked about."""
    row = snapshot.get(DrsObject, object) if object is not None else None
    return decision.excluded if row is None else decision.excluded & row.subjects
