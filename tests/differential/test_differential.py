"""Do the rules and the second reading of them say the same? The long run is `make differential`."""

from collections import Counter
from collections.abc import Mapping
from functools import cache
from random import Random
from typing import Any

import pytest
import yaml

from tests.differential import drawing, drawing_decision, reading_consent, reading_decision, reading_duo, reading_law
from tests.differential.both import ROOT, Answer, Both
from tests.differential.comparing import FAIR_SHARE, KINDS, compare, shrink
from tests.differential.reading_decision import GATES
from tests.differential.reading_gates import ORDER

CASES = ROOT / "tests" / "cases"
JUDGES = cache(Both)

RUNS = [
    *(pytest.param("duo", f"quick {n}", 1500, marks=pytest.mark.row("DIF-D"), id=f"duo {n}") for n in range(3)),
    *(pytest.param("consent", f"quick {n}", 400, marks=pytest.mark.row("DIF-C"), id=f"consent {n}") for n in range(3)),
    *(pytest.param("law", f"quick {n}", 400, marks=pytest.mark.row("DIF-J"), id=f"law {n}") for n in range(3)),
    *(
        pytest.param("decision", f"quick {n}", 150, marks=pytest.mark.row("DIF-W"), id=f"decision {n}")
        for n in range(3)
    ),
]


@pytest.mark.parametrize(("kind", "seed", "count"), RUNS)
def test_both_say_the_same_of_drawn_rows(kind: str, seed: str, count: int) -> None:
    tally = compare(JUDGES(), kind, seed, count)
    assert tally.differences == []
    assert tally.permitted >= FAIR_SHARE


def test_each_gate_has_its_share_of_the_drawn_decisions() -> None:
    """A gate decides where nothing is stricter; a permit in at least one case of five, or the comparison says little."""
    draw, deciding = Random("shares"), Counter[str]()
    for _ in range(400):
        said = reading_decision.judge(drawing_decision.decision(draw), JUDGES().diseases, JUDGES().packs)
        strictest = max((ORDER.index(one.outcome) for one in said.blocking.values()), default=0)
        deciding.update(gate for gate, one in said.blocking.items() if ORDER.index(one.outcome) == strictest)
        deciding["permit"] += said.permits
    assert deciding["permit"] >= 80
    assert {gate: deciding[gate] for gate in GATES if deciding[gate] < 6} == {}


@cache
def _document(name: str) -> Any:
    return yaml.safe_load((CASES / name).read_text("utf-8"))  # JSON is YAML


def _rows(name: str) -> list[Any]:
    return [pytest.param(row, id=str(row["id"])) for row in _document(name)["cases"]]


@pytest.mark.parametrize("row", _rows("duo_cases.json"))
def test_the_reading_gives_a_given_duo_row_its_answer(row: Mapping[str, Any]) -> None:
    verdict, duties = reading_duo.judge(row, JUDGES().diseases)
    assert (verdict, set(row.get("obligations", ())) - duties) == (row["expect"], set())


@pytest.mark.parametrize("row", _rows("consent_cases.yaml"))
def test_the_reading_gives_a_given_consent_row_its_answer(row: Mapping[str, Any]) -> None:
    document = _document("consent_cases.yaml")
    answer = reading_consent.judge(row, document, document["at"], JUDGES().diseases)
    expect = dict(row["expect"])
    assert set(expect.pop("reasons", ())) <= set(answer.get("reasons", ()))
    assert {name: answer[name] for name in expect} == {
        name: sorted(value) if isinstance(value, list) else value for name, value in expect.items()
    }


@pytest.mark.parametrize("row", _rows("jurisdiction_cases.yaml"))
def test_the_reading_gives_a_given_jurisdiction_row_its_answer(row: Mapping[str, Any]) -> None:
    document = _document("jurisdiction_cases.yaml")
    facts = reading_law.facts_of(row, document)
    answer = reading_law.judge(facts, JUDGES().packs, str(row.get("at", document["at"])))
    expect = dict(row["expect"])
    expect["missing"] = expect.pop("missing_facts", ())
    assert answer["outcome"] == expect.pop("outcome", answer["outcome"])
    for name, wanted in expect.items():
        assert set(wanted) <= set(answer[name]), name
        assert wanted or name != "alternatives" or not answer[name]


@pytest.mark.parametrize("kind", KINDS)
def test_the_same_seed_draws_the_same_rows(kind: str) -> None:
    first, again = Random(7), Random(7)
    assert [KINDS[kind](first) for _ in range(50)] == [KINDS[kind](again) for _ in range(50)]


class Forgetful(Both):
    """A product that overlooks what NPOA forbids."""

    def duo(self, row: Mapping[str, Any]) -> tuple[Answer, Answer]:
        kept = [one for one in row["dataset"] if "NPOA" not in (one, one["code"] if isinstance(one, dict) else "")]
        return super().duo({**row, "dataset": kept})[0], super().duo(row)[1]


def test_a_difference_is_found_and_made_small() -> None:
    found = compare(Forgetful(), "duo", "quick 0", 1500).differences
    permitted = next(one for one in found if one.what.endswith("PERMIT against DENY"))
    assert [one if isinstance(one, str) else one["code"] for one in permitted.row["dataset"] if "NPOA" in str(one)]
    assert len(permitted.row["dataset"]) == 2
    assert permitted.row["purpose"]["kinds"] == ["ancestry"]


class Sleepless(Both):
    """A product that forgets until when its permits hold."""

    def decision(self, row: Mapping[str, Any]) -> tuple[Answer, Answer]:
        turn = reading_decision.turns_before(row, None, self.diseases, self.packs, reading_decision.turning_points(row))
        return {"outcome": "PERMIT", "end": "None"}, {"outcome": "PERMIT", "end": str(turn)}


def test_an_end_that_comes_too_late_is_a_difference() -> None:
    found = compare(Sleepless(), "decision", "quick 0", 5).differences
    assert [one.what for one in found] == ["end"]


def test_the_reading_of_a_decision_knows_the_leeway_and_the_ladder() -> None:
    """Rows by hand: the last second of a visa's leeway, and a milder way that passes."""
    case = next(one for one in iter(lambda: drawing_decision.decision(LEEWAY), None) if plain(one))
    case["dataset"]["terms_of_use"] = "https://bank.example/t"
    case["visas"] = [
        {"type": "AcceptedTermsAndPolicies", "value": "https://bank.example/t", "by": "so", "ends": case["at"]}
    ]
    judges = JUDGES()
    assert judges.decision(case)[1]["outcome"] == "PERMIT_WITH_OBLIGATIONS"
    case["dataset"]["security_level"], case["organisation"]["evidence"] = 3, []
    product, reading = judges.decision(case)
    assert reading["outcome"] == product["outcome"] == "ALTERNATIVE"
    assert reading["security"] == "SEC-CANNOT-PROTECT"


LEEWAY = Random("leeway")


def plain(case: drawing.Row) -> bool:
    """A use at home in which all fits, as a download."""
    said = reading_decision.judge(case, JUDGES().diseases, JUDGES().packs)
    facts = case["dataset"]["facts"]
    home = case["location"] == facts.get("data.controller_country") and case["organisation"] is not None
    return said.permits and said.grant == "G-0" and home and case["way"] == "download" and not case["samples"]


def test_shrinking_keeps_what_matters_and_nothing_else() -> None:
    row: drawing.Row = {"a": [1, 2, {"b": 3, "c": 4}], "d": 5}
    assert shrink(row, lambda one: one["a"][-1]["b"] == 3) == {"a": [{"b": 3}]}
