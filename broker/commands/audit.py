"""`broker audit verify|key|receipt|export|fsck|witness|turn`: prove the log, or name what was done to it."""

import asyncio
import sys
from collections.abc import Callable, Iterator
from contextlib import AsyncExitStack, contextmanager
from pathlib import Path

import click
from rich.console import Console
from rich.progress import Progress

from broker.adapters import note_keys
from broker.adapters.clock import SystemClock
from broker.adapters.keys import open_keys
from broker.adapters.outgoing import Outgoing
from broker.adapters.storage.audit_tool import verify as verify_log
from broker.adapters.storage.shards import belongs, origin_of
from broker.adapters.storage.tile_folder import CHECKPOINT, check_files, write_folder
from broker.adapters.witnesses import HttpWitnesses, parse_witness
from broker.commands.common import Fail, database_file, settings, telling
from broker.config import Settings
from broker.core.audit.note import Key, parse_checkpoint, parse_key, unverified_text
from broker.core.audit.proof import Proof, format_proof
from broker.core.audit.witness import Cosigned, Witness
from broker.core.ids import ReceiptId
from broker.database import open_any_log, open_any_scratch
from broker.flows.witness import Asking, ask_witness
from broker.state import key_of, log_key, log_origin, turn_log

_WITNESS_SECONDS = 20.0
_LOST = 3
"""The exit status of a log that is in order, and of which some is lost."""


@click.group()
def audit() -> None:
    """The record."""


@audit.command()
@click.option("--database", type=click.Path(path_type=Path), help="Another database, for example a copy.")
@click.option("--head", type=click.Path(path_type=Path), help="The head of the log that belongs to it.")
@click.option("--key", help="The log's public key (name+id+key), from somebody whom you trust; by default our own.")
@click.option("--issuer", help="The issuer whose log it is; by default ours.")
@click.option("--checkpoint", type=click.Path(path_type=Path, exists=True), help="A checkpoint that you kept.")
@click.option(
    "--accept-lost", "accepted", multiple=True, metavar="LOG=SIZE", help="A loss that you know of, as it is told."
)
@click.pass_obj
def verify(
    config: Path | None,
    database: Path | None,
    head: Path | None,
    key: str | None,
    issuer: str | None,
    checkpoint: Path | None,
    accepted: tuple[str, ...],
) -> None:
    """Check every entry, tile, checkpoint and row. Works on a running broker's database and on copies.

    Without --key and --database the settings say which broker is meant. Ends with 0 if all is as it was signed, with 1
    if something is not, and with 3 if all that is there is, but a later log says that entries were lost.
    """
    with telling(), working("entries") as advance:
        chosen = settings(config) if None in (database, key, issuer) else None
        public = parse_key(key) if key is not None else _own_key(chosen)
        report = verify_log(
            database or database_file(_of(chosen)),
            [public],
            log_origin(issuer or _of(chosen).issuer),
            note_keys.verify,
            head or (_of(chosen).lock_database if chosen is not None else None),
            checkpoint.read_bytes() if checkpoint is not None else None,
            advance,
        )
    for finding in report.findings:
        click.echo(str(finding))
    if report.more:
        click.echo("and more than can be listed")
    if not report.ok:
        click.echo(f"NOT as signed: {len(report.findings)} findings in {report.size} entries")
        sys.exit(1)
    for origin, size in report.lost:
        click.echo(f"{origin}={size}: so many entries were published, and the last of them lost: a later log says so")
    within = f" in {report.logs} logs" if report.logs > 1 else ""
    click.echo(f"{report.size} entries{within}, every one as it was signed; root {report.root.hex()}")
    if {f"{origin}={size}" for origin, size in report.lost} - set(accepted):
        click.echo("entries are LOST: give --accept-lost for each loss that you know of")
        sys.exit(_LOST)


@audit.command(name="key")
@click.pass_obj
def public_key(config: Path | None) -> None:
    """Print the log's public key (name+id+key): give it to those who check the log, on a way of its own.

    After `turn`, a line for each log, the oldest first: it is one key, under the name of each.
    """
    chosen = settings(config)

    async def names() -> list[str]:
        async with open_any_log(chosen) as log:
            return [each.origin for each in (*await log.ended(), log)]

    with telling():
        key = _own_key(chosen)
        for origin in asyncio.run(names()):
            click.echo(str(key_of(key, origin)))


@audit.command()
@click.argument("receipt")
@click.option("--out", type=click.Path(path_type=Path), help="Write it there instead of printing it.")
@click.pass_obj
def receipt(config: Path | None, receipt: str, out: Path | None) -> None:
    """The proof (C2SP tlog-proof, with the entry) that what this receipt id names is in the log."""
    chosen = settings(config)

    async def prove() -> Proof | None:
        async with open_any_log(chosen) as log:
            return await log.proof(ReceiptId(receipt))

    with telling():
        proof = asyncio.run(prove())
    if proof is None:
        raise Fail(f"{receipt}: there is no such entry in the published log")
    if out is None:
        click.echo(format_proof(proof).decode(), nl=False)
    else:
        out.write_bytes(format_proof(proof))


@audit.command()
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False))
@click.option("--without-entries", is_flag=True, help="Hashes only: what everybody may see.")
@click.option("--log", "origin", help="A log that has ended, by its name in full; by default the one that grows.")
@click.pass_obj
def export(config: Path | None, folder: Path, *, without_entries: bool, origin: str | None) -> None:
    """Write the published log as files (C2SP tlog-tiles), which any tool for tiled logs reads and checks."""
    chosen = settings(config)

    async def write(advance: Callable[[int], None]) -> int:
        async with open_any_log(chosen) as log:
            named = [each for each in (log, *await log.ended()) if origin in (None, each.origin)]
            if not named:
                raise Fail(f"{origin}: there is no such log")
            return await write_folder(named[0], folder, entries=not without_entries, progress=advance)

    with telling(), working("files") as advance:
        size = asyncio.run(write(advance))
    click.echo(f"{size} entries in {folder}")


@audit.command()
@click.argument("folder", type=click.Path(path_type=Path, exists=True, file_okay=False))
@click.option("--key", help="The log's public key (name+id+key), from somebody whom you trust; by default our own.")
@click.pass_obj
def fsck(config: Path | None, folder: Path, key: str | None) -> None:
    """Check a log that lies in files, as `export` writes them: every entry, tile and the checkpoint."""

    async def read(path: str) -> bytes | None:
        found = folder / path
        return found.read_bytes() if found.is_file() else None

    with telling(), working("entries") as advance:
        public = parse_key(key) if key is not None else _own_key(settings(config))
        found = asyncio.run(check_files(read, [public, *_renamed(public, folder)], note_keys.verify, advance))
    click.echo(
        f"{found.origin}: {found.size} entries as they were signed, {found.entries} of them here;"
        f" root {found.root.hex()}"
    )


@audit.command()
@click.pass_obj
def witness(config: Path | None) -> None:
    """Ask every witness of the settings to sign the newest checkpoint, now; a running broker asks by itself.

    Of logs that have ended the last checkpoint: whoever has signed it already is not asked again.
    """
    chosen = settings(config)

    async def ask() -> list[tuple[Witness, Cosigned | str]]:
        said, now = list[tuple[Witness, Cosigned | str]](), SystemClock().now()
        async with open_any_log(chosen) as log, open_any_scratch(chosen) as scratch, AsyncExitStack() as stack:
            stack.push_async_callback((outgoing := Outgoing(seconds=_WITNESS_SECONDS)).close)
            for one in map(parse_witness, chosen.witnesses):
                for each in (*await log.ended(), log):
                    asking = Asking(scratch=scratch, audit=each, door=HttpWitnesses(outgoing), verify=note_keys.verify)
                    said.append((one, await ask_witness(asking, one, now)))
        return said

    with telling():
        said = asyncio.run(ask())
    if not said:
        raise Fail("there is no witness: name some in the setting `witnesses`")
    for one, done in said:
        click.echo(f"{one.key.name}: " + (done if isinstance(done, str) else f"has signed {done.size} entries"))
    if any(isinstance(done, str) for _, done in said):
        sys.exit(1)


@audit.command()
@click.argument("name")
@click.option("--lost", is_flag=True, help="What was published is lost for good: an old backup is all there is.")
@click.pass_obj
def turn(config: Path | None, name: str, *, lost: bool) -> None:
    """End the log, and begin the log NAME, for example 2027, which points back to it. Stop the broker first.

    Entries, receipts and rows stay, and are proved as before. If it is interrupted, give it again.
    """
    chosen = settings(config)
    with telling():
        ended = turn_log(chosen, name, lost=lost)
        key = key_of(_own_key(chosen), origin_of(log_origin(chosen.issuer), name))
    click.echo(f"{ended.origin} has ended with {ended.size} entries; {key.name} goes on from it")
    click.echo(str(key))


@contextmanager
def working(what: str) -> Iterator[Callable[[int], None]]:
    """Tells whoever waits at a terminal how far it is; where there is none, nobody."""
    console = Console(stderr=True)
    with Progress(console=console, transient=True, disable=not console.is_terminal) as progress:
        task = progress.add_task(what, total=None)
        yield lambda count: progress.update(
            task, advance=count, description=f"{what} {progress.tasks[0].completed:,.0f}"
        )


def _of(chosen: Settings | None) -> Settings:
    if chosen is None:
        raise Fail("say which broker is meant: --config, or --database, --issuer and --key")
    return chosen


def _renamed(key: Key, folder: Path) -> list[Key]:
    """The key under the name of the log that lies in `folder`, if that may be a later log of the same broker."""
    note = folder / CHECKPOINT
    origin = parse_checkpoint(unverified_text(note.read_bytes())).origin if note.is_file() else key.name
    return [key_of(key, origin)] if belongs(origin, key.name) and origin != key.name else []


def _own_key(chosen: Settings | None) -> Key:
    ours = _of(chosen)
    return log_key(open_keys(ours.keys, ours.passphrase_file), ours.issuer)[0]
