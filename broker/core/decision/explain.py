"""How an answer is told: why, what else would pass, and what to change, all found by asking again.

Nothing is written beside the evaluation: every sentence belongs to a reason that a gate gave, and every
promise was evaluated (ruling 11; EXPLAIN.md sections 2 and 5).
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from broker.core.consent.public import public_reasons
from broker.core.decision.evaluate import evaluate
from broker.core.decision.gates.jurisdiction import EXAMPLE
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
    passes = _ladder(question, decision, snapshot)
    milder = LADDER[LADDER.index(question.modality) + 1 :]
    alternatives = () if decision.permits else tuple(way for way in milder if passes[way].permits)
    reasons = tuple(one for gate in decision.telling for one in public(gate, question))
    return Explanation(
        outcome=passes[question.modality],
        reasons=reasons,
        sentences=tuple(sentence(reason.code, dict(reason.facts)) for reason in reasons[:_SHOWN]),
        ladder=passes,
        alternatives=alternatives,
        obligations=decision.obligations,
        missing=() if decision.permits else decision.missing,
        appeal=REASONS[reasons[0].code].appeal if reasons else "facts",
        example=EXAMPLE in decision.read,
    )


def public(gate: GateResult, question: Question) -> tuple[Reason, ...]:
    """The reasons of a gate for researchers: what concerns single participants becomes one code (ruling 10)."""
    return public_reasons(gate.reasons) if _about_people(gate, question) else gate.reasons


def told(decision: Decision, question: Question, *, milder: bool) -> Outcome:
    """The outcome for researchers: no participant's consent is told apart from another's no (ruling 10).

    A suspended consent refers the question, a withdrawn one denies it. Who asks sees the same for both, and so
    cannot tell from the outcome what a participant did. `milder`: does a milder way of access pass?
    """
    if decision.permits or decision.outcome is Outcome.ALTERNATIVE:
        return decision.outcome
    if any(_about_people(gate, question) for gate in decision.telling):
        return Outcome.ALTERNATIVE if milder else Outcome.DENY
    return decision.outcome


def _about_people(gate: GateResult, question: Question) -> bool:
    return gate.gate is Gate.CONSENT and question.stage != "foresee"


def _ladder(question: Question, decision: Decision, snapshot: Snapshot) -> dict[Modality, Outcome]:
    """What asking for each way gives, told from the mildest up: whether a milder one passes is known by then."""
    found: dict[Modality, Outcome] = {}
    for way in reversed(LADDER):
        asked = replace(question, modality=way)
        answer = decision if way is question.modality else evaluate(asked, snapshot)
        found[way] = told(answer, asked, milder=any(outcome.permits for outcome in found.values()))
    return {way: found[way] for way in LADDER}
