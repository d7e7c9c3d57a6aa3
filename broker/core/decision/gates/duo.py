"""The DUO gate: dataset codes against the purpose."""

from broker.core.decision.case import Case
from broker.core.decision.gates.result import result
from broker.core.duo.match import Verdict, match
from broker.core.duo.terms import Term
from broker.core.outcome import Gate, GateResult, Outcome
from broker.core.time import FOREVER, Seconds, day_of, start_of

_DUO_OUTCOME = {
    Verdict.PERMIT: Outcome.PERMIT,
    Verdict.REVIEW: Outcome.REFER,
    Verdict.DENY: Outcome.DENY,
}


def duo(case: Case) -> GateResult:
    """Does the purpose fit the dataset's Data Use Ontology codes?"""
    if case.dataset is None or case.purpose is None:
        return result(Gate.DUO, Outcome.PENDING, "PUR-UNSTATED")
    ontology = case.snapshot.ontology
    found = match(case.dataset.duo, case.purpose, ontology, day_of(case.question.at))
    outcome = _DUO_OUTCOME[found.verdict]
    if outcome is Outcome.PERMIT and found.obligations:
        outcome = Outcome.PERMIT_WITH_OBLIGATIONS
    return GateResult(
        gate=Gate.DUO,
        outcome=outcome,
        reasons=found.reasons,
        obligations=found.obligations,
        until=_moratorium(case.dataset.duo, case.question.at),
        ends=FOREVER,
        read=(("ontology", ontology.version),),
        asks=found.reasons if outcome is Outcome.REFER else (),
    )


def _moratorium(codes: tuple[Term, ...], at: Seconds) -> Seconds:
    """When the next moratorium is over: it binds nobody any more then, and forbids nothing."""
    over = [start_of(term.date) for term in codes if term.date is not None]
    return min([turn for turn in over if turn > at], default=FOREVER)


def months(case: Case) -> int | None:
    """The longest grant that the dataset's codes allow, in months; None: they do not say."""
    if case.dataset is None or case.purpose is None:
        return None
    return match(case.dataset.duo, case.purpose, case.snapshot.ontology, day_of(case.question.at)).months
