"""`broker keys list|rotate|second`: the signing keys of this broker."""

import asyncio
from collections.abc import Mapping
from pathlib import Path

import click

from broker.adapters.clock import SystemClock
from broker.adapters.key_ring import LOOK_SECONDS
from broker.adapters.keys import (
    USES,
    Elsewhere,
    KeyStore,
    Use,
    make_key,
    name_elsewhere,
    note_elsewhere,
    open_keys,
    read_passphrase,
)
from broker.adapters.note_keys import make_second, open_second
from broker.adapters.signing import ALGORITHM, life_of
from broker.commands.common import Fail, settings, telling
from broker.config import Settings
from broker.core.oidc.key_life import PREPUBLISH
from broker.core.rows import SigningKey
from broker.core.time import FOREVER, Seconds, rfc3339
from broker.database import every
from broker.key_places import key_makers
from broker.ports.keys import KeyServiceDownError
from broker.state import log_origin


@click.group()
def keys() -> None:
    """The signing keys."""


@keys.command(name="list")
@click.pass_obj
def list_keys(config: Path | None) -> None:
    """Every key of the folder: whether it is published, signs, is retired or gone, and from when to when it signs."""
    chosen, now = settings(config), SystemClock().now()
    with telling():
        store = open_keys(chosen.keys, chosen.passphrase_file)
        begins = asyncio.run(_begins(chosen.store))
    noted = KeyStore(store.keys, begins) if begins is not None else store
    for use in USES:
        for key, term in noted.terms(use):
            until = "" if term.ends == FOREVER else f"  until {rfc3339(term.ends)}"
            began = term.begins or Seconds(key.made)
            place = f"  in {key.private.where}: {key.private.name}" if isinstance(key.private, Elsewhere) else ""
            click.echo(f"{use:11} {key.kid}  {term.state(now, life_of(use)):9}  from {rfc3339(began)}{until}{place}")
    for key in store.keys:
        if begins is not None and key.kid not in begins:
            click.echo(
                f"{key.use:11} {key.kid}  not in force: no broker has taken it up yet, or it was taken away before"
            )


@keys.command()
@click.argument("use", type=click.Choice([use for use in USES if use != "log"]))
@click.option(
    "--now", "urgent", is_flag=True, help="Sign with it as soon as it is seen: the old key is in other hands."
)
@click.option("--in", "place", help="Where the key is made and kept: pkcs11 or transit; by default in a file of ours.")
@click.pass_obj
def rotate(config: Path | None, use: Use, *, urgent: bool, place: str | None) -> None:
    """Make a new key, for a running broker or the next start. It goes on record before it signs.

    The key of the log cannot be rotated: others check the log with it.
    """
    chosen = settings(config)
    with telling():
        newest = max(key.made for key, _ in open_keys(chosen.keys, chosen.passphrase_file).terms(use))
        made = max(SystemClock().now(), newest + 1)
        if place is None:
            kid = make_key(chosen.keys, use, read_passphrase(chosen.passphrase_file), made, urgent=urgent).kid
        else:
            kid = asyncio.run(_made_elsewhere(chosen, place, use, made, urgent=urgent))
    when = "at once" if urgent else f"{PREPUBLISH // 60} minutes later"
    click.echo(
        f"{use} {kid} made: a running broker publishes it within {LOOK_SECONDS:g} seconds and signs with it {when}"
    )


async def _made_elsewhere(chosen: Settings, place: str, use: Use, now: int, *, urgent: bool) -> str:
    """The `kid` of a key that was made there, and is noted here."""
    makers = key_makers(chosen)
    maker = makers.get(place)
    if maker is None:
        raise Fail(f"--in {place}: the settings name no such place (pkcs11_module, key_service)")
    name = name_elsewhere(use, now)
    try:
        public = await maker.make(name, ALGORITHM[use])
    except KeyServiceDownError as wrong:
        raise Fail(str(wrong)) from None
    finally:
        await maker.close()
    return note_elsewhere(chosen.keys, use, place, name, public, now, urgent=urgent).kid


@keys.command()
@click.pass_obj
def second(config: Path | None) -> None:
    """Make the log's second key, ML-DSA-44: from the next start on every published checkpoint has a line of it too.

    For who must be able to believe the log when Ed25519 can be forged. It cannot be rotated either.
    """
    chosen = settings(config)
    with telling():
        passphrase = read_passphrase(chosen.passphrase_file)
        make_second(chosen.keys, passphrase)
        made = open_second(chosen.keys, passphrase, log_origin(chosen.issuer))
    if made is not None:
        click.echo(str(made.key))


async def _begins(database: Path | str) -> Mapping[str, Seconds] | None:
    """When each key signs, as the record says; None without a record."""
    rows = await every(database, SigningKey)
    return {row.id: row.begins for row in rows if row.ended is None} or None
