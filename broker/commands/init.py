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
        make_state(chosen)
    click.echo(f"made {chosen.database}, its log {chosen.lock_database.name} and {len(USES)} keys in {chosen.keys}")
    click.echo(
        f"keep {chosen.passphrase_file} apart from the keys, and back up {chosen.lock_database} apart from the database"
    )
