"""The consent gate: the institution's certificate first, then each participant whose data are asked for.

Beforehand (`foresee`) nobody's record is touched: the certificate alone says whether it could ever be allowed.
"""

from dataclasses import replace
from typing import NamedTuple

from broker.core.consent.cohort import Cohort, Find, cohort_of, everybody_alone
from broker.core.consent.judge import ConsentAnswer, ConsentOutcome, asking_of, judge, judge_certificate
from broker.core.consent.known import learned, renewed
from broker.core.consent.model import DatasetCertificate
from broker.core.consent.question import ConsentQuestion, Settled
from broker.core.consent.verdict import Place, Verdict
from broker.core.decision.asking import consent_question, places, text
from broker.core.decision.case import Case
from broker.core.decision.findings import duties, live_findings, reviewed_by_committee, settled_by_ethics
from broker.core.duo.match import match
from broker.core.ids import SubjectRef
from broker.core.outcome import Gate, GateResult, Outcome, Reason
from broker.core.purpose import Modality, Purpose
from broker.core.rows import Dataset
from broker.core.rows.access import Finding
from broker.core.time import FOREVER, Seconds, day_of

_OUTCOMES = {
    ConsentOutcome.PERMIT: Outcome.PERMIT,
    ConsentOutcome.PERMIT_FILTERED: Outcome.PERMIT_WITH_OBLIGATIONS,
    ConsentOutcome.HOLD: Outcome.REFER,
    ConsentOutcome.REFER: Outcome.REFER,
    ConsentOutcome.DENY: Outcome.DENY,
    ConsentOutcome.DENY_FILE: Outcome.DENY,
}
"""A file that cannot be filtered is a DENY here; where a milder way really passes, `evaluate` says so."""


def consent(case: Case) -> GateResult:
    """What participants, as one, say to the purpose, in every country where the data would be processed."""
    if case.dataset is None or case.purpose is None:
        return GateResult(gate=Gate.CONSENT, outcome=Outcome.PENDING, reasons=(Reason(code="PUR-UNSTATED"),))
    if case.object is not None and case.object.unrestricted:
        return GateResult(gate=Gate.CONSENT, outcome=Outcome.PERMIT, reasons=())
    findings = live_findings(case, Gate.CONSENT)
    answers = [_answer(case, case.dataset, case.purpose, findings, place) for place in places(case.readings)]
    worst = answers[0] if len(answers) == 1 else max(answers, key=lambda answer: _OUTCOMES[answer.outcome])
    outcome = _OUTCOMES[worst.outcome]
    left_out = worst.left_out if len(answers) == 1 else _union(answers)
    obligations = tuple(dict.fromkeys([duty for answer in answers for duty in answer.obligations]))
    keep = _KEEP_TO_LIST[outcome.permits and _bound_to_list(case, left_out)]
    answered = [finding.ends for finding in findings]
    until = min([*(answer.until for answer in answers), *answered])
    return GateResult(
        gate=Gate.CONSENT,
        outcome=outcome,
        reasons=worst.reasons,
        obligations=(*obligations, *duties(findings), *keep),
        missing=() if outcome.permits else worst.missing,
        excluded=left_out,
        until=until,
        ends=min([_certified_until(case.dataset), *answered]) if _apart(case.dataset) else until,
    )


def _apart(dataset: Dataset) -> bool:
    """Can one participant's data be left out and the others' used? Then nobody's date ends what the others allowed."""
    return dataset.certificate.filterable or dataset.certificate.granularity == "per_sample"


def _certified_until(dataset: Dataset) -> Seconds:
    return FOREVER if dataset.certificate.valid_to is None else dataset.certificate.valid_to


_MANY = 100
"""Participants of one object."""

_KEEP_TO_LIST: tuple[tuple[str, ...], tuple[str, ...]] = ((), ("keep_to_exclusion_list",))


def _bound_to_list(case: Case, left_out: frozenset[SubjectRef]) -> bool:
    """A new grant always is: somebody may withdraw tomorrow, and whether somebody has is nobody's business."""
    return bool(left_out) or case.question.stage == "approve"


def _union(answers: list[ConsentAnswer]) -> frozenset[SubjectRef]:
    return frozenset[SubjectRef]().union(*(answer.left_out for answer in answers))


def left_out(case: Case) -> dict[SubjectRef, Reason]:
    """Each participant who is not in, and why; of several places, the strictest. For them and the auditor alone."""
    if case.dataset is None or case.purpose is None or (case.object is not None and case.object.unrestricted):
        return {}
    findings, certificate = live_findings(case, Gate.CONSENT), _certificate(case, case.dataset)
    snapshot, asked = case.snapshot, case.question
    people = [
        snapshot.subject(ref, asked.known_at, asked.dataset) for ref in snapshot.subjects(asked.dataset, asked.object)
    ]
    found: dict[SubjectRef, Verdict] = {}
    for place in places(case.readings):
        question = _question(case, case.purpose, _weighing(case, case.dataset, case.purpose, findings), place)
        for ref, verdict in judge(question, people, certificate, snapshot.ontology).verdicts.items():
            if verdict.place is not Place.INCLUDE and (ref not in found or found[ref].place < verdict.place):
                found[ref] = verdict
    return {ref: found[ref].reason for ref in sorted(found)}


class _Weighing(NamedTuple):
    """What besides purpose and place decides about every participant alike."""

    home: str | None
    began: Seconds | None
    settled: frozenset[Settled]
    reviewed: frozenset[str]


def _weighing(case: Case, dataset: Dataset, purpose: Purpose, findings: tuple[Finding, ...]) -> _Weighing:
    return _Weighing(
        home=text(case.facts.get("recipient.country")),
        began=case.held.begins if case.held is not None else None,
        settled=settled_by_ethics(findings),
        reviewed=reviewed_by_committee((*findings, *_of_certificate_too(case, dataset, purpose))),
    )


def _of_certificate_too(case: Case, dataset: Dataset, purpose: Purpose) -> tuple[Finding, ...]:
    """Answers about the dataset's codes, as far as the certificate asks the very same and not only by the same code."""
    live = live_findings(case, Gate.DUO)
    if not live:  # nearly always: then nothing is matched
        return ()
    certified = (*dataset.certificate.permissions, *dataset.certificate.modifiers)
    ontology, today = case.snapshot.ontology, day_of(case.question.at)
    theirs, ours = (match(terms, purpose, ontology, today).reasons for terms in (certified, dataset.duo))
    other = {reason.code for reason in theirs if reason not in ours}
    return tuple(finding for finding in live if finding.code not in other)


def _question(case: Case, purpose: Purpose, by: _Weighing, place: str | None) -> ConsentQuestion:
    return consent_question(
        case.question,
        purpose,
        home=by.home,
        place=place,
        target=case.object,
        began=by.began,
        settled=by.settled,
        reviewed=by.reviewed,
    )


def _answer(
    case: Case, dataset: Dataset, purpose: Purpose, findings: tuple[Finding, ...], place: str | None
) -> ConsentAnswer:
    """What is known already if it holds, else what the records say."""
    asked, by = case.question, _weighing(case, dataset, purpose, findings)
    key = (dataset.id, asked.object, asked.filtered, asked.stage == "foresee", purpose, place, by)
    snapshot, rests_on = case.snapshot, (dataset, case.object, case.snapshot.ontology)
    answers = snapshot.answers
    known = answers.get(key)
    holds = known is not None and known.holds(asked.at, asked.known_at, rests_on)
    if known is not None and holds and not known.stale:
        return known.answer
    question, certificate = _question(case, purpose, by, place), _certificate(case, dataset)
    if asked.stage == "foresee":
        return judge_certificate(question, certificate, snapshot.ontology)
    asking = asking_of(question, certificate, snapshot.ontology)
    if known is not None and holds:
        known = renewed(known, asking, _find(case, dataset))
    else:
        found = _cohort(case, dataset)
        known = learned(asking, found, _find(case, dataset), (dataset.id, asked.object), rests_on)
    answers.keep(key, known)
    return known.answer


def _cohort(case: Case, dataset: Dataset) -> Cohort:
    """Whose data are asked for. Who is alike is worth knowing of many only."""
    snapshot, asked = case.snapshot, case.question
    if case.object is not None and len(case.object.subjects) < _MANY:
        return everybody_alone(case.object.subjects)
    return snapshot.answers.cohort(
        dataset.id,
        asked.object,
        lambda: cohort_of(snapshot.subjects(dataset.id, asked.object), _find(case, dataset), asked.known_at),
    )


def _find(case: Case, dataset: Dataset) -> Find:
    """A participant, as far as what is on record of them is about this dataset."""
    return lambda ref, known_at: case.snapshot.subject(ref, known_at, dataset.id)


def _certificate(case: Case, dataset: Dataset) -> DatasetCertificate | None:
    """The certificate. A file of several people that leaves as it is cannot be filtered on its way."""
    certificate, asked = dataset.certificate, case.question
    leaves = case.object is not None and asked.modality in (Modality.DOWNLOAD, Modality.STREAM)
    whole_file = leaves and not asked.filtered
    return replace(certificate, filterable=False) if whole_file else certificate
