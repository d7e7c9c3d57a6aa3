"""The list of income groups: the shipped one is whole, and a file with a fault is refused."""

from pathlib import Path

import pytest

from broker.adapters.income_groups import load_income_groups
from tests.builders import CONFIG

GOOD = 'schema: broker.income-groups/1\nyear: "2026"\nsource: "A list"\nreviewed_by: ""\ngroups:\n  high: [DE]\n'


def test_the_shipped_list_says_its_year_and_source_and_that_nobody_reviewed_it() -> None:
    found = load_income_groups(CONFIG / "income-groups.yaml")
    assert {found.of(country) for country in ("DE", "BR", "IN", "UG")} == {
        "high",
        "upper_middle",
        "lower_middle",
        "low",
    }
    assert found.year
    assert found.source
    assert not found.reviewed_by
    assert len(found.groups) > 200


FAULTS = {
    "no country": GOOD.replace("DE", "XX"),
    "twice": GOOD + "  low: [DE]\n",
    "another group": GOOD.replace("high", "rich"),
    "no source": GOOD.replace('source: "A list"\n', ""),
    "another schema": GOOD.replace("/1", "/2"),
    "more": GOOD + "more: 1\n",
}


@pytest.mark.parametrize("text", FAULTS.values(), ids=FAULTS.keys())
def test_a_file_with_a_fault_is_refused_by_its_name(tmp_path: Path, text: str) -> None:
    file = tmp_path / "groups.yaml"
    file.write_text(GOOD)
    assert load_income_groups(file).groups == {"DE": "high"}
    file.write_text(text)
    with pytest.raises(ValueError, match=r"groups\.yaml"):
        load_income_groups(file)
