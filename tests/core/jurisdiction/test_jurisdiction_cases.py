"""The case file, row by row, as `broker check jurisdiction` judges it."""

from collections.abc import Mapping
from dataclasses import replace
from random import Random
from typing import Any

import pytest

from broker.adapters.policy_files import load_cases
from broker.core.jurisdiction.case import CaseError, differences, facts_of, judge_case, not_counted
from broker.core.jurisdiction.judge import Answer
from tests.core.jurisdiction.jurisdiction_world import CASES, shipped_book

FILE = load_cases(CASES).value
ROWS: list[Mapping[str, Any]] = FILE["cases"]


def answer_to(row: Mapping[str, Any]) -> Answer:
    return judge_case(row, FILE["defaults"], FILE["profiles"], FILE["at"], shipped_book())


@pytest.mark.row("PK8")
@pytest.mark.parametrize("row", ROWS, ids=lambda row: row["id"])
def test_a_row_gets_the_answer_that_it_expects(row: Mapping[str, Any]) -> None:
    assert differences(row["expect"], answer_to(row)) == ()


def test_ids_are_used_once() -> None:
    ids = [row["id"] for row in ROWS]
    assert len(ids) == len(set(ids))


def test_neither_id_nor_title_nor_order_is_looked_at() -> None:
    shuffled = list(ROWS)
    Random(1).shuffle(shuffled)
    for row, other in zip(shuffled, reversed(shuffled), strict=True):
        assert answer_to({**row, "id": other["id"], "title": other["title"]}) == answer_to(row)
        assert answer_to({name: row[name] for name in row if name not in ("id", "title", "expect")}) == answer_to(row)


def test_a_row_stands_over_its_profile_and_that_over_the_defaults() -> None:
    facts = facts_of(
        {"profile": "p", "facts": {"evidence": ["a.b"], "recipient.suspended": None}},
        {"evidence": [], "recipient.suspended": False, "data.category": "genomic", "data.n_sequenced": 1},
        {"p": {"evidence": ["c.d"], "data.category": "proteomic"}},
    )
    assert facts == {"evidence": ("a.b",), "data.category": "proteomic", "data.n_sequenced": 1}


@pytest.mark.parametrize(
    ("modality", "place"),
    [("download", "FR"), ("stream", "FR"), ("tre_remote", "DE"), ("code_to_data", "DE"), ("aggregate", "DE")],
)
def test_a_row_that_is_silent_about_computing_means_the_usual_place(modality: str, place: str) -> None:
    row = {"facts": {"request.modality": modality, "recipient.country": "FR", "data.storage_country": "DE"}}
    assert facts_of(row, {}, {})["request.processing_country"] == place
    stated = {"facts": {**row["facts"], "request.processing_country": "SG"}}
    assert facts_of(stated, {}, {})["request.processing_country"] == "SG"
    unknown = {"facts": {**row["facts"], "request.processing_country": None}}
    assert "request.processing_country" not in facts_of(unknown, {}, {})


@pytest.mark.parametrize(
    "row",
    [
        {"profile": "nowhere"},
        {"profile": ["p"]},
        {"facts": ["a"]},
        {"at": "tomorrow"},
        {"at": "2026-06-01T00:00:00"},
        {"at": None},
    ],
)
def test_a_row_that_puts_no_question_is_an_error(row: Mapping[str, Any]) -> None:
    with pytest.raises(CaseError):
        judge_case(row, {}, {"p": {}}, "2026-06-01", shipped_book())


def a_permit() -> Answer:
    return next(answer for answer in map(answer_to, ROWS) if answer.outcome.permits)


@pytest.mark.parametrize(
    ("expect", "differs"),
    [
        ({}, False),
        ({"outcome": "PERMIT_WITH_OBLIGATIONS"}, False),
        ({"outcome": "PERMIT"}, True),
        ({"outcome": "DENY"}, True),
        ({"reasons": ["CORE-BASELINE"]}, False),
        ({"reasons": ["CORE-BASELINE", "COM-REFUSED"]}, True),
        ({"obligations": ["breach_report"]}, False),
        ({"obligations": ["something_else"]}, True),
        ({"obligations": []}, True),
        ({"alternatives": []}, False),
        ({"alternatives": ["aggregate"]}, True),
        ({"evidence": ["scc.signed"]}, True),
        ({"missing_facts": ["evidence"]}, True),
        ({"outcom": "PERMIT"}, True),
    ],
)
def test_every_difference_is_told(expect: Mapping[str, Any], *, differs: bool) -> None:
    assert bool(differences(expect, a_permit())) is differs


def test_what_a_row_states_and_nobody_reads_is_told_wherever_it_states_it() -> None:
    row = {"profile": "odd", "facts": {"data.n_sequenced": 5, "data.n_sequencd": 3}}
    told = not_counted(row, {"request.modality": "download"}, {"odd": {"recipient.suspended": "no"}})
    assert told == ("recipient.suspended: no is no value of it", "data.n_sequencd: no such fact")


def test_an_expected_empty_list_means_that_there_is_none() -> None:
    answer = replace(a_permit(), alternatives=("aggregate",))
    assert differences({"alternatives": []}, answer) == ("alternatives: none wanted, aggregate given",)
