"""The community gate: a voice of its own, beside the law and the participants."""

from broker.core.decision.case import Case, turns_of_evidence
from broker.core.decision.gates.result import result
from broker.core.outcome import Gate, GateResult, Outcome


def community(case: Case) -> GateResult:
    """Does a community govern these data, and what did its authority decide? Nobody overrules it."""
    governed = case.facts.get("data.community_governed")
    evidence = case.facts.get("evidence", ())
    said = evidence if isinstance(evidence, tuple) else ()
    if "community.refused" in said:
        return result(Gate.COMMUNITY, Outcome.DENY, "COM-REFUSED")
    if governed is False:
        return result(Gate.COMMUNITY, Outcome.PERMIT)
    if governed is None:
        return result(Gate.COMMUNITY, Outcome.REFER, "JUR-FACT-MISSING", missing="data.community_governed")
    if "community.approved" in said:
        return result(Gate.COMMUNITY, Outcome.PERMIT, "COM-APPROVED", until=min(turns_of_evidence(case)))
    return result(Gate.COMMUNITY, Outcome.PENDING, "COM-APPROVAL-NEEDED")
