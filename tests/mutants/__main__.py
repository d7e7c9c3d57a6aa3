"""`make mutants PACKAGE=core/duo`: plants every mutant of a package; status 1 if too many live, or one without a reason."""

import sys
import time

import click

from tests.mutants.making import mutants
from tests.mutants.page import PACKAGES, PAGE, Result, digest, page, reasons, results, store
from tests.mutants.running import Verdict, modules, run

TESTS = {f"core/{of}": [f"tests/core/{of}"] for of in PACKAGES} | {"core/ranges": ["tests/core/test_ranges.py"]}
"""Where the tests of a package are. Others elsewhere would kill some more."""
GOAL = 0.95


@click.command()
@click.argument("packages", nargs=-1, required=True, type=click.Choice(list(TESTS)))
@click.option("--module", "only", multiple=True, help="Only this module of it, for example `limits`.")
@click.option("--changed", is_flag=True, help="Modules that have changed since they were run, or never were.")
@click.option("--again", is_flag=True, help="What survived the last time; all else is taken to be killed still.")
@click.option("--patience", default=5.0, show_default=True, help="Seconds of tests for each mutant, at most.")
def mutate(packages: tuple[str, ...], only: tuple[str, ...], *, changed: bool, again: bool, patience: float) -> None:
    """Plant the mutants of PACKAGES: all of them, or with --changed, --again or both only what these say."""
    missed = False
    for package in packages:
        sources = {name: text for name, text in modules(package).items() if not only or name.split(".")[-1] in only}
        kept = {name: before for name, text in sources.items() if (before := _as_it_was(name, text))}
        if changed or again:
            sources = {
                name: text
                for name, text in sources.items()
                if (again and kept[name].survived if name in kept else changed)
            }
        tried = _tried(sources, TESTS[package], kept if again else {}, patience)
        killed = sum(one.killed for one in tried)
        alive = {key for one in tried for key in one.survived}
        click.echo(f"{package}: {killed} of {killed + len(alive)} killed")
        missed |= killed < GOAL * (killed + len(alive)) or bool(alive - set(reasons()))
    PAGE.write_text(page(), "utf-8")
    sys.exit(1 if missed else 0)


def _short(module: str) -> str:
    return module.removeprefix("broker.core.")


def _as_it_was(module: str, text: str) -> Result | None:
    """What came of a module, if it is still the same."""
    found = results().get(_short(module))
    return found if found is not None and found.text == digest(text) else None


def _tried(sources: dict[str, str], tests: list[str], kept: dict[str, Result], patience: float) -> list[Result]:
    """Each module is stored as soon as it has been tried: of those in `kept` what survived then, of others all."""
    start, tally = time.monotonic(), {name: Result(digest(text), 0, []) for name, text in sources.items()}
    for name, text in sources.items():
        if name in kept:
            tally[name].killed = kept[name].killed
        elif not any(mutants(name, text)):
            store(_short(name), tally[name])

    def told(verdict: Verdict) -> None:
        mutant, one = verdict.mutant, tally[verdict.mutant.module]
        if verdict.came == "killed":
            one.killed += 1
        elif verdict.came != "unplantable":
            one.survived.append(mutant.key)
            click.echo(f"{verdict.came}: line {mutant.line}: {mutant.key}")
        if not verdict.left:
            store(_short(mutant.module), one)
            click.echo(
                f"{mutant.module}: {one.killed} killed, {len(one.survived)} not; {time.monotonic() - start:.0f} s"
            )

    if sources:
        alive = {key for one in kept.values() for key in one.survived}
        run(sources, tests, told, lambda one: one.module not in kept or one.key in alive, patience)
    return list(tally.values())


if __name__ == "__main__":
    mutate()
