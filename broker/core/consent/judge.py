"""May the data of this set of people be used so? Read this first. (docs/reference/consent-rules.md)

Each participant passes R1 to R12 (standing.py, rules.py) and the layers above them (community.py); the worst
place counts. Then the set: may the rest be used without those who are left out?
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from broker.core.consent.answers import asked_by
from broker.core.consent.certificate import certified, refused
from broker.core.consent.community import layer_objections
from broker.core.consent.model import ConsentVersion, DatasetCertificate, Subject
from broker.core.consent.places import LISTS
from broker.core.consent.question import ConsentQuestion
from broker.core.consent.rules import Asking, objection
from broker.core.consent.standing import instants, standings
from broker.core.consent.verdict import Place, Verdict, exclude
from broker.core.duo.ontology import Ontology
from broker.core.ids import SubjectRef
from broker.core.outcome import Norm, Reason
from broker.core.time import FOREVER, Seconds, add_months, start_of


class ConsentOutcome(StrEnum):
    """What consent says about a set of people."""

    PERMIT = "PERMIT"
    PERMIT_FILTERED = "PERMIT_FILTERED"
    """Without those who are left out: the exclusion list is bound to the grant."""
    HOLD = "HOLD"
    REFER = "REFER"
    DENY = "DENY"
    DENY_FILE = "DENY_FILE"
    """Not this file, which cannot be filtered; perhaps a re-cut one, or masked in a secure environment."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsentAnswer:
    """The answer, and where each participant went. Not for researchers as it stands: see public.py.

    `reasons`: each code once, with how many participants it concerns. `until`: the first second at which the
    answer may change by itself. `missing`: members of the question that were not answered and may matter.
    """

    outcome: ConsentOutcome
    reasons: tuple[Reason, ...]
    verdicts: Mapping[SubjectRef, Verdict] = field(default_factory=dict)
    obligations: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    until: Seconds = FOREVER

    @property
    def included(self) -> frozenset[SubjectRef]:
        return self._placed(Place.INCLUDE)

    @property
    def excluded(self) -> frozenset[SubjectRef]:
        return self._placed(Place.EXCLUDE)

    @property
    def held(self) -> frozenset[SubjectRef]:
        """Left out now; they may join without a new application when the open question is answered."""
        return self._placed(Place.HOLD)

    def _placed(self, place: Place) -> frozenset[SubjectRef]:
        return frozenset(ref for ref, verdict in self.verdicts.items() if verdict.place is place)


def judge(
    question: ConsentQuestion,
    subjects: Iterable[Subject],
    certificate: DatasetCertificate | None,
    ontology: Ontology,
) -> ConsentAnswer:
    """What consent says about using the data of `subjects`, all of them together, in any order.

    No participant at all is a refusal. ValueError: the same participant twice.
    """
    asking = _asking(question, certificate, ontology)
    people = sorted(subjects, key=lambda subject: subject.ref)
    verdicts = {subject.ref: _verdict(subject, asking) for subject in people}
    if len(verdicts) != len(people):
        raise ValueError("a participant is named twice")
    if certificate is not None and certificate.family_objection == "block_family":
        verdicts |= _blocked(people, verdicts)
    outcome, codes = _set_level(verdicts, certificate, question.reviewed)
    used = outcome in {ConsentOutcome.PERMIT, ConsentOutcome.PERMIT_FILTERED}
    duties = {duty for one in verdicts.values() if used for duty in one.obligations}
    return ConsentAnswer(
        outcome=outcome,
        reasons=(*codes, *_reasons(verdicts, outcome)),
        verdicts=verdicts,
        obligations=tuple(sorted(duties)),
        missing=_missing(asking),
        until=_until(people, asking),
    )


def judge_certificate(
    question: ConsentQuestion, certificate: DatasetCertificate | None, ontology: Ontology
) -> ConsentAnswer:
    """Could this ever be allowed? The institution's word alone: PERMIT, HOLD or DENY, without a participant.

    The same for every participant, so its reasons may be shown as they are.
    """
    asking = _asking(question, certificate, ontology)
    denied = refused(certificate, question, asking.asked) if certificate is not None else None
    found = [one for one in (asking.certified, denied) if one is not None]
    worst = max(found, key=lambda one: one.place, default=None)
    outcome = ConsentOutcome.PERMIT
    if worst is not None:
        outcome = ConsentOutcome.HOLD if worst.held else ConsentOutcome.DENY
    return ConsentAnswer(
        outcome=outcome,
        reasons=(worst.by("R9").reason,) if worst else (),
        missing=_missing(asking),
        until=_until([], asking),
    )


def _asking(question: ConsentQuestion, certificate: DatasetCertificate | None, ontology: Ontology) -> Asking:
    verdict, missing = certified(certificate, question, ontology)
    return Asking(
        question=question,
        certificate=certificate,
        certified=verdict,
        missing=missing,
        asked=asked_by(question),
        ontology=ontology,
    )


def _verdict(subject: Subject, asking: Asking) -> Verdict:
    """One participant: the worst of each living consent and of each layer; of equals, the person's own word."""
    found = standings(subject.versions, asking.question)
    if isinstance(found, Verdict):
        return found
    own = [objection(one, asking) or asking.fit(one.version.scope).carried for one in found]
    return max((*own, *layer_objections(subject, found, asking)), key=lambda verdict: verdict.place)


def _blocked(people: list[Subject], verdicts: Mapping[SubjectRef, Verdict]) -> Mapping[SubjectRef, Verdict]:
    """One relative's objection to family analysis leaves out the family, where the institution says so."""
    objected = {one.family for one in people if one.family and verdicts[one.ref].reason.code == "CON-FAMILY"}
    return {
        one.ref: exclude("CON-FAMILY", ref="block_family").by("R11")
        for one in people
        if one.family in objected and verdicts[one.ref].place is not Place.EXCLUDE
    }


def _set_level(
    verdicts: Mapping[SubjectRef, Verdict], certificate: DatasetCertificate | None, reviewed: frozenset[str]
) -> tuple[ConsentOutcome, tuple[Reason, ...]]:
    """The outcome, and the codes that belong to the set and to nobody in it."""
    places = [verdict.place for verdict in verdicts.values()]
    included, excluded = places.count(Place.INCLUDE), places.count(Place.EXCLUDE)
    if not places:
        return ConsentOutcome.DENY, (_of_the_set("CON-NO-RECORD"),)
    if not included or certificate is None:
        return (ConsentOutcome.DENY if excluded else ConsentOutcome.HOLD), ()
    if included == len(places):
        return ConsentOutcome.PERMIT, ()
    if not certificate.filterable:
        mixed = (_of_the_set("CON-MIXED-FILE"),)
        return (ConsentOutcome.DENY_FILE, mixed) if excluded else (ConsentOutcome.HOLD, ())
    if included < certificate.min_group and "CON-TOO-FEW" not in reviewed:
        return ConsentOutcome.REFER, (_of_the_set("CON-TOO-FEW"),)
    return ConsentOutcome.PERMIT_FILTERED, ()


def _of_the_set(code: str) -> Reason:
    return Reason(code=code, norm=Norm(source="consent-record", rule="set"))


def _reasons(verdicts: Mapping[SubjectRef, Verdict], outcome: ConsentOutcome) -> tuple[Reason, ...]:
    """Each code once, sorted: of a permit for all what carries it, otherwise what leaves people out."""
    telling = [
        verdict.reason
        for verdict in verdicts.values()
        if (verdict.place is Place.INCLUDE) == (outcome is ConsentOutcome.PERMIT)
    ]
    by_code: dict[str, list[Reason]] = {}
    for reason in telling:
        by_code.setdefault(reason.code, []).append(reason)
    return tuple(_together(by_code[code]) for code in sorted(by_code))


def _together(reasons: list[Reason]) -> Reason:
    """One reason for all participants whom it concerns: the facts that they share, and how many they are."""
    shared = set(reasons[0].facts).intersection(*(reason.facts for reason in reasons))
    facts = (*shared, ("n", str(len(reasons))))
    return Reason(code=reasons[0].code, facts=tuple(sorted(facts)), norm=reasons[0].norm)


def _missing(asking: Asking) -> tuple[str, ...]:
    """What the asker left open and participants may have a say in: the same whoever the participants are."""
    members = {one.member for one in asking.asked if not one.stated}
    return tuple(
        sorted({*members, *asking.missing} | {rule.member for rule in LISTS if rule.asked(asking.question) is None})
    )


def _until(people: list[Subject], asking: Asking) -> Seconds:
    """The first moment after the question at which a version, a date in one, or the certificate turns."""
    question, certificate = asking.question, asking.certificate
    found: set[Seconds] = {FOREVER}
    for version in (one for person in people for history in (person.versions, *person.layers) for one in history):
        if version.known_from <= question.known_at:
            found |= instants(version) | _grace(version, asking)
    if certificate is not None:
        found |= {one for one in (certificate.valid_from, certificate.valid_to) if one is not None}
    return min(one for one in found if one > question.at or one == FOREVER)


def _grace(version: ConsentVersion, asking: Asking) -> frozenset[Seconds]:
    """When a running grant's grace after a maturity review ends."""
    if version.maturity_review_on is None or asking.certificate is None:
        return frozenset()
    return frozenset({add_months(start_of(version.maturity_review_on), asking.certificate.maturity_grace_months)})
