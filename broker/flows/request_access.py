"""A researcher asks how a request would be decided, and then asks the data access committee."""

from dataclasses import dataclass

from broker.core.access.stated import as_stated
from broker.core.access.states import Event, State, step
from broker.core.decision import Decision, Explanation, Question, evaluate, explain
from broker.core.duties import needs_a_benefit
from broker.core.ids import DatasetId, DecisionId, PersonId, RequestId
from broker.core.origins import window
from broker.core.outcome import Reason
from broker.core.purpose import Purpose
from broker.core.rows import Application, Committee, Dataset, Person, Put, Request, changed
from broker.core.rows.applications import Accessor
from broker.core.snapshot import Snapshot
from broker.core.time import Seconds
from broker.flows.traces import about, trace
from broker.flows.world import Caller, World
from broker.ports.faults import fault


@dataclass(frozen=True, slots=True, kw_only=True)
class Foreseen:
    """How a request would be decided if the committee said yes."""

    id: DecisionId
    decision: Decision
    explanation: Explanation


async def foresee(w: World, caller: Caller, dataset: DatasetId, purpose: Purpose) -> Foreseen | Reason:
    """Steps: 1 gather, 2 decide, 3 record, 4 tell."""
    # 1. Gather.
    now, snapshot = w.clock.now(), w.snapshots.current()
    if not may_know(caller, dataset, snapshot, now):
        return Reason(code="REQ-NOT-FOUND")
    question = foresight_question(caller, dataset, purpose, now)
    # 2. Decide.
    found, put = _foreseen(w, caller.person, question, snapshot, now)
    # 3. Record.
    entry = w.entry(
        "decision.made", now, caller.person, about(found.id, put, found.decision, question, found.explanation)
    )
    await w.ledger.record(entry, put)
    # 4. Tell.
    return found


async def foresee_for(
    w: World, caller: Caller, asked: PersonId, told: Application | Accessor, dataset: DatasetId, purpose: Purpose
) -> Foreseen | Reason:
    """The same for somebody who applies with the caller, as they were when they joined; nobody's visas are looked for.

    Steps: 1 gather, 2 decide, 3 record, 4 tell.
    """
    # 1. Gather.
    person, now = await w.rows.get(Person, asked), w.clock.now()
    if person is None:
        return Reason(code="REQ-NOT-FOUND")
    question = Question(
        stage="foresee", at=now, known_at=now, person=asked, identities=frozenset({(w.issuer, str(asked))}),
        affiliations=told.affiliations, location=told.location, purpose=as_stated(purpose), dataset=dataset,
        modality=purpose.modality,
    )  # fmt: skip
    # 2. Decide.
    found, put = _foreseen(w, person, question, w.snapshots.current(), now)
    # 3. Record.
    said = about(found.id, put, found.decision, question, found.explanation)
    await w.ledger.record(w.entry("decision.made", now, caller.person, said), put)
    # 4. Tell.
    return found


def is_participant(caller: Caller) -> Reason | None:
    """Nobody asks for data under the number by which a study knows them: who asks is told to committees."""
    if caller.person.subject is None:
        return None
    return Reason(code="AUTH-NOT-YOURS", facts=(("roles", "researcher"),))


async def submit(
    w: World, caller: Caller, dataset: DatasetId, purpose: Purpose, statement: str, benefit: str = "", lay: str = ""
) -> tuple[Request, Foreseen] | Reason:
    """Steps: 1 gather, 2 foresee, 3 record the request and what the researcher was told, 4 answer.

    A request across a border says what it gives to the population that the data come from, or it is none (WHO 3.2-1).
    """
    # 1. Gather.
    now, snapshot = w.clock.now(), w.snapshots.current()
    if (refused := is_participant(caller)) is not None:
        return refused
    if not may_know(caller, dataset, snapshot, now):
        return Reason(code="REQ-NOT-FOUND")
    row = snapshot.get(Dataset, dataset)
    facts = row.facts if row is not None else {}
    committee = snapshot.get(Committee, row.committee) if row is not None else None
    if committee is not None and committee.wants_papers:
        return Reason(code="REQ-APPLICATION-NEEDED")
    if not benefit.strip() and needs_a_benefit(facts, purpose.countries, caller.location):
        return Reason(code="REQ-BENEFIT-UNSTATED", facts=(("member", "benefit"),))
    question = foresight_question(caller, dataset, purpose, now)
    # 2. Foresee: a hopeless request may still be made, but not unknowingly.
    found, put = _foreseen(w, caller.person, question, snapshot, now)
    request = Request(
        id=RequestId(w.new_id("req", now)),
        person=caller.person.id,
        dataset=dataset,
        purpose=as_stated(purpose),
        statement=statement,
        benefit=benefit.strip(),
        lay=lay.strip(),
        state=State.SUBMITTED,
        created=now,
        affiliations=caller.affiliations,
        location=caller.location,
        foresight=found.id,
        origin=window(row, purpose.countries, caller.location, snapshot, now),
    )
    # 3. Record.
    told = about(found.id, put, found.decision, question, found.explanation) | {"request": request.id}
    await w.ledger.record(w.entry("request.submitted", now, caller.person, told), put, Put(request))
    fault("request.recorded")
    # 4. Answer.
    return request, found


async def withdraw(w: World, caller: Caller, request: RequestId) -> Request | Reason:
    """The researcher takes a request back. Steps: 1 gather, 2 decide by the table, 3 record, 4 answer."""
    held = w.snapshots.current().get(Request, request)
    if held is None or held.person != caller.person.id:
        return Reason(code="REQ-NOT-FOUND")
    after = step(held.state, Event.WITHDRAW)
    if after is None:
        return Reason(code="REQ-STATE", facts=(("state", str(held.state)),))
    taken = changed(held, state=after)
    entry = w.entry("request.withdrawn", w.clock.now(), caller.person, {"request": request})
    await w.ledger.record(entry, Put(taken))
    return taken


def may_know(caller: Caller, dataset: DatasetId, snapshot: Snapshot, now: Seconds) -> bool:
    """Is there such a dataset, as far as the caller may know? Hidden ones are for whom a grant names (ruling 24)."""
    row = snapshot.get(Dataset, dataset)
    return row is not None and (row.existence == "listed" or _holds(caller, dataset, snapshot, now))


def _holds(caller: Caller, dataset: DatasetId, snapshot: Snapshot, now: Seconds) -> bool:
    persons = (caller.person.id, *(one.person for one in snapshot.linked(caller.person.id, now)))
    return any(snapshot.grants(person, dataset) for person in persons)


def foresight_question(caller: Caller, dataset: DatasetId, purpose: Purpose, now: Seconds) -> Question:
    """What would hold for this caller if the committee said yes?"""
    return Question(
        stage="foresee",
        at=now,
        known_at=now,
        person=caller.person.id,
        identities=caller.identities,
        session=caller.session,
        family=caller.family,
        affiliations=caller.affiliations,
        location=caller.location,
        visas=caller.visas,
        visas_end=caller.visas_end,
        assertions=caller.assertions,
        stated=caller.stated,
        purpose=as_stated(purpose),
        dataset=dataset,
        modality=purpose.modality,
    )


def _foreseen(w: World, person: Person, question: Question, snapshot: Snapshot, now: Seconds) -> tuple[Foreseen, Put]:
    decision = evaluate(question, snapshot)
    explanation = explain(question, decision, snapshot)
    id = DecisionId(w.new_id("dec", now))
    put = trace(w, person, id, question, decision, explanation, snapshot)
    return Foreseen(id=id, decision=decision, explanation=explanation), put
