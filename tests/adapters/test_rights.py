"""What the law of each place gives people: the shipped file says that nobody read it, and one with a fault is refused."""

from pathlib import Path

import pytest

from broker.adapters.rights import load_rights
from tests.builders import CONFIG

GOOD = """schema: broker.rights/1
as_of: 2026-11-22
reviewed_by: "A lawyer"
laws:
- jurisdiction: GB
  law: "A law"
  rights: {access: "s 1"}
  authority: "An office"
  address: "https://office.example/"
  answered: {days: 30, basis: "s 2"}
"""
AGAIN = GOOD.split("laws:\n")[1]


def test_the_shipped_file_says_of_when_it_is_and_that_nobody_reviewed_it() -> None:
    found = load_rights(CONFIG / "rights.yaml")
    assert not found.reviewed_by
    assert found.as_of is not None
    assert all(one.address.startswith("https://") and "complaint" in one.rights for one in found.laws.values())


def test_what_a_file_says_is_kept(tmp_path: Path) -> None:
    file = tmp_path / "rights.yaml"
    file.write_text(GOOD)
    found = load_rights(file)
    law = found.laws["GB"]
    assert (found.reviewed_by, law.rights, law.answered_days, law.answered_by_law) == (
        "A lawyer", {"access": "s 1"}, 30, "s 2",
    )  # fmt: skip


FAULTS = {
    "no country": GOOD.replace("GB", "XX"),
    "twice": GOOD + AGAIN,
    "another right": GOOD.replace("access:", "revenge:"),
    "no right": GOOD.replace('{access: "s 1"}', "{}"),
    "no authority": GOOD.replace('  authority: "An office"\n', ""),
    "an address that runs": GOOD.replace("https://office.example/", "javascript:alert(1)"),
    "never": GOOD.replace("days: 30", "days: 0"),
    "another schema": GOOD.replace("/1", "/2", 1),
    "more": GOOD + "more: 1\n",
}


@pytest.mark.parametrize("text", FAULTS.values(), ids=FAULTS.keys())
def test_a_file_with_a_fault_is_refused_by_its_name(tmp_path: Path, text: str) -> None:
    assert text != GOOD
    file = tmp_path / "rights.yaml"
    file.write_text(text)
    with pytest.raises(ValueError, match=r"rights\.yaml"):
        load_rights(file)
