"""Runs every benchmark, prints the table, writes docs/reference/speed.md; status 1 if a goal was missed."""

import gc
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from tests import builders as b
from tests.bench import (
    consents,
    crypt4gh,
    data_use,
    decision,
    delivery,
    drs,
    every_page,
    growth,
    long_log,
    packs,
    pages,
    recording,
    regions,
    repositories,
    tokens,
    visas,
    workflow,
)
from tests.bench.long_log import WHOLE, LongLog
from tests.bench.measure import Goal, Result, measure
from tests.bench.page import page
from tests.bench.yardsticks import VERIFY_ES256

PAGE = Path(__file__).resolve().parents[2] / "docs" / "reference" / "speed.md"


@contextmanager
def _all_goals() -> Iterator[tuple[Goal, ...]]:
    with (
        tokens.goals() as with_a_broker,
        crypt4gh.goals() as with_keys,
        drs.goals() as over_http,
        repositories.goals() as for_repositories,
        _delivered() as with_nginx,
        workflow.goals() as of_applications,
    ):
        yield (
            *over_http,  # first: a connection that waits for its turn is closed as idle
            *for_repositories,
            *decision.goals(),
            *consents.goals(),
            *data_use.goals(),
            *packs.goals(),
            *visas.goals(),
            *regions.goals(),
            *with_a_broker,
            *with_keys,
            *with_nginx,
            *of_applications,
        )


@contextmanager
def _delivered() -> Iterator[tuple[Goal, ...]]:
    if not delivery.can_be_measured():
        print("bytes are not measured: there is no nginx to measure them against (apt-get install nginx-light)")  # noqa: T201
        yield ()
        return
    with delivery.goals() as found:
        yield found


def _run(console: Console) -> list[Result]:
    """The record first, and by itself: whoever writes to PostgreSQL, and then waits for long, is taken to have gone."""
    with recording.goals() as goals:
        results = _measured(goals, console)
    with tempfile.TemporaryDirectory() as folder:  # below TMPDIR, which needs the room
        whole = _whole(Path(folder), console)
        with long_log.goals(whole) as (goals, counted):
            results += [*_measured((*goals, *growth.goals()), console), *counted]
        with pages.goals(whole) as goals:  # by themselves: what a broker does behind so much is counted for no other
            results += _measured(goals, console)
    with every_page.goals() as goals:
        results += _measured(goals, console)
    with _all_goals() as goals:
        return results + _measured(goals, console)


def _whole(folder: Path, console: Console) -> LongLog:
    with Progress(console=console) as progress:
        task = progress.add_task("filling a log of six gigabytes", total=WHOLE)
        return LongLog(folder, WHOLE, str(b.US), lambda size: progress.update(task, completed=size))


def _measured(goals: Sequence[Goal], console: Console) -> list[Result]:
    with Progress(console=console) as progress:
        # The worlds of all goals stay, and are large: each look through them for garbage would take longer than a round.
        gc.collect()
        gc.freeze()
        task = progress.add_task("measuring", total=len(goals))
        results = []
        for goal in goals:
            progress.update(task, description=goal.name)
            results.append(measure(goal, goal.against or VERIFY_ES256, goal.rounds, goal.most))
            progress.advance(task)
    gc.unfreeze()
    return results


def _table(results: list[Result]) -> Table:
    table = Table("what", "here", "ratio", "allowed", "")
    for one in results:
        verdict = "met" if one.met else "MISSED"
        table.add_row(
            one.goal.name, f"{one.micros:,.1f} {one.goal.unit}", f"{one.ratio:.2f}", f"{one.allowed:.2f}", verdict
        )
    return table


def main() -> int:
    """The exit status: 0 if every goal was met."""
    console = Console()
    results = _run(console)
    console.print(_table(results))
    PAGE.write_text(page(results), "utf-8")
    missed = [one.goal.name for one in results if not one.met]
    for name in missed:
        console.print(f"MISSED: {name}", style="bold")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
