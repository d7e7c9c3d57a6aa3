"""What holds for every question that can be put to the shipped packs."""

from collections.abc import Mapping
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from broker.core.jurisdiction.conditions import evaluate
from broker.core.jurisdiction.facts import LISTS, STATED, FactValue, derive
from broker.core.jurisdiction.judge import STRICTNESS, Answer, judge
from broker.core.jurisdiction.pack import Pack
from broker.core.outcome import Outcome
from broker.core.purpose import LADDER, Modality
from broker.core.time import FOREVER, Seconds, day_of
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


@pytest.mark.row("PK5")
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


MORE: list[tuple[str, FactValue]] = [
    ("request.purpose_flags", "prohibited"),
    ("request.purpose_flags", "ehds_prohibited"),
    ("recipient.control_countries", "CN"),
    ("recipient.control_countries", "RU"),
    ("recipient.suspended", True),
    ("data.important_pedigree", True),
    ("data.specific_region", True),
    ("data.community_local_only", True),
    ("data.us_person_count_12m", 1),
    ("data.n_sequenced", 201),
    ("recipient.security_level", -1),
    ("evidence", "community.refused"),
    ("request.ai_use", "generative_release"),
]
"""What makes a stated fact worse: an item more, a number more or less, a word or a yes instead."""


def worse(value: FactValue, more: FactValue) -> FactValue:
    if isinstance(value, tuple):
        return (*value, str(more))
    if type(value) is int and type(more) is int:
        return max(0, value + more)
    return more


@pytest.mark.row("PK5")
@given(question=QUESTIONS, at=TIMES, added=st.sampled_from(MORE))
@settings(max_examples=200)
def test_a_stated_fact_that_gets_worse_never_helps(
    question: dict[str, FactValue], at: Seconds, added: tuple[str, FactValue]
) -> None:
    name, more = added
    if name not in question or (name == "data.us_person_count_12m" and question[name] == 0):
        return  # nobody stated it; or the data of a first US person let the US pack answer for the US
    restricted = {**question, name: worse(question[name], more)}
    assert strictness(judge(shipped_book(), restricted, at)) >= strictness(judge(shipped_book(), question, at))


@pytest.mark.row("PK5")
@given(question=QUESTIONS, at=TIMES)
@settings(max_examples=60)
def test_what_nobody_stated_is_taken_for_the_worst_that_could_be_stated(
    question: dict[str, FactValue], at: Seconds
) -> None:
    for name, more in MORE:
        fewer = {each: value for each, value in question.items() if each != name}
        bad: FactValue = (str(more),) if STATED[name] in LISTS else 0 if name == "recipient.security_level" else more
        if judge(shipped_book(), fewer, at).outcome.permits:
            assert judge(shipped_book(), {**fewer, name: bad}, at).outcome.permits, name


@given(question=QUESTIONS, at=TIMES, data=st.data())
@settings(max_examples=60)
def test_order_and_repetition_in_lists_and_the_order_of_facts_do_not_matter(
    question: dict[str, FactValue], at: Seconds, data: st.DataObject
) -> None:
    names = data.draw(st.permutations(sorted(question)))
    shuffled = {name: question[name] for name in names}
    for name, value in question.items():
        if isinstance(value, tuple):
            shuffled[name] = tuple(data.draw(st.permutations(value * 2)))
    one, other = judge(shipped_book(), question, at), judge(shipped_book(), shuffled, at)
    assert (one.outcome, one.obligations, one.evidence, one.missing_facts, one.alternatives, one.until) == (
        other.outcome,
        other.obligations,
        other.evidence,
        other.missing_facts,
        other.alternatives,
        other.until,
    )
    assert [reason.code for reason in one.reasons] == [reason.code for reason in other.reasons]


@given(question=QUESTIONS, at=TIMES)
@settings(max_examples=80)
def test_the_strictest_verdict_is_the_answer_and_comes_first(question: dict[str, FactValue], at: Seconds) -> None:
    answer = judge(shipped_book(), question, at)
    uncovered = {"JUR-NO-PACK", "JUR-FACT-MISSING"} & {one.code for one in answer.reasons if one.norm is None}
    said = max(
        [STRICTNESS[verdict.effect] for verdict in answer.verdicts] + [STRICTNESS["refer"]] * bool(uncovered), default=0
    )
    of_outcome = {"PERMIT": 0, "PERMIT_WITH_OBLIGATIONS": 0, "PENDING": 1, "REFER": 2, "ALTERNATIVE": 3, "DENY": 3}
    assert of_outcome[answer.outcome.name] == min(said, 3)
    if not answer.outcome.permits and not uncovered:
        strictest = {verdict.reason.code for verdict in answer.verdicts if STRICTNESS[verdict.effect] == said}
        assert answer.reasons[0].code in strictest


@given(question=QUESTIONS, at=TIMES)
@settings(max_examples=80)
def test_the_rule_that_is_told_really_matched_and_those_before_it_did_not(
    question: dict[str, FactValue], at: Seconds
) -> None:
    facts, day, book = derive(question), day_of(at), shipped_book()
    for verdict in judge(book, question, at).verdicts:
        pack = book.packs[verdict.pack]
        members = {name: each.members(day) for name, each in pack.lists.items()}
        rules = {rule.id: rule for rule in pack.rules}
        for before in book.passed_over(verdict.pack, verdict.rule):
            rule = rules[before]
            listed = question.get("request.modality") in rule.modalities
            held = evaluate(rule.when, facts, members)
            assert held is not True or listed, (verdict, before)
            assert held is False or listed or rule.on_unknown == "skip", (verdict, before)
        if verdict.rule in rules and not verdict.missing:
            assert evaluate(rules[verdict.rule].when, facts, members) is True
        if verdict.missing and verdict.rule in rules:
            assert evaluate(rules[verdict.rule].when, facts, members) is None
        assert all(facts.get(name) in (None, ()) for name in verdict.missing)


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


def test_the_generators_make_a_fair_share_of_permits() -> None:
    """What never permits cannot show that a fact left out, or a pack more, takes a permit away."""
    found: list[Answer] = []

    @settings(max_examples=200, database=None)
    @given(question=QUESTIONS, at=TIMES)
    def collect(question: dict[str, FactValue], at: Seconds) -> None:
        found.append(judge(shipped_book(), question, at))

    collect()
    assert sum(one.outcome.permits for one in found) >= 0.25 * len(found)
    assert sum(one.outcome >= Outcome.ALTERNATIVE for one in found) >= 0.05 * len(found)
