"""`broker sanctions list|impose|lift`: the ladder of sanctions, at the state folder of a broker that is not running.

Whoever works there acts as the operator: one role, so somebody else must say so too before a sanction is lifted. A
running broker takes the same over its API (POST /api/v1/sanctions).
"""

import asyncio
import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, get_args

import click

from broker.app import opened
from broker.commands.common import refusal, settings, telling
from broker.core.outcome import Reason
from broker.core.rows import Sanction
from broker.core.rows.sanctions import SanctionStep, TargetKind
from broker.core.time import parse_rfc3339, rfc3339
from broker.flows import sanctions as flow
from broker.flows.administer import OPERATOR
from broker.flows.world import World


@click.group()
def sanctions() -> None:
    """Warnings, suspensions and what follows them. Stop the broker first, or use the API."""


@sanctions.command("list")
@click.option("--json", "as_json", is_flag=True, help="For machines: one JSON object a line.")
@click.pass_obj
def list_(config: Path | None, *, as_json: bool) -> None:
    """Every step that was taken, over or not."""

    async def run() -> list[tuple[Sanction, bool]]:
        async with opened(settings(config)) as running:
            now = running.world.clock.now()
            return [(row, row.holds(now)) async for row in running.world.rows.scan(Sanction)]

    with telling():
        rows = asyncio.run(run())
    for row, holds in rows:
        told = {"id": row.id, "case": row.case, "step": row.step, "whom": row.whom, "holds": holds}
        state = "in force" if holds else "over"
        line = f"{row.id}  {row.case}  {row.step}  {row.kind} {row.whom}  until {rfc3339(row.ends)}  {state}"
        click.echo(json.dumps(told) if as_json else line)


@sanctions.command("impose")
@click.option("--case", help="Of this case; left out, it opens one.")
@click.option("--step", required=True, type=click.Choice(get_args(SanctionStep)))
@click.option("--kind", required=True, type=click.Choice(get_args(TargetKind)))
@click.option("--whom", required=True, help="The person's `sub` here, or the id of the organisation.")
@click.option("--ground", required=True)
@click.option("--ends", required=True, help="When it ends (RFC 3339).")
@click.option("--appeal", required=True, help="Where and until when it can be challenged.")
@click.option("--urgent", is_flag=True, help="The milder steps could not wait.")
@click.pass_obj
def impose(config: Path | None, /, ends: str, **said: Any) -> None:
    """Take a step of the ladder."""
    done = _done(config, lambda w: flow.impose(w, OPERATOR, flow.Wanted(ends=parse_rfc3339(ends), **said)))
    click.echo(f"{done.id} of case {done.case}")


@sanctions.command("lift")
@click.argument("sanction")
@click.option("--ground", required=True)
@click.pass_obj
def lift(config: Path | None, sanction: str, ground: str) -> None:
    """Say as the operator that a sanction is to be lifted; a second role must say so too."""
    done = _done(config, lambda w: flow.lift(w, OPERATOR, sanction, ground))
    click.echo(f"{done.id}: " + ("lifted" if len(done.lifts) > 1 else "one more role must lift it too"))


def _done(config: Path | None, do: Callable[[World], Awaitable[Sanction | Reason]]) -> Sanction:
    async def run() -> Sanction | Reason:
        async with opened(settings(config)) as running:
            return await do(running.world)

    with telling():
        done = asyncio.run(run())
    if isinstance(done, Reason):
        raise refusal(done)
    return done
