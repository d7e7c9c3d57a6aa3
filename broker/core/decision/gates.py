"""What each gate asks. Each takes the case and answers with a GateResult; none knows of the others.

The table GATES at the end is all of them, in the order in which they are told.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import TypeVar

from broker.core.decision.asserted import accepted
from broker.core.decision.case import Case, case_of, ends_of_evidence
from broker.core.decision.gate_consent import consent
from broker.core.decision.gate_sign_in import ends as sign_in_ends
from broker.core.decision.gate_sign_in import step_up
from broker.core.duo.match import Verdict, match
from broker.core.jurisdiction.judge import Answer, judge
from broker.core.outcome import Gate, GateResult, Outcome, Reason
from broker.core.rows import Client, IdentityProvider, VisaIssuer
from broker.core.rows.revocation import What
from broker.core.time import FOREVER, Seconds, day_of, rfc3339

__all__ = ["GATES", "Case", "case_of", "months", "unknown_dataset"]

T = TypeVar("T")

EXAMPLE = ("mode", "example")
"""What a decision has read when a policy pack without a reviewer was in force: no legal basis for anything."""

_DUO_OUTCOME = {
    Verdict.PERMIT: Outcome.PERMIT,
    Verdict.REVIEW: Outcome.REFER,
    Verdict.DENY: Outcome.DENY,
}


def _result(gate: Gate, outcome: Outcome, *codes: str, until: Seconds = FOREVER, **facts: str) -> GateResult:
    reasons = tuple(Reason(code=code, facts=tuple(sorted(facts.items()))) for code in codes)
    return GateResult(gate=gate, outcome=outcome, reasons=reasons, until=until)


def unknown_dataset(case: Case) -> GateResult:
    """An id that nobody registered: said in the same words as a grant that nobody holds."""
    del case
    return _result(Gate.ENTITLEMENT, Outcome.DENY, "AUTH-NO-GRANT")


def identity(case: Case) -> GateResult:
    """Do we know who asks, from somebody whom we trust, as surely as the data demand?"""
    question = case.question
    if question.person is None or not question.identities:
        return _result(Gate.IDENTITY, Outcome.DENY, "AUTH-IDENTITY-UNTRUSTED")
    weak = step_up(case)
    if weak is not None:
        return weak
    ends = (one.ends for one in case.visas.accepted)
    return _result(Gate.IDENTITY, Outcome.PERMIT, until=min((*ends, sign_in_ends(case))))


def entitlement(case: Case) -> GateResult:
    """Is the data open, or does the person hold a live grant, or a visa that stands for one (ruling 3)?"""
    question, dataset, held = case.question, case.dataset, case.held
    if question.stage != "use" or (dataset is not None and dataset.access == "open"):
        return _result(Gate.ENTITLEMENT, Outcome.PERMIT)
    if held is None and question.grant is None and dataset is not None and dataset.access == "registered":
        return _result(Gate.ENTITLEMENT, Outcome.DENY, "AUTH-NOT-REGISTERED", url=dataset.registered_version)
    if held is None:
        wrong = question.grant is not None
        return _result(Gate.ENTITLEMENT, Outcome.DENY, "PUR-MISMATCH" if wrong else "AUTH-NO-GRANT")
    if held.person != question.person and held.person not in question.persons:
        return _result(Gate.ENTITLEMENT, Outcome.DENY, "PUR-MISMATCH")
    if case.snapshot.revoked("grant", held.id, question.at):
        return _result(Gate.ENTITLEMENT, Outcome.DENY, "AUTH-GRANT-REVOKED")
    if not held.begins <= question.at < held.ends:
        return _result(Gate.ENTITLEMENT, Outcome.DENY, "AUTH-GRANT-ENDED", date=rfc3339(held.ends))
    return _result(Gate.ENTITLEMENT, Outcome.PERMIT, until=held.ends)


def terms(case: Case) -> GateResult:
    """Has the person accepted the terms of use? A committee may approve before they have."""
    url = case.dataset.terms_of_use if case.dataset is not None else None
    if url is None or case.question.stage == "approve":
        return _result(Gate.TERMS, Outcome.PERMIT)
    found = accepted(url, case.question, case.visas, case.snapshot)
    if found is not None:
        return _result(Gate.TERMS, Outcome.PERMIT, until=found.ends)
    needed = _result(Gate.TERMS, Outcome.PENDING, "AUTH-TERMS", url=url)
    return replace(needed, missing=(f"terms.accepted {url}",))


def purpose(case: Case) -> GateResult:
    """Is a purpose stated, and is it the one that was approved?"""
    question = case.question
    if case.dataset is not None and case.dataset.access == "open":
        return _result(Gate.PURPOSE, Outcome.PERMIT)
    if case.purpose is None:
        return _result(Gate.PURPOSE, Outcome.PENDING, "PUR-UNSTATED")
    if question.stage == "use" and question.purpose is not None:
        approved = case.held.purpose if case.held is not None else None
        if approved is None or question.purpose.project != approved.project:
            return _result(Gate.PURPOSE, Outcome.DENY, "PUR-MISMATCH")
    return _result(Gate.PURPOSE, Outcome.PERMIT)


def duo(case: Case) -> GateResult:
    """Does the purpose fit the dataset's Data Use Ontology codes?"""
    if case.dataset is None or case.purpose is None:
        return _result(Gate.DUO, Outcome.PENDING, "PUR-UNSTATED")
    ontology = case.snapshot.ontology
    found = match(case.dataset.duo, case.purpose, ontology, day_of(case.question.at))
    outcome = _DUO_OUTCOME[found.verdict]
    if outcome is Outcome.PERMIT and found.obligations:
        outcome = Outcome.PERMIT_WITH_OBLIGATIONS
    return GateResult(
        gate=Gate.DUO,
        outcome=outcome,
        reasons=found.reasons,
        obligations=found.obligations,
        read=(("ontology", ontology.version),),
    )


def months(case: Case) -> int | None:
    """The longest grant that the dataset's codes allow, in months; None: they do not say."""
    if case.dataset is None or case.purpose is None:
        return None
    return match(case.dataset.duo, case.purpose, case.snapshot.ontology, day_of(case.question.at)).months


def community(case: Case) -> GateResult:
    """Does a community govern these data, and what did its authority decide? Nobody overrules it."""
    governed = case.facts.get("data.community_governed")
    evidence = case.facts.get("evidence", ())
    said = evidence if isinstance(evidence, tuple) else ()
    if "community.refused" in said:
        return _result(Gate.COMMUNITY, Outcome.DENY, "COM-REFUSED")
    if governed is False:
        return _result(Gate.COMMUNITY, Outcome.PERMIT)
    if governed is None:
        return _result(Gate.COMMUNITY, Outcome.REFER, "JUR-FACT-MISSING", missing="data.community_governed")
    if "community.approved" in said:
        return _result(Gate.COMMUNITY, Outcome.PERMIT, "COM-APPROVED", until=min(ends_of_evidence(case)))
    return _result(Gate.COMMUNITY, Outcome.PENDING, "COM-APPROVAL-NEEDED")


def jurisdiction(case: Case) -> GateResult:
    """What does the law of every place involved say? Asked for every country of processing that was stated."""
    answers = [judge(case.snapshot.rulebook, facts, case.question.at) for facts in case.readings]
    strictest = max(answer.outcome for answer in answers)
    telling = [answer for answer in answers if answer.outcome is strictest]
    return GateResult(
        gate=Gate.JURISDICTION,
        outcome=strictest,
        reasons=_all(telling, lambda answer: answer.reasons),
        obligations=_all(answers, lambda answer: answer.obligations),
        missing=_all(answers, lambda answer: (*answer.evidence, *answer.missing_facts)),
        until=min((*(answer.until for answer in answers), *ends_of_evidence(case))),
        read=(*(EXAMPLE for answer in answers[:1] if answer.example), *_all(answers, lambda answer: answer.read)),
    )


def _all(answers: list[Answer], part: Callable[[Answer], tuple[T, ...]]) -> tuple[T, ...]:
    return tuple(dict.fromkeys(item for answer in answers for item in part(answer)))


def conduct(case: Case) -> GateResult:
    """Has the person, who says who they are, the session, the authorisation, the token or the ticket been revoked?"""
    question, revoked, at = case.question, case.snapshot.revoked, case.question.at
    persons = question.persons or {question.person}  # who is linked is the same human being: so is the sanction
    if any(person is not None and revoked("person", person, at) for person in persons):
        return _result(Gate.CONDUCT, Outcome.DENY, "OPS-RECIPIENT-SUSPENDED")
    held: tuple[tuple[What, str | None], ...] = (
        ("session", question.session),
        ("family", question.family),
        ("access", question.access),
    )
    if question.within is not None and question.dataset not in question.within:
        return _result(Gate.CONDUCT, Outcome.DENY, "AUTH-TASK-OTHER-DATA")
    others = {iss for iss, _ in question.identities} - {case.snapshot.own.iss}
    vouched: tuple[tuple[What, str | None], ...] = tuple(("issuer", iss) for iss in sorted(others))
    shown = case.snapshot.revoked_names(question.rests_on, at)
    if shown or any(value is not None and revoked(what, value, at) for what, value in (*held, *vouched)):
        return _result(Gate.CONDUCT, Outcome.DENY, "AUTH-REVOKED")
    if any(_rests(case.snapshot.rows.get(name)) for name in question.let_in):
        return _result(Gate.CONDUCT, Outcome.DENY, "AUTH-REVOKED")
    return _result(Gate.CONDUCT, Outcome.PERMIT)


def _rests(row: object) -> bool:
    """Was this client, provider or broker suspended or removed? One that was never registered was not."""
    return isinstance(row, Client | IdentityProvider | VisaIssuer) and row.status != "active"


GATES: tuple[Callable[[Case], GateResult], ...] = (
    identity,
    entitlement,
    terms,
    purpose,
    duo,
    consent,
    community,
    jurisdiction,
    conduct,
)
"""Every gate. All are asked, whatever the others say."""
