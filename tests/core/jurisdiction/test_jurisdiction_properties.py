"""What holds for every question that can be put to the shipped packs."""

from collections.abc import Mapping
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from broker.core.jurisdiction.facts import FactValue
from broker.core.jurisdiction.judge import Answer, judge
from broker.core.jurisdiction.pack import Pack
from broker.core.outcome import Outcome
from broker.core.purpose import LADDER, Modality
from broker.core.time import FOREVER, Seconds
from tests.core.jurisdiction.jurisdiction_world import NOW, QUESTIONS, TIMES, book_of, shipped, shipped_book

Question = Mapping[str, FactValue]


def ways_below(way: FactValue | None) -> tuple[str, ...]:
    return tuple(LADDER[LADDER.index(Modality(way)) + 1 :]) if isinstance(way, str) else ()


def strictness(answer: Answer) -> int:
    """How far from a yes: the two permits are one."""
    return max(answer.outcome, Outcome.PERMIT_WITH_OBLIGATIONS)


@given(question=QUESTIONS, at=TIMES)
@settings(max_examples=80)
def test_a_milder_way_of_access_is_never_judged_worse(question: dict[str, FactValue], at: Seconds) -> None:
    answers = [judge(shipped_book(), {**question, "request.modality": way}, at) for way in LADDER]
    for intrusive, mild in pairwise(answers):
        assert strictness(mild) <= strictness(intrusive), (intrusive.reasons, mild.reasons)


@given(question=QUESTIONS, at=TIMES, data=st.data())
@settings(max_examples=80)
def test_leaving_a_fact_out_never_turns_a_no_into_a_yes(
    question: dict[str, FactValue], at: Seconds, data: st.DataObject
) -> None:
    left_out = data.draw(st.sampled_from(sorted(question)))
    fewer = {name: value for name, value in question.items() if name != left_out}
    if judge(shipped_book(), fewer, at).outcome.permits:
        assert judge(shipped_book(), question, at).outcome.permits, left_out


@settings(max_examples=20)
@given(question=QUESTIONS, at=TIMES, order=st.permutations(range(13)))
def test_the_order_of_the_packs_does_not_matter(question: dict[str, FactValue], at: Seconds, order: list[int]) -> None:
    shuffled = book_of(*(shipped()[index] for index in order))
    assert judge(shuffled, question, at) == judge(shipped_book(), question, at)


ADD_ONS = [pack for pack in shipped() if not pack.answers_for]
WITHOUT = {one.id: book_of(*(pack for pack in shipped() if pack is not one)) for one in ADD_ONS}


@pytest.mark.parametrize("add_on", ADD_ONS, ids=lambda pack: pack.id)
@given(question=QUESTIONS, at=TIMES)
@settings(max_examples=15)
def test_a_pack_that_answers_for_no_country_never_makes_anything_easier(
    question: dict[str, FactValue], at: Seconds, add_on: Pack
) -> None:
    assert strictness(judge(WITHOUT[add_on.id], question, at)) <= strictness(judge(shipped_book(), question, at))


@given(question=QUESTIONS, at=TIMES)
@settings(max_examples=60)
def test_an_answer_holds_until_the_time_that_it_names_and_not_longer(
    question: dict[str, FactValue], at: Seconds
) -> None:
    answer = judge(shipped_book(), question, at)
    last = judge(shipped_book(), question, Seconds(answer.until - 1))
    assert (last.outcome, last.reasons, last.obligations) == (answer.outcome, answer.reasons, answer.obligations)
    assert (last.alternatives, last.evidence) == (answer.alternatives, answer.evidence)
    if answer.until != FOREVER:
        then = judge(shipped_book(), question, answer.until)
        assert (then.verdicts, then.ladder, then.alternatives) != (answer.verdicts, answer.ladder, answer.alternatives)


@given(question=QUESTIONS, at=TIMES)
@settings(max_examples=80)
def test_every_refusal_shows_its_ladder_and_every_way_on_it_is_real(
    question: dict[str, FactValue], at: Seconds
) -> None:
    answer = judge(shipped_book(), question, at)
    if answer.outcome.permits:
        assert answer.ladder == ()
        return
    milder = ways_below(question.get("request.modality"))
    assert tuple(way for way, _ in answer.ladder) == milder
    assert answer.alternatives == tuple(way for way, outcome in answer.ladder if outcome.permits)
    assert (answer.outcome is Outcome.ALTERNATIVE) <= bool(answer.alternatives)
    if answer.outcome is Outcome.DENY:
        assert answer.alternatives == ()


@given(question=QUESTIONS, at=TIMES)
@settings(max_examples=60)
def test_no_refusal_without_law_aim_and_proportion(question: dict[str, FactValue], at: Seconds) -> None:
    rules = {(pack.id, rule.id): rule for pack in shipped() for rule in pack.rules}
    for verdict in judge(shipped_book(), question, at).verdicts:
        if verdict.effect in ("deny", "limit_modality"):
            proportionality = rules[verdict.pack, verdict.rule].proportionality
            assert proportionality is not None
            assert proportionality.aim
            assert verdict.reason.norm is not None
            assert verdict.reason.norm.cite


def test_a_question_without_any_fact_is_nobody_s_yes() -> None:
    answer = judge(shipped_book(), {}, NOW)
    assert answer.outcome is Outcome.REFER
    assert {"data.origin_countries", "data.controller_country"} <= set(answer.missing_facts)
