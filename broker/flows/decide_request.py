"""A committee decides about a request; a yes makes a grant, which is a signed, DUO-coded permission.

The committee's yes is one gate among others: what the law, the participants or the codes forbid, no vote
permits (ruling 1). Open questions that the committee may answer are answered here, with a ground.
"""

from dataclasses import dataclass, replace
from typing import Literal

from broker.core.access.life import Command
from broker.core.access.origin import Standing, Window
from broker.core.access.states import Event, State, step
from broker.core.amending import Place, place
from broker.core.applications import hindrance, moved
from broker.core.audit.entry import Value
from broker.core.consent.exclusion import SALT_BYTES, Exclusion, exclusion
from broker.core.decision import Decision, Explanation, Question, evaluate, explain
from broker.core.decision.answerers import COMMITTEE, ROLES
from broker.core.decision.answering import Given, findings_for
from broker.core.decision.binding import obligations
from broker.core.duo.terms import public
from broker.core.duties import carried_on
from broker.core.ids import DecisionId, GrantId, PersonId, RequestId, ReviewId
from broker.core.oidc.own_tokens import PERMISSION_TYP
from broker.core.origins import OBJECTED
from broker.core.origins import hindrance as hindrance_of_origin
from broker.core.outcome import Reason
from broker.core.plain import plain
from broker.core.rows import Application, Dataset, Grant, Person, Put, Report, Request, Review, changed
from broker.core.rows.obligations import Obligation
from broker.core.snapshot import Snapshot
from broker.core.time import Seconds, add_months, rfc3339
from broker.flows.applications.desk import at_desk, committee_of, desk, requests
from broker.flows.applications.own_words import copied
from broker.flows.traces import about, trace
from broker.flows.trained import untrained
from broker.flows.world import Caller, World
from broker.ports.faults import fault


@dataclass(frozen=True, slots=True, kw_only=True)
class Decided:
    """What came of it: the request as it is now, the grant if there is one, and the decision under it."""

    request: Request
    grant: Grant | None
    id: DecisionId
    decision: Decision
    explanation: Explanation


@dataclass(frozen=True, slots=True, kw_only=True)
class NotPossible:
    """The committee said yes, and something above it says no. The request stays as it was."""

    id: DecisionId
    decision: Decision
    explanation: Explanation


async def approve(
    w: World, caller: Caller, request: RequestId, ground: str, answers: dict[str, str]
) -> Decided | NotPossible | Reason:
    """Say yes. `answers`: reason code -> ground, for open questions. Steps: 1 gather, 2 decide, 3 record, 4 answer."""
    # 1. Gather.
    now, snapshot = w.clock.now(), w.snapshots.current()
    held = _may_decide(caller, request, Event.APPROVE, snapshot, now)
    if isinstance(held, Reason):
        return held
    to_objection = answers.get(OBJECTED, "").strip()
    if (waits := _origin_first(held, to_objection, snapshot, now)) is not None:
        return waits
    applicant, repeated = await w.rows.get(Person, held.person), await copied(w, held, ground, *answers.values())
    snapshot = w.snapshots.current()  # the read above waited: what changed meanwhile must count
    dataset = snapshot.get(Dataset, held.dataset)
    if applicant is None or dataset is None:
        return Reason(code="REQ-NOT-FOUND")
    if repeated is not None:
        return repeated
    asked = question_of(held, w, now)
    taken = place(held, snapshot, now)
    if isinstance(taken, Reason):
        return taken
    # 2. Decide: with the committee's answers to the questions that it may answer.
    said = [Given(code=code, ground=why) for code, why in answers.items() if code != OBJECTED]
    origin, ground = _heard(held, ground, to_objection, now)
    given = findings_for(asked, snapshot, said, role=COMMITTEE, by=caller.person.id)
    question = replace(asked, findings=(*held.findings, *given))
    decision = evaluate(question, snapshot)
    id = DecisionId(w.new_id("dec", now))
    explanation = explain(question, decision, snapshot)
    left_out = exclusion(decision.excluded, w.entropy.random(SALT_BYTES).hex()) if decision.permits else None
    put = trace(w, applicant, id, question, decision, explanation, snapshot, ground=ground, left_out=left_out)
    told = about(id, put, decision, question, explanation) | {"request": request} | _standing(origin)
    if left_out is None:
        await w.ledger.record(w.entry("decision.made", now, caller.person, told), put)
        return NotPossible(id=id, decision=decision, explanation=explanation)
    grant = await _grant(w, held, dataset, decision, question, snapshot, left_out, taken)
    after = changed(
        held, state=State.APPROVED, decided_by=caller.person.id, ground=ground, grant=grant.id,
        findings=question.findings, decision=id, origin=origin,
    )  # fmt: skip
    # 3. Record: the decision, the request and the grant, and the end of what it takes the place of, all or nothing.
    gone = [Put(one) for one in (taken.request, taken.end) if one is not None] if taken is not None else []
    before = {"instead_of": taken.grant.id} if taken is not None else {}
    entry = w.entry("request.approved", now, caller.person, told | {"grant": grant.id} | before)
    fault("grant.decided")
    await w.ledger.record(entry, put, Put(after), Put(grant), *gone, *_finished(after, snapshot, now))
    fault("grant.recorded")
    # 4. Answer.
    return Decided(request=after, grant=grant, id=id, decision=decision, explanation=explanation)


async def reject(w: World, caller: Caller, request: RequestId, ground: str) -> Decided | Reason:
    """Say no, with a ground: a decision like any other, with its explanation and the way to challenge it.

    Steps: 1 gather, 2 decide, 3 record, 4 answer.
    """
    # 1. Gather.
    now, snapshot = w.clock.now(), w.snapshots.current()
    held = _may_decide(caller, request, Event.REJECT, snapshot, now)
    if isinstance(held, Reason):
        return held
    applicant, repeated = await w.rows.get(Person, held.person), await copied(w, held, ground)
    snapshot = w.snapshots.current()
    if applicant is None:
        return Reason(code="REQ-NOT-FOUND")
    if repeated is not None:
        return repeated
    # 2. Decide: every gate is asked, so that all that stands in the way is told, and the committee's no is one of it.
    question = replace(question_of(held, w, now), vote="no")
    decision = evaluate(question, snapshot)
    id = DecisionId(w.new_id("dec", now))
    explanation = explain(question, decision, snapshot)
    put = trace(w, applicant, id, question, decision, explanation, snapshot, ground=ground)
    origin, _ = _heard(held, ground, "", now)
    after = changed(held, state=State.REJECTED, decided_by=caller.person.id, ground=ground, decision=id, origin=origin)
    # 3. Record.
    told = about(id, put, decision, question, explanation) | {"request": request} | _standing(origin)
    entry = w.entry("request.rejected", now, caller.person, told)
    await w.ledger.record(entry, put, Put(after), *_finished(after, snapshot, now))
    # 4. Answer.
    return Decided(request=after, grant=None, id=id, decision=decision, explanation=explanation)


def may_see(caller: Caller, request: Request, snapshot: Snapshot) -> bool:
    """The applicant, the members of the dataset's committee, who may answer open questions about the dataset, and who
    takes part in the application of which it is a part.
    """
    if request.person == caller.person.id or any(holds(caller, role, request, snapshot) for role in ROLES):
        return True
    review = snapshot.get(Review, request.review) if request.review is not None else None
    return review is not None and desk(caller, review, snapshot) is not None


def is_own(caller: Caller, request: Request, snapshot: Snapshot) -> bool:
    """Is it the caller's own, under any identity, or of somebody with whom they apply or once did? (I2)"""
    review = snapshot.get(Review, request.review) if request.review is not None else None
    application = snapshot.get(Application, review.application) if review is not None else None
    together = application.ever if application is not None else frozenset[PersonId]()
    return bool(snapshot.ever_linked(caller.person.id) & {request.person, *together})


def holds(caller: Caller, role: str, request: Request, snapshot: Snapshot) -> bool:
    """Has the caller `role` for the dataset of `request`: for it, for its committee, or for the whole service?"""
    dataset = snapshot.get(Dataset, request.dataset)
    if dataset is None:
        return False
    of_dataset = role != COMMITTEE and caller.has_role(role, f"dataset:{dataset.id}")
    return of_dataset or caller.has_role(role, f"committee:{dataset.committee}")


def _sits(caller: Caller, request: Request, snapshot: Snapshot) -> bool:
    return holds(caller, COMMITTEE, request, snapshot)


def _may_decide(caller: Caller, id: RequestId, event: Event, snapshot: Snapshot, now: Seconds) -> Request | Reason:
    request = snapshot.get(Request, id)
    if request is None or not may_see(caller, request, snapshot):
        return Reason(code="REQ-NOT-FOUND")
    if request.review is None and not _sits(caller, request, snapshot):
        return Reason(code="AUTH-NOT-YOURS", facts=(("roles", "committee_member"),))
    if is_own(caller, request, snapshot):
        return Reason(code="REQ-OWN")
    if (wrong := untrained(caller, committee_of(request.dataset, snapshot), snapshot, now)) is not None:
        return wrong
    if request.review is None and event is Event.APPROVE and _wants_papers(request, snapshot):
        return Reason(code="REQ-APPLICATION-NEEDED")
    if request.review is not None:
        return _may_decide_at(caller, request, request.review, event, snapshot)
    if step(request.state, event) is None:
        return Reason(code="REQ-STATE", facts=(("state", str(request.state)),))
    return request


def _may_decide_at(
    caller: Caller, request: Request, review: ReviewId, event: Event, snapshot: Snapshot
) -> Request | Reason:
    """Of an application: whose part it is to answer, and whether the committee has come to an opinion."""
    found = at_desk(caller, review, Command.DECIDE, snapshot)
    if isinstance(found, Reason):
        return found
    if step(request.state, event) is None:
        return Reason(code="REQ-STATE", facts=(("state", str(request.state)),))
    wanted: Literal["approve", "reject"] = "approve" if event is Event.APPROVE else "reject"
    turn = found.application.turn
    hindered = hindrance(found.review, found.committee, request.dataset, turn, found.parts, wanted)
    return hindered or request


def _wants_papers(request: Request, snapshot: Snapshot) -> bool:
    """Does the committee vote now, or want an endorsement, that a request made alone has not?"""
    committee = committee_of(request.dataset, snapshot)
    return committee is not None and committee.wants_papers


def _origin_first(request: Request, answer: str, snapshot: Snapshot, now: Seconds) -> Reason | None:
    """Why a yes waits for the place of origin."""
    review = snapshot.get(Review, request.review) if request.review is not None else None
    return hindrance_of_origin(request, review, committee_of(request.dataset, snapshot), answer, now)


def _heard(request: Request, ground: str, answer: str, now: Seconds) -> tuple[Window | None, str]:
    """How the place of origin was heard, as it is kept; and the ground, with the answer to an objection in it."""
    if request.origin is None:
        return None, ground
    kept = request.origin.answered(now, answer or None)
    return kept, f"{ground}\n\n{answer}" if answer and kept.found is Standing.OBJECTED else ground


def _standing(origin: Window | None) -> dict[str, Value]:
    """What the entry of an answer says of it: silence is said too."""
    return {"origin": origin.found.value} if origin is not None and origin.found is not None else {}


def _finished(answered: Request, snapshot: Snapshot, now: Seconds) -> tuple[Put, ...]:
    """The review, if this was the last answer that it waited for."""
    review = snapshot.get(Review, answered.review) if answered.review is not None else None
    if review is None:
        return ()
    others = (row for row in requests(review, snapshot) if row.id != answered.id)
    if any(row.state is State.SUBMITTED for row in others):
        return ()
    after = moved(review, Command.FINISH, now=now)
    return (Put(after),) if after is not None else ()


def question_of(request: Request, w: World, now: Seconds) -> Question:
    """What is asked of a request that waits for its answer."""
    return approval(request, request, w, now)


def approval(asked: Request | Grant, told: Request | Report, w: World, now: Seconds) -> Question:
    """May this be granted now? `asked`: to whom, what and what for; `told`: who and where they are by now."""
    person = PersonId(asked.person)
    return Question(
        stage="approve",
        at=now,
        known_at=now,
        person=person,
        identities=frozenset({(w.issuer, str(person))}),
        affiliations=told.affiliations,
        location=told.location,
        purpose=asked.purpose,
        findings=asked.findings,
        dataset=asked.dataset,
        modality=asked.purpose.modality,
    )


async def _grant(
    w: World,
    request: Request,
    dataset: Dataset,
    decision: Decision,
    question: Question,
    snapshot: Snapshot,
    left_out: Exclusion,
    taken: Place | None,
) -> Grant:
    """The grant of a yes. One that takes another's place owes what that owed, and ends no later than that."""
    now = question.at
    id = GrantId(w.new_id("grt", now))
    months = min(m for m in (dataset.grant_months, decision.months, request.purpose.duration_months) if m is not None)
    ends = min(add_months(now, months), decision.ends)
    owed: tuple[Obligation, ...] = ()
    if taken is not None:
        ends, owed = min(ends, taken.grant.ends), taken.grant.obligations
    unsigned = Grant(
        id=id,
        request=request.id,
        person=request.person,
        dataset=dataset.id,
        duo=dataset.duo,
        purpose=request.purpose,
        affiliations=request.affiliations,
        findings=question.findings,
        obligations=carried_on(owed, obligations(question, decision, dataset, snapshot, now, ends)),
        begins=now,
        ends=ends,
        committee=dataset.committee,
        document="",
        exclusion=left_out,
        counts_from=(taken.grant.counts_from or taken.grant.begins) if taken is not None else None,
    )
    return replace(unsigned, document=await signed(w, unsigned))


async def signed(w: World, grant: Grant) -> str:
    """The grant as a signed permission."""
    return await w.signer.sign("oidc-es256", PERMISSION_TYP, permission_claims(grant, w.issuer))


def permission_claims(grant: Grant, issuer: str) -> dict[str, object]:
    """The grant as a document that a repository can obey without asking again (ruling 4;
    schemas/duo-permission.schema.json). Findings say what was answered, not who answered.
    """
    return {
        "iss": issuer,
        "sub": grant.person,
        "jti": grant.id,
        "iat": grant.begins,
        "nbf": grant.begins,
        "exp": grant.ends,
        "duo_permission_v1": {
            "dataset": grant.dataset,
            "codes": plain(tuple(public(term) for term in grant.duo)),
            "purpose": plain(grant.purpose),
            "project": grant.purpose.project,
            "committee": grant.committee,
            **({"exclusion": grant.exclusion.hash} if grant.exclusion is not None else {}),
            "obligations": [duty_json(one) for one in grant.obligations],
            "findings": [
                {"gate": str(f.gate), "code": f.code, "role": f.role, "until": f.ends} for f in grant.findings
            ],
        },
    }


def duty_json(duty: Obligation) -> dict[str, object]:
    """An obligation as the signed permission and every API tells it; what has been recorded of it changes later."""
    told: dict[str, object] = {
        "id": duty.id,
        "class": duty.cls,
        "text": duty.text,
        "holder": duty.holder,
        "flows_down": duty.flows_down,
        "late": duty.late,
    }
    if duty.due is not None:
        told["due"] = rfc3339(duty.due)
    return told | ({"evidence": duty.evidence} if duty.evidence else {})
