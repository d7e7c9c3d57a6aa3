"""`broker init`: make the database, the log and the keys. Once in the life of a deployment."""

from pathlib import Path

import click

from broker.adapters.keys import USES
from broker.commands.common import settings, telling
from broker.state import make_state


@click.command()
@click.pass_obj
def init(config: Path | None) -> None:
    """Make database, log and keys in the state folder. Refuses to touch what is there."""
    chosen = settings(config)
    with telling():
        made = make_state(chosen)
    click.echo(f"made {made} and {len(USES)} keys in {chosen.keys}")
    head = chosen.lock_database if chosen.database_url is None else "the head of the log"
    click.echo(f"keep {chosen.passphrase_file} apart from the keys, and back up {head} apart from the database")
