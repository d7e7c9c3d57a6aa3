"""`make differential`: as many rows as wanted through both judges, with progress; status 1 if they disagree."""

import json
import sys
import time
from concurrent.futures import ProcessPoolExecutor, as_completed

import click
from rich.console import Console
from rich.progress import Progress

from tests.differential.both import Both
from tests.differential.comparing import FAIR_SHARE, KINDS, Tally, compare

_AT_ONCE = 2
_PART = 2_000
_judges: list[Both] = []


def _load() -> None:
    _judges.append(Both())


def _part(kind: str, seed: str, count: int) -> tuple[str, Tally]:
    return kind, compare(_judges[0], kind, seed, count)


@click.command()
@click.option("--rows", default=100_000, help="Rows of each kind.", show_default=True)
@click.option("--seed", default="", help="The same seed draws the same rows; by default one of the clock's.")
@click.option("--only", type=click.Choice(list(KINDS)), multiple=True, help="Only rows of this kind.")
def differential(rows: int, seed: str, only: tuple[str, ...]) -> None:
    """Draw rows and ask both judges."""
    seed = seed or str(int(time.time()))
    console = Console()
    console.print(f"seed {seed}")
    tallies = {kind: Tally() for kind in only or KINDS}
    parts = [
        (kind, f"{seed}/{kind}/{start}", min(_PART, rows - start))
        for start in range(0, rows, _PART)
        for kind in tallies
    ]
    with Progress(console=console) as progress, ProcessPoolExecutor(_AT_ONCE, initializer=_load) as pool:
        task = progress.add_task("rows", total=rows * len(tallies))
        for done in as_completed([pool.submit(_part, *part) for part in parts]):
            kind, tally = done.result()
            tallies[kind].add(tally)
            progress.advance(task, tally.rows)
    well = [_told(console, kind, tally) for kind, tally in tallies.items()]
    sys.exit(0 if all(well) else 1)


def _told(console: Console, kind: str, tally: Tally) -> bool:
    """Prints what came of one kind; true if all is well."""
    console.print(f"{kind}: {tally.rows} rows, {tally.permitted:.0%} permitted, {dict(tally.outcomes.most_common())}")
    shown = {one.what: one for one in sorted(tally.differences, key=lambda one: -len(json.dumps(one.row)))}
    for what, one in shown.items():
        console.print(f"  {what}\n    row      {json.dumps(one.row)}", highlight=False, markup=False, soft_wrap=True)
        for name, answer in (("product", one.product), ("reading", one.reading)):
            console.print(f"    {name}  {json.dumps(answer)}", highlight=False, markup=False, soft_wrap=True)
    if tally.permitted < FAIR_SHARE:
        console.print(f"  only {tally.permitted:.0%} permitted: the comparison says too little")
    return not shown and tally.permitted >= FAIR_SHARE


if __name__ == "__main__":
    differential()
