"""How an answer is told: why, what else would pass, and what to change, all found by asking again.

Nothing is written beside the evaluation: every sentence belongs to a reason that a gate gave, and every
promise was evaluated (ruling 11; EXPLAIN.md sections 2 and 5).
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from broker.core.consent.public import public_reasons
from broker.core.decision.evaluate import evaluate
from broker.core.decision.gates import EXAMPLE
from broker.core.decision.question import Decision, Question
from broker.core.outcome import Gate, GateResult, Outcome, Reason
from broker.core.purpose import LADDER, Modality
from broker.core.reasons import REASONS, sentence
from broker.core.snapshot import Snapshot

_SHOWN = 3


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
    obligations: tuple[str, ...]
    missing: tuple[str, ...]
    appeal: str
    example: bool
    """Did policy packs that nobody has reviewed answer? Then this is no legal basis for anything."""


def explain(question: Question, decision: Decision, snapshot: Snapshot) -> Explanation:
    """The explanation of `decision`, which is what `evaluate(question, snapshot)` gave."""
    ladder = {way: _outcome(question, way, decision, snapshot) for way in LADDER}
    milder = LADDER[LADDER.index(question.modality) + 1 :]
    reasons = tuple(told for gate in decision.telling for told in public(gate, question))
    return Explanation(
        outcome=decision.outcome,
        reasons=reasons,
        sentences=tuple(sentence(reason.code, dict(reason.facts)) for reason in reasons[:_SHOWN]),
        ladder=ladder,
        alternatives=() if decision.permits else tuple(way for way in milder if ladder[way].permits),
        obligations=decision.obligations,
        missing=() if decision.permits else decision.missing,
        appeal=REASONS[reasons[0].code].appeal if reasons else "facts",
        example=EXAMPLE in decision.read,
    )


def public(gate: GateResult, question: Question) -> tuple[Reason, ...]:
    """The reasons of a gate for researchers: what concerns single participants becomes one code (ruling 10)."""
    about_people = gate.gate is Gate.CONSENT and question.stage != "foresee"
    return public_reasons(gate.reasons) if about_people else gate.reasons


def _outcome(question: Question, way: Modality, decision: Decision, snapshot: Snapshot) -> Outcome:
    if way is question.modality:
        return decision.outcome
    return evaluate(replace(question, modality=way), snapshot).outcome
