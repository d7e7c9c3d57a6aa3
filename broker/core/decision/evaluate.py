"""The one question that the broker exists to answer, as one function.

Every door asks it: the pre-check, the committee's screen, the grant, the Visa, DRS, the bytes. All gates
are evaluated, so that the explanation is whole; the most restrictive answer holds.
"""

from dataclasses import dataclass, replace

from broker.core.copied import copied
from broker.core.decision import asserted, filtering
from broker.core.decision.case import Case
from broker.core.decision.entitlement import Entitlement, tried
from broker.core.decision.findings import answered
from broker.core.decision.gates import ASK_FOR_THE_WAY, GATES
from broker.core.decision.gates.entitlement import unknown_dataset
from broker.core.decision.joined import joined
from broker.core.decision.question import Decision, Question
from broker.core.decision.together import Together, together
from broker.core.decision.use import USE_GATES, Same, judged, way_is_open
from broker.core.decision.weighing import weighed
from broker.core.outcome import Gate, GateResult, Outcome
from broker.core.passport.evaluate import Evaluation
from broker.core.passport.left_out import dropped
from broker.core.purpose import LADDER, Modality
from broker.core.snapshot import Snapshot

OF_PERSON = tuple(gate for gate in GATES if gate not in USE_GATES)
"""The gates that ask about the credentials of the moment: each time anew."""
_NOTHING_YET: Same = {}


@dataclass(frozen=True, slots=True)
class Asker:
    """Who asks, looked up once: the question with everybody whom its person is, and which visas count."""

    question: Question
    visas: Evaluation
    affiliations: tuple[str, ...]


def evaluate(question: Question, snapshot: Snapshot) -> Decision:
    """Judge `question` by everything in `snapshot`. Never raises for a "no"; unknown things are refused.

    A use is judged under each live grant that the credentials show (ruling 3): the first that permits, the
    latest end first, is the one that is used; if none does, the least restrictive answer is given.
    """
    return decided(asker_of(question, snapshot), snapshot)


def asker_of(question: Question, snapshot: Snapshot) -> Asker:
    """Who asks, by this picture."""
    question = joined(question, snapshot)
    visas = weighed(question, snapshot)
    return Asker(question, visas, asserted.affiliations(question, visas, snapshot))


def decided(asker: Asker, snapshot: Snapshot) -> Decision:
    """What `evaluate` says to the question of `asker`, about whichever dataset it names."""
    best: Decision | None = None
    for entitlement in tried(asker.question, asker.visas, snapshot):
        decision = _settled(asker, entitlement, snapshot)
        if decision.permits:
            return decision
        if best is None or _rank(decision) < _rank(best):
            best = decision
    return best if best is not None else _settled(asker, None, snapshot)


def evaluate_each(question: Question, snapshot: Snapshot, asked: Decision | None = None) -> dict[Modality, Decision]:
    """What `evaluate` answers for every way of access: each is judged once for each entitlement, the mildest first.

    `asked`: what it answered for the way that `question` names. It holds for the only entitlement that there is.
    """
    asker = asker_of(question, snapshot)
    every = tried(asker.question, asker.visas, snapshot) or (None,)
    sure = asked if len(every) == 1 else None
    best: dict[Modality, Decision] = {}
    for held in every:
        passes, same = False, _whatever_the_way(sure) if sure is not None else _NOTHING_YET
        for way in reversed(LADDER):
            if sure is not None and way is question.modality:
                best[way], passes = sure, passes or sure.permits
                continue
            other = copied(asker, question=copied(asker.question, modality=way))
            found = _judge(other, held, snapshot, same)
            same = same or _whatever_the_way(found)
            if found.outcome >= Outcome.ALTERNATIVE:
                milder = passes or _filtered_passes(other, held, snapshot)
                found = replace(found, outcome=Outcome.ALTERNATIVE if milder else Outcome.DENY)
            passes = passes or found.permits
            known = best.get(way)
            if known is None or (not known.permits and _rank(found) < _rank(known)):
                best[way] = found
    return {way: best[way] for way in LADDER}


def _rank(decision: Decision) -> Outcome:
    """How restrictive an answer is, of those under several grants: a participant's no is one no, of whatever kind.

    Else it would show in which grant is named whether somebody withdrew or only waits (ruling 10).
    """
    said_no = any(gate.gate is Gate.CONSENT and not gate.outcome.permits for gate in decision.gates)
    return Outcome.DENY if said_no else decision.outcome


def _settled(asker: Asker, held: Entitlement | None, snapshot: Snapshot) -> Decision:
    """The answer for one entitlement; a refusal that a milder way would lift is an ALTERNATIVE, and only then."""
    decision = _judge(asker, held, snapshot)
    if decision.outcome < Outcome.ALTERNATIVE:
        return decision
    passes = _may_be_milder(decision) and (
        _filtered_passes(asker, held, snapshot) or _milder_passes(asker, held, snapshot)
    )
    return replace(decision, outcome=Outcome.ALTERNATIVE if passes else Outcome.DENY)


def _may_be_milder(decision: Decision) -> bool:
    """Would asking for another way be of any use? Not if a gate stands against it that does not ask for the way."""
    return all(result.outcome.permits or result.gate in ASK_FOR_THE_WAY for result in decision.gates)


def _filtered_passes(asker: Asker, held: Entitlement | None, snapshot: Snapshot) -> bool:
    """Would the same file pass without those who must be left out?"""
    question = filtering.without(asker.question, snapshot)
    return question is not None and filtering.passes(_judge(copied(asker, question=question), held, snapshot))


def _milder_passes(asker: Asker, held: Entitlement | None, snapshot: Snapshot) -> bool:
    """Is there a milder way of access that every gate permits? Found by asking those to whom the way matters."""
    question = asker.question
    milder = (copied(question, modality=way) for way in LADDER[LADDER.index(question.modality) + 1 :])
    return any(way_is_open(asked, held, asker.affiliations, snapshot) for asked in milder)


def _whatever_the_way(decision: Decision) -> Same:
    """What gates said that do not ask for the way of access."""
    if len(decision.gates) != len(GATES):  # the dataset is not there: one answer stands for all
        return _NOTHING_YET
    found = zip(GATES, decision.gates, strict=True)
    return {gate: said for gate, said in found if said.gate not in ASK_FOR_THE_WAY}


def _judge(asker: Asker, held: Entitlement | None, snapshot: Snapshot, same: Same = _NOTHING_YET) -> Decision:
    """All gates over one question and, for a use, one entitlement. `same`: what some said already of another way."""
    use = judged(asker.question, held, asker.affiliations, snapshot, same)
    case = use.case.of_person(asker.question, held, asker.visas, snapshot)
    if case.dataset is None:
        return _decision(case, (unknown_dataset(case),), use.months, None)
    of_person = {gate: same[gate] if gate in same else answered(gate(case), case) for gate in OF_PERSON}
    results = tuple([of_person[gate] if gate in of_person else use.said[gate] for gate in GATES])
    return _decision(case, results, use.months, together(of_person.values(), use.together))


def _decision(case: Case, results: tuple[GateResult, ...], months: int | None, come_to: Together | None) -> Decision:
    all_of_it = together(results) if come_to is None else come_to
    return Decision(
        outcome=all_of_it.outcome,
        gates=results,
        grant=case.held.id if case.held is not None else None,
        purpose=case.purpose,
        obligations=all_of_it.obligations,
        missing=all_of_it.missing,
        excluded=all_of_it.excluded,
        until=all_of_it.until,
        months=months,
        visas=tuple([one.visa.jti for one in case.visas.accepted if one.visa.jti]),
        facts=case.facts,
        read=all_of_it.read,
        dropped=dropped(case.visas.dropped) if case.visas.dropped else (),
    )
