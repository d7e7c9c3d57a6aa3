"""The consent gate: the institution's certificate first, then each participant whose data are asked for.

Beforehand (`foresee`) nobody's record is touched: the certificate alone says whether it could ever be allowed.
"""

from collections.abc import Iterable
from dataclasses import replace

from broker.core.consent.judge import ConsentAnswer, ConsentOutcome, judge, judge_certificate
from broker.core.consent.model import DatasetCertificate, Subject
from broker.core.consent.question import ConsentQuestion
from broker.core.consent.verdict import Place, Verdict
from broker.core.decision.case import Case
from broker.core.decision.findings import live_findings
from broker.core.ids import SubjectRef
from broker.core.outcome import Gate, GateResult, Outcome, Reason
from broker.core.purpose import Modality, Purpose
from broker.core.snapshot import Snapshot
from broker.core.time import day_of

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
    answers = [_answer(question, case) for question in _questions(case, case.purpose)]
    worst = max(answers, key=lambda answer: _OUTCOMES[answer.outcome])
    outcome = _OUTCOMES[worst.outcome]
    left_out = frozenset[SubjectRef]().union(*(answer.excluded | answer.held for answer in answers))
    obligations = tuple(dict.fromkeys(duty for answer in answers for duty in answer.obligations))
    return GateResult(
        gate=Gate.CONSENT,
        outcome=outcome,
        reasons=worst.reasons,
        obligations=(*obligations, *(("keep_to_exclusion_list",) if left_out and outcome.permits else ())),
        missing=() if outcome.permits else worst.missing,
        excluded=left_out,
        until=min(answer.until for answer in answers),
    )


def left_out(case: Case) -> dict[SubjectRef, Reason]:
    """Each participant who is not in, and why; of several places, the strictest. For them and the auditor alone."""
    if case.dataset is None or case.purpose is None or (case.object is not None and case.object.unrestricted):
        return {}
    found: dict[SubjectRef, Verdict] = {}
    for question in _questions(case, case.purpose):
        for ref, verdict in _answer(question, case).verdicts.items():
            if verdict.place is not Place.INCLUDE and (ref not in found or found[ref].place < verdict.place):
                found[ref] = verdict
    return {ref: found[ref].reason for ref in sorted(found)}


def _answer(question: ConsentQuestion, case: Case) -> ConsentAnswer:
    certificate = _certificate(case)
    ontology = case.snapshot.ontology
    if case.question.stage == "foresee":
        return judge_certificate(question, certificate, ontology)
    refs = case.snapshot.subjects(case.question.dataset, case.question.object)
    return judge(question, _subjects(case.snapshot, refs), certificate, ontology)


def _certificate(case: Case) -> DatasetCertificate | None:
    """The certificate. A file of several people that leaves as it is cannot be filtered on its way."""
    if case.dataset is None:
        return None
    certificate = case.dataset.certificate
    whole_file = case.object is not None and case.question.modality in (Modality.DOWNLOAD, Modality.STREAM)
    return replace(certificate, filterable=False) if whole_file else certificate


def _subjects(snapshot: Snapshot, refs: Iterable[SubjectRef]) -> list[Subject]:
    return [Subject(ref=ref, versions=tuple(row.consent for row in snapshot.consents(ref))) for ref in sorted(refs)]


def _questions(case: Case, purpose: Purpose) -> list[ConsentQuestion]:
    """The question once for every country of processing that was stated; once without, if none was."""
    home = case.facts.get("recipient.country")
    reviewed = frozenset(finding.code for finding in live_findings(case, Gate.DUO))
    places = [facts.get("request.processing_country") for facts in case.readings]
    return [
        ConsentQuestion(
            purpose=purpose,
            recipient_country=home if isinstance(home, str) else None,
            processing_country=place if isinstance(place, str) else None,
            at=case.question.at,
            known_at=case.question.known_at,
            data_generated_on=day_of(case.object.created) if case.object is not None else None,
            grant_began=case.held.begins if case.held is not None else None,
            reviewed=reviewed,
        )
        for place in places
    ]
