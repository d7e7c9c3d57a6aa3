"""docs/reference/mutants.md: how many mutants each module has, how many the tests kill, and why the others live."""

import ast
import hashlib
import json
from dataclasses import asdict, dataclass
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("duo", "consent", "jurisdiction", "decision", "drs", "crypt4gh", "ranges")
"""Of `broker/core`; the last is one module."""
PAGE = ROOT / "docs" / "reference" / "mutants.md"
RESULTS = Path(__file__).with_name("results.json")
REASONS = Path(__file__).with_name("survivors.yaml")


@dataclass(slots=True)
class Result:
    """What came of the mutants of a module."""

    text: str
    """Digest of the code that was tried."""
    killed: int
    survived: list[str]
    """Their keys."""


def digest(text: str) -> str:
    """Of a module: the same while only comments, docstrings and the layout change."""
    tree = ast.parse(text)
    for node in ast.walk(tree):
        if isinstance(body := getattr(node, "body", None), list):
            body[:] = [one for one in body if not (isinstance(one, ast.Expr) and isinstance(one.value, ast.Constant))]
    return hashlib.sha256(ast.dump(tree).encode()).hexdigest()[:16]


def results() -> dict[str, Result]:
    """By module, whatever has become of it since."""
    return {name: Result(**one) for name, one in json.loads(RESULTS.read_text("utf-8")).items()}


def store(name: str, one: Result) -> None:
    """What came of a module takes the place of what came of it before."""
    one.survived.sort()
    stored = {name: asdict(one) for name, one in (results() | {name: one}).items() if _source(name).is_file()}
    RESULTS.write_text(json.dumps(stored, indent=1, sort_keys=True, ensure_ascii=False) + "\n", "utf-8")


def reasons() -> dict[str, str]:
    """Why each survivor may live, by its key."""
    found: dict[str, str] = yaml.safe_load(REASONS.read_text("utf-8")) or {}
    return found


def dotted(file: Path, top: Path) -> str:
    """The name of the module in `file`, seen from the folder `top`."""
    return ".".join(file.relative_to(top).with_suffix("").parts).removesuffix(".__init__")


def _source(name: str) -> Path:
    found = (ROOT / "broker" / "core").joinpath(*name.split("."))
    return found / "__init__.py" if found.is_dir() else found.with_suffix(".py")


def current() -> dict[str, Result]:
    """The results of the modules that are still as they were when they were run."""
    every = results()
    return {
        name: one
        for name, one in sorted(every.items())
        if _source(name).is_file() and digest(_source(name).read_text("utf-8")) == one.text
    }


def _missing(found: set[str]) -> list[str]:
    """Modules with code of their own that have not been run as they are."""
    top = ROOT / "broker" / "core"
    files = [file for of in PACKAGES for file in sorted([*top.glob(f"{of}.py"), *(top / of).rglob("*.py")])]
    return [name for file in files if (name := dotted(file, top)) not in found]


def page() -> str:
    """The page, from the last results of each module that has not changed since."""
    found, why = current(), reasons()
    packages = [
        (package, [one for name, one in found.items() if name.split(".")[0] == package]) for package in PACKAGES
    ]
    lines = [
        "# Mutants",
        "",
        "A mutant is the code with one small fault in it: `<` for `<=`, `and` for `or`, a constant that is another one, a table without one of its entries.",
        "A mutant that no test notices shows a rule that could be lost unseen, or code that makes no difference.",
        "`make mutants PACKAGE=core/duo` plants every mutant of a package and writes this page; how, is in `tests/mutants`.",
        "Asked are the tests of the package alone (`tests/core/duo` and so on), save those that take a second and more; of those that reach a line the likeliest and quickest first, and no more than some seconds of them.",
        "A module is listed while it is as it was when it was run; `ARGS=--changed` runs the others.",
        "mutmut leaves alone what is outside functions and every class that is a dataclass, and so most of the rules, which are tables; cosmic-ray starts a process for each mutant.",
        "",
        "| module | mutants | killed | |",
        "|---|---|---|---|",
        *(_row(f"**{package}**", ones) for package, ones in packages),
        *(_row(name, [one]) for name, one in found.items() if (one.killed or one.survived) and "." in name),
        "",
        *_not_run(_missing(set(found))),
        "## Survivors",
        "",
        *(f"- `{key}`: {why.get(key, 'not explained yet')}" for one in found.values() for key in one.survived),
        "",
    ]
    return "\n".join(lines)


def _not_run(names: list[str]) -> list[str]:
    return [f"Changed since, or never run: {', '.join(f'`{name}`' for name in names)}.", ""] if names else []


def _row(name: str, ones: list[Result]) -> str:
    killed = sum(one.killed for one in ones)
    every = killed + sum(len(one.survived) for one in ones)
    return f"| {name} | {every} | {killed} | {f'{killed / every:.1%}' if every else ''} |"
