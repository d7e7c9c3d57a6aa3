"""`broker backup`: the database as it is at one moment, in one SQLite file, whichever kind it is."""

import asyncio
from pathlib import Path

import click

from broker.commands.common import settings, telling
from broker.copies import back_up


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.pass_obj
def backup(config: Path | None, file: Path) -> None:
    """Write a copy of rows and log to FILE, beside brokers that run. Keys and the head of the log are not in it."""
    with telling():
        copied = asyncio.run(back_up(settings(config), file))
    click.echo(f"{file}: {copied.size} entries, root {copied.root.hex()}")
