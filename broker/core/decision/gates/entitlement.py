"""The entitlement gate: open data, or a live grant; of a request, that the committee did not say no."""

from broker.core.decision.case import Case
from broker.core.decision.entitlement import Entitlement
from broker.core.decision.gates.result import result
from broker.core.outcome import Gate, GateResult, Outcome
from broker.core.rows import Grant, Request, Revocation
from broker.core.rows.revocation import revocation_id
from broker.core.time import rfc3339


def entitlement(case: Case) -> GateResult:
    """Is the data open, or does the person hold a live grant, or a visa that stands for one (ruling 3)?"""
    question, dataset, held = case.question, case.dataset, case.held
    if question.stage == "approve" and question.vote == "no":
        return result(Gate.ENTITLEMENT, Outcome.DENY, "REQ-REJECTED")
    if question.stage != "use" or (dataset is not None and dataset.access == "open"):
        return result(Gate.ENTITLEMENT, Outcome.PERMIT)
    if held is None and question.grant is None and dataset is not None and dataset.access == "registered":
        return result(Gate.ENTITLEMENT, Outcome.DENY, "AUTH-NOT-REGISTERED", url=dataset.registered_version)
    if held is None:
        wrong = question.grant is not None
        return result(Gate.ENTITLEMENT, Outcome.DENY, "PUR-MISMATCH" if wrong else "AUTH-NO-GRANT")
    if held.person != question.person and held.person not in question.persons:
        return result(Gate.ENTITLEMENT, Outcome.DENY, "PUR-MISMATCH")
    stopped = case.snapshot.get(Revocation, revocation_id("grant", held.id))
    if stopped is not None and stopped.holds(question.at):
        code = "AUTH-GRANT-SUSPENDED" if stopped.pausing else "AUTH-GRANT-REVOKED"
        return result(Gate.ENTITLEMENT, Outcome.DENY, code)
    if question.at < held.begins:
        return result(Gate.ENTITLEMENT, Outcome.DENY, "AUTH-NO-GRANT")
    if held.is_over(question.at):
        return result(Gate.ENTITLEMENT, Outcome.DENY, "AUTH-GRANT-ENDED", date=rfc3339(held.ends))
    if _is_from_oneself(case, held):
        return result(Gate.ENTITLEMENT, Outcome.DENY, "REQ-OWN")
    return result(Gate.ENTITLEMENT, Outcome.PERMIT, until=held.ends)


def _is_from_oneself(case: Case, held: Entitlement) -> bool:
    """Did whoever holds it decide about it, or answer for it, under another identity of theirs?

    It counts whenever that comes out, and for good: who parts the two again stays one human being.
    """
    same = case.snapshot.ever_linked(held.person) if held.person is not None else frozenset()
    if len(same) <= 1:  # by far the most; a flow refuses who decides under the same identity
        return False
    grant = case.snapshot.get(Grant, held.id)
    request = case.snapshot.get(Request, grant.request) if grant is not None else None
    answered = {finding.person for finding in held.findings}
    return not same.isdisjoint(answered) or (request is not None and request.decided_by in same)


def unknown_dataset(case: Case) -> GateResult:
    """An id that nobody registered: said in the same words as a grant that nobody holds."""
    del case
    return result(Gate.ENTITLEMENT, Outcome.DENY, "AUTH-NO-GRANT")
