"""`broker consents import|export|invitations`: consent records in and out, at the state folder of a stopped broker.

A running broker takes and gives the same over its API (docs/how-to/exchange-consents.md).
"""

import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, get_args

import click

from broker.adapters.consent_files import read_consent_file
from broker.app import opened
from broker.commands.common import Fail, refusal, settings, telling
from broker.core.consent.importing import Incoming
from broker.core.consent.record_files import Format, written
from broker.core.outcome import Reason
from broker.flows.administer import OPERATOR
from broker.flows.exchange_consents import Imported, take_in, take_out
from broker.flows.invite import to_invite
from broker.flows.world import World

_FORMATS = click.Choice(get_args(Format))


@click.group()
def consents() -> None:
    """Consent records in and out. Stop the broker first, or use the API."""


@consents.command("import")
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("--format", "format_", type=_FORMATS, default="native", show_default=True)
@click.option("--dataset", "datasets", multiple=True, help="Where the data lie of those whose records do not say.")
@click.option("--plan", "plan_only", is_flag=True, help="Only say what would happen.")
@click.pass_obj
def import_(
    config: Path | None, files: tuple[Path, ...], format_: Format, datasets: tuple[str, ...], *, plan_only: bool
) -> None:
    """Put the versions of all files on record, or none of them."""
    incoming, faults = list[Incoming](), list[str]()
    for file in files:
        found, wrong = read_consent_file(file, format_)
        incoming += found
        faults += map(str, wrong)
    if faults:
        raise Fail("\n".join((*faults, "nothing was taken")))

    async def run(w: World) -> Any:
        return await take_in(w, OPERATOR, incoming, datasets, write=not plan_only)

    done = _done(config, run)
    if not isinstance(done, Imported):
        raise Fail("\n".join((*map(str, done), "nothing was taken")))
    for id in done.new:
        click.echo(f"+ {id}{'  waits for a person to look' if id in done.review else ''}")
    click.echo(f"{len(done.new)} new, {done.kept} as they were{': this was the plan' if plan_only else ''}")


@consents.command()
@click.option("--format", "format_", type=_FORMATS, default="native", show_default=True)
@click.option("--custodian", help="Of this custodian only.")
@click.pass_obj
def export(config: Path | None, format_: Format, custodian: str | None) -> None:
    """Print every version on record, as `import` reads it."""

    async def run(w: World) -> Any:
        return await take_out(w, OPERATOR, custodian)

    rows = _done(config, run)
    versions = [(row.consent, sorted(row.datasets)) for row in rows]
    click.echo(json.dumps(written(versions, format_), indent=2, ensure_ascii=False))


@consents.command()
@click.option("--custodian", help="Of this custodian only.")
@click.pass_obj
def invitations(config: Path | None, custodian: str | None) -> None:
    """Print who soon decides for themselves, by pseudonym: their consent source asks them half a year before."""

    async def run(w: World) -> Any:
        return await to_invite(w, OPERATOR, custodian)

    for one in _done(config, run):
        click.echo(f"{one.id}  {one.subject}  decides from {one.on}{', overdue' if one.overdue else ''}")


def _done(config: Path | None, run: Callable[[World], Any]) -> Any:
    """What the story gave; a refusal is one line."""

    async def inside() -> Any:
        async with opened(settings(config)) as running:
            return await run(running.world)

    with telling():
        done = asyncio.run(inside())
    if isinstance(done, Reason):
        raise refusal(done)
    return done
