"""Which requirements are there, which tests show them, and which plants prove that the tests look?

Requirements are data (`*.yaml` here). A test shows one by its marker, `@pytest.mark.row("C10")`; markers are read from
the text of the tests, without running or importing any. A plant is the smallest edit that removes a rule (../plants).
"""

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[2]
REQUIREMENTS = ROOT / "tests" / "requirements"
PLANTS = ROOT / "tests" / "plants"


class DataError(ValueError):
    """A file of requirements, plants or tests cannot be understood; the text says where."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One requirement. `required`: a test must show it, or `not_yet` says why none does. `open`: what of a row that is
    shown the software does not do.
    """

    id: str
    says: str
    source: str
    level: str
    section: str
    required: bool
    not_yet: str
    open: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Test:
    """A test function, by its file (from the top of the repository) and name."""

    __test__ = False

    file: str
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Plant:
    """Replace `find`, which stands once in `file`, and the rule of `rows` is gone: `why` says what is lost."""

    rows: tuple[str, ...]
    file: str
    find: str
    replace: str
    why: str


def rows() -> dict[str, Row]:
    """Every requirement by its id, in the order of the files. DataError: an id that stands twice, a member too many."""
    found: dict[str, Row] = {}
    for path in sorted(REQUIREMENTS.glob("*.yaml")):
        for section in yaml.safe_load(path.read_text("utf-8"))["sections"]:
            for told in section["rows"]:
                row = _row(section, told, path.name)
                if row.id in found:
                    raise DataError(f"{path.name}: {row.id} stands twice")
                found[row.id] = row
    return found


def _row(section: Mapping[str, Any], told: Mapping[str, Any], file: str) -> Row:
    unknown = set(told) - {"id", "says", "from", "level", "not_yet", "open"}
    if unknown:
        raise DataError(f"{file}: {told.get('id')}: unknown {', '.join(sorted(unknown))}")
    standard = section.get("standard", "")
    return Row(
        id=told["id"],
        says=told["says"],
        source=told.get("from", standard),
        level=told.get("level", ""),
        section=f"{section['title']} ({standard})" if standard else section["title"],
        required=section.get("required", True),
        not_yet=told.get("not_yet", ""),
        open=told.get("open", ""),
    )


def plants() -> list[Plant]:
    """Every plant, in the order of the files. DataError: a member too many, or none for something."""
    found = []
    for path in sorted(PLANTS.glob("*.yaml")):
        for told in yaml.safe_load(path.read_text("utf-8")):
            try:
                found.append(Plant(**{**told, "rows": tuple(told["rows"])}))
            except (TypeError, KeyError) as wrong:
                raise DataError(f"{path.name}: {told}: {wrong}") from None
    return found


def shown() -> dict[str, list[Test]]:
    """The tests that name each row, by the row's id. DataError: a marker that belongs to no test, or is no text."""
    found: dict[str, list[Test]] = {}
    for path in sorted((ROOT / "tests").rglob("test_*.py")):
        text = path.read_text("utf-8")
        if "mark.row(" in text:
            for name, row in marked(ast.parse(text), path.name):
                test = Test(file=path.relative_to(ROOT).as_posix(), name=name)
                if test not in found.setdefault(row, []):
                    found[row].append(test)
    return found


_Named = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef


def marked(tree: ast.Module, file: str) -> Iterator[tuple[str, str]]:
    """Test and row of every marker: on a test, on its class, on its file, or in a table that parametrises it."""
    tables = {
        target.id: node.value
        for node in tree.body
        if isinstance(node, ast.Assign | ast.AnnAssign) and node.value is not None
        for target in (node.targets if isinstance(node, ast.Assign) else [node.target])
        if isinstance(target, ast.Name)
    }
    seen: set[ast.Call] = set()
    whole = list(_calls([tables["pytestmark"]], tables)) if "pytestmark" in tables else []
    for test, over in _tests(tree.body, []):
        calls = [*whole, *_calls([*over, *test.decorator_list], tables)]
        seen.update(calls)
        for call in calls:
            yield from ((test.name, row) for row in _ids(call, file))
    if set(_calls([tree], {})) - seen:
        raise DataError(f"{file}: a marker `row` that belongs to no test")


def _tests(body: list[ast.stmt], over: list[ast.expr]) -> Iterator[tuple[_Named, list[ast.expr]]]:
    """Every test function, with the decorators of the classes around it."""
    for node in body:
        if isinstance(node, ast.ClassDef):
            yield from _tests(node.body, [*over, *node.decorator_list])
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test"):
            yield node, over


def _calls(nodes: list[Any], tables: Mapping[str, ast.expr]) -> Iterator[ast.Call]:
    """Every `….mark.row(…)` in `nodes`, and in the tables that they name."""
    waiting, done = list(nodes), set[str]()
    while waiting:
        for node in ast.walk(waiting.pop()):
            if isinstance(node, ast.Call) and ast.unparse(node.func).endswith("mark.row"):
                yield node
            elif isinstance(node, ast.Name) and node.id in tables and node.id not in done:
                done.add(node.id)
                waiting.append(tables[node.id])


def _ids(call: ast.Call, file: str) -> Iterator[str]:
    for argument in call.args:
        if not isinstance(argument, ast.Constant) or not isinstance(argument.value, str):
            raise DataError(f"{file}:{call.lineno}: a row is named by a text, so that it can be found")
        yield argument.value
