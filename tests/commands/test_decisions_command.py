"""`broker decisions`: replays and what is kept, as an auditor types it."""

import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from broker.__main__ import cli
from broker.commands.common import Fail
from broker.core.decision.version import RULES
from broker.flows.use_data import ask
from tests import builders as b
from tests.adapters.storage.places import new_database, place
from tests.adapters.storage.support import Place
from tests.docs.doc_blocks import ROOT, blocks, matches
from tests.docs.doc_blocks import run as run_blocks
from tests.flows.replays.recorded import other_words, recorded
from tests.flows.worlds import caller

__all__ = ["new_database", "place"]


@pytest.fixture
async def two(place: Place) -> AsyncIterator[Place]:
    """A yes and a no, and the broker still running."""
    async with recorded(place) as s:
        await ask(s.world, caller(), b.ONE)
        place.clock.advance(86_400 * 3)
        await ask(s.world, caller(grants=()), b.ONE)
        yield place


def run(place: Place, *words: str) -> Result:
    return CliRunner().invoke(cli, ["decisions", *words, "--database", str(place.database)])


def ids(place: Place) -> list[str]:
    return [row[0] for row in place.ask("SELECT id FROM trace ORDER BY id")]


def test_all_decisions_are_counted(two: Place) -> None:
    found = run(two, "replay", "--all")
    assert (found.exit_code, found.stdout) == (0, "2 same, 0 different, 0 missing\n")


def test_a_line_of_json_for_each(two: Place) -> None:
    lines = [json.loads(line) for line in run(two, "replay", "--all", "--json").stdout.splitlines()]
    assert [(one["id"], one["result"]) for one in lines] == [(id, "same") for id in ids(two)]
    assert [one["outcome"] for one in lines] == ["PERMIT_WITH_OBLIGATIONS", "DENY"]


def test_those_since_a_time(two: Place) -> None:
    assert run(two, "replay", "--all", "--since", "2027-01-16").stdout == "1 same, 0 different, 0 missing\n"
    assert run(two, "replay", "--all", "--since", "2030-01-01").stdout == "0 same, 0 different, 0 missing\n"


def test_one_decision(two: Place) -> None:
    found = run(two, "replay", ids(two)[1])
    assert (found.exit_code, found.stdout) == (0, f"{ids(two)[1]} same (DENY)\n")


def test_a_difference_is_shown_then_and_now(two: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("broker.flows.replay.RULES", "2031.1")
    with other_words("AUTH-NO-GRANT"):
        found = run(two, "replay", ids(two)[1])
        assert run(two, "replay", "--all").exit_code == 1
    assert found.exit_code == 1
    first, rules, *rest = found.stdout.splitlines()
    assert first == f"{ids(two)[1]} different (DENY)"
    assert RULES in rules
    assert any(line.startswith("  explanation.") and '"Something else." now' in line for line in rest)


def test_what_is_missing_is_named(two: Place) -> None:
    two.tamper("DELETE FROM document WHERE id LIKE 'pack:core-baseline@%'")
    found = run(two, "replay", ids(two)[0])
    assert found.exit_code == 1
    assert "  missing: pack core-baseline version " in found.stdout
    two.tamper("DELETE FROM trace")
    assert "0 same, 0 different, 2 missing" in run(two, "replay", "--all").stdout


def test_what_is_kept_is_shown_with_names_hidden(two: Place) -> None:
    whole = json.loads(run(two, "show", ids(two)[1]).stdout)
    assert whole["body"]["question"]["stage"] == "use"
    told = json.loads(run(two, "show", ids(two)[1], "--audience", "researcher").stdout)
    id = ids(two)[1]
    kept = whole["body"]["explanation"] | {"decision_id": id}
    texts = told["explanation"].pop("audience_texts")
    assert told == {"id": id, "explanation": {name: said for name, said in kept.items() if name != "audience_texts"}}
    assert "2027-01-1" in kept["audience_texts"]["subject"], "what is kept is written as machines write it"
    assert " January 2027" in texts["subject"]
    spanish = CliRunner().invoke(
        cli, ["--language", "es", "decisions", "show", id, "--audience", "researcher", "--database", str(two.database)]
    )
    assert json.loads(spanish.stdout)["explanation"]["audience_texts"]["researcher"].startswith("Descarga: no.")
    assert '"ada"' not in json.dumps(whole)


@pytest.mark.parametrize(
    "words", [("replay",), ("replay", "dec_1", "--all"), ("replay", "dec_1", "--since", "2027-01-01")]
)
def test_one_or_all(two: Place, words: tuple[str, ...]) -> None:
    assert run(two, *words).exit_code == 2


@pytest.mark.parametrize("words", [("replay", "dec_1"), ("show", "dec_1"), ("replay", "--all", "--since", "soon")])
def test_what_cannot_be_is_one_line(two: Place, words: tuple[str, ...]) -> None:
    found = run(two, *words)
    assert isinstance(found.exception, Fail)


def test_a_trace_that_is_gone_is_not_shown(two: Place) -> None:
    id = ids(two)[0]
    two.tamper("DELETE FROM trace")
    assert isinstance(run(two, "show", id).exception, Fail)


def test_there_must_be_a_database(tmp_path: Path) -> None:
    assert isinstance(run(Place(tmp_path), "replay", "--all").exception, Fail)


async def test_the_page_does_what_it_says(two: Place) -> None:
    page = blocks((ROOT / "docs" / "how-to" / "replay-a-decision.md").read_text("utf-8"))
    assert page
    for block, printed in zip(page, run_blocks(page, two.folder, 120), strict=True):
        assert block.prints is None or matches(block.prints, printed), printed
