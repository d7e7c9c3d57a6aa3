"""The identity gate: who asks?"""

from broker.core.decision.case import Case
from broker.core.decision.gates.result import result
from broker.core.decision.gates.sign_in import ends as sign_in_ends
from broker.core.decision.gates.sign_in import step_up
from broker.core.outcome import Gate, GateResult, Outcome


def identity(case: Case) -> GateResult:
    """Do we know who asks, from somebody whom we trust, as surely as the data demand?"""
    question = case.question
    if question.person is None or not question.identities:
        return result(Gate.IDENTITY, Outcome.DENY, "AUTH-IDENTITY-UNTRUSTED")
    weak = step_up(case)
    if weak is not None:
        return weak
    until = min([sign_in_ends(case), *[one.ends for one in case.visas.accepted]])
    return result(Gate.IDENTITY, Outcome.PERMIT, until=until)
