"""The entitlement gate: open data, or a live grant; of a request, that the committee did not say no."""

from broker.core.decision.case import Case
from broker.core.decision.gates.result import result
from broker.core.outcome import Gate, GateResult, Outcome
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
    if case.snapshot.revoked("grant", held.id, question.at):
        return result(Gate.ENTITLEMENT, Outcome.DENY, "AUTH-GRANT-REVOKED")
    if not held.begins <= question.at < held.ends:
        return result(Gate.ENTITLEMENT, Outcome.DENY, "AUTH-GRANT-ENDED", date=rfc3339(held.ends))
    return result(Gate.ENTITLEMENT, Outcome.PERMIT, until=held.ends)


def unknown_dataset(case: Case) -> GateResult:
    """An id that nobody registered: said in the same words as a grant that nobody holds."""
    del case
    return result(Gate.ENTITLEMENT, Outcome.DENY, "AUTH-NO-GRANT")
