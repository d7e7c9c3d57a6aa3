"""A holder asks for a later end, with a report of what was done; the committee answers, and every gate is asked again.

The committee's yes is one gate among others, as at the first answer: what the law, the codes or the participants
forbid by now, or what is owed and late, no vote extends. A time limit of the codes counts from the grant's beginning.
"""

from collections.abc import Mapping
from dataclasses import replace

from broker.core.access.grants import GrantCommand, GrantStage, next_stage
from broker.core.attribution import unattributed
from broker.core.consent.exclusion import SALT_BYTES, Exclusion, exclusion
from broker.core.decision import Decision, Question, evaluate, explain
from broker.core.decision.answerers import COMMITTEE
from broker.core.decision.answering import Given, findings_for
from broker.core.decision.binding import obligations
from broker.core.duties import carried_on
from broker.core.ids import DecisionId, GrantId
from broker.core.outcome import Reason
from broker.core.rows import Committee, Dataset, Grant, Person, Put, Report, Request, changed
from broker.core.rows.reports import Told
from broker.core.snapshot import Snapshot
from broker.core.time import Seconds, add_months, rfc3339
from broker.flows.applications.own_words import copied
from broker.flows.decide_request import NotPossible, approval, signed
from broker.flows.grants.desk import Held, at_grant
from broker.flows.traces import about, trace
from broker.flows.trained import untrained
from broker.flows.world import Caller, World

MOST_MONTHS = 120
"""For which a renewal can be asked; the dataset's own longest grant holds below that."""


async def ask_renewal(w: World, caller: Caller, id: GrantId, months: int, told: Told) -> Report | Reason:
    """Report, and ask for so many more months from the day of the answer. Steps: 1 gather, 2 decide, 3 record."""
    # 1. Gather.
    now = w.clock.now()
    found = at_grant(caller, id, GrantCommand.RENEW, w.snapshots.current(), now)
    if isinstance(found, Reason):
        return found
    # 2. Decide.
    if found.grant.request == "":  # a catalogue declares it, and is where its end is changed
        return Reason(code="REQ-STATE", facts=(("state", "declared in a catalogue"),))
    if found.waiting is not None:
        return Reason(code="REQ-STATE", facts=(("state", "a renewal waits for its answer"),))
    if not 0 < months <= MOST_MONTHS or not told.summary.strip():
        return Reason(code="REQ-INVALID", facts=(("problem", f"summary, months: say both, {MOST_MONTHS} at most"),))
    if (wrong := unattributed(told, found.reports)) is not None:
        return wrong
    grant = found.grant
    report = Report(
        id=w.new_id("rpt", now), grant=id, person=caller.person.id, dataset=grant.dataset, committee=grant.committee,
        kind="renewal", told=told, at=now, months=months, affiliations=caller.affiliations, location=caller.location,
    )  # fmt: skip
    # 3. Record.
    entry = w.entry("grant.renewal_asked", now, caller.person, {"grant": id, "report": report.id})
    await w.ledger.record(entry, Put(report))
    return report


async def decline(w: World, caller: Caller, id: GrantId, ground: str) -> Report | Reason:
    """No: the grant ends when it ends. Steps: 1 gather, 2 decide, 3 record."""
    # 1. Gather.
    now, repeated = w.clock.now(), await _copied(w, id, ground)
    found = _answering(caller, id, GrantCommand.DECLINE, w.snapshots.current(), now)
    # 2. Decide.
    if isinstance(found, Reason):
        return found
    if repeated is not None:
        return repeated
    if found.waiting is None:
        return _none_waits()
    after = changed(found.waiting, answer="declined", answered_by=caller.person.id, answered_at=now, ground=ground)
    # 3. Record.
    entry = w.entry("grant.renewal_declined", now, caller.person, {"grant": id, "report": after.id})
    await w.ledger.record(entry, Put(after))
    return after


async def extend(
    w: World, caller: Caller, id: GrantId, ground: str, answers: Mapping[str, str]
) -> Report | NotPossible | Reason:
    """Yes, if every gate says so again. `answers` as in decide_request.approve. Steps: 1 gather, 2 decide, 3 record."""
    # 1. Gather.
    now = w.clock.now()
    found = _answering(caller, id, GrantCommand.EXTEND, w.snapshots.current(), now)
    if isinstance(found, Reason):
        return found
    holder, repeated = await w.rows.get(Person, found.grant.person), await _copied(w, id, ground, *answers.values())
    snapshot = w.snapshots.current()  # the read above waited: what changed meanwhile must count
    found = _answering(caller, id, GrantCommand.EXTEND, snapshot, now)
    if isinstance(found, Reason):
        return found
    asked, dataset = found.waiting, snapshot.get(Dataset, found.grant.dataset)
    if asked is None or asked.months is None:
        return _none_waits()
    if holder is None or dataset is None:
        return Reason(code="REQ-NOT-FOUND")
    if repeated is not None:
        return repeated
    if (wrong := unattributed(asked.told, found.reports)) is not None:  # it was asked before this had to be said
        return wrong
    # 2. Decide.
    blank = approval(found.grant, asked, w, now)
    said = [Given(code=code, ground=why) for code, why in answers.items()]
    given = findings_for(blank, snapshot, said, role=COMMITTEE, by=caller.person.id)
    question = replace(blank, findings=(*found.grant.findings, *given))
    decision = evaluate(question, snapshot)
    decided = DecisionId(w.new_id("dec", now))
    explanation = explain(question, decision, snapshot)
    left_out = exclusion(decision.excluded, w.entropy.random(SALT_BYTES).hex()) if decision.permits else None
    put = trace(w, holder, decided, question, decision, explanation, snapshot, ground=ground, left_out=left_out)
    told = about(decided, put, decision, question, explanation) | {"grant": id, "report": asked.id}
    if left_out is None:
        await w.ledger.record(w.entry("decision.made", now, caller.person, told), put)
        return NotPossible(id=decided, decision=decision, explanation=explanation)
    ends = end_of(found.grant, asked.months, dataset, decision, now)
    if ends <= found.grant.ends or next_stage(found.stage, GrantCommand.EXTEND) is not GrantStage.ACTIVE:
        return Reason(code="GRANT-NO-LONGER", facts=(("date", rfc3339(found.grant.ends)),))
    after = await _extended(w, found, question, decision, dataset, snapshot, ends, left_out)
    answered = changed(
        asked, answer="extended", answered_by=caller.person.id, answered_at=now, ground=ground, decision=decided
    )
    # 3. Record: the decision, the grant and the answer together or not at all.
    entry = w.entry("grant.extended", now, caller.person, told)
    await w.ledger.record(entry, put, Put(after), Put(answered))
    return answered


def end_of(grant: Grant, months: int, dataset: Dataset, decision: Decision, now: Seconds) -> Seconds:
    """The new end: as asked and as the dataset allows, from now; as the codes allow, from the grant's beginning."""
    longest = [add_months(now, min(months, dataset.grant_months)), decision.ends]
    if decision.months is not None:
        longest.append(add_months(grant.counts_from or grant.begins, decision.months))
    return min(longest)


async def _copied(w: World, id: GrantId, *grounds: str) -> Reason | None:
    grant = w.snapshots.current().get(Grant, id)
    return await copied(w, w.snapshots.current().get(Request, grant.request) if grant is not None else None, *grounds)


async def _extended(
    w: World,
    found: Held,
    question: Question,
    decision: Decision,
    dataset: Dataset,
    snapshot: Snapshot,
    ends: Seconds,
    left_out: Exclusion,
) -> Grant:
    grant = found.grant
    owed = obligations(question, decision, dataset, snapshot, grant.begins, ends)
    unsigned = changed(
        grant, ends=ends, affiliations=question.affiliations, findings=question.findings, exclusion=left_out,
        obligations=carried_on(grant.obligations, owed),
    )  # fmt: skip
    return replace(unsigned, document=await signed(w, unsigned))


def _answering(caller: Caller, id: GrantId, command: GrantCommand, snapshot: Snapshot, now: Seconds) -> Held | Reason:
    """The grant, if the caller may answer for its committee now."""
    found = at_grant(caller, id, command, snapshot, now)
    if isinstance(found, Reason):
        return found
    return untrained(caller, snapshot.get(Committee, found.grant.committee), snapshot, now) or found


def _none_waits() -> Reason:
    return Reason(code="REQ-STATE", facts=(("state", "no renewal waits"),))
