"""The terms gate."""

from dataclasses import replace

from broker.core.decision.asserted import accepted
from broker.core.decision.case import Case
from broker.core.decision.gates.result import result
from broker.core.outcome import Gate, GateResult, Outcome


def terms(case: Case) -> GateResult:
    """Has the person accepted the terms of use? A committee may approve before they have."""
    url = case.dataset.terms_of_use if case.dataset is not None else None
    if url is None or case.question.stage == "approve":
        return result(Gate.TERMS, Outcome.PERMIT)
    found = accepted(url, case.question, case.visas, case.snapshot)
    if found is not None:
        return result(Gate.TERMS, Outcome.PERMIT, until=found.ends)
    needed = result(Gate.TERMS, Outcome.PENDING, "AUTH-TERMS", url=url)
    return replace(needed, missing=(f"terms.accepted {url}",))
