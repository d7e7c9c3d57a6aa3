"""What may be told of participants' consents, and to whom? To researchers: one code, whatever it was (ruling 10).

The outcome, the order of the reasons and every rung of the ladder go through here, so that a suspended consent
(a REFER) cannot be told from a withdrawn one (a DENY).
"""

from collections.abc import Iterable, Mapping

from broker.core.consent.public import LEFT_OUT, PER_SUBJECT, public_reasons
from broker.core.decision.answerers import ANSWERERS
from broker.core.decision.case import Case
from broker.core.decision.gates.consent import left_out
from broker.core.decision.question import Decision, Question
from broker.core.ids import DatasetId, SubjectRef
from broker.core.outcome import Gate, GateResult, Outcome, Reason
from broker.core.plain import digest
from broker.core.time import Seconds

_PLACES = {gate: place for place, gate in enumerate(Gate)}

FOR_COMMITTEES = frozenset(code for code, who in ANSWERERS.items() if code.startswith("CON-") and who.by == "finding")
"""What is open about whole classes of consents, or the set: who may answer it has to know what is asked."""

UNSTATED = (Reason(code="PUR-UNSTATED"),)
"""What the consent gate says before it looks at anybody's record."""

MANY = 20
"""From this number on a band may be named; below it nothing is said of how many."""


def about_people(gate: GateResult, question: Question) -> bool:
    """Does this gate speak of single participants? Before a request, and without a purpose, no record is touched."""
    return gate.gate is Gate.CONSENT and question.stage != "foresee" and gate.reasons != UNSTATED


def public(gate: GateResult, question: Question) -> tuple[Reason, ...]:
    """The reasons of a gate for researchers: what concerns single participants becomes one code."""
    return public_reasons(gate.reasons) if about_people(gate, question) else gate.reasons


def public_telling(decision: Decision, question: Question) -> tuple[GateResult, ...]:
    """The gates that decided, the strictest first; a participant's no counts as one no, of whatever kind."""

    def place(gate: GateResult) -> tuple[int, int]:
        hides = about_people(gate, question) and not gate.outcome.permits
        return -(Outcome.DENY if hides else gate.outcome), _PLACES[gate.gate]

    return tuple(sorted(decision.telling, key=place))


def public_codes(decision: Decision, question: Question) -> tuple[str, ...]:
    """Every code that researchers may see, each once, the strictest first."""
    telling = public_telling(decision, question)
    return tuple(dict.fromkeys(reason.code for gate in telling for reason in public(gate, question)))


def told(decision: Decision, question: Question, *, milder: bool) -> Outcome:
    """The outcome for researchers: no participant's consent is told apart from another's no.

    A suspended consent refers the question, a withdrawn one denies it. Who asks sees the same for both, and so
    cannot tell from the outcome what a participant did. `milder`: does a milder way of access pass?
    """
    if decision.permits or decision.outcome is Outcome.ALTERNATIVE:
        return decision.outcome
    if any(about_people(gate, question) for gate in decision.telling):
        return Outcome.ALTERNATIVE if milder else Outcome.DENY
    return decision.outcome


def own_codes(case: Case) -> Mapping[SubjectRef, str]:
    """Why each participant who is left out is left out: for themselves alone, and for the auditor."""
    if case.question.stage == "foresee":
        return {}
    return {ref: reason.code for ref, reason in left_out(case).items()}


def named(ref: SubjectRef, dataset: DatasetId, at: Seconds) -> str:
    """By what a participant finds their own code in a trace: not their pseudonym, and another one in every decision."""
    return digest([dataset, at, ref])[:24]


def banded(count: str) -> str:
    """`count` as the committee may see it: nothing is said of how few they are."""
    return f"{MANY} or more" if count.isdecimal() and int(count) >= MANY else f"fewer than {MANY}"


def for_committee(codes: Iterable[str]) -> tuple[str, ...]:
    """Codes of the consent gate as a committee may see them: what they can answer, and one for everything else."""
    told = dict.fromkeys(LEFT_OUT if one in PER_SUBJECT - FOR_COMMITTEES else one for one in codes)
    first = [LEFT_OUT] if LEFT_OUT in told else []  # as if it were the strictest, whatever it was
    return tuple(dict.fromkeys([*first, *told]))
