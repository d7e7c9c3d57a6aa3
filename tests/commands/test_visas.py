"""`broker visas`: assert, list, end, and a refusal in one line."""

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from broker.__main__ import cli
from broker.commands.common import Fail
from broker.config import Settings
from broker.state import make_state

SAID = (
    "--iss", "https://login.example", "--sub", "ada", "--type", "ResearcherStatus", "--value", "https://bona.example/1",
    "--source", "https://society.example", "--by", "so", "--ends", "2999-01-01",
)  # fmt: skip


@pytest.fixture
def here(tmp_path: Path) -> str:
    """The settings file of a broker that was made and never started."""
    make_state(Settings(issuer="https://broker.example", mode="example", state=tmp_path / "state"))
    path = tmp_path / "broker.toml"
    path.write_text(f'issuer = "https://broker.example"\nstate = "{tmp_path / "state"}"\nmode = "example"\n', "utf-8")
    return str(path)


def run(here: str, *words: str) -> Result:
    return CliRunner().invoke(cli, ["--config", here, "visas", *words])


def listed(here: str, *words: str) -> list[dict[str, Any]]:
    return [
        json.loads(line) for line in run(here, "list", "--json", *words).output.splitlines() if line.startswith("{")
    ]


def test_what_is_asserted_is_listed_and_ended(here: str) -> None:
    near = tuple(word if word != "2999-01-01" else _soon() for word in SAID)
    made = run(here, "assert", *near)
    assert made.exit_code == 0, made.output
    (row,) = listed(here)
    assert row["id"] == made.output.strip().splitlines()[-1]
    assert (row["sub"], row["type"], row["source"], row["ended"]) == (
        "ada",
        "ResearcherStatus",
        "https://society.example",
        None,
    )
    assert listed(here, "--source", "https://else.example") == []
    assert "until" in run(here, "list").output
    for _ in range(2):
        ended = run(here, "end", row["id"])
        assert ended.exit_code == 0, ended.output
    assert listed(here)[0]["ended"] is not None


def _soon() -> str:
    """A day that is less than ten years ahead, whenever this runs."""
    from datetime import UTC, datetime, timedelta  # noqa: PLC0415

    return (datetime.now(UTC) + timedelta(days=300)).strftime("%Y-%m-%d")


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("assert", *SAID), "REQ-INVALID"),
        (("assert", *SAID, "--type", "ControlledAccessGrants"), "REQ-VISA-GRANT"),
        (("assert", *SAID, "--type", "https://else.example"), "REQ-VISA-TYPE"),
        (("end", "asr_no"), "REQ-NOT-FOUND"),
    ],
    ids=["too long", "a grant", "an unknown type", "an unknown id"],
)
def test_a_refusal_says_why(here: str, words: tuple[str, ...], code: str) -> None:
    done = run(here, *words)
    assert isinstance(done.exception, Fail)
    assert code in str(done.exception)
    assert listed(here) == []
