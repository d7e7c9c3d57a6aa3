"""The jurisdiction gate: the policy packs."""

from collections.abc import Callable
from dataclasses import replace
from typing import TypeVar

from broker.core.decision.case import Case, turns_of_evidence
from broker.core.jurisdiction.judge import Answer, judge
from broker.core.outcome import Gate, GateResult, Outcome, Reason

T = TypeVar("T")

EXAMPLE = ("mode", "example")
"""What a decision has read when a policy pack without a reviewer was in force: no legal basis for anything."""


def jurisdiction(case: Case) -> GateResult:
    """What does the law of every place involved say? Asked for every country of processing that was stated."""
    answers = [judge(case.snapshot.rulebook, facts, case.question.at) for facts in case.readings]
    strictest = max(answer.outcome for answer in answers)
    telling = [answer for answer in answers if answer.outcome is strictest]
    awaited = _awaited(answers)
    said = GateResult(
        gate=Gate.JURISDICTION,
        outcome=strictest,
        reasons=_all(telling, lambda answer: answer.reasons),
        obligations=_all(answers, lambda answer: answer.obligations),
        missing=_all(answers, lambda answer: (*answer.evidence, *answer.missing_facts)),
        until=min((*(answer.until for answer in answers), *turns_of_evidence(case))),
        read=(*(EXAMPLE for answer in answers[:1] if answer.example), *_all(answers, lambda answer: answer.read)),
        asks=_asks(telling) if strictest is Outcome.REFER else (),
        besides=Outcome.PENDING if awaited else Outcome.PERMIT_WITH_OBLIGATIONS,
        awaits=awaited,
    )
    if case.purpose is None and strictest < Outcome.ALTERNATIVE:  # who asks knows what for, and no officer (ruling 3)
        return replace(said, outcome=Outcome.PENDING, reasons=(Reason(code="PUR-UNSTATED"),), asks=())
    return said


def _asks(answers: list[Answer]) -> tuple[Reason, ...]:
    """What people may answer: referrals of packs, and what no pack answers. Nothing, where one of them is mandatory."""
    referred = [verdict for answer in answers for verdict in answer.verdicts if verdict.effect == "refer"]
    if any(verdict.mandatory for verdict in referred):
        return ()
    said = {verdict.reason for answer in answers for verdict in answer.verdicts}
    uncovered = [reason for answer in answers for reason in answer.reasons if reason not in said]
    return tuple(dict.fromkeys((*(verdict.reason for verdict in referred), *uncovered)))


def _awaited(answers: list[Answer]) -> tuple[Reason, ...]:
    """What the law still waits for when people have answered: evidence that a pack awaits is missing then too."""
    verdicts = (verdict for answer in answers for verdict in answer.verdicts)
    return tuple(dict.fromkeys(verdict.reason for verdict in verdicts if verdict.effect == "await"))


def _all(answers: list[Answer], part: Callable[[Answer], tuple[T, ...]]) -> tuple[T, ...]:
    """Every part once. Of one answer, which is the rule, the parts are different already."""
    if len(answers) == 1:
        return part(answers[0])
    return tuple(dict.fromkeys(item for answer in answers for item in part(answer)))
