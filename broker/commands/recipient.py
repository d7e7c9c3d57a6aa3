"""`broker recipient make|add|list|remove`: the Crypt4GH keys for which data are encrypted for you."""

import asyncio
import base64
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.table import Table

from broker.adapters.crypt4gh.bodies import Opener, SegmentError
from broker.adapters.crypt4gh.key_files import write_secret_key
from broker.adapters.crypt4gh.packets import SecretKey, unsealed
from broker.adapters.entropy import SystemEntropy
from broker.adapters.keys import read_passphrase, write_private
from broker.client.account import Accounts
from broker.client.answers import TalkError
from broker.commands.common import telling
from broker.commands.reading import passphrase_option, secret_key
from broker.commands.signed_in import accounts_option, at_option, out, signed_in, talking
from broker.core.crypt4gh.header import KEY_BYTES, HeaderError
from broker.core.crypt4gh.public_keys import write

_KEYS = "/api/v1/me/keys"


@click.group()
def recipient() -> None:
    """The Crypt4GH keys for which data are encrypted for you."""


@recipient.command()
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@passphrase_option
def make(file: Path, passphrase_file: Path | None) -> None:
    """Make a secret key in FILE, under a passphrase, and its public half in FILE.pub; other programs read both."""
    random = SystemEntropy().random
    with telling():
        if passphrase_file is not None:
            phrase = read_passphrase(passphrase_file)
        else:
            phrase = str(click.prompt("Passphrase", hide_input=True, confirmation_prompt=True, err=True)).encode()
        raw = random(KEY_BYTES)
        write_private(file, write_secret_key(raw, phrase, random))
        file.with_name(f"{file.name}.pub").write_text(write(SecretKey.of(raw).public), "ascii")
    click.echo(f"{file} and {file}.pub made: keep the first for yourself; without it nothing can be read again")


@recipient.command()
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("--name", help="What you call it; else the name of the file.")
@passphrase_option
@at_option
@accounts_option
def add(file: Path, name: str | None, passphrase_file: Path | None, at: str | None, accounts: Accounts) -> None:
    """Register the public half of the secret key in FILE. The secret half stays here, and shows that it can read."""
    key = secret_key(file, passphrase_file)

    async def run() -> dict[str, Any]:
        async with signed_in(accounts, at) as api:
            asked = {"public_key": write(key.public), "name": name or file.name}
            begun = await api.call("POST", _KEYS, asked)
            answer = {"answer": _read(begun, key)}
            made: dict[str, Any] = await api.call("PUT", f"{_KEYS}/{begun['id']}", answer)
            return made

    with talking(Console(stderr=True, highlight=False)):
        click.echo(asyncio.run(run())["id"])


def _read(begun: Any, key: SecretKey) -> str:
    """What stands in the file that the broker encrypted for this key."""
    try:
        file = base64.b64decode(begun["challenge"], validate=True)
        header, said = unsealed(file, [key])
        return Opener(said.keys).open(file[header.length :], 0).decode("ascii")
    except (KeyError, TypeError, ValueError, HeaderError, SegmentError):
        raise TalkError("what the broker sent for this key cannot be read with it") from None


@recipient.command("list")
@at_option
@accounts_option
def list_keys(at: str | None, accounts: Accounts) -> None:
    """Your keys at the broker. Data are encrypted for the newest."""

    async def run() -> Any:
        async with signed_in(accounts, at) as api:
            return await api.call("GET", _KEYS)

    with talking(Console(stderr=True, highlight=False)):
        table = Table("id", "name", "sha256 of the key", "made")
        for one in asyncio.run(run())["keys"]:
            table.add_row(*(str(one[member]) for member in ("id", "name", "sha256", "made")))
        out().print(table)


@recipient.command()
@click.argument("id")
@at_option
@accounts_option
def remove(id: str, at: str | None, accounts: Accounts) -> None:
    """Nothing is encrypted for this key any more, and its running downloads end."""

    async def run() -> None:
        async with signed_in(accounts, at) as api:
            await api.call("DELETE", f"{_KEYS}/{id}")

    with talking(Console(stderr=True, highlight=False)):
        asyncio.run(run())
