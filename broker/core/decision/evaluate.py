"""The one question that the broker exists to answer, as one function.

Every door asks it: the pre-check, the committee's screen, the grant, the Visa, DRS, the bytes. All gates
are evaluated, so that the explanation is whole; the most restrictive answer holds.
"""

from dataclasses import replace

from broker.core.decision import asserted
from broker.core.decision.case import Case
from broker.core.decision.entitlement import Entitlement, entitlements, weighed
from broker.core.decision.findings import answered
from broker.core.decision.gates import GATES
from broker.core.decision.gates.entitlement import unknown_dataset
from broker.core.decision.joined import joined
from broker.core.decision.question import Decision, Question
from broker.core.decision.use import Use, judged
from broker.core.ids import SubjectRef
from broker.core.outcome import GateResult, Outcome, most_restrictive
from broker.core.passport.evaluate import Evaluation
from broker.core.passport.left_out import dropped
from broker.core.purpose import LADDER, Modality
from broker.core.snapshot import Snapshot
from broker.core.time import FOREVER


def evaluate(question: Question, snapshot: Snapshot) -> Decision:
    """Judge `question` by everything in `snapshot`. Never raises for a "no"; unknown things are refused.

    A use is judged under each live grant that the credentials show (ruling 3): the first that permits, the
    latest end first, is the one that is used; if none does, the least restrictive answer is given.
    """
    question = joined(question, snapshot)
    visas = weighed(question, snapshot)
    best: Decision | None = None
    for entitlement in entitlements(question, visas, snapshot):
        decision = _settled(question, entitlement, visas, snapshot)
        if decision.permits:
            return decision
        if best is None or decision.outcome < best.outcome:
            best = decision
    return best if best is not None else _settled(question, None, visas, snapshot)


def _settled(question: Question, held: Entitlement | None, visas: Evaluation, snapshot: Snapshot) -> Decision:
    """The answer for one entitlement; a refusal that a milder way would lift is an ALTERNATIVE, and only then."""
    decision = _judge(question, held, visas, snapshot)
    if decision.outcome < Outcome.ALTERNATIVE:
        return decision
    passes = milder_way(question, held, visas, snapshot) is not None
    return replace(decision, outcome=Outcome.ALTERNATIVE if passes else Outcome.DENY)


def milder_way(question: Question, held: Entitlement | None, visas: Evaluation, snapshot: Snapshot) -> Modality | None:
    """The first milder way of access that every gate permits, found by asking them."""
    for modality in LADDER[LADDER.index(question.modality) + 1 :]:
        if _judge(replace(question, modality=modality), held, visas, snapshot).permits:
            return modality
    return None


def _judge(question: Question, held: Entitlement | None, visas: Evaluation, snapshot: Snapshot) -> Decision:
    """All gates over one question and, for a use, one entitlement."""
    affiliations = asserted.affiliations(question, visas, snapshot)
    use = judged(question, held, affiliations, snapshot)
    case = use.case.of_person(question, held, visas, snapshot)
    if case.dataset is None:
        return _decision(case, (unknown_dataset(case),), use)
    results = tuple([use.said.get(gate) or answered(gate(case), case) for gate in GATES])
    return _decision(case, results, use)


def _decision(case: Case, results: tuple[GateResult, ...], use: Use) -> Decision:
    """On the path of every byte request: one pass, and nothing is built for gates that have nothing to add."""
    outcome, until = most_restrictive([result.outcome for result in results]), FOREVER
    obligations: list[str] = []
    missing: list[str] = []
    read: list[tuple[str, str]] = []
    excluded: frozenset[SubjectRef] = frozenset()
    for result in results:
        until = min(until, result.until)
        obligations += result.obligations
        missing += result.missing
        read += result.read
        if result.excluded:
            excluded = excluded | result.excluded if excluded else result.excluded
    if outcome is Outcome.PERMIT and obligations:
        outcome = Outcome.PERMIT_WITH_OBLIGATIONS
    return Decision(
        outcome=outcome,
        gates=results,
        grant=case.held.id if case.held is not None else None,
        purpose=case.purpose,
        obligations=tuple(dict.fromkeys(obligations)),
        missing=tuple(dict.fromkeys(missing)),
        excluded=excluded,
        until=until,
        months=use.months,
        visas=tuple([one.visa.jti for one in case.visas.accepted if one.visa.jti]),
        facts=case.facts,
        read=tuple(dict.fromkeys(read)),
        dropped=dropped(case.visas.dropped) if case.visas.dropped else (),
    )
