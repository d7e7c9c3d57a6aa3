"""`broker init`: make the database, the log and the keys. Once in the life of a deployment."""

from pathlib import Path

import click

from broker.adapters.clock import SystemClock
from broker.adapters.entropy import SystemEntropy
from broker.adapters.keys import USES, make_key, make_passphrase, open_keys, read_passphrase
from broker.adapters.storage.create import create
from broker.app import log_key, log_origin
from broker.commands.common import settings, telling
from broker.config import Settings


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


def make_state(chosen: Settings) -> None:
    """Everything that a broker needs to start. FileExistsError rather than overwrite."""
    clock, entropy = SystemClock(), SystemEntropy()
    if chosen.database.exists() or chosen.keys.exists():
        raise FileExistsError(f"{chosen.state}: there is a broker already")
    chosen.keys.mkdir(parents=True, mode=0o700)
    if not chosen.passphrase_file.exists():
        make_passphrase(chosen.passphrase_file, entropy.random(32))
    passphrase, now = read_passphrase(chosen.passphrase_file), clock.now()
    for use in USES:
        make_key(chosen.keys, use, passphrase, now)
    store = open_keys(chosen.keys, chosen.passphrase_file)
    create(
        chosen.database,
        chosen.lock_database,
        origin=log_origin(chosen.issuer),
        sign=log_key(store, chosen.issuer)[1],
        clock=clock,
        entropy=entropy,
    )
