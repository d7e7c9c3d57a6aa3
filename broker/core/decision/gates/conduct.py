"""The conduct gate: sanctions and revocations."""

from broker.core.decision.case import Case
from broker.core.decision.gates.result import result
from broker.core.outcome import Gate, GateResult, Outcome
from broker.core.rows import Client, IdentityProvider, VisaIssuer
from broker.core.rows.revocation import What


def conduct(case: Case) -> GateResult:
    """Has the person, who says who they are, the session, the authorisation, the token or the ticket been revoked?"""
    question, at = case.question, case.question.at
    revoked = case.snapshot.revoked
    persons = question.persons or (question.person,)  # who is linked is the same human being: so is the sanction
    for person in persons:
        if person is not None and revoked("person", person, at):
            return result(Gate.CONDUCT, Outcome.DENY, "OPS-RECIPIENT-SUSPENDED")
    if question.within is not None and question.dataset not in question.within:
        return result(Gate.CONDUCT, Outcome.DENY, "AUTH-TASK-OTHER-DATA")
    if _credentials_ended(case):
        return result(Gate.CONDUCT, Outcome.DENY, "AUTH-REVOKED")
    return result(Gate.CONDUCT, Outcome.PERMIT)


def _credentials_ended(case: Case) -> bool:
    question, snapshot, at = case.question, case.snapshot, case.question.at
    held: list[tuple[What, str | None]] = [
        ("session", question.session),
        ("family", question.family),
        ("access", question.access),
    ]
    held += [("issuer", iss) for iss in {iss for iss, _ in question.identities} if iss != snapshot.own.iss]
    for what, value in held:
        if value is not None and snapshot.revoked(what, value, at):
            return True
    if question.rests_on and snapshot.revoked_names(question.rests_on, at):
        return True
    return any(_rests(snapshot.rows.get(name)) for name in question.let_in)


def _rests(row: object) -> bool:
    """Was this client, provider or broker suspended or removed? One that was never registered was not."""
    return isinstance(row, Client | IdentityProvider | VisaIssuer) and row.status != "active"
