"""The conduct gate: sanctions and revocations."""

from broker.core.decision.case import Case
from broker.core.decision.gates.result import result
from broker.core.outcome import Gate, GateResult, Outcome
from broker.core.rows import Client, IdentityProvider, VisaIssuer
from broker.core.rows.revocation import What


def conduct(case: Case) -> GateResult:
    """Has the person, who says who they are, the session, the authorisation, the token or the ticket been revoked?"""
    question, revoked, at = case.question, case.snapshot.revoked, case.question.at
    persons = question.persons or {question.person}  # who is linked is the same human being: so is the sanction
    if any(person is not None and revoked("person", person, at) for person in persons):
        return result(Gate.CONDUCT, Outcome.DENY, "OPS-RECIPIENT-SUSPENDED")
    held: tuple[tuple[What, str | None], ...] = (
        ("session", question.session),
        ("family", question.family),
        ("access", question.access),
    )
    if question.within is not None and question.dataset not in question.within:
        return result(Gate.CONDUCT, Outcome.DENY, "AUTH-TASK-OTHER-DATA")
    others = {iss for iss, _ in question.identities} - {case.snapshot.own.iss}
    vouched: tuple[tuple[What, str | None], ...] = tuple(("issuer", iss) for iss in sorted(others))
    shown = case.snapshot.revoked_names(question.rests_on, at)
    if shown or any(value is not None and revoked(what, value, at) for what, value in (*held, *vouched)):
        return result(Gate.CONDUCT, Outcome.DENY, "AUTH-REVOKED")
    if any(_rests(case.snapshot.rows.get(name)) for name in question.let_in):
        return result(Gate.CONDUCT, Outcome.DENY, "AUTH-REVOKED")
    return result(Gate.CONDUCT, Outcome.PERMIT)


def _rests(row: object) -> bool:
    """Was this client, provider or broker suspended or removed? One that was never registered was not."""
    return isinstance(row, Client | IdentityProvider | VisaIssuer) and row.status != "active"
