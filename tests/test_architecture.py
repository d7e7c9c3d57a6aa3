"""What import-linter cannot see: sizes, docstrings, who may write bytes, and which file opens which door."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "broker"
FILES = {str(path.relative_to(PACKAGE)): path.read_text("utf-8") for path in sorted(PACKAGE.rglob("*.py"))}
TREES = {name: ast.parse(text) for name, text in FILES.items()}

MOST_LINES = 400
MOST_LINES_OF_A_FUNCTION = 60
TABLES = ("core/reasons/",)
"""Data that reads like a list: one row after another, as long as there are rows."""

Function = ast.FunctionDef | ast.AsyncFunctionDef


def functions(tree: ast.AST) -> Iterator[Function]:
    return (node for node in ast.walk(tree) if isinstance(node, Function))


def imported(tree: ast.AST) -> Iterator[str]:
    """Every module that is imported anywhere in the file, inside functions too."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module is not None and node.level == 0:
            yield node.module


def dotted(node: ast.AST) -> str:
    """`a.b.c` for an attribute of an attribute of a name."""
    if isinstance(node, ast.Attribute):
        return f"{dotted(node.value)}.{node.attr}"
    return node.id if isinstance(node, ast.Name) else ""


def test_there_is_something_to_look_at() -> None:
    assert len(FILES) > 100


def test_every_module_says_which_question_it_answers() -> None:
    assert not [name for name, tree in TREES.items() if not ast.get_docstring(tree)]


def test_every_file_can_be_seen_at_once() -> None:
    code = {name: text for name, text in FILES.items() if not name.startswith(TABLES)}
    assert not [name for name, text in code.items() if len(text.splitlines()) > MOST_LINES]


def test_every_function_can_be_seen_at_once() -> None:
    every = [(name, function) for name, tree in TREES.items() for function in functions(tree)]
    assert not [
        (name, one.name) for name, one in every if (one.end_lineno or 0) - one.lineno >= MOST_LINES_OF_A_FUNCTION
    ]


def test_core_never_waits() -> None:
    waiting = (ast.AsyncFunctionDef, ast.Await, ast.AsyncFor, ast.AsyncWith)
    core = {name: tree for name, tree in TREES.items() if name.startswith("core/")}
    assert not [
        (name, node.lineno) for name, tree in core.items() for node in ast.walk(tree) if isinstance(node, waiting)
    ]


DOORS: dict[str, tuple[str, ...]] = {
    "jwt": ("adapters/jose.py", "demo/idp_issuer.py"),
    "sqlite3": ("adapters/storage/", "copies.py", "demo/scenes/record.py"),
    "aiosqlite": ("adapters/storage/",),
    "asyncpg": ("adapters/storage/postgres/connections.py",),
    "sqlalchemy": ("adapters/storage/",),
    "alembic": ("adapters/storage/",),
    "obstore": ("adapters/repositories/addresses.py",),
    "pydantic_settings": (),
    "random": (),
    "secrets": ("adapters/entropy.py",),
    "pickle": (),
    "subprocess": ("adapters/storage/audit_quick.py",),
}
"""A technology, and the only files or folders that open it."""


@pytest.mark.parametrize("technology", DOORS)
def test_one_door_for_each_technology(technology: str) -> None:
    using = {
        name for name, tree in TREES.items() if any(module.partition(".")[0] == technology for module in imported(tree))
    }
    assert not {name for name in using if not name.startswith(DOORS[technology] or ("nowhere",))}


def test_only_the_settings_read_the_environment() -> None:
    reading = {
        name
        for name, tree in TREES.items()
        for node in ast.walk(tree)
        if dotted(node) in {"os.environ", "os.getenv", "os.environb", "os.putenv"}
    }
    assert reading == {"config.py"}


@pytest.mark.row("F2")
def test_only_one_file_writes_the_bytes_of_objects() -> None:
    """What the kernel copies for it, it asks the file of a folder for."""
    writing = {
        name
        for name, tree in TREES.items()
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and re.search(r"response\.(write|sendfile)$|sendfile$", dotted(node.func))
    }
    assert writing == {"web/sending.py", "adapters/repositories/local.py"}


def test_no_file_is_an_answer_but_the_stylesheet() -> None:
    """A FileResponse of anything else would leave without a decision and without an entry."""
    answering = {
        name for name, tree in TREES.items() for node in ast.walk(tree) if dotted(node).endswith("FileResponse")
    }
    assert answering == {"web/pages/render.py"}


def stories() -> Iterator[tuple[str, Function]]:
    """The public coroutines of the flows that can say no, and write the record themselves."""
    for name in (name for name in FILES if name.startswith("flows/")):
        for node in TREES[name].body:
            if isinstance(node, ast.AsyncFunctionDef) and not node.name.startswith("_") and node.returns is not None:
                calls = (dotted(each.func) for each in ast.walk(node) if isinstance(each, ast.Call))
                says_no = re.search(r"Reason|Refused|NotPossible|OAuthError", ast.unparse(node.returns))
                if says_no and any(call.endswith("ledger.record") for call in calls):
                    yield name, node


def test_a_story_that_decides_and_records_numbers_its_steps() -> None:
    told = {(name, story.name): ast.get_docstring(story) or "" for name, story in stories()}
    assert len(told) > 8
    assert not [story for story, text in told.items() if not re.search(r"Steps?:? \d", text)]


def test_where_the_body_is_numbered_too_it_gathers_decides_records_and_acts_in_this_order() -> None:
    for name, story in stories():
        lines = FILES[name].splitlines()[story.lineno - 1 : story.end_lineno]
        steps = [int(found) for line in lines for found in re.findall(r"^\s*# (\d)\. ", line)]
        assert steps == sorted(steps), f"{name}: {story.name}"


def test_nothing_unfinished_is_in_the_code() -> None:
    unfinished = re.compile(r"\b(TODO|FIXME|XXX|NotImplementedError|NotImplemented)\b")
    assert not [name for name, text in FILES.items() if unfinished.search(text)]
