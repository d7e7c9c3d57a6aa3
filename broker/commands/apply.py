"""`broker apply FILE…`: show what a catalogue would change, then change all of it or nothing."""

import asyncio
from pathlib import Path

import click

from broker.adapters.catalogue import CatalogueError, Declared, read_catalogue
from broker.app import assert_declared_fit, opened
from broker.commands.common import settings, telling
from broker.config import Settings
from broker.core.catalogue import Fault, NotRegistrableError, Step
from broker.flows import apply_catalogue

_SIGNS = {"create": "+", "change": "~", "keep": "="}


@click.command()
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("--plan", "plan_only", is_flag=True, help="Only show what would change.")
@click.pass_obj
def apply(config: Path | None, files: tuple[Path, ...], *, plan_only: bool) -> None:
    """Apply catalogue files to a broker that is not running. Nothing is ever deleted."""
    chosen = settings(config)
    with telling():
        declared = [read_catalogue(file) for file in files]
        assert_declared_fit([row for one in declared for row in one.rows], chosen.mode)
        changed = asyncio.run(_apply(chosen, declared, plan_only=plan_only))
    click.echo(f"{changed} changed" if not plan_only else "nothing was changed: this was the plan")


async def _apply(chosen: Settings, declared: list[Declared], *, plan_only: bool) -> int:
    async with opened(chosen) as running:
        rows = [row for one in declared for row in one.rows]
        grants = [grant for one in declared for grant in one.grants]
        try:
            steps = await apply_catalogue.foresee(running.world, rows, grants)
        except NotRegistrableError as wrong:
            raise CatalogueError(_placed(fault, declared) for fault in wrong.faults) from None
        for step in steps:
            click.echo(told(step))
        for caution in apply_catalogue.cautions(running.world, rows):
            click.echo(f"warning: {caution}", err=True)
        return 0 if plan_only else await apply_catalogue.apply(running.world, steps, None)


def _placed(fault: Fault, declared: list[Declared]) -> str:
    """The fault with file and line, of the file that declares the dataset."""
    return next((text for one in declared if (text := one.where(fault)) is not None), str(fault))


def told(step: Step) -> str:
    """One line of the plan."""
    fields = f"  ({', '.join(step.fields)})" if step.fields else ""
    return f"{_SIGNS[step.verb]} {step.row.KIND} {step.row.id}{fields}"
