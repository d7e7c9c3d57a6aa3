"""How an answer is told: why, what else would pass, and what to change, all found by asking again.

Nothing is written beside the evaluation: every sentence belongs to a reason that a gate gave, and every
promise was evaluated (ruling 11; EXPLAIN.md sections 2 and 5). `explanation/` has the parts.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from broker.core.copied import copied
from broker.core.decision import filtering
from broker.core.decision.case import Case, case_of
from broker.core.decision.entitlement import entitlements
from broker.core.decision.evaluate import evaluate, evaluate_each
from broker.core.decision.explanation import facts, written
from broker.core.decision.explanation.challenge import challenge
from broker.core.decision.explanation.helping import Change, helpful
from broker.core.decision.explanation.people import own_codes, public, public_codes, public_telling, told
from broker.core.decision.gates.jurisdiction import EXAMPLE
from broker.core.decision.joined import joined
from broker.core.decision.question import Decision, Question
from broker.core.decision.weighing import weighed
from broker.core.ids import SubjectRef
from broker.core.outcome import Gate, Outcome, Reason
from broker.core.purpose import LADDER, Modality
from broker.core.reasons import REASONS, sentence
from broker.core.snapshot import Snapshot
from broker.core.time import rfc3339

_SHOWN = 3
"""How many reasons are told: few, and the strictest first (EXPLAIN section 5, rule 2)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """What a researcher is told. `ladder`: each way of access with its outcome, as evaluated."""

    outcome: Outcome
    reasons: tuple[Reason, ...]
    """The strictest first; what concerns single participants is one code (ruling 10)."""
    sentences: tuple[str, ...]
    ladder: Mapping[Modality, Outcome]
    alternatives: tuple[Modality, ...]
    """Milder ways that really pass."""
    changes: tuple[Change, ...]
    """The least that would have to be otherwise for a yes."""
    obligations: tuple[str, ...]
    missing: tuple[str, ...]
    appeal: str
    example: bool
    """Did policy packs that nobody has reviewed answer? Then this is no legal basis for anything."""
    record: Mapping[str, Any]
    """All of it as plain JSON without words: what `dressed` puts words to."""
    committee: Mapping[str, Any]
    """The same for the committee: every gate with its true codes, and every fact with its source."""


def explain(question: Question, decision: Decision, snapshot: Snapshot) -> Explanation:
    """The explanation of `decision`, which is what `evaluate(question, snapshot)` gave."""
    case = _case(question, decision, snapshot)
    rungs = evaluate_each(question, snapshot, decision)
    filtered = _filtered(question, snapshot) if not rungs[Modality.DOWNLOAD].permits else None
    passes = _told_ladder(question, rungs, filtered=filtered is not None)
    milder = LADDER[LADDER.index(question.modality) + 1 :]
    alternatives = () if decision.permits else tuple(way for way in milder if passes[way].permits)
    told_by = [(gate, one) for gate in public_telling(decision, question) for one in public(gate, question)]
    told_once = {one: (gate, one) for gate, one in reversed(told_by)}  # of gates that say the same, the first
    reasons = tuple(dict.fromkeys(one for _, one in told_by))
    every = [told_once[one] for one in reasons]
    holding = [(gate, one) for gate, one in every if decision.permits or facts.holds_up(one, case)]
    changes = helpful(question, decision, case)
    way_out = challenge([one for _, one in holding], case)
    missing = () if decision.permits else _needed(decision)
    shared = {
        "at": rfc3339(question.at),
        "known_at": rfc3339(question.known_at),
        "asked": written.asked(question, decision),
        "you_can": written.you_can(question, filtered, ((way, passes[way]) for way in alternatives)),
        "change_that_would_help": written.helps(changes, snapshot.ontology),
        "obligations": list(decision.obligations),
        "missing": list(missing),
        "challenge": written.against(way_out),
        "example_policy": EXAMPLE in decision.read,
        "why": [written.why(one, gate.gate, gate.outcome, case) for gate, one in holding[:_SHOWN]],
    }
    codes = {way: (passes[way], public_codes(rungs[way], question)) for way in LADDER}
    true = {way: (one.outcome, tuple(dict.fromkeys(each.code for each in one.reasons))) for way, one in rungs.items()}
    return Explanation(
        outcome=passes[question.modality],
        reasons=reasons,
        sentences=tuple(sentence(reason.code, dict(reason.facts)) for reason in reasons[:_SHOWN]),
        ladder=passes,
        alternatives=alternatives,
        changes=changes,
        obligations=decision.obligations,
        missing=missing,
        appeal=REASONS[reasons[0].code].appeal if reasons else "facts",
        example=EXAMPLE in decision.read,
        record={"outcome": passes[question.modality].name, "why_not": written.ladder(codes), **shared},
        committee={
            **shared,
            "outcome": decision.outcome.name,
            "why_not": written.ladder(true),
            "gates": written.gates(decision.gates, question, case),
            "facts": [written.fact(one) for one in facts.background(case)],
        },
    )


def _needed(decision: Decision) -> tuple[str, ...]:
    """What nobody has stated and somebody must. What the law would need is known when a purpose is."""
    if decision.purpose is not None:
        return decision.missing
    asking = (gate for gate in decision.gates if gate.gate is not Gate.JURISDICTION)
    return tuple(dict.fromkeys(one for gate in asking for one in gate.missing))


def left_out_of(question: Question, decision: Decision, snapshot: Snapshot) -> Mapping[SubjectRef, str]:
    """Each participant whose own consent left them out, and its code: for them, the custodian and the auditor."""
    return own_codes(_case(question, decision, snapshot)) if decision.excluded else {}


def _case(question: Question, decision: Decision, snapshot: Snapshot) -> Case:
    """What the gates saw when they gave `decision`."""
    known = joined(question, snapshot)
    visas = weighed(known, snapshot)
    held = (one for one in entitlements(known, visas, snapshot) if one.id == decision.grant)
    return case_of(known, next(held, None), visas, snapshot)


def _filtered(question: Question, snapshot: Snapshot) -> Outcome | None:
    """What asking for the file without those who must be left out gives, if that is a yes."""
    asked = filtering.without(copied(question, modality=Modality.DOWNLOAD), snapshot)
    found = evaluate(asked, snapshot) if asked is not None else None
    return found.outcome if found is not None and filtering.passes(found) else None


def _told_ladder(question: Question, rungs: Mapping[Modality, Decision], *, filtered: bool) -> dict[Modality, Outcome]:
    """What asking for each way gives, told from the mildest up: whether a milder one passes is known by then.

    `filtered`: the file itself may be had without those who must be left out.
    """
    found: dict[Modality, Outcome] = {}
    for way in reversed(LADDER):
        milder = any(outcome.permits for outcome in found.values()) or (filtered and way is Modality.DOWNLOAD)
        found[way] = told(rungs[way], question, milder=milder)
    return {way: found[way] for way in LADDER}
