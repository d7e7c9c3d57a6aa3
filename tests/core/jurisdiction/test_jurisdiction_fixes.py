"""Every change that is promised was applied and judged, and none asks somebody to be somebody else."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings

from broker.adapters.policy_files import load_cases
from broker.core.jurisdiction.case import facts_of, time_of
from broker.core.jurisdiction.facts import Facts, FactValue
from broker.core.jurisdiction.fixes import MOST, TRIES, Change, Fix, changed, fixes
from broker.core.jurisdiction.judge import judge
from broker.core.jurisdiction.rulebook import Period, Rulebook
from broker.core.jurisdiction.verdict import Branch
from broker.core.outcome import Outcome
from broker.core.purpose import Modality
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
    shipped_book,
)

FILE = load_cases(CASES).value
ROWS: list[Mapping[str, Any]] = FILE["cases"]
BY_ID = {row["id"]: row for row in ROWS}
Question = dict[str, FactValue]


def question_of(row: Mapping[str, Any]) -> tuple[Question, Seconds]:
    return facts_of(row, FILE["defaults"], FILE["profiles"]), time_of(row, FILE["at"])


def found(id: str) -> list[tuple[dict[str, object], str]]:
    """What would help a row of the case file: fact to value, or to what is added; and the outcome."""
    return [
        ({one.fact: one.add or one.value for one in fix.changes}, fix.outcome.name)
        for fix in fixes(shipped_book(), *question_of(BY_ID[id]))
    ]


def assert_kept(question: Question, at: Seconds) -> None:
    """Every promise holds, is a gain, and has nothing to spare."""
    asked = judge(shipped_book(), question, at)
    promised = fixes(shipped_book(), question, at)
    assert len(promised) <= MOST
    if asked.outcome.permits:
        assert promised == ()
    for fix in promised:
        given = judge(shipped_book(), changed(question, fix.changes), at)
        assert given.outcome is fix.outcome
        assert fix.outcome.permits or fix.outcome < min(asked.outcome, Outcome.ALTERNATIVE)
        assert 1 <= len(fix.changes) <= 2
        if fix.outcome.permits:
            for less in lesser(fix):
                assert not judge(shipped_book(), changed(question, less), at).outcome.permits, (fix, less)


def lesser(fix: Fix) -> list[tuple[Change, ...]]:
    """The same changes with one, or one item of evidence, left out."""
    found: list[tuple[Change, ...]] = []
    for index, change in enumerate(fix.changes):
        rest = (*fix.changes[:index], *fix.changes[index + 1 :])
        found.append(rest)
        for item in change.add if len(change.add) > 1 else ():
            assert isinstance(change.value, tuple)
            kept = tuple(each for each in change.value if each != item)
            found.append((*rest, Change(fact="evidence", value=kept)))
    return found


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row["id"])
@pytest.mark.row("PK3")
def test_every_promise_to_a_row_of_the_case_file_is_kept(row: Mapping[str, Any]) -> None:
    assert_kept(*question_of(row))


@pytest.mark.row("PK3")
@given(question=QUESTIONS, at=TIMES)
@settings(max_examples=80)
def test_every_promise_to_a_random_question_is_kept(question: Question, at: Seconds) -> None:
    assert_kept(question, at)


@pytest.mark.row("PK3")
@given(question=QUESTIONS, at=TIMES)
@settings(max_examples=60)
def test_nobody_is_told_to_be_somebody_else_or_to_hide_something(question: Question, at: Seconds) -> None:
    theirs = {
        "evidence", "request.modality", "request.processing_country", "recipient.individual_location",
        "recipient.security_level", "recipient.can_sign_scc", "recipient.dpf_certified",
        "recipient.dpf_uk_extension", "request.consideration", "request.ai_use",
    }  # fmt: skip
    for fix in fixes(shipped_book(), question, at):
        for change in fix.changes:
            assert change.fact in theirs or change.fact not in question
            assert not change.fact.startswith("data.")
            assert change.value != question.get(change.fact)
            if change.fact == "evidence":
                held = question.get("evidence", ())
                assert isinstance(held, tuple)
                assert set(held).isdisjoint(change.add)


@pytest.mark.parametrize(
    ("id", "first"),
    [
        ("J18", {"request.processing_country": "DE"}),
        ("J05", {"evidence": ("scc.signed", "tia.done")}),
        ("J14", {"evidence": ("scc.signed", "tia.done")}),
        ("J26", {"request.consideration": "none"}),
        ("J37", {"evidence": ("nist_800_171.attested",)}),
        ("J40", {"recipient.individual_location": "GB"}),
        ("J46", {"evidence": ("cac.security_assessment_passed", "pipl.separate_consent")}),
        ("J49", {"evidence": ("za.data_transfer_agreement", "za.hrec_approval", "za.s57_authorisation")}),
        ("J59", {"request.modality": Modality.CODE_TO_DATA}),
        ("J27", {"request.modality": Modality.AGGREGATE}),
    ],
)
def test_the_smallest_change_comes_first(id: str, first: dict[str, object]) -> None:
    assert found(id)[0] == (first, "PERMIT_WITH_OBLIGATIONS")


@pytest.mark.row("PK3")
@pytest.mark.parametrize("id", ["J36", "J60", "J63", "J65", "J66", "X82", "X83"])
def test_what_nobody_can_change_has_no_fix(id: str) -> None:
    assert found(id) == []


def test_what_is_permitted_needs_no_fix() -> None:
    assert fixes(shipped_book(), HOME, NOW) == ()


def test_evidence_may_need_a_milder_way_beside_it() -> None:
    way, paper = {"request.modality": Modality.TRE_REMOTE}, {"evidence": ("ehds.data_permit",)}
    assert found("X44")[0] == (way | paper, "PERMIT_WITH_OBLIGATIONS")


def test_two_changes_are_looked_for_where_only_another_way_of_access_helps_alone() -> None:
    ways = [one for one, _ in found("X14")]
    assert ways[0] == {"request.modality": Modality.AGGREGATE}
    assert {"recipient.individual_location": "CA", "request.consideration": "none"} in ways


def test_two_packs_are_satisfied_by_one_set_of_evidence() -> None:
    wants = [rule("a", "await", {"fact": "evidence", "op": "lacks", "value": ["a.b"]}, evidence=["a.b"])]
    also = [rule("c", "await", {"fact": "evidence", "op": "lacks", "value": ["c.d"]}, evidence=["c.d", "not.needed"])]
    book = book_of(pack(decide=wants), pack(id="other", answers_for=[], decide=also))
    (only,) = (fix for fix in fixes(book, HOME, NOW) if fix.changes[0].fact == "evidence")
    assert only.changes[0].add == ("a.b", "c.d")
    assert only.changes[0].value == ("a.b", "c.d")


def test_where_nothing_leads_to_a_permit_a_refusal_may_become_a_referral() -> None:
    low = {"fact": "recipient.security_level", "op": "lt", "value": 2}
    book = book_of(pack(decide=[rule("no", "deny", low), rule("ask", "refer")]))
    refused = {**HOME, "recipient.security_level": 1}
    fix = fixes(book, refused, NOW)[0]
    assert fix == Fix(changes=(Change(fact="recipient.security_level", value=2),), outcome=Outcome.REFER)


def test_the_search_ends() -> None:
    asked: list[Facts] = []
    book = shipped_book()
    for row in ROWS:
        question, at = question_of(row)
        asked.clear()
        fixes(counting(book, asked), question, at)
        assert len(asked) <= TRIES + 1 + 5 * MOST  # the asked one, and judging what is told with its milder ways


def counting(book: Rulebook, asked: list[Facts]) -> Rulebook:
    """The same packs, which note in `asked` every question that is put to the first of them."""

    def counted(period: Period) -> Period:
        first, *others = period.packs

        def find(facts: Facts) -> Branch | None:
            asked.append(facts)
            return first.find(facts)

        return replace(period, packs=(replace(first, find=find), *others))

    return replace(book, periods=tuple(counted(period) if period.packs else period for period in book.periods))
