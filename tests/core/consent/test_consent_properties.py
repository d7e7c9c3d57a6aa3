"""What holds for every set of people, every question and every certificate."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from broker.core.consent.judge import ConsentAnswer, ConsentOutcome, judge, judge_certificate
from broker.core.consent.model import ConsentVersion, DatasetCertificate, Subject
from broker.core.consent.question import ConsentQuestion
from broker.core.time import FOREVER, Seconds
from tests.core.consent.consent_world import KEYS, ONTOLOGY, certificates, denials, people, questions

_ASK = 2
RANK = {
    ConsentOutcome.PERMIT: 0,
    ConsentOutcome.PERMIT_FILTERED: 1,
    ConsentOutcome.HOLD: _ASK,
    ConsentOutcome.REFER: _ASK,
    ConsentOutcome.DENY_FILE: 3,
    ConsentOutcome.DENY: 4,
}
ask = settings(max_examples=120)


def denying(version: ConsentVersion, key: str) -> ConsentVersion:
    scope = version.scope
    return replace(version, scope=replace(scope, answers={**scope.answers, key: "deny"}))


def denied(subject: Subject, key: str, *, layer: bool) -> Subject:
    """The same person, who (or whose group) says no once more, in every version."""
    if layer:
        layers = tuple(
            replace(one, versions=tuple(denying(version, key) for version in one.versions)) for one in subject.layers
        )
        return replace(subject, layers=layers)
    return replace(subject, versions=tuple(denying(one, key) for one in subject.versions))


def wider(before: ConsentAnswer, after: ConsentAnswer, key: str) -> bool:
    """Is anybody in who was not, or is the answer milder?

    An answer that nobody can read is no refusal: whom a later rule would refuse waits with everybody else.
    """
    floor = RANK[before.outcome] if key in KEYS else min(RANK[before.outcome], _ASK)
    return not (after.included <= before.included and RANK[after.outcome] >= floor)


@ask
@given(questions, people(), certificates, denials, st.booleans(), st.integers(0, 3))
@pytest.mark.row("WHO-3.1-0b")
def test_one_more_denial_by_a_person_or_a_group_never_widens(
    question: ConsentQuestion,
    subjects: tuple[Subject, ...],
    certificate: DatasetCertificate,
    key: str,
    layer: bool,  # noqa: FBT001 (drawn)
    who: int,
) -> None:
    who %= len(subjects)
    changed = (*subjects[:who], denied(subjects[who], key, layer=layer), *subjects[who + 1 :])
    before = judge(question, subjects, certificate, ONTOLOGY)
    assert not wider(before, judge(question, changed, certificate, ONTOLOGY), key)


@ask
@given(questions, people(), certificates, denials)
def test_one_more_denial_by_the_institution_never_widens(
    question: ConsentQuestion, subjects: tuple[Subject, ...], certificate: DatasetCertificate, key: str
) -> None:
    narrower = replace(certificate, answers={**certificate.answers, key: "deny"})
    before = judge(question, subjects, certificate, ONTOLOGY)
    assert not wider(before, judge(question, subjects, narrower, ONTOLOGY), key)


@ask
@given(questions, people(), certificates, st.randoms(use_true_random=False))
def test_the_order_of_people_and_of_versions_is_irrelevant(
    question: ConsentQuestion, subjects: tuple[Subject, ...], certificate: DatasetCertificate, chance: object
) -> None:
    shuffled = [replace(one, versions=tuple(reversed(one.versions))) for one in subjects]
    chance.shuffle(shuffled)  # type: ignore[attr-defined]
    assert judge(question, subjects, certificate, ONTOLOGY) == judge(question, shuffled, certificate, ONTOLOGY)


@ask
@given(questions, people(), certificates)
@pytest.mark.row("WHO-3.1-1")
def test_what_was_learned_later_does_not_change_what_was_decided(
    question: ConsentQuestion, subjects: tuple[Subject, ...], certificate: DatasetCertificate
) -> None:
    then = [
        replace(one, versions=tuple(v for v in one.versions if v.known_from <= question.known_at)) for one in subjects
    ]
    assert judge(question, subjects, certificate, ONTOLOGY) == judge(question, then, certificate, ONTOLOGY)


@ask
@given(questions, people(), certificates)
def test_included_excluded_and_held_share_out_the_people(
    question: ConsentQuestion, subjects: tuple[Subject, ...], certificate: DatasetCertificate
) -> None:
    answer = judge(question, subjects, certificate, ONTOLOGY)
    parts = (answer.included, answer.excluded, answer.held)
    assert frozenset().union(*parts) == {one.ref for one in subjects}
    assert sum(map(len, parts)) == len(subjects)
    told = {one.reason.code for one in answer.verdicts.values()}
    assert {reason.code for reason in answer.reasons} <= told | {"CON-MIXED-FILE", "CON-TOO-FEW"}
    assert answer.reasons
    if answer.outcome is ConsentOutcome.PERMIT:
        assert answer.included == {one.ref for one in subjects}


@ask
@given(questions, people(), certificates)
def test_the_answer_holds_until_it_says(
    question: ConsentQuestion, subjects: tuple[Subject, ...], certificate: DatasetCertificate
) -> None:
    answer = judge(question, subjects, certificate, ONTOLOGY)
    assert answer.until > question.at
    if answer.until != FOREVER:
        last = replace(question, at=Seconds(answer.until - 1))
        assert judge(last, subjects, certificate, ONTOLOGY) == answer


@ask
@given(questions, people(), certificates)
def test_nobody_is_included_where_the_certificate_alone_refuses(
    question: ConsentQuestion, subjects: tuple[Subject, ...], certificate: DatasetCertificate
) -> None:
    if judge_certificate(question, certificate, ONTOLOGY).outcome is not ConsentOutcome.PERMIT:
        assert not judge(question, subjects, certificate, ONTOLOGY).included


@ask
@given(questions, people())
def test_without_a_certificate_nobody_is_included(question: ConsentQuestion, subjects: tuple[Subject, ...]) -> None:
    assert not judge(question, subjects, None, ONTOLOGY).included


def test_the_generators_let_a_fair_share_of_people_in() -> None:
    """Who never gets in cannot show that somebody is kept out."""
    found: list[ConsentAnswer] = []

    @settings(max_examples=300, database=None)
    @given(questions, people(), certificates)
    def collect(question: ConsentQuestion, subjects: tuple[Subject, ...], certificate: DatasetCertificate) -> None:
        found.append(judge(question, subjects, certificate, ONTOLOGY))

    collect()
    assert sum(RANK[one.outcome] < _ASK for one in found) >= 0.2 * len(found)
    assert sum(bool(one.included) for one in found) >= 0.33 * len(found)
    assert sum(RANK[one.outcome] > _ASK for one in found) >= 0.2 * len(found)
