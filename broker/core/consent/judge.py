"""May the data of this set of people be used so? Read this first. (docs/reference/consent-rules.md)

Each participant passes R1 to R12 (standing.py, rules.py) and the layers above them (community.py); the worst
place counts. Then the set: may the rest be used without those who are left out (tally.py)?
"""

from collections.abc import Iterable, Mapping

from broker.core.consent.answers import asked_by
from broker.core.consent.certificate import certified, refused
from broker.core.consent.community import community_objections, layer_objections
from broker.core.consent.model import ConsentVersion, DatasetCertificate, Layer, Subject
from broker.core.consent.places import LISTS
from broker.core.consent.question import ConsentQuestion
from broker.core.consent.rules import RULES, Asking, answers_of, objection
from broker.core.consent.standing import Standing, next_turn, standings
from broker.core.consent.tally import ConsentAnswer, ConsentOutcome, Said, Tally
from broker.core.consent.verdict import Place, Verdict, exclude
from broker.core.duo.ontology import Ontology
from broker.core.ids import SubjectRef
from broker.core.time import FOREVER, Seconds, add_months, start_of

__all__ = ["ConsentAnswer", "ConsentOutcome", "judge", "judge_certificate", "judge_communities"]


def judge(
    question: ConsentQuestion,
    subjects: Iterable[Subject],
    certificate: DatasetCertificate | None,
    ontology: Ontology,
) -> ConsentAnswer:
    """What consent says about using the data of `subjects`, all of them together, in any order.

    No participant at all is a refusal. ValueError: the same participant twice.
    """
    asking = asking_of(question, certificate, ontology)
    said = all_said(subjects, asking)
    verdicts = {ref: one.verdict for ref, one in said.items()}
    return answer_of(Tally.of(said), asking, verdicts)


def all_said(subjects: Iterable[Subject], asking: Asking) -> Mapping[SubjectRef, Said]:
    """What is said of each participant, relatives whom the institution leaves out with one another included."""
    people = sorted(subjects, key=lambda subject: subject.ref)
    said = {subject.ref: said_of(subject, asking) for subject in people}
    if len(said) != len(people):
        raise ValueError("a participant is named twice")
    return {**said, **_blocked(people, said)} if blocks_families(asking.certificate) else said


def said_of(subject: Subject, asking: Asking) -> Said:
    """Where one participant goes, and until when nothing about that changes by itself."""
    return Said(verdict=_verdict(subject, asking), until=_until_of(subject, asking))


def answer_of(tally: Tally, asking: Asking, verdicts: Mapping[SubjectRef, Verdict] | None = None) -> ConsentAnswer:
    """What the whole set comes to. `verdicts`: where each participant went, if the asker wants to know."""
    outcome, codes = tally.outcome(asking.certificate, asking.question.reviewed)
    used = outcome in {ConsentOutcome.PERMIT, ConsentOutcome.PERMIT_FILTERED}
    return ConsentAnswer(
        outcome=outcome,
        reasons=(*codes, *tally.reasons(outcome)),
        verdicts={} if verdicts is None else verdicts,
        left_out=frozenset(tally.left_out),
        obligations=tally.obligations() if used else (),
        missing=_missing(asking),
        until=min(tally.until, _until_of_certificate(asking)),
    )


def judge_certificate(
    question: ConsentQuestion, certificate: DatasetCertificate | None, ontology: Ontology
) -> ConsentAnswer:
    """Could this ever be allowed? The institution's word alone: PERMIT, HOLD or DENY, without a participant.

    The same for every participant, so its reasons may be shown as they are.
    """
    asking = asking_of(question, certificate, ontology)
    denied = refused(certificate, question, asking.asked) if certificate is not None else None
    found = [one.by("R9") for one in (asking.certified, denied) if one is not None]
    return _alone(found, _missing(asking), _until_of_certificate(asking))


def judge_communities(question: ConsentQuestion, communities: Iterable[Layer], ontology: Ontology) -> ConsentAnswer:
    """What the communities that govern a dataset decided, all of them together: PERMIT, HOLD or DENY.

    A decision is the community's own and no secret of a participant: its reasons may be shown as they are.
    """
    asking, layers = asking_of(question, None, ontology), tuple(communities)
    turns = (_turn(version, asking) for layer in layers for version in layer.versions)
    return _alone(list(community_objections(layers, asking)), _missing(asking), min(turns, default=FOREVER))


def _alone(found: list[Verdict], missing: tuple[str, ...], until: Seconds) -> ConsentAnswer:
    """An answer without participants: the worst of `found`; of refusals first the one that no other way avoids."""
    worst = max(found, key=lambda one: (one.place, one.reason.code != "COM-LOCAL-ONLY"), default=None)
    outcome = ConsentOutcome.PERMIT
    if worst is not None:
        outcome = ConsentOutcome.HOLD if worst.held else ConsentOutcome.DENY
    return ConsentAnswer(outcome=outcome, reasons=(worst.reason,) if worst else (), missing=missing, until=until)


def asking_of(question: ConsentQuestion, certificate: DatasetCertificate | None, ontology: Ontology) -> Asking:
    """The question with everything that is the same for all participants."""
    verdict, missing = certified(certificate, question, ontology)
    return Asking(
        question=question,
        certificate=certificate,
        certified=verdict,
        missing=missing,
        asked=asked_by(question),
        ontology=ontology,
    )


def blocks_families(certificate: DatasetCertificate | None) -> bool:
    """Does one relative's objection leave out the whole family? Then nobody can be judged alone."""
    return certificate is not None and certificate.family_objection == "block_family"


def _verdict(subject: Subject, asking: Asking) -> Verdict:
    """One participant: the worst of each living consent and of each layer; of equals, the person's own word."""
    found = standings(subject.versions, asking.question)
    if isinstance(found, Verdict):
        return found
    own = [objection(one, asking, RULES) or _carried(one, asking) for one in found]
    return max((*own, *layer_objections(subject, found, asking)), key=lambda verdict: verdict.place)


def _carried(standing: Standing, asking: Asking) -> Verdict:
    """What carries the use; where a law overrides a refusal, the user must know by which."""
    version, found = standing.version, asking.fit(standing.version.scope).carried
    if version.override is None or answers_of(version, asking.question) is version.scope.answers:
        return found
    return found.also(f"overridden_by:{version.override.law}")


def _blocked(people: list[Subject], said: Mapping[SubjectRef, Said]) -> Mapping[SubjectRef, Said]:
    """One relative's objection to family analysis leaves out the family, where the institution says so.

    Of an objector whose family is not stated, everybody whose family is not stated may be a relative.
    """
    objected = {one.family for one in people if said[one.ref].verdict.reason.code == "CON-FAMILY"}
    no = exclude("CON-FAMILY", ref="block_family").by("R11")
    return {
        one.ref: Said(verdict=no, until=said[one.ref].until)
        for one in people
        if one.family in objected and said[one.ref].verdict.place is not Place.EXCLUDE
    }


def _missing(asking: Asking) -> tuple[str, ...]:
    """What the asker left open and participants may have a say in: the same whoever the participants are."""
    members = {one.member for one in asking.asked if not one.stated}
    return tuple(
        sorted({*members, *asking.missing} | {rule.member for rule in LISTS if rule.asked(asking.question) is None})
    )


def _until_of(subject: Subject, asking: Asking) -> Seconds:
    """The first moment after the question at which a version, or a date in one, turns."""
    found = FOREVER
    for version in subject.versions:
        found = min(found, _turn(version, asking))
    for layer in subject.layers:
        for version in layer.versions:
            found = min(found, _turn(version, asking))
    return found


def _turn(version: ConsentVersion, asking: Asking) -> Seconds:
    if version.known_from > asking.question.known_at:
        return FOREVER
    return min(next_turn(version, asking.question.at), _grace(version, asking))


def _until_of_certificate(asking: Asking) -> Seconds:
    certificate = asking.certificate
    if certificate is None:
        return FOREVER
    days = (term.date for term in certificate.modifiers)  # of a moratorium
    ends = (certificate.valid_from, certificate.valid_to, *(start_of(day) for day in days if day is not None))
    return min((one for one in ends if one is not None and one > asking.question.at), default=FOREVER)


def _grace(version: ConsentVersion, asking: Asking) -> Seconds:
    """When a running grant's grace after a maturity review ends; FOREVER if there is none, or it has ended."""
    if version.maturity_review_on is None or asking.certificate is None:
        return FOREVER
    ends = add_months(start_of(version.maturity_review_on), asking.certificate.maturity_grace_months)
    return ends if ends > asking.question.at else FOREVER
