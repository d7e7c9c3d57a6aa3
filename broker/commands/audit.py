"""`broker audit verify|key`: prove the log, or name what was done to it."""

import sys
from pathlib import Path

import click

from broker.adapters import note_keys
from broker.adapters.keys import open_keys
from broker.adapters.storage.audit_tool import verify as verify_log
from broker.commands.common import Fail, settings, telling
from broker.config import Settings
from broker.core.audit.note import Key, parse_key
from broker.state import log_key, log_origin


@click.group()
def audit() -> None:
    """The record."""


@audit.command()
@click.option("--database", type=click.Path(path_type=Path), help="Another database, for example a copy.")
@click.option("--head", type=click.Path(path_type=Path), help="The head of the log that belongs to it.")
@click.option("--key", help="The log's public key (name+id+key), from somebody whom you trust; by default our own.")
@click.option("--issuer", help="The issuer whose log it is; by default ours.")
@click.option("--checkpoint", type=click.Path(path_type=Path, exists=True), help="A checkpoint that you kept.")
@click.pass_obj
def verify(
    config: Path | None,
    database: Path | None,
    head: Path | None,
    key: str | None,
    issuer: str | None,
    checkpoint: Path | None,
) -> None:
    """Check every entry, tile, checkpoint and row. Works on a running broker's database and on copies.

    Without --key and --database the settings say which broker is meant.
    """
    with telling():
        chosen = settings(config) if None in (database, key, issuer) else None
        public = parse_key(key) if key is not None else _own_key(chosen)
        report = verify_log(
            database or _of(chosen).database,
            [public],
            log_origin(issuer or _of(chosen).issuer),
            note_keys.verify,
            head or (_of(chosen).lock_database if chosen is not None else None),
            checkpoint.read_bytes() if checkpoint is not None else None,
        )
    for finding in report.findings:
        click.echo(str(finding))
    if report.more:
        click.echo("and more than can be listed")
    if not report.ok:
        click.echo(f"NOT as signed: {len(report.findings)} findings in {report.size} entries")
        sys.exit(1)
    click.echo(f"{report.size} entries, every one as it was signed; root {report.root.hex()}")


@audit.command(name="key")
@click.pass_obj
def public_key(config: Path | None) -> None:
    """Print the log's public key (name+id+key): give it to those who check the log, on a way of its own."""
    with telling():
        click.echo(str(_own_key(settings(config))))


def _of(chosen: Settings | None) -> Settings:
    if chosen is None:
        raise Fail("say which broker is meant: --config, or --database, --issuer and --key")
    return chosen


def _own_key(chosen: Settings | None) -> Key:
    ours = _of(chosen)
    return log_key(open_keys(ours.keys, ours.passphrase_file), ours.issuer)[0]
