"""`broker data verify`: are the stored files what was registered, and do the encrypted ones still open?"""

import asyncio
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import click
from rich.table import Table

from broker.adapters.crypt4gh.archive_keys import ArchiveKeys
from broker.adapters.crypt4gh.files import Tell, measure
from broker.adapters.keys import KeyStoreError
from broker.commands.common import Fail, settings, telling
from broker.commands.data_shown import progress, show_table
from broker.core.rows import Dataset, DrsObject, Envelope, Repository
from broker.database import every
from broker.state import archive_keys

FINE = "as registered"
WRONG = 1
"""The exit status if any file is not."""


@click.command()
@click.argument("objects", nargs=-1)
@click.option("--dataset", "datasets", multiple=True, help="Only objects of this dataset; repeat it.")
@click.pass_obj
def verify(config: Path | None, objects: tuple[str, ...], datasets: tuple[str, ...]) -> None:
    """Read the files of OBJECTS, or of all, and compare them with what is registered; beside a running broker too.

    Encrypted files are decrypted to their last byte. Status 1 if any file is missing, or is not what it was.
    """
    chosen = settings(config)
    found, elsewhere = asyncio.run(_chosen(chosen.store, objects, datasets))
    keys, table, wrong = archive_keys(chosen), Table("object", "file", "verdict"), 0
    with progress([path for _, path in found]) as bars:
        for (row, path), (_, tell) in zip(found, bars, strict=True):
            verdict = _verdict(row, path, keys, tell)
            wrong += verdict != FINE
            table.add_row(row.id, str(path), verdict)
    show_table(table)
    if elsewhere:
        click.echo(f"{elsewhere} lie in a store elsewhere and were not read")
    click.echo(f"{len(found)} read, {wrong} not as registered")
    if wrong:
        sys.exit(WRONG)


async def _chosen(
    database: Path | str, objects: Sequence[str], datasets: Sequence[str]
) -> tuple[list[tuple[DrsObject, Path]], int]:
    """What is to be read; how many lie elsewhere. Bundles have no file, and what is being staged is not there yet."""
    with telling():
        rows = [row for row in await every(database, DrsObject) if not row.is_bundle]
        homes = {row.id: row.repository for row in await every(database, Dataset)}
        stores = {row.id: row for row in await every(database, Repository)}
    unknown = sorted({*objects} - {row.id for row in rows} | {*datasets} - homes.keys())
    if unknown:
        raise Fail(f"not registered: {', '.join(unknown)}")
    named = (row for row in rows if (not objects or row.id in objects) and (not datasets or row.dataset in datasets))
    online = [(row, stores[homes[row.dataset]]) for row in named if row.availability == "online"]
    here = [(row, Path(store.root) / row.path) for row, store in online if not store.is_remote]
    return here, len(online) - len(here)


def _noted(registered: Envelope | None, found: Envelope | None) -> Envelope | None:
    """What was registered, and of the header's digest, where that was not noted then, what was found."""
    if registered is None or found is None or registered.header_sha256:
        return registered
    return replace(registered, header_sha256=found.header_sha256)


def _verdict(row: DrsObject, path: Path, keys: ArchiveKeys, tell: Tell) -> str:
    try:
        measured = measure(path, keys.all, tell)
    except OSError as failure:
        return failure.strerror or "cannot be read"
    except (ValueError, KeyStoreError) as failure:
        return f"cannot be opened: {failure}"
    if measured.envelope != _noted(row.envelope, measured.envelope):
        return "another file around the content" if row.envelope and measured.envelope else "encrypted otherwise"
    if measured.size != row.size:
        return f"{measured.size} bytes of content instead of {row.size}"
    differs = [kind for kind, value in measured.checksums.items() if row.checksums.get(kind, value) != value]
    return f"other content: {', '.join(differs)}" if differs else FINE
