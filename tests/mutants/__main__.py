"""`make mutants PACKAGE=core/duo`: plants every mutant of a package; status 1 if too many live, or one without a reason."""

import sys
import time

import click

from tests.mutants.making import mutants
from tests.mutants.page import PAGE, Result, digest, page, reasons, results, store
from tests.mutants.running import Verdict, modules, run

TESTS = {f"core/{of}": [f"tests/core/{of}"] for of in ("duo", "jurisdiction", "consent", "decision")}
"""Where the tests of a package are. Others elsewhere would kill some more."""
GOAL = 0.95


@click.command()
@click.argument("packages", nargs=-1, required=True, type=click.Choice(list(TESTS)))
@click.option("--module", "only", multiple=True, help="Only this module of it, for example `limits`.")
@click.option("--changed", is_flag=True, help="Only modules that have changed since they were run, or never were.")
@click.option("--again", is_flag=True, help="Only what survived the last time; all else is taken to be killed still.")
def mutate(packages: tuple[str, ...], only: tuple[str, ...], *, changed: bool, again: bool) -> None:
    """Plant the mutants of PACKAGES."""
    missed = False
    for package in packages:
        sources = {name: text for name, text in modules(package).items() if not only or name.split(".")[-1] in only}
        before = results()
        if changed:
            sources = {name: text for name, text in sources.items() if not _as_it_was(before, name, text)}
        if again:
            sources = {name: text for name, text in sources.items() if _lived(before, name, text)}
        tried = _tried(sources, TESTS[package], before if again else None)
        killed = sum(one.killed for one in tried)
        alive = {key for one in tried for key in one.survived}
        click.echo(f"{package}: {killed} of {killed + len(alive)} killed")
        missed |= killed < GOAL * (killed + len(alive)) or bool(alive - set(reasons()))
    PAGE.write_text(page(), "utf-8")
    sys.exit(1 if missed else 0)


def _short(module: str) -> str:
    return module.removeprefix("broker.core.")


def _as_it_was(before: dict[str, Result], module: str, text: str) -> bool:
    return _short(module) in before and before[_short(module)].text == digest(text)


def _lived(before: dict[str, Result], module: str, text: str) -> set[str]:
    return set(before[_short(module)].survived) if _as_it_was(before, module, text) else set()


def _tried(sources: dict[str, str], tests: list[str], before: dict[str, Result] | None) -> list[Result]:
    """Each module is stored as soon as all of it has been tried. `before`: only what survived then is tried."""
    start, tally = time.monotonic(), {name: Result(digest(text), 0, []) for name, text in sources.items()}
    keys = None if before is None else {key for name in sources for key in before[_short(name)].survived}
    for name, text in sources.items():
        if before:
            tally[name].killed = before[_short(name)].killed
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

    run(sources, tests, told, lambda one: keys is None or one.key in keys)
    return list(tally.values())


if __name__ == "__main__":
    mutate()
