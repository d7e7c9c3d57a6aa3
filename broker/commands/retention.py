"""`broker retention`: how much is kept longer than the settings say, and taking it away now."""

import asyncio
from collections import Counter
from pathlib import Path

import click

from broker.app import opened
from broker.commands.common import settings, telling
from broker.core.rows.retention import DROPPED, Sort
from broker.flows.drop import drop

_SORTS: tuple[Sort, ...] = ("sign_ins", "uses", "messages", "results")


@click.command()
@click.option("--now", is_flag=True, help="Take it away now; a running broker does so once a day.")
@click.pass_obj
def retention(config: Path | None, *, now: bool) -> None:
    """Say how many rows were kept long enough, or drop them. Stop the broker first.

    What is kept, and for how long: docs/reference/retention.md. Nothing of whom a legal hold names goes, and the log
    stays whole.
    """
    chosen = settings(config)

    async def run() -> Counter[str]:
        async with opened(chosen) as running:
            return await drop(running.world, chosen.keeping, count_only=not now)

    with telling():
        found = asyncio.run(run())
    for sort in _SORTS:
        days = getattr(chosen.keeping, sort)
        counts = ", ".join(f"{found[kind.KIND]} {kind.KIND}" for kind, of in DROPPED.items() if of == sort)
        kept = f"{days} days" if days else "as long as the broker is"
        click.echo(f"{sort.replace('_', ' ')}: kept {kept}; {'dropped' if now else 'over'}: {counts}")
