"""Does a run over a planted tree say what came of it? Red, green, broken, and late, which is neither."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.plants.__main__ import BROKEN, GREEN, LATE, RED, Job, summary
from tests.requirements.reading import ROOT, Plant

RUN = """
import sys
from pathlib import Path
import pytest
from tests.plants.__main__ import Tree, ended, started, verdict
tree = Tree(root=Path(sys.argv[1]))
for file in sys.argv[2:]:
    patience = 1 if file in ("test_busy.py", "test_waiting.py") else 30
    child = started(tree, ["A1"], [file], tree.root / f"{file}.log", seconds=2, patience=patience)
    print(verdict(ended(child)[1]))
"""
MARKED = "import pytest, signal\n@pytest.mark.row('A1')\ndef test_it():\n    "
WITH_TESTS = ("adapters", "commands", "conformance", "end_to_end", "faults", "flows", "web")
"""Where fixtures are."""
OPTION = "def pytest_addoption(parser): parser.addoption('--row')\ndef pytest_configure(config): config.addinivalue_line('markers', 'row')\n"
TESTS = {
    "test_red.py": (MARKED + "assert False", RED),
    "test_green.py": (MARKED + "pass", GREEN),
    "test_broken.py": ("import there_is_no_such_thing", BROKEN),
    "test_busy.py": (MARKED + "while True: pass", LATE),
    "test_waiting.py": (MARKED + "signal.pause()", LATE),
    "test_other.py": ("def test_other():\n    assert False", GREEN),
}


def test_what_a_run_says_of_its_plant(tmp_path: Path) -> None:
    (tmp_path / "conftest.py").write_text(OPTION)
    for name, (text, _) in TESTS.items():
        (tmp_path / name).write_text(text)
    command = [sys.executable, "-c", RUN, str(tmp_path), *TESTS]
    said = subprocess.run(command, check=True, cwd=ROOT, capture_output=True, text=True)
    assert said.stdout.split() == [wanted for _, wanted in TESTS.values()]


def test_no_fixture_asks_for_what_a_run_over_a_planted_tree_does_not_have() -> None:
    """It runs without xdist, whose fixtures would make a test red with nothing planted, and its row never shown."""
    mine = [path for folder in WITH_TESTS for path in (ROOT / "tests" / folder).rglob("*.py")]
    asking = re.compile(r"def .*\b(worker_id|testrun_uid)\b")
    assert [path.name for path in mine if asking.search(path.read_text("utf-8"))] == []


def job(why: str) -> Job:
    return Job(rows=("A1", "A2"), plant=Plant(rows=("A1", "A2"), file="x", find="a", replace="b", why=why), files=())


@pytest.mark.parametrize(
    ("came", "said"),
    [
        ([RED, RED], "2 of 2 plants turned red"),
        ([RED, LATE], "1 of 2 plants turned red; timed out, run again: A1 A2 (why 1)"),
        (
            [GREEN, BROKEN, LATE],
            "0 of 3 plants turned red; not: A1 A2 (why 0); A1 A2 (why 1); timed out, run again: A1 A2 (why 2)",
        ),
    ],
)
def test_the_last_line_says_what_to_do(came: list[str], said: str) -> None:
    assert summary((job(f"why {at}"), one) for at, one in enumerate(came)) == said
