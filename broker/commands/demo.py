"""`broker demo`: a broker, a demo identity provider and a demo catalogue, and the story told over real HTTP."""

import asyncio
from pathlib import Path

import click

from broker.commands.common import Fail, telling
from broker.commands.logs import logging
from broker.demo.run import Wishes, run


@click.command()
@click.option("--port", type=int, default=0, help="Port of the broker; by default a free one.")
@click.option(
    "--state",
    type=click.Path(path_type=Path, file_okay=False),
    help="Folder to keep; by default one that is thrown away.",
)
@click.option("--no-story", is_flag=True, help="Only serve.")
@click.option("--exit", "leave", is_flag=True, help="End after the story; non-zero if a step did not turn out as told.")
@click.option("--describe", type=click.Path(path_type=Path), help="Write there, as JSON, what an outside client needs.")
@click.option(
    "--client",
    "clients",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    multiple=True,
    help="One more client, from a JSON or YAML file.",
)
@click.option("--database", help="An empty PostgreSQL database (postgresql://…) in place of SQLite.")
def demo(
    *,
    port: int,
    state: Path | None,
    no_story: bool,
    leave: bool,
    describe: Path | None,
    clients: tuple[Path, ...],
    database: str | None,
) -> None:
    """Tell the whole story, then go on serving until Ctrl-C."""
    logging("warning")
    wishes = Wishes(
        port=port,
        state=state,
        story=not no_story,
        leave=leave,
        describe=describe,
        clients=clients,
        database=database,
    )
    with telling():
        failures = asyncio.run(run(wishes))
    if failures:
        raise Fail("the story did not turn out as told")
