"""`broker decisions replay|show`: make decisions of before again, from the record alone; show what is kept of one.

Reads only, beside a broker that runs or on a copy: whoever has the database needs nothing else.
"""

import json
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

from broker.adapters.names import SivNames
from broker.adapters.ontology import load_ontology
from broker.adapters.storage.history import Decided, History, open_history
from broker.commands.common import Fail, database_file, language, settings, telling
from broker.core.decision.explanation import views
from broker.core.plain import plain
from broker.core.time import parse_rfc3339
from broker.flows.replay import Replayed, replay


@click.group()
def decisions() -> None:
    """What was decided, and whether the record still says why."""


@decisions.command(name="replay")
@click.argument("decision", required=False)
@click.option("--all", "every", is_flag=True, help="Every decision, in the order of the log.")
@click.option("--since", metavar="TIME", help="With --all: those from 2026-11-21 or 2026-11-21T12:00:00Z on.")
@click.option("--database", type=click.Path(path_type=Path), help="Another database, for example a copy.")
@click.option("--json", "as_json", is_flag=True, help="One line of JSON for each decision.")
@click.pass_obj
def replay_(
    config: Path | None,
    decision: str | None,
    *,
    every: bool,
    since: str | None,
    database: Path | None,
    as_json: bool,
) -> None:
    """Make DECISION again, or --all, with the inputs, packs and ontology of then and the rules of this program.

    Ends with status 1 if an answer or its explanation is another one, or if something is missing that it needs.
    """
    if every == (decision is not None) or (since is not None and not every):
        raise click.UsageError("say one decision, or --all; --since goes with --all")
    with telling(), open_history(database or database_file(settings(config)), load_ontology) as history:
        found = _one(history, decision) if decision is not None else _all(history, since)
        counts = dict.fromkeys(("same", "different", "missing"), 0)
        for made in found:
            counts[made.result] += 1
            if as_json:
                click.echo(json.dumps(plain(made), ensure_ascii=False))
            elif not every or made.result != "same":
                click.echo("\n".join(_lines(made)))
    if every and not as_json:
        click.echo(", ".join(f"{count} {result}" for result, count in counts.items()))
    sys.exit(1 if counts["different"] or counts["missing"] else 0)


@decisions.command()
@click.argument("decision")
@click.option(
    "--audience", type=click.Choice(["auditor", "researcher"]), default="auditor", show_default=True,
    help="All that is kept, or what the person was told.",
)  # fmt: skip
@click.option("--database", type=click.Path(path_type=Path), help="Another database, for example a copy.")
@click.pass_obj
def show(config: Path | None, decision: str, audience: str, database: Path | None) -> None:
    """Print what is kept of DECISION, as JSON. Names of persons stay hidden."""
    with telling(), open_history(database or database_file(settings(config)), load_ontology) as history:
        trace = _found(history, decision).trace
        if trace is None:
            raise Fail(f"{decision}: its trace is gone, or is not what was recorded; run `broker audit verify`")
        told: Any = (
            plain(trace)
            if audience == "auditor"
            else {"id": trace.id, "explanation": views.researcher(trace.id, trace.body, language())}
        )
    click.echo(json.dumps(told, indent=2, ensure_ascii=False))


def _found(history: History, id: str) -> Decided:
    found = history.decision(id)
    if found is None:
        raise Fail(f"{id}: no such decision is on record")
    return found


def _one(history: History, id: str) -> Iterator[Replayed]:
    yield _made(history, _found(history, id))


def _all(history: History, since: str | None) -> Iterator[Replayed]:
    """Every decision; on a terminal with a bar that says how far it is."""
    first = history.from_time(parse_rfc3339(since)) if since is not None else 0
    console = Console(stderr=True)
    columns = TextColumn("entry {task.completed}"), BarColumn(), TaskProgressColumn(), TimeRemainingColumn()
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        task = progress.add_task("replay", total=history.size)
        for decided in history.decisions(first):
            progress.update(task, completed=decided.seq)
            yield _made(history, decided)


def _made(history: History, decided: Decided) -> Replayed:
    if decided.trace is None:
        missing = ("its trace: it is gone, or is not what was recorded",)
        return Replayed(id=decided.id, result="missing", missing=missing)
    return replay(decided.trace, history, SivNames())


def _lines(made: Replayed) -> Iterable[str]:
    outcome = f" ({made.outcome})" if made.outcome else ""
    yield f"{made.id} {made.result}{outcome}" + ("; whose it was: erased" if made.erased else "")
    if made.rules is not None and made.result != "same":
        yield f"  it was made by the rules {made.rules}, which are not those of this program"
    yield from (f"  missing: {one}" for one in made.missing)
    for one in made.differences:
        then, now = (json.dumps(said, ensure_ascii=False) for said in (one.then, one.now))
        yield f"  {one.at}: {then} then, {now} now"
