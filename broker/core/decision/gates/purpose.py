"""The purpose gate: is a purpose stated, is it the approved one, and may it be at all?"""

from dataclasses import replace

from broker.core.decision.case import Case
from broker.core.decision.gates.result import result
from broker.core.outcome import Gate, GateResult, Outcome
from broker.core.purpose import DUAL_USE, PROHIBITED, Purpose


def purpose(case: Case) -> GateResult:
    """A prohibited purpose is refused before anything else is asked, of open data too."""
    question, flags = case.question, _flags(case)
    bad = sorted(PROHIBITED & flags)
    if bad:
        return result(Gate.PURPOSE, Outcome.DENY, "PUR-PROHIBITED", flag=", ".join(bad))
    if case.purpose is None:
        return result(Gate.PURPOSE, Outcome.PENDING, "PUR-UNSTATED")
    is_open = case.dataset is not None and case.dataset.access == "open"
    if question.stage == "use" and question.purpose is not None and not is_open:
        approved = case.held.purpose if case.held is not None else None
        if approved is None or question.purpose.project != approved.project:
            return result(Gate.PURPOSE, Outcome.DENY, "PUR-MISMATCH")
    if DUAL_USE in flags:
        refer = result(Gate.PURPOSE, Outcome.REFER, "PUR-DUAL-USE")
        return replace(refer, asks=refer.reasons)
    return result(Gate.PURPOSE, Outcome.PERMIT)


def _flags(case: Case) -> frozenset[str]:
    """Those of the approved purpose, and of the one that is stated now: neither hides the other."""
    asked = case.question.purpose
    stated: tuple[Purpose | None, ...] = (case.purpose, asked)
    found = [one.flags for one in stated if one is not None and one.flags]
    return frozenset().union(*found) if found else frozenset()
