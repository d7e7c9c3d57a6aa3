"""The terms gate: what the person must have accepted, and the training that they must have."""

from dataclasses import replace

from broker.core.decision.asserted import accepted
from broker.core.decision.case import Case
from broker.core.decision.gates.result import result
from broker.core.decision.gates.training import trained
from broker.core.outcome import Gate, GateResult, Outcome
from broker.core.rows.safeguards import FormerTerms
from broker.core.time import start_of


def terms(case: Case) -> GateResult:
    """Has the person accepted the terms of use, and been trained? A committee may approve before they have."""
    dataset = case.dataset
    if dataset is None or case.question.stage == "approve":
        return result(Gate.TERMS, Outcome.PERMIT)
    told = _accepted(case, dataset.terms_of_use, dataset.former_terms) if dataset.terms_of_use is not None else None
    if dataset.training is None or (told is not None and not told.outcome.permits):
        return told if told is not None else result(Gate.TERMS, Outcome.PERMIT)
    training = trained(case, dataset.training)
    return replace(training, until=min(training.until, told.until)) if told is not None else training


def _accepted(case: Case, url: str, before: tuple[FormerTerms, ...]) -> GateResult:
    """The terms of now; or, until the day that is said, the ones before. Nobody's work stops because terms changed."""
    found = accepted(url, case.question, case.visas, case.snapshot)
    if found is not None:
        return result(Gate.TERMS, Outcome.PERMIT, until=found.ends)
    for former in before:
        ends = start_of(former.until)
        old = accepted(former.url, case.question, case.visas, case.snapshot) if case.question.at < ends else None
        if old is not None:
            return result(Gate.TERMS, Outcome.PERMIT, until=min(old.ends, ends))
    needed = result(Gate.TERMS, Outcome.PENDING, "AUTH-TERMS", url=url)
    return replace(needed, missing=(f"terms.accepted {url}",))
