"""`broker migrate`: bring the database of an older version up to date."""

from pathlib import Path

import click

from broker.commands.common import settings, telling
from broker.database import upgrade_database


@click.command()
@click.pass_obj
def migrate(config: Path | None) -> None:
    """Bring the database to this version, in one transaction. Stop the broker, and make a copy first."""
    from broker.adapters.storage.schema import REVISION  # noqa: PLC0415 (SQLAlchemy: what other commands need not wait for)

    chosen = settings(config)
    with telling():
        name = upgrade_database(chosen)
    click.echo(f"{name} has schema {REVISION}")
