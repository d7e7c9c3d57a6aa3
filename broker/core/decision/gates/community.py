"""The community gate: a voice of its own, beside the law and the participants.

A community that governs data decides by a record of its own (core/consent/community.py), or by evidence that lies with
the dataset. Nothing that another gate says, and no finding, changes what this one says; nor does it change them.
"""

from broker.core.consent.judge import ConsentAnswer, ConsentOutcome
from broker.core.decision.case import Case, turns_of_evidence
from broker.core.decision.gates.result import result
from broker.core.outcome import Gate, GateResult, Outcome
from broker.core.time import FOREVER, Seconds

_OUTCOMES = {ConsentOutcome.PERMIT: Outcome.PERMIT, ConsentOutcome.HOLD: Outcome.PENDING}


def community(case: Case) -> GateResult:
    """Does a community govern these data, and what did its authority decide? Nobody overrules it."""
    governed = case.facts.get("data.community_governed")
    evidence = case.facts.get("evidence", ())
    said = evidence if isinstance(evidence, tuple) else ()
    decided = case.communities
    if decided is not None and (decided.outcome is ConsentOutcome.DENY or "community.refused" not in said):
        return _decided(decided)
    if "community.refused" in said:
        return result(Gate.COMMUNITY, Outcome.DENY, "COM-REFUSED", until=_turn(case))
    if governed is False:
        return result(Gate.COMMUNITY, Outcome.PERMIT, until=_turn(case))
    if governed is None:
        return result(Gate.COMMUNITY, Outcome.REFER, "JUR-FACT-MISSING", missing="data.community_governed")
    if "community.approved" in said:
        return result(Gate.COMMUNITY, Outcome.PERMIT, "COM-APPROVED", until=_turn(case))
    return result(Gate.COMMUNITY, Outcome.PENDING, "COM-APPROVAL-NEEDED", until=_turn(case))


def _turn(case: Case) -> Seconds:
    """When the next of the evidence begins or ceases to count."""
    return min(turns_of_evidence(case), default=FOREVER)


def _decided(answer: ConsentAnswer) -> GateResult:
    """What the records of the communities come to; whatever is neither a yes nor a wait is a no."""
    outcome = _OUTCOMES.get(answer.outcome, Outcome.DENY)
    agreed = result(Gate.COMMUNITY, outcome, "COM-APPROVED", until=answer.until)
    if outcome is Outcome.PERMIT:
        return agreed
    return GateResult(
        gate=Gate.COMMUNITY, outcome=outcome, reasons=answer.reasons, missing=answer.missing, until=answer.until
    )
