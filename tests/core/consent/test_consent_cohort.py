"""People who gave the same consent are judged as one: the answer is the one that judging each of them gives."""

from collections.abc import Mapping
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from broker.core.consent.cohort import Cohort, cohort_of, everybody_alone, told_apart
from broker.core.consent.judge import asking_of, judge
from broker.core.consent.known import learned
from broker.core.consent.model import ConsentVersion, DatasetCertificate, Layer, Subject
from broker.core.consent.question import ConsentQuestion
from broker.core.consent.tally import ConsentAnswer
from broker.core.ids import DatasetId, SubjectRef
from broker.core.time import Seconds
from tests.core.consent.consent_world import (
    HISTORIES,
    NOW,
    ONTOLOGY,
    asking,
    certificates,
    certified,
    on,
    person,
    questions,
    record,
)

HERE = DatasetId("https://bank.example/heart")


def answered(
    people: Mapping[SubjectRef, Subject], cohort: Cohort, question: ConsentQuestion, certificate: DatasetCertificate
) -> ConsentAnswer:
    asked = asking_of(question, certificate, ONTOLOGY)
    return learned(asked, cohort, lambda ref, _: people[ref], (HERE, None), ()).answer


@settings(max_examples=150)
@given(
    st.lists(st.sampled_from(HISTORIES), min_size=1, max_size=8),
    questions,
    certificates,
    st.booleans(),
    st.sampled_from(["2024-01-01", "2026-06-01", "2027-06-01"]),
)
def test_the_answer_is_that_of_judging_each(
    histories: list[tuple[ConsentVersion, ...]],
    question: ConsentQuestion,
    certificate: DatasetCertificate,
    whole: bool,  # noqa: FBT001 (drawn)
    built: str,
) -> None:
    """Whenever the cohort was told apart, and whether or not families are left out as a whole."""
    people = {}
    for index, history in enumerate((*histories, *histories)):  # so that somebody is like another
        ref = SubjectRef(f"s{index}")
        people[ref] = Subject(ref=ref, versions=tuple(replace(one, subject_ref=ref) for one in history))
    if whole:
        certificate = replace(certificate, family_objection="block_family")
    cohort = cohort_of(frozenset(people), lambda ref, _: people[ref], on(built))
    bare = judge(question, people.values(), certificate, ONTOLOGY)
    assert answered(people, cohort, question, certificate) == replace(bare, verdicts={})
    changed = cohort.after(frozenset({SubjectRef("s0"), SubjectRef("elsewhere")}))
    people[SubjectRef("s0")] = person("s0", record("s0", status="withdrawn"))
    bare = judge(question, people.values(), certificate, ONTOLOGY)
    assert answered(people, changed, question, certificate) == replace(bare, verdicts={})


def crowd(**odd: object) -> dict[SubjectRef, Subject]:
    people = {SubjectRef(f"s{n}"): person(f"s{n}") for n in range(9)}
    stranger = Subject(ref=SubjectRef("odd"), versions=(record("odd", **odd),))
    return people | {SubjectRef("odd"): stranger}


@pytest.mark.parametrize(
    "odd",
    [
        {"status": "suspended"},
        {"status": "withdrawn"},
        {"effective_to": "2030-01-01"},
        {"effective_from": "2027-01-01"},
        {"recorded_at": "2027-01-01"},
        {"maturity_review_on": "2030-01-01"},
        {"deceased_on": "2030-01-01"},
        {"capacity": "regained"},
        {"grantor": {"kind": "parent"}},
        {"grantor": {"kind": "self", "valid_to": "2030-01-01"}},
        {"family_ref": "f1"},
        {"community_refs": ["c1"]},
        {"supersedes": {"consent_id": "s1", "version": 1}},
        {
            "model": "opt_out",
            "legal_basis": {"type": "opt_out", "instrument": "x", "approval_ref": "z"},
            "override": {"law": "x", "authority": "y", "ends": "2030-01-01"},
        },
    ],
    ids=str,
)
def test_whoever_is_not_plainly_alike_is_read_alone(odd: dict[str, object]) -> None:
    people = crowd(**odd)
    cohort = cohort_of(frozenset(people), lambda ref, _: people[ref], NOW)
    assert cohort.others == {"odd"}
    assert [len(refs) for _, refs in told_apart(cohort)] == [9]


@pytest.mark.parametrize(
    "other",
    [
        {"scope": {"permissions": ["HMB"]}},
        {"scope": {"permissions": ["GRU"], "modifiers": ["NPU"]}},
        {"scope": {"permissions": ["GRU"], "answers": {"linkage": "deny"}}},
        {"scope": {"permissions": ["GRU"], "answers": {"hosting": ["FR"]}}},
        {"scope": {"permissions": ["GRU"], "answers": {"modalities": ["aggregate"]}}},
        {"scope": {"permissions": ["GRU"], "answers": {"recipient_countries": []}}},
        {"template": {"id": "T12", "version": "4", "sha256": "ab"}},
    ],
    ids=str,
)
def test_another_form_is_another_answer(other: dict[str, object]) -> None:
    people = crowd(**other)
    cohort = cohort_of(frozenset(people), lambda ref, _: people[ref], NOW)
    assert sorted(len(refs) for _, refs in told_apart(cohort)) == [1, 9]


def test_a_question_of_a_time_before_is_asked_of_everybody() -> None:
    people = crowd(effective_from="2026-05-01")
    cohort = cohort_of(frozenset(people), lambda ref, _: people[ref], NOW)
    early = Seconds(on("2026-05-01") - 1)
    assert answered(people, cohort, asking(at=early), certified()).left_out == {"odd"}
    assert answered(people, cohort, asking(), certified()).left_out == frozenset()


def test_nobody_is_lost() -> None:
    people = crowd(status="suspended")
    for cohort in (everybody_alone(frozenset(people)), cohort_of(frozenset(people), lambda ref, _: people[ref], NOW)):
        known = learned(
            asking_of(asking(), certified(), ONTOLOGY), cohort, lambda ref, _: people[ref], (HERE, None), ()
        )
        assert sum(known.tally.counts.values()) == len(people)
        assert known.answer.left_out == {"odd"}


FORM: dict[str, str] = {"id": "T12", "version": "4", "sha256": "ab"}


@pytest.mark.parametrize(
    ("one", "two", "groups"),
    [
        ({"template": FORM}, {"template": FORM}, [2]),
        ({"template": FORM}, {"template": FORM | {"id": "T13"}}, [1, 1]),
        ({"template": FORM}, {"template": FORM | {"sha256": "cd"}}, [1, 1]),
        ({"scope": {"answers": {"linkage": "deny"}}}, {"scope": {"answers": {"linkage": "permit"}}}, [1, 1]),
        ({"grantor": {"kind": "self"}}, {}, [2]),
    ],
    ids=str,
)
def test_people_are_alike_who_signed_the_same_text_and_answered_the_same(
    one: dict[str, object], two: dict[str, object], groups: list[int]
) -> None:
    people = {SubjectRef(ref): person(ref, record(ref, **said)) for ref, said in (("s1", one), ("s2", two))}
    cohort = cohort_of(frozenset(people), lambda ref, _: people[ref], NOW)
    assert sorted(len(refs) for _, refs in told_apart(cohort)) == groups


def test_a_second_version_or_a_group_is_read_with_its_person() -> None:
    twice = person("s2", record("s2"), record("s2", version=2, effective_from="2026-01-01"))
    ours = Layer(level="family", ref="f1")
    people = {SubjectRef("s1"): person("s1"), SubjectRef("s2"): twice}
    people[SubjectRef("s3")] = replace(person("s3"), layers=(ours,))
    cohort = cohort_of(frozenset(people), lambda ref, _: people[ref], NOW)
    assert cohort.others == {"s2", "s3"}


def test_a_consent_that_begins_this_second_counts_already() -> None:
    people = crowd(effective_from="2026-06-01")
    cohort = cohort_of(frozenset(people), lambda ref, _: people[ref], NOW)
    assert (cohort.others, cohort.since) == (frozenset(), NOW)


def test_whose_record_changed_is_read_anew_and_strangers_do_not_count() -> None:
    people = crowd(status="suspended")
    cohort = cohort_of(frozenset(people), lambda ref, _: people[ref], NOW)
    changed = cohort.after(frozenset({SubjectRef("s3"), SubjectRef("elsewhere")}))
    assert changed.others == {"odd", "s3"}
    assert [len(refs) for _, refs in told_apart(changed)] == [8]
    assert cohort.after(frozenset({SubjectRef("elsewhere")})) is cohort
