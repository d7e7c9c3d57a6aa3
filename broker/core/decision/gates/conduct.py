"""The conduct gate: sanctions and revocations."""

from broker.core.decision.case import Case
from broker.core.decision.gates.result import result
from broker.core.outcome import Gate, GateResult, Outcome
from broker.core.rows import Client, IdentityProvider, VisaIssuer
from broker.core.rows.revocation import What, revocation_id


def conduct(case: Case) -> GateResult:
    """Has the person, who says who they are, the session, the authorisation, the token or the ticket been revoked?"""
    question, snapshot = case.question, case.snapshot
    persons = question.persons or (question.person,)  # who is linked is the same human being: so is the sanction
    suspended = [revocation_id("person", person) for person in persons if person is not None]
    if snapshot.any_revoked(suspended, question.at):
        return result(Gate.CONDUCT, Outcome.DENY, "OPS-RECIPIENT-SUSPENDED")
    if question.within is not None and question.dataset not in question.within:
        return result(Gate.CONDUCT, Outcome.DENY, "AUTH-TASK-OTHER-DATA")
    if snapshot.any_revoked(_credentials(case), question.at):
        return result(Gate.CONDUCT, Outcome.DENY, "AUTH-REVOKED")
    if question.let_in and any(_rests(snapshot.rows.get(name)) for name in question.let_in):
        return result(Gate.CONDUCT, Outcome.DENY, "AUTH-REVOKED")
    return result(Gate.CONDUCT, Outcome.PERMIT)


def _credentials(case: Case) -> list[str]:
    """The ids of the revocations that would end what the question came with."""
    question, ours = case.question, case.snapshot.own.iss
    held: list[tuple[What, str | None]] = [
        ("session", question.session),
        ("family", question.family),
        ("access", question.access),
    ]
    names = [revocation_id(what, value) for what, value in held if value is not None]
    return [
        *question.rests_on,
        *names,
        *[revocation_id("issuer", iss) for iss, _ in question.identities if iss != ours],
    ]


def _rests(row: object) -> bool:
    """Was this client, provider or broker suspended or removed? One that was never registered was not."""
    return isinstance(row, Client | IdentityProvider | VisaIssuer) and row.status != "active"
