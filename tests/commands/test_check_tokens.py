"""`broker check visas|conditions|patterns`: shuffled and renamed files, malformed ones, and the last line."""

import json
from pathlib import Path
from random import Random
from typing import Any

import pytest
from click.testing import CliRunner, Result

from broker.commands.check import check
from broker.commands.common import Fail

CASES = Path(__file__).parents[1] / "cases"
FILES = {"visas": "visa_tokens.json", "conditions": "conditions.json", "patterns": "pattern_matching.json"}


def run(kind: str, path: Path) -> Result:
    return CliRunner().invoke(check, [kind, str(path)])


def written(folder: Path, document: Any) -> Path:
    path = folder / "cases.json"
    path.write_text(document if isinstance(document, str) else json.dumps(document))
    return path


def rows(document: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = document["tokens"] if isinstance(document, dict) else document
    return found


@pytest.mark.parametrize("kind", FILES)
def test_every_row_passes_and_the_last_line_counts_them(kind: str) -> None:
    path = CASES / FILES[kind]
    found = run(kind, path)
    count = len(rows(json.loads(path.read_text())))
    assert (found.exit_code, found.output.splitlines()[-1]) == (0, f"{count} passed, 0 failed")


@pytest.mark.parametrize("kind", FILES)
def test_neither_order_nor_ids_nor_titles_decide(kind: str, tmp_path: Path) -> None:
    document = json.loads((CASES / FILES[kind]).read_text())
    listed = rows(document)
    Random(7).shuffle(listed)
    names = [f"renamed-{number}" for number in range(len(listed))]
    for row, name in zip(listed, names, strict=True):
        row["id"] = name
        for told in ("why", "note", "title"):
            row.pop(told, None)
    found = run(kind, written(tmp_path, document))
    assert (found.exit_code, found.output.splitlines()[-1]) == (0, f"{len(listed)} passed, 0 failed")


@pytest.mark.parametrize("kind", FILES)
def test_a_row_that_wants_the_contrary_fails_by_its_id(kind: str, tmp_path: Path) -> None:
    document = json.loads((CASES / FILES[kind]).read_text())
    row = rows(document)[0]
    for name, other in (("verdict", {"accept": "refuse", "refuse": "accept"}), ("expect_met", {}), ("expect", {})):
        if name in row:
            row[name] = other.get(row[name], row[name]) if other else not row[name]
    found = run(kind, written(tmp_path, document))
    assert found.exit_code == 1
    assert found.output.splitlines()[0].startswith(f"{row['id']}: wanted ")
    assert found.output.splitlines()[-1].endswith(" 1 failed")


VISAS: dict[str, Any] = json.loads((CASES / FILES["visas"]).read_text())
BAD: list[tuple[str, Any, str]] = [
    ("visas", '{\n  "tokens": [\n    {,\n', "line 3, column 6: "),
    ("visas", "", "line 1"),
    ("visas", [], "object"),
    ("visas", {**VISAS, "clock": None}, "clock: not a whole number"),
    ("visas", {**VISAS, "clock": True}, "clock: not a whole number"),
    ("visas", {name: value for name, value in VISAS.items() if name != "jwks"}, "jwks: missing"),
    ("visas", {**VISAS, "trusted": [{**VISAS["trusted"][0], "iss": 7}]}, "trusted[0]: iss: not text"),
    ("visas", {**VISAS, "trusted": ["x"]}, "trusted[0]: not an object"),
    ("visas", {**VISAS, "tokens": [{"verdict": "accept"}]}, "tokens[0].token: missing"),
    ("visas", {**VISAS, "tokens": [{"token": "x"}]}, "tokens[0].verdict: missing"),
    ("visas", {**VISAS, "tokens": [{"token": "x", "verdict": "maybe"}]}, "tokens[0].verdict: neither"),
    ("visas", {**VISAS, "tokens": "x"}, "a list of tokens"),
    ("conditions", [{"conditions": [], "other_visa_objects": [1], "expect_met": True}], "not a list of objects"),
    ("conditions", [{"conditions": [], "other_visa_objects": [], "expect_met": "yes"}], "expect_met: not true or false"),
    ("conditions", [{"other_visa_objects": [], "expect_met": True}], "cases[0].conditions: missing"),
    ("patterns", [{"expr": "const:x", "value": "x"}], "cases[0].expect: missing"),
    ("patterns", [1], "cases[0]: a row is an object"),
    ("patterns", '[{"expr": "a", "expr": "b"}]', "the same member twice"),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "document", "says"), BAD, ids=[f"{n}: {row[2]}" for n, row in enumerate(BAD)])
def test_a_malformed_file_is_named_with_line_or_field(kind: str, document: Any, says: str, tmp_path: Path) -> None:
    path = written(tmp_path, document)
    found = run(kind, path)
    assert isinstance(found.exception, Fail)
    assert str(found.exception).startswith(f"{path}: ")
    assert says in str(found.exception)


def test_no_rows_is_no_success(tmp_path: Path) -> None:
    found = run("patterns", written(tmp_path, []))
    assert (found.exit_code, found.output) == (1, "0 passed, 0 failed\n")


@pytest.mark.parametrize("kind", ["consent", "jurisdiction", "duo"])
def test_an_empty_file_is_said_to_be_empty(kind: str, tmp_path: Path) -> None:
    path = tmp_path / "empty.yaml"
    path.touch()
    found = run(kind, path)
    assert isinstance(found.exception, Fail)
    assert str(found.exception) == f"{path}: there is nothing in it"
