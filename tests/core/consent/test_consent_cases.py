"""Every row of the case file, the given ones and our own."""

from collections.abc import Mapping
from typing import Any

import pytest

from broker.core.consent.case import judge_case
from tests.core.consent.consent_world import FILE, NOW, ONTOLOGY

ROWS: list[dict[str, Any]] = FILE["cases"]
DEFAULTS = {name: FILE[name] for name in ("request_defaults", "dataset_defaults")}


def judged(row: Mapping[str, Any]) -> Mapping[str, Any]:
    asked = {name: value for name, value in row.items() if name not in {"id", "title", "expect"}}
    return judge_case(asked, DEFAULTS, NOW, ONTOLOGY)


@pytest.mark.parametrize("row", ROWS, ids=[row["id"] for row in ROWS])
def test_each_row_gets_the_answer_that_it_expects(row: dict[str, Any]) -> None:
    found = judged(row)
    assert {name: found.get(name) for name in row["expect"]} == row["expect"]


def test_the_file_has_a_row_for_each_rule_and_ids_are_unique() -> None:
    ids = [row["id"] for row in ROWS]
    assert len(ids) == len(set(ids))
    assert {one.split("-")[0] for one in ids} >= {f"R{number}" for number in range(1, 13)}


@pytest.mark.parametrize("row", [row for row in ROWS if "subjects" in row], ids=lambda row: row["id"])
def test_names_and_order_of_subjects_do_not_matter(row: dict[str, Any]) -> None:
    names = {name: f"p{9 - index}" for index, name in enumerate(row["subjects"])}
    turned = {names[name]: history for name, history in reversed(row["subjects"].items())}
    found, other = judged(row), judged(row | {"subjects": turned})
    for member in ("included", "excluded", "held"):
        assert {names[one] for one in found[member]} == set(other[member])
    assert (found["outcome"], found["reasons"]) == (other["outcome"], other["reasons"])


@pytest.mark.parametrize(
    ("row", "member"),
    [
        ({"subjects": {}, "titel": "x"}, "titel"),
        ({"subjects": {}, "title": "x"}, "title"),
        ({"subjects": {}, "request": {"purpos": "hmb"}}, "purpos"),
        ({"subjects": {}, "request": {"purpose": "hbm"}}, "purpose"),
        ({"subjects": {}, "request": {"linkage": "yes"}}, "linkage"),
        ({"subjects": {}, "dataset": {"filterabel": True}}, "filterabel"),
        ({"subjects": {"s1": [{"version": 1, "effective_from": "soon"}]}}, "effective_from"),
        ({"subjects": {}, "at": "today"}, "at"),
        ({"withdrawal": {"kind": "all"}, "grants": []}, "kind"),
        ({"withdrawal": {"kind": "no_further_use", "approved_limits": ["moon"]}, "grants": []}, "what"),
        ({"withdrawal": {"kind": "no_further_use"}, "grants": "published"}, "grants"),
    ],
)
def test_a_row_that_cannot_be_read_names_the_member(row: dict[str, Any], member: str) -> None:
    with pytest.raises(ValueError, match=rf"\b{member}\b"):
        judge_case(row, DEFAULTS, NOW, ONTOLOGY)
