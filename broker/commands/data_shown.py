"""How the commands about files show what they do: bars while it lasts, a table at its end."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn, TransferSpeedColumn
from rich.table import Table

from broker.adapters.crypt4gh.files import Tell

_WIDTH = 250
"""Two digests in a row stay whole, whatever the terminal: they are there to be copied."""


@contextmanager
def progress(files: Iterable[Path]) -> Iterator[Iterator[tuple[Path, Tell]]]:
    """Each file with what moves its bar, on the standard error; no bars where that is no terminal."""
    console = Console(stderr=True)
    columns = TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TransferSpeedColumn()
    with Progress(*columns, TimeRemainingColumn(), console=console, disable=not console.is_terminal) as bars:

        def each() -> Iterator[tuple[Path, Tell]]:
            for file in files:
                total = file.stat().st_size if file.exists() else None
                yield file, partial(bars.advance, bars.add_task(file.name, total=total))

        yield each()


def show_table(table: Table) -> None:
    """On the standard output, for people and for programs that cut it into columns."""
    Console(width=_WIDTH).print(table)
