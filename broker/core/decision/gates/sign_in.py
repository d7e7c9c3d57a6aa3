"""Did the person sign in as strongly, and as recently, as the dataset demands? A part of the identity gate.

RFC 9470: who did not is told what would do, and can bring it by signing in again. Asked of uses only: whether data
suit a purpose does not depend on how somebody signed in to ask.
"""

from broker.core.decision.case import Case
from broker.core.outcome import Gate, GateResult, Outcome, Reason
from broker.core.rows.assurance import Demand, SignIn
from broker.core.time import FOREVER, Seconds


def step_up(case: Case) -> GateResult | None:
    """The refusal, if the sign-in behind the question will not do. Unknown is not enough."""
    demand = case.dataset.assurance if case.dataset is not None else None
    if demand is None or case.question.stage != "use":
        return None
    sign_in = case.question.sign_in
    if sign_in is None:
        reason = Reason(code="AUTH-STEP-UP-UNKNOWN", facts=_facts(demand))
        return GateResult(gate=Gate.IDENTITY, outcome=Outcome.DENY, reasons=(reason,))
    if meets(demand, sign_in, case.question.at):
        return None
    reason = Reason(code="AUTH-STEP-UP", facts=_facts(demand))
    return GateResult(gate=Gate.IDENTITY, outcome=Outcome.PENDING, reasons=(reason,), missing=("sign-in",))


def ends(case: Case) -> Seconds:
    """When a sign-in that does gets too old."""
    demand = case.dataset.assurance if case.dataset is not None else None
    sign_in = case.question.sign_in
    if demand is None or demand.max_age is None or sign_in is None or case.question.stage != "use":
        return FOREVER
    return Seconds(sign_in.at + demand.max_age)


def meets(demand: Demand, sign_in: SignIn, now: Seconds) -> bool:
    """One of the kinds, all of the methods, not too old. Words are compared whole."""
    if demand.acr and sign_in.acr not in demand.acr:
        return False
    if not set(demand.amr) <= set(sign_in.amr):
        return False
    return demand.max_age is None or now < sign_in.at + demand.max_age


def _facts(demand: Demand) -> tuple[tuple[str, str], ...]:
    """For the sentence (`wanted`), and one by one for programs."""
    said: dict[str, str] = {}
    words: list[str] = []
    if demand.acr:
        said["acr_values"] = " ".join(demand.acr)
        words.append(f"of kind {' or '.join(demand.acr)}")
    if demand.amr:
        said["amr"] = " ".join(demand.amr)
        words.append(f"with {', '.join(demand.amr)}")
    if demand.max_age is not None:
        said["max_age"] = str(demand.max_age)
        words.append(f"at most {demand.max_age} seconds ago")
    said["wanted"] = ", ".join(words) or "that is known"
    return tuple(sorted(said.items()))
