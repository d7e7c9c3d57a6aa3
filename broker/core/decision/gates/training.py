"""Was the person trained for these data, and does it still hold? A part of the terms gate (WHO 2024, 3.6-10).

A certificate is anything that another than the person says of them with the training's URL as its value: a visa, an
assertion that an organisation made here, a word of their home organisation.
"""

from dataclasses import replace

from broker.core.decision.asserted import certificates, lapsed
from broker.core.decision.case import Case
from broker.core.decision.gates.result import result
from broker.core.outcome import Gate, GateResult, Outcome
from broker.core.time import rfc3339


def trained(case: Case, url: str) -> GateResult:
    """Pending without a live certificate. One that ended is told with its date."""
    ends = certificates(url, case.question, case.visas, case.snapshot)
    if ends:
        return result(Gate.TERMS, Outcome.PERMIT, until=max(ends))
    ended = lapsed(url, case.question, case.visas, case.snapshot)
    if ended:
        told = result(Gate.TERMS, Outcome.PENDING, "AUTH-TRAINING-EXPIRED", date=rfc3339(max(ended)), url=url)
    else:
        told = result(Gate.TERMS, Outcome.PENDING, "AUTH-TRAINING-MISSING", url=url)
    return replace(told, missing=(f"training {url}",))
