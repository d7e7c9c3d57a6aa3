"""What other systems published as tests of DUO matching: the same answers here, or a difference that was decided."""

from typing import Any

import pytest

from broker.adapters.yaml_files import load_yaml
from broker.core.duo.case import judge_case
from tests.core.duo.duo_world import ONTOLOGY, ROOT

DOCUMENT: dict[str, Any] = load_yaml(ROOT / "tests" / "cases" / "duo_others.yaml", anchors=False).value
CASES: list[dict[str, Any]] = DOCUMENT["cases"]
STRICTNESS = ["NOT STATED", "PERMIT", "REVIEW", "DENY"]


@pytest.mark.parametrize("row", CASES, ids=[row["id"] for row in CASES])
def test_a_published_case(row: dict[str, Any]) -> None:
    assert judge_case(row, ONTOLOGY)[0] == row["expect"], row["title"]
    assert ("why" in row) == (row["theirs"] != row["expect"])


def test_every_row_has_its_source_and_every_difference_its_reason() -> None:
    assert {row["source"] for row in CASES} == DOCUMENT["sources"].keys()
    assert {row["why"] for row in CASES if "why" in row} == DOCUMENT["differences"].keys()
    assert len({row["id"] for row in CASES}) == len(CASES)


def test_no_refusal_of_theirs_is_a_permit_here_and_the_one_review_that_is_was_decided() -> None:
    milder = {
        (row["theirs"], row["expect"], row["why"])
        for row in CASES
        if STRICTNESS.index(row["expect"]) < STRICTNESS.index(row["theirs"])
    }
    assert milder == {
        ("REVIEW", "PERMIT", "control"),
        ("DENY", "REVIEW", "no-permission"),
        ("DENY", "REVIEW", "said-nothing"),
        ("DENY", "REVIEW", "no-disease"),
    }


def test_the_reference_page_tells_every_source_and_difference() -> None:
    page = " ".join((ROOT / "docs" / "reference" / "duo-matching.md").read_text("utf-8").split())
    for told in (*DOCUMENT["sources"].values(), *DOCUMENT["differences"].values()):
        assert told in page
    assert f"{len(CASES)} cases" in page
