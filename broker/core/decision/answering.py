"""What does an answer to an open question become? A finding (rulings 1 and 2), if the question is open, and theirs."""

from collections.abc import Iterable
from dataclasses import dataclass

from broker.core.decision.answerers import ANSWERERS, ETHICS, answerer, may_answer
from broker.core.decision.case import Case, case_of
from broker.core.decision.findings import inputs_digest
from broker.core.decision.gates.consent import consent
from broker.core.decision.gates.duo import duo
from broker.core.decision.gates.jurisdiction import jurisdiction
from broker.core.decision.gates.purpose import purpose
from broker.core.decision.question import Question
from broker.core.decision.weighing import weighed
from broker.core.ids import PersonId
from broker.core.outcome import Gate, GateResult, Outcome
from broker.core.rows.access import Finding
from broker.core.snapshot import Snapshot
from broker.core.time import FOREVER, Seconds

_SILENT = "CON-SILENT"


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """An answer as it is given: to which code, and why. For how long: `ends` (None: as long as it may).

    An ethics committee names the class of consents (the form's id) and the SHA-256 of the form's text, the reference of
    its approval, an end, and for CON-SILENT the answers of which it speaks.
    """

    code: str
    ground: str
    ends: Seconds | None = None
    consent_class: str | None = None
    keys: frozenset[str] = frozenset()
    approval: str = ""
    form: str | None = None


def findings_for(
    question: Question, snapshot: Snapshot, answers: Iterable[Given], role: str, by: PersonId
) -> tuple[Finding, ...]:
    """The findings that `answers` make: for questions that are open, and that `role` may answer.

    Anything else among the answers makes nothing; the question simply stays open. So it does where two roles must
    answer, and who answered in the other one is known to be the same human being.
    """
    same = snapshot.ever_linked(by)
    taken = {one.code for one in question.findings if one.role != role and one.person in same}
    case = case_of(question, None, weighed(question, snapshot), snapshot)
    results = [gate(case) for gate in (purpose, duo, consent, jurisdiction)]
    made: dict[Given, Finding] = {}
    for given in answers:
        for result in results:
            if given.code not in taken and given not in made and _answers(given, role, result, question.at):
                made[given] = _finding(case, result, given, role, by)
    return tuple(made.values())


def _answers(given: Given, role: str, result: GateResult, at: Seconds) -> bool:
    """Does it answer a question that this gate leaves open?"""
    if not may_answer(role, given.code) or not given.ground.strip() or not (given.ends is None or given.ends > at):
        return False
    if role == ETHICS and not _complete(given):
        return False
    if result.gate is Gate.CONSENT:  # somebody may wait though others can be used already
        return given.code in ANSWERERS and any(reason.code == given.code for reason in result.reasons)
    return result.outcome is Outcome.REFER and any(reason.code == given.code for reason in result.asks)


def _complete(given: Given) -> bool:
    named = None not in (given.consent_class, given.form, given.ends) and bool(given.approval.strip())
    return named and (given.code != _SILENT or bool(given.keys))


def _finding(case: Case, result: GateResult, given: Given, role: str, by: PersonId) -> Finding:
    at, who = case.question.at, answerer(given.code)
    longest = FOREVER if who is None else who.longest
    ethics = role == ETHICS
    consent_class, keys = (given.consent_class, given.keys) if ethics else (None, frozenset[str]())
    form = given.form if ethics else None
    return Finding(
        gate=result.gate,
        code=given.code,
        dataset=case.question.dataset,
        project=case.purpose.project if case.purpose is not None else None,
        role=role,
        person=by,
        ground=given.ground,
        begins=at,
        ends=min(given.ends or FOREVER, Seconds(min(at + longest, FOREVER))),
        inputs=inputs_digest(
            case, result.gate, read=result.read, consent_class=consent_class, keys=keys, form=form, code=given.code
        ),
        consent_class=consent_class,
        keys=keys,
        approval=given.approval if ethics else "",
        form=form,
    )
