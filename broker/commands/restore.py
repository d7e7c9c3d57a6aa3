"""`broker restore`: a backup into an empty database, SQLite or PostgreSQL."""

import asyncio
from pathlib import Path

import click

from broker.commands.common import settings, telling
from broker.copies import restore as restored


@click.command()
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.pass_obj
def restore(config: Path | None, file: Path) -> None:
    """Bring FILE, which `broker backup` wrote, into the database of the settings, which must not be there yet.

    A copy that is older than the published head of the log is refused: what happened since would be forgotten.
    """
    with telling():
        copied = asyncio.run(restored(settings(config), file))
    click.echo(f"restored {copied.size} entries, root {copied.root.hex()}")
