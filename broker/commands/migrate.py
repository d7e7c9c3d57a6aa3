"""`broker migrate`: bring the database of an older version up to date."""

from pathlib import Path

import click

from broker.commands.common import settings, telling


@click.command()
@click.pass_obj
def migrate(config: Path | None) -> None:
    """Bring the database to this version, in one transaction. Stop the broker, and make a copy first."""
    from broker.adapters.storage.create import upgrade  # noqa: PLC0415 (Alembic: half a second that serving need not wait)
    from broker.adapters.storage.schema import REVISION  # noqa: PLC0415

    chosen = settings(config)
    with telling():
        upgrade(chosen.database)
    click.echo(f"{chosen.database} has schema {REVISION}")
