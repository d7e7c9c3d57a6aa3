"""What is known about sets of participants is bounded: by how many answers, and by how many people they hold."""

import pytest

from broker.core.consent.cohort import Cohort, everybody_alone
from broker.core.consent.judge import asking_of
from broker.core.consent.known import Known, KnownAnswers, learned
from broker.core.consent.model import Subject
from broker.core.ids import DatasetId, SubjectRef
from broker.core.time import Seconds
from tests.core.consent.consent_world import NOW, ONTOLOGY, asking, certified, on, record

HERE = DatasetId("https://bank.example/heart")
FILES = tuple("abcdefgh")
FEW, MANY = 3, 9


def _people(file: str, number: int) -> frozenset[SubjectRef]:
    return frozenset(SubjectRef(f"{file}{n}") for n in range(number))


def _gone(ref: SubjectRef, _: Seconds) -> Subject:
    return Subject(ref=ref, versions=(record(ref, status="withdrawn"),))


def _agrees(ref: SubjectRef, _: Seconds) -> Subject:
    return Subject(ref=ref, versions=(record(ref),))


def _known(file: str, left_out: int, at: Seconds = NOW) -> Known:
    asked = asking_of(asking(at=at), certified(), ONTOLOGY)
    return learned(asked, everybody_alone(_people(file, left_out)), _gone, (HERE, file), ())


def _kept(answers: KnownAnswers) -> str:
    return "".join(file for file in FILES if answers.get(file) is not None)


@pytest.mark.row("RUL-BOUNDS")
@pytest.mark.parametrize(
    ("sizes", "kept"),
    [
        ([0, 0, 0, 0, 0, 0], "cdef"),  # by number
        ([FEW, FEW, FEW], "abc"),
        ([FEW, FEW, FEW, FEW], "bcd"),  # by how many are left out
        ([FEW, FEW, FEW, MANY + FEW], "d"),  # the newest stays, whatever it holds
        ([MANY + FEW, FEW], "b"),
    ],
)
def test_the_oldest_answers_go_where_there_are_too_many_or_they_hold_too_many_people(
    sizes: list[int], kept: str
) -> None:
    answers = KnownAnswers(most=4, held=MANY)
    for file, size in zip(FILES, sizes, strict=False):
        answers.keep(file, _known(file, size))
    assert _kept(answers) == kept


def test_an_answer_that_takes_the_place_of_another_is_not_counted_twice() -> None:
    answers = KnownAnswers(held=MANY)
    for later in range(5):
        answers.keep("a", _known("a", FEW, Seconds(NOW + later)))
    answers.keep("b", _known("b", FEW))
    answers.keep("c", _known("c", FEW))
    assert _kept(answers) == "abc"


def test_who_waits_to_be_judged_anew_counts_too() -> None:
    answers = KnownAnswers(held=MANY)
    asked = asking_of(asking(), certified(), ONTOLOGY)
    for file in "ab":
        answers.keep(file, learned(asked, everybody_alone(_people(file, MANY + 1)), _agrees, (HERE, file), ()))
    assert _kept(answers) == "ab"
    changed = frozenset((*sorted(_people("a", 5)), *sorted(_people("b", 5))))
    assert _kept(answers.after(changed, lambda ref, at, _: _agrees(ref, at), frozenset())) == "b"


@pytest.mark.row("RUL-BOUNDS")
def test_the_oldest_cohorts_go_with_the_answers_about_them() -> None:
    answers = KnownAnswers(held=MANY)
    gathered: list[str] = []

    def of(file: str) -> Cohort:
        gathered.append(file)
        return everybody_alone(_people(file, 4))

    for file in "abcb":
        answers.cohort(HERE, file, lambda file=file: of(file))  # type: ignore[misc]
        answers.keep(file, _known(file, 0))
    assert ("".join(gathered), _kept(answers)) == ("abc", "bc")
    answers.cohort(HERE, "a", lambda: of("a"))
    assert ("".join(gathered), _kept(answers)) == ("abca", "c")


LATER, ENDS = on("2026-07-01"), on("2026-09-01")
ROW, OTHER_ROW = object(), object()


@pytest.mark.parametrize(
    ("at", "known_at", "row", "holds"),
    [
        (NOW, NOW, ROW, True),
        (NOW - 1, NOW, ROW, False),
        (ENDS - 1, NOW, ROW, True),
        (ENDS, NOW, ROW, False),
        (NOW, NOW - 1, ROW, False),
        (NOW, LATER - 1, ROW, True),
        (NOW, LATER, ROW, False),
        (NOW, NOW, OTHER_ROW, False),
    ],
)
def test_an_answer_holds_from_its_question_until_something_turns_or_is_learned(
    at: Seconds, known_at: Seconds, row: object, *, holds: bool
) -> None:
    """The consent ends in September; what is on record for July is known from July on. Both ends are the first second
    at which the answer no longer holds."""
    ends, heard = record("s1", effective_to="2026-09-01"), record("s1", version=2, recorded_at="2026-07-01")
    asked = asking_of(asking(), certified(), ONTOLOGY)
    someone = Subject(ref=SubjectRef("s1"), versions=(ends, heard))
    known = learned(asked, everybody_alone(frozenset({someone.ref})), lambda *_: someone, (HERE, None), (ROW,))
    assert known.holds(at, known_at, (row,)) is holds
