"""The compiled packs, and the memory of answers, say what the packs say when they are read plainly."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from broker.adapters.policy_files import load_cases
from broker.core.jurisdiction.case import facts_of, time_of
from broker.core.jurisdiction.facts import FactValue
from broker.core.jurisdiction.judge import judge
from broker.core.jurisdiction.memo import ROOM, Memo, signature
from broker.core.jurisdiction.pack import facts_read
from broker.core.outcome import Outcome
from broker.core.time import Seconds
from tests.core.jurisdiction.jurisdiction_world import (
    CASES,
    HOME,
    NOW,
    QUESTIONS,
    TIMES,
    book_of,
    pack,
    rule,
    shipped,
    shipped_book,
)
from tests.core.jurisdiction.plain_judge import plainly

FILE = load_cases(CASES).value
Question = dict[str, FactValue]


def assert_alike(question: Mapping[str, Any], at: Seconds) -> None:
    fast, plain = judge(shipped_book(), question, at), plainly(shipped(), question, at)
    assert fast.outcome is plain.outcome
    assert {reason.code for reason in fast.reasons} == plain.codes
    assert {(verdict.pack, verdict.rule) for verdict in fast.verdicts} == plain.rules
    assert (set(fast.obligations), set(fast.evidence)) == (plain.obligations, plain.evidence)
    assert (set(fast.missing_facts), list(fast.alternatives)) == (plain.missing, plain.alternatives)


@pytest.mark.row("PK4")
@given(question=QUESTIONS, at=TIMES)
@settings(max_examples=150)
def test_random_questions_get_the_plain_answer(question: Question, at: Seconds) -> None:
    assert_alike(question, at)


@pytest.mark.parametrize("row", FILE["cases"], ids=lambda row: row["id"])
@pytest.mark.row("PK4")
def test_the_case_file_gets_the_plain_answer(row: Mapping[str, Any]) -> None:
    assert_alike(facts_of(row, FILE["defaults"], FILE["profiles"]), time_of(row, FILE["at"]))


def test_a_fair_share_of_the_random_questions_are_permits() -> None:
    outcomes: Counter[bool] = Counter()

    @given(question=QUESTIONS, at=TIMES)
    @settings(max_examples=300, database=None)
    def draw(question: Question, at: Seconds) -> None:
        outcomes[judge(shipped_book(), question, at).outcome.permits] += 1

    draw()
    assert outcomes[True] / outcomes.total() >= 0.25
    assert outcomes[False] / outcomes.total() >= 0.25


# ---------------------------------------------------------------- the memory of answers


@given(question=QUESTIONS, at=TIMES, data=st.data())
@settings(max_examples=60)
def test_an_answer_that_is_remembered_is_the_answer_of_packs_that_remember_nothing(
    question: Question, at: Seconds, data: st.DataObject
) -> None:
    fresh = book_of(*shipped())
    asked = data.draw(st.permutations([question, {**question, "evidence": ()}, dict(HOME)]))
    first = [judge(shipped_book(), each, at) for each in asked]
    assert [judge(shipped_book(), each, at) for each in asked] == first
    assert [judge(fresh, each, at) for each in reversed(asked)] == first[::-1]


@pytest.mark.row("PK4")
def test_what_python_takes_for_the_same_is_another_question() -> None:
    for one, other in ((False, 0), (True, 1), (0, False)):
        book = shipped_book()
        judge(book, {**HOME, "recipient.suspended": one}, NOW)
        assert judge(book, {**HOME, "recipient.suspended": other}, NOW) == judge(
            book_of(*shipped()), {**HOME, "recipient.suspended": other}, NOW
        )
    stated: Question = {**HOME, "recipient.suspended": False}
    assert judge(shipped_book(), stated, NOW).outcome.permits
    number: Any = 0
    assert judge(shipped_book(), {**stated, "recipient.suspended": number}, NOW).outcome is Outcome.REFER


def test_a_list_in_place_of_a_tuple_is_unknown_and_no_error() -> None:
    wrong: Any = ["scc.signed"]
    answer = judge(shipped_book(), {**HOME, "evidence": wrong}, NOW)
    without = {name: value for name, value in HOME.items() if name != "evidence"}
    assert answer == judge(shipped_book(), without, NOW)


def test_a_fact_that_no_pack_reads_changes_nothing_and_costs_nothing() -> None:
    book = book_of(*shipped())
    assert "request.encryption" not in book.reads
    assert judge(book, {**HOME, "request.encryption": "at-rest"}, NOW) is judge(book, HOME, NOW)


@pytest.mark.row("PK4")
def test_every_fact_that_a_pack_reads_is_part_of_the_question() -> None:
    derived = {"derived.access_countries", "derived.personal_access_countries", "derived.personal_data_visible"}
    grounds = {
        "request.modality", "request.processing_country", "recipient.country", "recipient.individual_location",
        "data.storage_country", "data.origin_countries", "data.controller_country", "evidence",
    }  # fmt: skip
    for one in shipped():
        assert facts_read(one) - derived <= set(book_of(one).reads)
        assert grounds - {"request.modality", "recipient.country"} - set(book_of(one).reads) <= {
            "request.processing_country", "recipient.individual_location",
        }  # fmt: skip
    assert grounds <= set(shipped_book().reads)


@pytest.mark.row("PK4")
@pytest.mark.parametrize(
    "elsewhere", ["recipient.country", "recipient.individual_location", "request.processing_country"]
)
def test_what_a_derived_fact_rests_on_is_part_of_the_question(elsewhere: str) -> None:
    lists = {"home": {"as_of": "2026-01-01", "source": "law", "items": ["DE", "FR"]}}
    stays = {"fact": "derived.personal_access_countries", "op": "all_in", "list": "home"}
    book = book_of(pack(lists=lists, decide=[rule("ok", "permit", stays), rule("paper", "await")]))
    assert [judge(book, {**HOME, elsewhere: place}, NOW).outcome.permits for place in ("FR", "CN")] == [True, False]


def test_a_limit_reads_the_way_of_access_even_if_no_condition_does() -> None:
    book = book_of(pack(decide=[rule("less", "limit_modality"), rule("ok", "permit")]))
    assert judge(book, {**HOME, "request.modality": "download"}, NOW).outcome is Outcome.ALTERNATIVE
    assert judge(book, {**HOME, "request.modality": "aggregate"}, NOW).outcome is Outcome.PERMIT


@pytest.mark.row("PK4")
def test_answers_of_another_day_are_not_remembered_for_this_one() -> None:
    only = {"fact": "recipient.country", "op": "in", "list": "good"}
    lists = {"good": {"as_of": "2026-01-01", "source": "law", "items": [{"code": "FR", "to": "2026-06-30"}]}}
    book = book_of(pack(lists=lists, decide=[rule("ok", "permit", only), rule("paper", "await")]))
    day = 86400
    before, after = NOW, Seconds(NOW + 40 * day)
    assert [judge(book, HOME, at).outcome.permits for at in (before, after, before)] == [True, False, True]


def test_the_memory_is_bounded_and_forgets_the_oldest_first() -> None:
    memo = Memo()
    for number in range(ROOM + 1):
        memo.get(signature(["a"], {"a": number}), lambda number=number: f"answer {number}")  # type: ignore[misc]
    assert len(memo.known) == ROOM
    assert memo.get(signature(["a"], {"a": 0}), lambda: "found anew") == "found anew"
    assert memo.get(signature(["a"], {"a": ROOM}), lambda: "found anew") == f"answer {ROOM}"


@pytest.mark.row("PK4")
def test_a_copy_with_other_packs_remembers_nothing() -> None:
    book = shipped_book()
    assert judge(book, HOME, NOW).outcome.permits
    lawless = replace(book, periods=tuple(replace(one, packs=()) for one in book.periods))
    assert judge(lawless, HOME, NOW).outcome is Outcome.REFER
