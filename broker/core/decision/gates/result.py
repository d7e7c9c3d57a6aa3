"""One way to write down what a gate says."""

from broker.core.outcome import Gate, GateResult, Outcome, Reason
from broker.core.time import FOREVER, Seconds


def result(gate: Gate, outcome: Outcome, *codes: str, until: Seconds = FOREVER, **facts: str) -> GateResult:
    """`codes` with the same `facts` each, for sentences."""
    if not codes and until == FOREVER and outcome is Outcome.PERMIT:
        return _NOTHING_AGAINST[gate]
    reasons = () if not codes else tuple(Reason(code=code, facts=tuple(sorted(facts.items()))) for code in codes)
    return GateResult(gate=gate, outcome=outcome, reasons=reasons, until=until)


_NOTHING_AGAINST = {gate: GateResult(gate=gate, outcome=Outcome.PERMIT, reasons=()) for gate in Gate}
