"""Every row of the case file, through the function that `broker check duo` calls."""

from typing import Any

import pytest

from broker.core.duo.case import judge_case
from tests.core.duo.duo_world import CASES, ONTOLOGY


@pytest.mark.parametrize("row", CASES, ids=[row["id"] for row in CASES])
def test_a_row_gets_the_answer_that_it_expects(row: dict[str, Any]) -> None:
    verdict, obligations = judge_case(row, ONTOLOGY)
    assert verdict == row["expect"], row["title"]
    assert set(row.get("obligations", ())) <= set(obligations)


def test_the_judge_sees_neither_id_nor_title_nor_the_wanted_answer() -> None:
    renamed = [{"dataset": row["dataset"], "purpose": row["purpose"]} for row in reversed(CASES)]
    found = [judge_case(row, ONTOLOGY)[0] for row in renamed]
    assert found == [row["expect"] for row in reversed(CASES)]


@pytest.mark.parametrize(
    ("row", "named"),
    [
        ({"dataset": [], "purpose": None}, "purpose"),
        ({"dataset": None, "purpose": {}}, "DUO codes"),
        ({"dataset": [], "purpose": {"kind": "hmb"}}, "kind"),
        ({"dataset": ["HMB", {"code": "TS", "months": "12"}], "purpose": {}}, "DUO code 2: months"),
    ],
)
def test_a_row_that_cannot_be_read_is_an_error_that_names_the_member(row: dict[str, Any], named: str) -> None:
    with pytest.raises(ValueError, match=named):
        judge_case(row, ONTOLOGY)
