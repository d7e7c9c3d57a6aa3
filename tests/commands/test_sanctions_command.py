"""`broker sanctions`: the ladder as the operator types it, and reasons in the language of who types."""

import asyncio
import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from broker.__main__ import cli
from broker.app import opened
from broker.commands.common import Fail
from broker.config import Settings
from broker.core.rows import Put
from broker.state import make_state
from tests import builders as b

LATER = "2999-01-01T00:00:00Z"
STEP = ("impose", "--kind", "organisation", "--whom", "rhine", "--ground", "Late reports.", "--ends", LATER,
        "--appeal", "appeals@bank.example, 30 days")  # fmt: skip


@pytest.fixture
def here(tmp_path: Path) -> str:
    """The settings file of a broker that knows one organisation."""
    chosen = Settings(issuer="https://broker.example", mode="example", state=tmp_path / "state")
    make_state(chosen)

    async def known() -> None:
        async with opened(chosen) as running:
            w = running.world
            entry = w.entry("catalogue.applied", w.clock.now(), None, {})
            await w.ledger.record(entry, Put(b.organisation()))

    asyncio.run(known())
    path = tmp_path / "broker.toml"
    path.write_text(f'issuer = "https://broker.example"\nstate = "{tmp_path / "state"}"\nmode = "example"\n', "utf-8")
    return str(path)


def run(here: str, *words: str, language: str = "en", **env: str) -> Result:
    chosen = ("--language", language) if language else ()
    return CliRunner().invoke(cli, ["--config", here, *chosen, "sanctions", *words], env={"LC_ALL": "", **env})


def listed(here: str) -> list[dict[str, object]]:
    return [json.loads(line) for line in run(here, "list", "--json").output.splitlines() if line.startswith("{")]


@pytest.mark.row("WHO-3.3-4")
def test_a_step_is_taken_listed_and_the_operator_alone_lifts_none(here: str) -> None:
    made = run(here, *STEP, "--step", "warn")
    assert made.exit_code == 0, made.output
    case = made.output.strip().splitlines()[-1].rpartition(" ")[2]
    further = run(here, *STEP, "--step", "suspend_institution", "--case", case, "--urgent")
    assert further.exit_code == 0, further.output
    steps = sorted(listed(here), key=lambda one: str(one["step"]), reverse=True)  # both may be of one second
    assert [(one["case"], one["step"], one["holds"]) for one in steps] == [
        (case, "warn", True), (case, "suspend_institution", True),
    ]  # fmt: skip
    assert "in force" in run(here, "list").output
    lifted = run(here, "lift", str(steps[1]["id"]), "--ground", "Reports came.")
    assert "one more role must lift it too" in lifted.output
    again = run(here, "lift", str(steps[1]["id"]), "--ground", "Once more.")
    assert isinstance(again.exception, Fail)
    assert "SANCTION-TWO-ROLES" in str(again.exception)
    assert listed(here)[1]["holds"] is True


@pytest.mark.parametrize(
    ("words", "code"),
    [
        ((*STEP, "--step", "suspend_institution"), "REQ-INVALID"),
        ((*STEP, "--step", "suspend_person"), "REQ-INVALID"),
        ((*STEP, "--step", "warn", "--case", "cas_none"), "REQ-NOT-FOUND"),
        ((*STEP[:3], "--whom", "elbe", *STEP[5:], "--step", "warn"), "REQ-NOT-FOUND"),
        (("lift", "san_none", "--ground", "x"), "REQ-NOT-FOUND"),
    ],
)
def test_what_cannot_be_is_one_line_and_changes_nothing(here: str, words: tuple[str, ...], code: str) -> None:
    found = run(here, *words)
    assert isinstance(found.exception, Fail), found.output
    assert str(found.exception).startswith(f"{code}: ")
    assert listed(here) == []


@pytest.mark.row("EXP-LANGUAGE")
@pytest.mark.parametrize(
    ("language", "env", "said"),
    [
        ("es", {}, "En esta dirección no hay nada"),
        ("", {"LANG": "es_ES.UTF-8"}, "En esta dirección no hay nada"),
        ("", {"LANG": "en_GB.UTF-8", "LC_ALL": "es"}, "En esta dirección no hay nada"),
        ("en", {"LANG": "es_ES.UTF-8"}, "There is nothing here"),
        ("", {"LANG": "C.UTF-8"}, "There is nothing here"),
        ("", {"LANG": "fr_FR.UTF-8"}, "There is nothing here"),
    ],
)
def test_reasons_are_told_in_the_language_of_who_types(
    here: str, language: str, env: dict[str, str], said: str
) -> None:
    found = run(here, "lift", "san_none", "--ground", "x", language=language, **env)
    assert said in str(found.exception)
