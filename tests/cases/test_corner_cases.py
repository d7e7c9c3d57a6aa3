"""Corners of the rules of codes, consents and laws: rows written from the text of the rules, before any judge saw them.

They are judged by the command that institutions use, each file whole.
"""

from pathlib import Path

import pytest
from click.testing import CliRunner

from broker.__main__ import cli

CASES = Path(__file__).parent


@pytest.mark.parametrize(
    ("kind", "file", "rows"),
    [
        ("duo", "duo_corners.json", 45),
        ("consent", "consent_corners.yaml", 60),
        ("jurisdiction", "jurisdiction_corners.yaml", 65),
    ],
)
def test_every_corner_is_judged_as_the_rules_say(kind: str, file: str, rows: int) -> None:
    told = CliRunner().invoke(cli, ["check", kind, str(CASES / file)])
    assert told.output.splitlines()[-1] == f"{rows} passed, 0 failed", told.output
    assert told.exit_code == 0
