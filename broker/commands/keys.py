"""`broker keys list|rotate`: the signing keys of this broker."""

import asyncio
from pathlib import Path

import click

from broker.adapters.keys import USES, Use, make_key, open_keys, read_passphrase
from broker.app import opened
from broker.commands.common import settings, telling
from broker.config import Settings
from broker.core.time import Seconds, rfc3339


@click.group()
def keys() -> None:
    """The signing keys."""


@keys.command(name="list")
@click.pass_obj
def list_keys(config: Path | None) -> None:
    """Every key: the newest of a use signs, the others are published until nothing rests on them."""
    chosen = settings(config)
    with telling():
        store = open_keys(chosen.keys, chosen.passphrase_file)
    for use in USES:
        for key in store.published(use):
            signs = "signs" if key is store.signing(use) else "published"
            click.echo(f"{use:11} {key.kid}  {rfc3339(Seconds(key.made))}  {signs}")


@keys.command()
@click.argument("use", type=click.Choice([use for use in USES if use != "log"]))
@click.pass_obj
def rotate(config: Path | None, use: Use) -> None:
    """Make a new key; it signs from the next start on. Stop the broker first: the making goes on record."""
    chosen = settings(config)
    with telling():
        kid = asyncio.run(_rotate(chosen, use))
    click.echo(f"{use} {kid} made; start the broker to sign with it")


async def _rotate(chosen: Settings, use: Use) -> str:
    """The record first, then the key: a key that nobody recorded never signs."""
    async with opened(chosen) as running:
        w = running.world
        newest = max(key.made for key in open_keys(chosen.keys, chosen.passphrase_file).published(use))
        now = Seconds(max(w.clock.now(), newest + 1))  # the newest signs, also of two made in one second
        await w.ledger.record(w.entry("key.rotated", w.clock.now(), None, {"use": use}))
        return make_key(chosen.keys, use, read_passphrase(chosen.passphrase_file), now).kid
