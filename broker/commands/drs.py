"""`broker drs resolve`: where does a `drs://` address lead, and what is there?"""

import asyncio
import json
from pathlib import Path

import click

from broker.adapters.drs_servers import HttpDrsServers, read_table
from broker.adapters.outgoing import Outgoing
from broker.commands.common import Fail, settings, telling
from broker.core.drs.resolving import Table, locate
from broker.core.outcome import Reason
from broker.core.reasons import sentence
from broker.flows.resolve_drs import Resolved, resolve

_SECONDS = 15.0


@click.group()
def drs() -> None:
    """Addresses of objects, here and at other servers."""


@drs.command("resolve")
@click.argument("uri")
@click.option("--object", "with_object", is_flag=True, help="Ask the server as a stranger, and show what it says.")
@click.pass_obj
def resolve_(config: Path | None, *, uri: str, with_object: bool) -> None:
    """Where URI leads: drs://host/id, or drs://[provider/]namespace:accession by the table of servers.

    Only servers that the table names are ever asked (setting `drs_servers`).
    """
    chosen = settings(config)
    with telling():
        table = read_table(chosen.drs_servers_file)
    if not with_object:
        click.echo(_or_fail(locate(uri, table, chosen.issuer)))
        return
    found = asyncio.run(_resolved(table, chosen.issuer, uri))
    if isinstance(found, Reason):
        raise _refused(found)
    click.echo(json.dumps({"url": found.url, "object": found.object}, indent=2, ensure_ascii=False))


async def _resolved(table: Table, own: str, uri: str) -> Resolved | Reason:
    outgoing = Outgoing(seconds=_SECONDS)
    try:
        return await resolve(HttpDrsServers(outgoing, own), table, own, uri)
    finally:
        await outgoing.close()


def _or_fail(found: str | Reason) -> str:
    if isinstance(found, Reason):
        raise _refused(found)
    return found


def _refused(reason: Reason) -> Fail:
    return Fail(f"{reason.code}: {sentence(reason.code, dict(reason.facts))}")
