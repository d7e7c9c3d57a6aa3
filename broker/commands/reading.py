"""What the commands of a researcher share about Crypt4GH: the secret key that reads, and what is done with it."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from broker.adapters.crypt4gh.files import decrypt_file
from broker.adapters.crypt4gh.key_files import MAX_FILE, read_secret_key
from broker.adapters.crypt4gh.packets import SecretKey
from broker.adapters.keys import read_passphrase
from broker.client.objects import Wanted
from broker.client.transfer import Unseal
from broker.commands.common import telling

_File = click.Path(path_type=Path, exists=True, dir_okay=False)
Decorator = Callable[[Callable[..., Any]], Callable[..., Any]]

key_option: Decorator = click.option(
    "--key", type=_File, help="Your secret key (Crypt4GH, or ed25519 of OpenSSH), for what comes encrypted."
)
passphrase_option: Decorator = click.option(
    "--passphrase-file", type=_File, help="The passphrase of that key; else it is asked for."
)


def secret_key(file: Path, passphrase_file: Path | None) -> SecretKey:
    """The key in `file`. Fail: it is none, or not under this passphrase."""

    def passphrase() -> bytes:
        if passphrase_file is not None:
            return read_passphrase(passphrase_file)
        return str(click.prompt("Passphrase", hide_input=True, err=True)).encode()

    with telling(), file.open("rb") as opened:
        return read_secret_key(opened.read(MAX_FILE + 1), passphrase)


def unsealing(file: Path, passphrase_file: Path | None) -> Unseal:
    """Decrypts with the key in `file`, which is read now: nobody downloads for hours to be asked for a passphrase."""
    key = secret_key(file, passphrase_file)

    def unseal(source: Path, target: Path, wanted: Wanted) -> None:
        decrypt_file(source, target, [key], lambda _: None, size=wanted.size, checksums=wanted.checksums)

    return unseal
