"""The page of the purpose lists what the code reads, no more and no less, and its case file is judged as it says."""

import json
import re
from pathlib import Path
from typing import get_args

import pytest
from click.testing import CliRunner

from broker.__main__ import cli
from broker.adapters.policy_files import load_packs
from broker.core import purpose
from broker.core.access.stated import marks_of
from broker.core.jurisdiction.rulebook import Rulebook, rulebook
from broker.core.purpose import AiUse, Collaboration, EthicsApproval, Kind, Modality, Organisation, Sensitive
from tests.docs.doc_blocks import ROOT

PAGE = (ROOT / "docs" / "reference" / "purpose.md").read_text("utf-8")
_ROW = re.compile(r"^[|] (`.*?) [|] (.*) [|] (.*?) [|]$", re.MULTILINE)
ROWS = {name: values for names, _, values in _ROW.findall(PAGE) for name in re.findall(r"`([a-z_.]+)`", names)}
WORDS = {
    "kinds": Kind, "sensitive": Sensitive, "modality": Modality, "organisation": get_args(Organisation),
    "ai_use": get_args(AiUse), "agreements.collaborate": get_args(Collaboration),
    "evidence.ethics_approval": get_args(EthicsApproval),
}  # fmt: skip


def test_every_member_that_is_read_is_on_the_page_and_no_other() -> None:
    plain = purpose._PURPOSE.keys() - {"agreements", "evidence"}
    inner = {f"agreements.{name}" for name in purpose._AGREEMENTS} | {f"evidence.{name}" for name in purpose._EVIDENCE}
    assert ROWS.keys() == plain | inner


@pytest.mark.parametrize("member", WORDS)
def test_every_word_of_a_member_is_on_the_page_in_order(member: str) -> None:
    assert re.findall(r"`([a-z_]+)`", ROWS[member]) == [str(word) for word in WORDS[member]]


def test_every_mark_that_a_shipped_rule_reads_is_on_the_page() -> None:
    shipped = rulebook(load_packs(ROOT / "config" / "policies"), "example")
    assert isinstance(shipped, Rulebook)
    assert set(re.findall(r"`([a-z_]+)`", ROWS["flags"])) == marks_of(shipped)


def test_the_limits_are_those_of_the_code() -> None:
    assert f"at most {purpose.MAX_ITEMS} values, texts at most {purpose.MAX_TEXT} characters" in PAGE
    assert f"1 to {purpose.MAX_MONTHS}" in ROWS["duration_months"]


def test_the_case_file_is_judged_as_it_says(tmp_path: Path) -> None:
    (block,) = re.findall(r"```json\n(.*?)```", PAGE, re.DOTALL)
    file = tmp_path / "cases.json"
    file.write_text(block)
    assert CliRunner().invoke(cli, ["check", "duo", str(file)]).output.splitlines()[-1] == "1 passed, 0 failed"
    said = json.loads(block)
    said["cases"][0]["purpose"]["organisation"] = "for_profit"
    file.write_text(json.dumps(said))
    told = CliRunner().invoke(cli, ["check", "duo", str(file)])
    assert (told.exit_code, told.output.splitlines()[-1]) == (1, "0 passed, 1 failed")
