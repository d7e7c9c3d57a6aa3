"""What is known of a set stays right while records change: only those concerned are read, and nobody is forgotten."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from broker.core.consent.cohort import Cohort, cohort_of, everybody_alone
from broker.core.consent.judge import asking_of
from broker.core.consent.known import Known, KnownAnswers, learned, renewed
from broker.core.consent.model import ConsentVersion, Layer, Subject
from broker.core.consent.rules import Asking
from broker.core.ids import DatasetId, SubjectRef
from broker.core.time import FOREVER, Seconds
from tests.core.consent.consent_world import NOW, ONTOLOGY, asking, certified, on, person, record

HERE, THERE = DatasetId("https://bank.example/heart"), DatasetId("https://bank.example/lung")
NONE: frozenset[DatasetId] = frozenset()


def ref(number: int) -> SubjectRef:
    return SubjectRef(f"s{number}")


class Register:
    """Records by participant; says who was read."""

    def __init__(self, people: Mapping[SubjectRef, Subject]) -> None:
        self.people = dict(people)
        self.read: list[str] = []

    def find(self, who: SubjectRef, _: Seconds) -> Subject:
        self.read.append(who)
        return self.people[who]

    def find_in(self, who: SubjectRef, at: Seconds, dataset: DatasetId) -> Subject:
        assert dataset == HERE
        return self.find(who, at)

    def changed(self, number: int, *versions: ConsentVersion) -> "Register":
        after = person(ref(number), *(replace(one, subject_ref=ref(number)) for one in versions))
        return Register(self.people | {ref(number): after})

    def cohort(self) -> Cohort:
        return everybody_alone(frozenset(self.people))


EVERYBODY = Register({ref(n): person(ref(n)) for n in range(9)})
STOP = record(version=2, effective_from="2026-03-01", status="withdrawn")


def asked(at: Seconds = NOW, known_at: Seconds | None = None, **certificate: Any) -> Asking:
    return asking_of(asking(at=at, known_at=known_at), certified(**certificate), ONTOLOGY)


def known_of(register: Register, question: Asking | None = None, cohort: Cohort | None = None) -> Known:
    return learned(question or asked(), cohort or register.cohort(), register.find, (HERE, None), ())


def told(before: Known, *steps: tuple[Register, int]) -> Known | None:
    """What is known after the record of each participant changed, one after the other; each register as before it."""
    answers = KnownAnswers()
    answers.keep("a", before)
    for register, number in steps:
        answers = answers.after(frozenset({ref(number)}), register.find_in, NONE)
    return answers.get("a")


def test_a_change_is_worked_out_from_whom_it_concerns_alone() -> None:
    later = EVERYBODY.changed(3, record(), STOP)
    found = told(known_of(EVERYBODY), (EVERYBODY, 3))
    assert found is not None
    later.read.clear()
    after = renewed(found, asked(), later.find)
    assert later.read == ["s3"]
    assert after.answer == known_of(later).answer
    assert after.answer.left_out == {"s3"}
    assert after.stale == ()


def test_who_changes_twice_is_counted_once_and_who_changed_before_is_not_forgotten() -> None:
    paused = EVERYBODY.changed(3, record(status="suspended"))
    both = paused.changed(4, record(), STOP)
    last = both.changed(3, record(), STOP)
    found = told(known_of(EVERYBODY), (EVERYBODY, 3), (paused, 4), (both, 3))
    assert found is not None
    assert [one.ref for one in found.stale] == ["s3", "s4"]
    assert found.stale[0] == EVERYBODY.people[ref(3)], "as they were when the answer was worked out"
    after = renewed(found, asked(), last.find)
    assert after.answer == known_of(last).answer
    assert sum(after.tally.counts.values()) == 9


def test_a_change_of_somebody_else_changes_nothing() -> None:
    before = known_of(EVERYBODY)
    answers = KnownAnswers()
    answers.keep("a", before)
    assert answers.after(frozenset({SubjectRef("elsewhere")}), EVERYBODY.find_in, NONE).get("a") is before


@pytest.mark.parametrize(("changed", "kept"), [(4, True), (5, False)])
def test_where_more_than_half_changed_the_answer_is_forgotten(changed: int, *, kept: bool) -> None:
    answers = KnownAnswers()
    answers.keep("a", known_of(EVERYBODY))
    refs = frozenset(ref(n) for n in range(changed))
    assert (answers.after(refs, EVERYBODY.find_in, NONE).get("a") is not None) is kept


def test_where_families_are_left_out_whole_one_change_may_concern_everybody() -> None:
    question = asked(family_objection="block_family")
    assert told(known_of(EVERYBODY, question), (EVERYBODY, 3)) is None


@pytest.mark.parametrize(("dataset", "kept"), [(HERE, False), (THERE, True)])
def test_what_a_dataset_holds_is_read_again_when_that_changed(dataset: DatasetId, *, kept: bool) -> None:
    answers = KnownAnswers()
    cohort = EVERYBODY.cohort()
    answers.cohort(HERE, None, lambda: cohort)
    answers.keep("a", known_of(EVERYBODY))
    after = answers.after(frozenset(), EVERYBODY.find_in, frozenset({dataset}))
    assert (after.get("a") is not None) is kept
    assert (after.cohort(HERE, None, EVERYBODY.cohort) is cohort) is kept


@pytest.mark.parametrize(
    ("at", "known_at", "kept"),
    [(0, 0, True), (1, 0, True), (0, 1, True), (-1, 0, False), (0, -1, False), (1, -1, False)],
)
def test_a_replay_of_the_past_does_not_push_out_what_is_known_now(at: int, known_at: int, *, kept: bool) -> None:
    answers = KnownAnswers()
    answers.keep("a", known_of(EVERYBODY))
    other = known_of(EVERYBODY, asked(Seconds(NOW + at), Seconds(NOW + known_at)))
    answers.keep("a", other)
    assert (answers.get("a") is other) is kept


@pytest.mark.parametrize(
    ("sizes", "kept"),
    [((5, 4), "ab"), ((5, 5), "b"), ((10,), "a"), ((5, 10), "b"), ((3, 3, 3), "abc"), ((3, 3, 4), "bc")],
)
def test_the_oldest_cohorts_go_where_all_hold_more_than_they_may(sizes: tuple[int, ...], kept: str) -> None:
    """The newest stays, whatever it holds."""
    answers = KnownAnswers(held=9)
    cohorts = {
        file: everybody_alone(frozenset(SubjectRef(f"{file}{n}") for n in range(size)))
        for file, size in zip("abc", sizes, strict=False)
    }
    for file, cohort in cohorts.items():
        answers.cohort(HERE, file, lambda cohort=cohort: cohort)  # type: ignore[misc]

    there = {
        file for file in reversed(cohorts) if answers.cohort(HERE, file, lambda: everybody_alone(frozenset())).members
    }
    assert there == set(kept)


SINCE = on("2026-05-01")


@pytest.mark.parametrize(
    ("at", "known_at", "read"),
    [(SINCE, SINCE, 1), (SINCE - 1, SINCE, 9), (SINCE, SINCE - 1, 9), (SINCE - 1, SINCE - 1, 9)],
)
def test_before_the_time_of_a_cohort_everybody_is_read(at: Seconds, known_at: Seconds, read: int) -> None:
    """From then on only who is not like another."""
    begun = EVERYBODY.changed(3, record(status="suspended"))
    cohort = cohort_of(frozenset(begun.people), begun.find, NOW)
    begun.read.clear()
    known_of(begun, asked(at, known_at), replace(cohort, since=SINCE))
    assert len(set(begun.read)) == read


LATER = record(version=2, recorded_at="2026-07-01")
LATEST = record(version=3, recorded_at="2026-08-01")


def of_group(recorded_at: str) -> Subject:
    said = record("f", level="family", scope={}, recorded_at=recorded_at)
    return replace(person(ref(1)), layers=(Layer(level="family", ref="f", versions=(said,)),))


@pytest.mark.parametrize(
    ("someone", "until"),
    [
        (person(ref(1)), FOREVER),
        (person(ref(1), record(recorded_at="2026-06-01")), FOREVER),
        (person(ref(1), record(), LATER), on("2026-07-01")),
        (person(ref(1), record(), LATEST, LATER), on("2026-07-01")),
        (of_group("2026-08-01"), on("2026-08-01")),
    ],
)
def test_what_is_known_ends_when_the_next_version_becomes_known(someone: Subject, until: Seconds) -> None:
    """A person's own, or one of a group of theirs; what became known this very second is known."""
    register = Register({someone.ref: someone})
    assert known_of(register).known_until == until


def test_a_renewed_answer_ends_when_the_first_of_old_and_new_does() -> None:
    waits = EVERYBODY.changed(1, record(), LATER)
    for version, until in ((LATEST, "2026-07-01"), (replace(LATEST, recorded_at=on("2026-06-15")), "2026-06-15")):
        after = waits.changed(3, record(), version)
        found = told(known_of(waits), (waits, 3))
        assert found is not None
        assert renewed(found, asked(), after.find).known_until == on(until)


def test_an_answer_rests_on_every_row_that_it_read_and_on_the_very_ones() -> None:
    one, two, other = object(), object(), object()
    known = replace(known_of(EVERYBODY), rests_on=(one, two))
    assert known.holds(NOW, NOW, (one, two))
    for rows in ((one, other), (other, two), (two, one)):
        assert not known.holds(NOW, NOW, rows)


def test_what_may_be_kept_is_as_much_after_a_change_as_before() -> None:
    answers = KnownAnswers(most=2).after(frozenset(), EVERYBODY.find_in, NONE)
    for key in "abc":
        answers.keep(key, known_of(EVERYBODY))
    assert len(answers) == 2
