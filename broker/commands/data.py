"""`broker data key|encrypt|describe|register|verify`: the files of a repository, for its staff."""

from pathlib import Path

import click
from rich.table import Table

from broker.adapters.clock import SystemClock
from broker.adapters.crypt4gh.archive_keys import FOLDER, save_key
from broker.adapters.crypt4gh.files import ChangedFileError, encrypt_file
from broker.adapters.entropy import SystemEntropy
from broker.adapters.keys import read_passphrase
from broker.commands.common import Fail, settings, telling
from broker.commands.data_describe import describe
from broker.commands.data_register import register
from broker.commands.data_shown import progress, show_table
from broker.commands.data_verify import verify
from broker.commands.reading import passphrase_option, secret_key
from broker.core.crypt4gh.header import KEY_BYTES
from broker.core.crypt4gh.public_keys import fingerprint, write
from broker.state import archive_keys

SUFFIX = ".c4gh"


@click.group()
def data() -> None:
    """The files of a repository."""


@data.group()
def key() -> None:
    """The repository's own Crypt4GH keys."""


@key.command()
@click.pass_obj
def make(config: Path | None) -> None:
    """Make a key. New files are encrypted for it; older keys go on opening what was encrypted for them."""
    _keep(config, SystemEntropy().random(KEY_BYTES))


@key.command("import")
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@passphrase_option
@click.pass_obj
def import_(config: Path | None, file: Path, passphrase_file: Path | None) -> None:
    """Take a secret key of the Crypt4GH tools, or an ed25519 key of OpenSSH, as a key of the repository."""

    _keep(config, secret_key(file, passphrase_file).private.private_bytes_raw())


def _keep(config: Path | None, raw: bytes) -> None:
    chosen = settings(config)
    with telling():
        made = save_key(chosen.keys / FOLDER, raw, read_passphrase(chosen.passphrase_file), SystemClock().now())
    click.echo(f"sha256 {fingerprint(made.public)}")
    click.echo(write(made.public), nl=False)


@key.command()
@click.pass_obj
def show(config: Path | None) -> None:
    """Print the public halves, the newest first: others encrypt for that one."""
    with telling():
        for one in archive_keys(settings(config)).all():
            click.echo(f"sha256 {fingerprint(one.public)}")
            click.echo(write(one.public), nl=False)


@data.command()
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option(
    "--to", "folder", type=click.Path(path_type=Path, exists=True, file_okay=False), help="Else beside each file."
)
@click.pass_obj
def encrypt(config: Path | None, files: tuple[Path, ...], folder: Path | None) -> None:
    """Encrypt files for the repository's newest key, each as NAME.c4gh.

    A file whose .c4gh is there is passed over, so that what was interrupted is taken up where it stopped. The files
    themselves stay: whoever deletes them first sees that the encrypted ones are read again (`broker data verify`).
    """
    random, table = SystemEntropy().random, Table("file", "bytes", "sha-256 of the content", "sha-256 of the file")
    with telling():
        reader = archive_keys(settings(config)).all()[0].public
    with progress(files) as bars:
        for file, tell in bars:
            target = (folder or file.parent) / (file.name + SUFFIX)
            if target.exists():
                table.add_row(str(target), "", "is there already", "")
                continue
            try:
                made = encrypt_file(file, target, [reader], random, tell)
            except (OSError, ChangedFileError) as wrong:
                raise Fail(f"{file}: {wrong}") from wrong
            digest = made.envelope.sha256 if made.envelope is not None else ""
            table.add_row(str(target), str(made.size), made.checksums["sha-256"], digest)
    show_table(table)


data.add_command(describe)
data.add_command(register)
data.add_command(verify)
