"""`broker get`: download what you may, whole and checked, and go on where it stopped."""

import asyncio
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import click
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn, TransferSpeedColumn

from broker.client.account import Accounts
from broker.client.answers import RefusedError, TalkError, refusal
from broker.client.api import Api
from broker.client.manifest import Line, Manifest, State
from broker.client.objects import Missed, Wanted, under_names_of_their_own, wanted
from broker.client.transfer import BrokenError, Unseal, fetch, unfinished
from broker.commands.reading import key_option, passphrase_option, unsealing
from broker.commands.signed_in import accounts_option, at_option, signed_in, talking


@click.command()
@click.argument("names", nargs=-1, required=True)
@click.option(
    "--output",
    "-o",
    default=".",
    type=click.Path(path_type=Path, file_okay=False),
    help="Folder in which the files go.",
)
@click.option(
    "--parallel", default=4, show_default=True, type=click.IntRange(1, 16), help="Ranges of one file at a time."
)
@key_option
@passphrase_option
@at_option
@accounts_option
def get(
    names: tuple[str, ...],
    output: Path,
    parallel: int,
    key: Path | None,
    passphrase_file: Path | None,
    at: str | None,
    accounts: Accounts,
) -> None:
    """Download NAMES: drs:// addresses, addresses or ids of objects, or datasets (all of their files).

    Each file appears when it is whole and its digest fits; one that comes encrypted, when it is decrypted.
    Run the same command again to go on with what broke off.
    What became of each is written beside them, into broker-manifest.json.
    Ends with 1 if something was refused, with 2 if something broke.
    """
    errors = Console(stderr=True, highlight=False)
    unseal = unsealing(key, passphrase_file) if key is not None else None

    async def run() -> int:
        async with signed_in(accounts, at) as api:
            files = under_names_of_their_own([file for name in names async for file in wanted(api, name)])
            manifest = Manifest(api.issuer)
            try:
                return await _all(api, files, output, parallel, errors, unseal, manifest)
            finally:  # also where somebody stops it half-way
                manifest.write(output)

    with talking(errors):
        worst = asyncio.run(run())
    if worst:
        raise SystemExit(worst)


async def _all(
    api: Api,
    files: list[Wanted | Missed],
    output: Path,
    parallel: int,
    errors: Console,
    unseal: Unseal | None,
    manifest: Manifest,
) -> int:
    """One after the other, so that each is there as soon as can be. What is refused or breaks stops no other."""
    worst = 0
    state: State
    for file in files:
        manifest.note(_line(file, "waiting"))
    with _progress(errors) as progress:
        for file in files:
            try:
                if isinstance(file, Missed):
                    raise file.why
                task = progress.add_task(file.name, total=file.size)
                told = partial(progress.advance, task)
                path = await fetch(api, file, output, parallel=parallel, told=told, pause=asyncio.sleep, unseal=unseal)
                click.echo(path)
                manifest.note(_line(file, "whole"))
                continue
            except RefusedError as no:
                state, why = "refused", [*refusal(no), *_kept(file, output)]
            except (BrokenError, TalkError, OSError) as broken:
                state, why = "broken", [str(broken)]
            _tell(progress.console, file, why)
            manifest.note(_line(file, state, why))
            worst = max(worst, 1 if state == "refused" else 2)
            if isinstance(file, Wanted):
                progress.stop_task(task)
    return worst


def _kept(file: Wanted | Missed, output: Path) -> list[str]:
    """That something of a refused file is on this disk: who may have it no longer has to know."""
    part = unfinished(file, output) if isinstance(file, Wanted) else None
    return [f"What came of it before lies in {part}. Delete it, unless you will be let in again."] if part else []


def _line(file: Wanted | Missed, state: State, why: Sequence[str] = ()) -> Line:
    if isinstance(file, Missed):
        return Line(id=file.id, path=file.folder, size=None, checksums={}, state=state, why=why)
    path = f"{file.folder}{file.name}"
    return Line(id=file.id, path=path, size=file.size, checksums=file.checksums, state=state, why=why)


def _tell(console: Console, file: Wanted | Missed, lines: list[str]) -> None:
    name = file.name if isinstance(file, Wanted) else file.id
    console.print(f"{name}: {lines[0]}", style="bold", markup=False, soft_wrap=True)
    for line in lines[1:]:
        console.print(f"  {line}", markup=False, soft_wrap=True)


def _progress(console: Console) -> Progress:
    return Progress(
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        DownloadColumn(binary_units=True),
        TransferSpeedColumn(),
        TimeRemainingColumn(),
        console=console,
        disable=not console.is_terminal,
    )
