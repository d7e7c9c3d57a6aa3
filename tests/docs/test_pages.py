"""Do the pages hang together? Links lead somewhere, named files exist, and numbers are explained."""

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.docs.doc_blocks import ROOT
from tests.requirements.reading import rows

TEXT = {".md", ".py", ".toml", ".yaml", ".yml", ".json", ".conf", ".service", ".html", ".css", ".obo", ".txt", ""}
LEFT_OUT = {".git", ".venv", ".suites", "__pycache__", "demo-state", "dist", "node_modules"}


def texts() -> Iterator[tuple[str, str]]:
    """Every text file of the project, and nothing that a tool left there."""
    for path in sorted(ROOT.rglob("*")):
        parts = path.relative_to(ROOT).parts
        hidden = any(part in LEFT_OUT or part.endswith(("_cache", ".hypothesis", ".egg-info")) for part in parts)
        if path.is_file() and not hidden and path.suffix in TEXT:
            yield str(path.relative_to(ROOT)), path.read_text("utf-8")


FILES = dict(texts())
PAGES = {name: text for name, text in FILES.items() if name.endswith(".md")}
_FENCED = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"\]\(([^)\s]+)\)")


def anchors(page: str) -> set[str]:
    """The anchors of a page's headings, as GitHub makes them."""
    heads = re.findall(r"^#+ (.+)$", _FENCED.sub("", page), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", head.lower()).replace(" ", "-") for head in heads}


@pytest.mark.parametrize("name", PAGES)
def test_every_link_leads_somewhere(name: str) -> None:
    here = (ROOT / name).parent
    for link in _LINK.findall(_FENCED.sub("", PAGES[name])):
        if link.startswith(("http://", "https://", "mailto:")):
            continue
        path, _, anchor = link.partition("#")
        target = (here / path).resolve() if path else ROOT / name
        assert target.exists(), f"{link} leads nowhere"
        if anchor:
            assert anchor in anchors(target.read_text("utf-8")), f"{link}: no such heading"


@pytest.mark.parametrize("name", PAGES)
def test_every_file_that_a_page_names_is_there(name: str) -> None:
    """`broker/…`, `tests/…`, `docs/…`, `config/…`, `schemas/…` in backticks, with `::` and a test's name after it."""
    for named in re.findall(r"`((?:broker|tests|docs|config|schemas)/[^`\s]*)`", PAGES[name]):
        path, _, test = named.partition("::")
        assert list(ROOT.glob(path.rstrip("/"))), f"{named} is not there"
        if test:
            assert f"def {test}(" in (ROOT / path).read_text("utf-8"), f"{named}: no such test"


def test_every_page_can_be_reached_from_the_readme() -> None:
    reached, new = set[Path](), {ROOT / "README.md"}
    while new:
        reached |= new
        found = set[Path]()
        for page in new:
            for link in _LINK.findall(page.read_text("utf-8")):
                target = (page.parent / link.partition("#")[0]).resolve()
                found |= set(target.glob("*.md")) if target.is_dir() else {target}
        new = {path for path in found if path.suffix == ".md" and path.is_file()} - reached
    assert not [name for name in PAGES if (ROOT / name).resolve() not in reached]


def test_the_project_speaks_of_itself_alone() -> None:
    """Nothing from outside the repository is named, and no folder of the machine on which it was written."""
    foreign = re.compile(r"\.\./" + "shared|/" + "work/|/" + "tmp/brief")
    assert not [name for name, text in FILES.items() if foreign.search(text)]


def test_every_settled_question_that_is_named_stands_on_the_page() -> None:
    settled = set(re.findall(r"^(\d+)\. ", PAGES["docs/decisions/settled-questions.md"], re.MULTILINE))
    for name, text in FILES.items():
        for named in re.findall(r"\b[Rr]ulings? (\d+(?:(?:, | and | to |-)\d+)*)", text):
            assert set(re.findall(r"\d+", named)) <= settled, f"{name}: ruling {named}"


def test_every_row_that_is_named_stands_on_the_page() -> None:
    listed = set(rows())
    assert len(listed) > 150
    for name, text in FILES.items():
        if name.startswith(("broker/", "tests/")):
            named = set(re.findall(r"\bT[01]\d\d\b", text))
            assert named <= listed, f"{name}: {', '.join(sorted(named - listed))}"


def test_decisions_are_numbered_once() -> None:
    numbers = [path.name[:4] for path in (ROOT / "docs" / "decisions").glob("[0-9]*.md")]
    assert len(numbers) == len(set(numbers))


def test_help_of_the_makefile_names_what_the_readme_tells() -> None:
    told = set(re.findall(r"^make (\w+)$", PAGES["README.md"], re.MULTILINE))
    shown = subprocess.run(["make", "help"], cwd=ROOT, capture_output=True, check=True, text=True).stdout
    assert told == {"demo", "test"}
    assert all(re.search(rf"^{target}\b", shown, re.MULTILINE) for target in told)
