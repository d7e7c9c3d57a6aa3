"""The purpose gate."""

from broker.core.decision.case import Case
from broker.core.decision.gates.result import result
from broker.core.outcome import Gate, GateResult, Outcome


def purpose(case: Case) -> GateResult:
    """Is a purpose stated, and is it the one that was approved?"""
    question = case.question
    if case.dataset is not None and case.dataset.access == "open":
        return result(Gate.PURPOSE, Outcome.PERMIT)
    if case.purpose is None:
        return result(Gate.PURPOSE, Outcome.PENDING, "PUR-UNSTATED")
    if question.stage == "use" and question.purpose is not None:
        approved = case.held.purpose if case.held is not None else None
        if approved is None or question.purpose.project != approved.project:
            return result(Gate.PURPOSE, Outcome.DENY, "PUR-MISMATCH")
    return result(Gate.PURPOSE, Outcome.PERMIT)
