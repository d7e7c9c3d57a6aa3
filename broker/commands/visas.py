"""`broker visas assert|list|end`: what sources assert of people, at the state folder of a broker that is not running.

A running broker takes the same over its API (docs/how-to/issue-visas.md).
"""

import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from broker.app import opened
from broker.commands.common import refusal, settings, telling
from broker.core.outcome import Reason
from broker.core.passport.assertions import Stated
from broker.core.rows import Assertion
from broker.core.time import parse_rfc3339, rfc3339
from broker.flows import assertions
from broker.flows.administer import OPERATOR
from broker.flows.world import World


@click.group()
def visas() -> None:
    """What is asserted of people, and becomes visas. Stop the broker first, or use the API."""


@visas.command("assert")
@click.option("--iss", required=True, help="Issuer of the identity that it is about.")
@click.option("--sub", required=True, help="Its `sub`.")
@click.option(
    "--type", "type_", required=True, help="ResearcherStatus, AcceptedTermsAndPolicies, AffiliationAndRole, a URL."
)
@click.option("--value", required=True)
@click.option("--source", required=True, help="URL of the organisation that says it.")
@click.option("--by", type=click.Choice(["self", "peer", "system", "so", "dac"]))
@click.option("--asserted", help="When the source said so (RFC 3339); by default now.")
@click.option("--ends", required=True, help="When it ends (RFC 3339).")
@click.option("--evidence", default="", help="SHA-256 of the document behind it.")
@click.pass_obj
def assert_(config: Path | None, /, type_: str, iss: str, sub: str, evidence: str, **said: Any) -> None:
    """Let a source say something of somebody."""

    async def run(w: World) -> Assertion | Reason:
        asserted = w.clock.now() if said["asserted"] is None else parse_rfc3339(said["asserted"])
        stated = Stated(
            type=type_,
            value=said["value"],
            source=said["source"],
            by=said["by"],
            asserted=asserted,
            ends=parse_rfc3339(said["ends"]),
        )
        about = assertions.About(iss=iss, sub=sub, evidence=evidence)
        return await assertions.make(w, OPERATOR, about, stated)

    click.echo(_done(config, run).id)


@visas.command("list")
@click.option("--source", help="Of this source only.")
@click.option("--json", "as_json", is_flag=True, help="For machines: one JSON object a line.")
@click.pass_obj
def list_(config: Path | None, source: str | None, *, as_json: bool) -> None:
    """Everything that is asserted, ended or not."""

    async def run() -> list[Assertion]:
        async with opened(settings(config)) as running:
            rows = [row async for row in running.world.rows.scan(Assertion)]
            return [row for row in rows if source in (None, row.source)]

    with telling():
        rows = asyncio.run(run())
    for row in rows:
        click.echo(json.dumps(_plain(row)) if as_json else _line(row))


@visas.command()
@click.argument("assertion")
@click.pass_obj
def end(config: Path | None, assertion: str) -> None:
    """It holds no longer, and neither do the visas that were minted from it. Twice is once."""

    async def run(w: World) -> Assertion | Reason:
        row = await w.rows.get(Assertion, assertion)
        return await assertions.end(w, OPERATOR, assertion, {row.version} if row is not None else set())

    row = _done(config, run)
    click.echo(f"{row.id} ended at {rfc3339(row.ended or row.ends)}")


def _done(config: Path | None, run: Callable[[World], Any]) -> Assertion:
    """What the story gave; a refusal is one line."""

    async def inside() -> Assertion | Reason:
        async with opened(settings(config)) as running:
            found: Assertion | Reason = await run(running.world)
            return found

    with telling():
        done = asyncio.run(inside())
    if isinstance(done, Reason):
        raise refusal(done)
    return done


def _plain(row: Assertion) -> dict[str, Any]:
    return {
        "id": row.id,
        "iss": row.iss,
        "sub": row.sub,
        "type": row.type,
        "value": row.value,
        "source": row.source,
        "by": row.by,
        "asserted": rfc3339(row.asserted),
        "ends": rfc3339(row.ends),
        "ended": None if row.ended is None else rfc3339(row.ended),
    }


def _line(row: Assertion) -> str:
    state = f"ended {rfc3339(row.ended)}" if row.ended is not None else f"until {rfc3339(row.ends)}"
    return f"{row.id}  {row.type}  {row.value}  {row.source}  about {row.sub} at {row.iss}  {state}"
