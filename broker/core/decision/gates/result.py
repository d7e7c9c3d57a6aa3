"""One way to write down what a gate says."""

from functools import lru_cache

from broker.core.outcome import Gate, GateResult, Outcome, Reason
from broker.core.time import FOREVER, Seconds


def result(gate: Gate, outcome: Outcome, *codes: str, until: Seconds = FOREVER, **facts: str) -> GateResult:
    """`codes` with the same `facts` each, for sentences."""
    if not codes and outcome is Outcome.PERMIT:
        return _nothing_against(gate, until)
    reasons = () if not codes else tuple(Reason(code=code, facts=tuple(sorted(facts.items()))) for code in codes)
    return GateResult(gate=gate, outcome=outcome, reasons=reasons, until=until)


@lru_cache(maxsize=4096)
def _nothing_against(gate: Gate, until: Seconds) -> GateResult:
    """Kept, since it is what most gates say most of the time."""
    return GateResult(gate=gate, outcome=Outcome.PERMIT, reasons=(), until=until)
