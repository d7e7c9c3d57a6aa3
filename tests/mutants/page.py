"""docs/reference/mutants.md: how many mutants each module has, how many the tests kill, and why the others live."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from tests.mutants.running import ROOT

PAGE = ROOT / "docs" / "reference" / "mutants.md"
RESULTS = Path(__file__).with_name("results.json")
REASONS = Path(__file__).with_name("survivors.yaml")


def results() -> dict[str, dict[str, Any]]:
    """By module: `killed`, and the keys of those that `survived`."""
    found: dict[str, dict[str, Any]] = json.loads(RESULTS.read_text("utf-8"))
    return found


def reasons() -> dict[str, str]:
    """Why each survivor may live, by its key."""
    found: dict[str, str] = yaml.safe_load(REASONS.read_text("utf-8")) or {}
    return found


def page(found: Mapping[str, Mapping[str, Any]], why: Mapping[str, str]) -> str:
    """The page, from the last results of each module."""
    rows = [_row(name, one["killed"], len(one["survived"])) for name, one in sorted(found.items())]
    killed, survived = sum(one["killed"] for one in found.values()), sum(len(one["survived"]) for one in found.values())
    lines = [
        "# Mutants",
        "",
        "A mutant is the code with one small fault in it: `<` for `<=`, `and` for `or`, a constant that is another one, a table without one of its entries.",
        "A mutant that no test notices shows a rule that could be lost unseen, or code that makes no difference.",
        "`make mutants PACKAGE=core/duo` plants every mutant of a package and writes this page; how, is in `tests/mutants`.",
        "Asked are the examples of a package (`TESTS` in `tests/mutants/__main__.py`), not drawn cases; a module that is not listed has not been run since it last changed.",
        "mutmut leaves alone what is outside functions and every class that is a dataclass, and so most of the rules, which are tables; cosmic-ray starts a process for each mutant.",
        "",
        "| module | mutants | killed | |",
        "|---|---|---|---|",
        *rows,
        _row("all", killed, survived, strong=True),
        "",
        "## Survivors",
        "",
        *(f"- `{key}`: {why.get(key, 'not explained yet')}" for one in found.values() for key in one["survived"]),
        "",
    ]
    return "\n".join(lines)


def _row(name: str, killed: int, survived: int, *, strong: bool = False) -> str:
    every = killed + survived
    share = f"{killed / every:.1%}" if every else ""
    cells = (name, every, killed, share)
    return "| " + " | ".join(f"**{one}**" if strong else str(one) for one in cells) + " |"
