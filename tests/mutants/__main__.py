"""`make mutants PACKAGE=core/duo`: plants every mutant of a package; status 1 if too many live, or one without a reason."""

import json
import sys
import time
from typing import Any

import click
from rich.console import Console

from tests.mutants.page import PAGE, RESULTS, page, reasons, results
from tests.mutants.running import Verdict, modules, run

_EXAMPLES = {
    "duo": ("cases", "match", "coding", "regions", "terms"),
    "consent": ("cases", "judge", "records", "secrecy", "withdrawal"),
    "jurisdiction": ("cases", "conditions", "facts", "judge", "boundaries"),
}
TESTS = {
    "core/decision": ["tests/core/decision"],
    **{f"core/{of}": [f"tests/core/{of}/test_{of}_{one}.py" for one in names] for of, names in _EXAMPLES.items()},
}
"""Where the examples for a package are. Drawn and slower ones elsewhere would kill some more."""
GOAL = 0.95
_NONE: dict[str, Any] = {"killed": 0, "survived": []}


@click.command()
@click.argument("packages", nargs=-1, required=True, type=click.Choice(list(TESTS)))
@click.option("--module", "only", multiple=True, help="Only this module of it, for example `limits`.")
@click.option("--again", is_flag=True, help="Only what survived the last time; all else is taken to be killed still.")
def mutate(packages: tuple[str, ...], only: tuple[str, ...], *, again: bool) -> None:
    """Plant the mutants of PACKAGES."""
    console, found = Console(), results()
    missed = False
    for package in packages:
        sources = {name: text for name, text in modules(package).items() if not only or name.split(".")[-1] in only}
        if again:
            sources = {name: text for name, text in sources.items() if found.get(_short(name), _NONE)["survived"]}
        alive_before = (
            {key for name in sources for key in found.get(_short(name), _NONE)["survived"]} if again else None
        )
        tried = _tried(console, sources, TESTS[package], alive_before)
        if again:
            for name, one in tried.items():
                one["killed"] += found[name]["killed"]
        found |= tried
        killed = sum(one["killed"] for one in tried.values())
        alive = [key for one in tried.values() for key in one["survived"]]
        console.print(f"{package}: {killed} of {killed + len(alive)} killed")
        RESULTS.write_text(json.dumps(found, indent=1, sort_keys=True, ensure_ascii=False) + "\n", "utf-8")
        missed |= killed < GOAL * (killed + len(alive)) or bool(set(alive) - set(reasons()))
    PAGE.write_text(page(found, reasons()), "utf-8")
    sys.exit(1 if missed else 0)


def _short(module: str) -> str:
    return module.removeprefix("broker.core.")


def _tried(
    console: Console, sources: dict[str, str], tests: list[str], keys: set[str] | None
) -> dict[str, dict[str, Any]]:
    tally: dict[str, tuple[list[str], list[str]]] = {}
    start = time.monotonic()

    def told(verdict: Verdict, done: int, every: int) -> None:
        killed, alive = tally.setdefault(_short(verdict.mutant.module), ([], []))
        if verdict.came == "killed":
            killed.append(verdict.mutant.key)
        elif verdict.came != "unplantable":
            alive.append(verdict.mutant.key)
            console.print(
                f"{verdict.came}: line {verdict.mutant.line}: {verdict.mutant.key}", markup=False, soft_wrap=True
            )
        if done % 100 == 0:
            console.print(f"{done} of {every}, {time.monotonic() - start:.0f} s")

    run(sources, tests, told, lambda one: keys is None or one.key in keys)
    return {name: {"killed": len(killed), "survived": sorted(alive)} for name, (killed, alive) in sorted(tally.items())}


if __name__ == "__main__":
    mutate()
