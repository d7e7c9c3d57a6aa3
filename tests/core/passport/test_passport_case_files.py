"""The case files of the kinds `visas`, `conditions` and `patterns`, through the product's own judges."""

import json
from pathlib import Path
from typing import Any

import pytest

from broker.adapters.jose import check_signature
from broker.core.passport.case import bench, judge_conditions, judge_pattern, judge_visa

CASES = Path(__file__).parents[2] / "cases"
VISAS: dict[str, Any] = json.loads((CASES / "visa_tokens.json").read_text())
CONDITIONS = json.loads((CASES / "conditions.json").read_text())
PATTERNS = json.loads((CASES / "pattern_matching.json").read_text())


@pytest.mark.row("T001", "C6")
@pytest.mark.parametrize("row", VISAS["tokens"], ids=lambda row: row["id"])
def test_visas(row: dict[str, Any]) -> None:
    reason = judge_visa(bench(VISAS), row["token"], check_signature)
    assert ("accept" if reason is None else "refuse") == row["verdict"], (row["why"], reason)


@pytest.mark.row("T105", "C15")
@pytest.mark.parametrize("row", CONDITIONS, ids=lambda row: row["id"])
def test_conditions(row: dict[str, Any]) -> None:
    assert judge_conditions(row["conditions"], row["other_visa_objects"]) is row["expect_met"], row["note"]


@pytest.mark.row("T105")
@pytest.mark.parametrize("row", PATTERNS, ids=lambda row: row["id"])
def test_patterns(row: dict[str, Any]) -> None:
    assert judge_pattern(row["expr"], row["value"]) is row["expect"], row["note"]


def test_a_token_that_is_no_string_is_refused() -> None:
    reason = judge_visa(bench(VISAS), None, check_signature)
    assert reason is not None
    assert reason.code == "VISA-MALFORMED"


@pytest.mark.parametrize(
    "change",
    [
        {"trusted": [{"jku": "https://a.example"}]},
        {"trusted": [{**VISAS["trusted"][0], "may_grnat": []}]},
        {"trusted": [VISAS["trusted"][0], VISAS["trusted"][0]]},
        {"trusted": [{**VISAS["trusted"][0], "algs": ["HS256"]}]},
        {"trusted": None},
        {"caller": {"iss": "x"}},
        {"caller": {"iss": "x", "sub": "y", "linked_as": [["a"]]}},
        {"jwks": []},
    ],
)
def test_a_file_that_is_not_of_its_kind_is_a_value_error(change: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"."):
        bench({**VISAS, **change})


def test_a_file_may_say_more_about_its_trust_rows() -> None:
    document = {**VISAS, "trusted": [{**VISAS["trusted"][0], "sources": ["https://other.example/"], "types": []}]}
    token = next(row["token"] for row in VISAS["tokens"] if row["verdict"] == "accept")
    reason = judge_visa(bench(document), token, check_signature)
    assert reason is not None
    assert reason.code == "VISA-TYPE-UNTRUSTED"
