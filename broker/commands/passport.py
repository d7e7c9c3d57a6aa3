"""`broker passport`: what the broker would tell others of you, in plain words, or the Passport itself."""

import asyncio
from collections.abc import Mapping
from typing import Any

import click
from rich.console import Console
from rich.table import Table

from broker.client.account import Accounts
from broker.client.answers import TalkError
from broker.commands.signed_in import accounts_option, at_option, out, signed_in, talking
from broker.core import jws
from broker.core.oidc.exchange import ACCESS_TOKEN_TYPE, GRANT_TYPE, PASSPORT_TYPE
from broker.core.time import Seconds, rfc3339


@click.command()
@click.option("--resource", multiple=True, help="For this service or dataset only (URL); may be given several times.")
@click.option(
    "--raw",
    is_flag=True,
    help="The Passport itself, for another program. It counts here with a proof of this computer's key alone; "
    "others may not ask for one: keep it secret.",
)
@at_option
@accounts_option
def passport(resource: tuple[str, ...], at: str | None, accounts: Accounts, *, raw: bool) -> None:
    """Your Passport: the visas that you let this computer have. Valid for an hour at most."""

    async def run() -> str:
        async with signed_in(accounts, at) as api:
            form = [
                ("grant_type", GRANT_TYPE),
                ("requested_token_type", PASSPORT_TYPE),
                ("subject_token_type", ACCESS_TOKEN_TYPE),
                ("subject_token", await api.token()),
                *(("resource", one) for one in resource),
            ]
            return str((await api.redeem(form))["access_token"])

    with talking(Console(stderr=True, highlight=False)):
        token = asyncio.run(run())
        if raw:
            click.echo(token)
            return
        claims = _claims(token)
        visas = [_claims(visa) for visa in claims.get("ga4gh_passport_v1", ())]
    click.echo(f"Issued by {claims['iss']}, for {_audience(claims)}, good until {rfc3339(Seconds(claims['exp']))}.")
    out().print(_table(visas) if visas else "There are no visas in it.")


def _claims(token: str) -> Mapping[str, Any]:
    """What a token of our own broker says. For people to read: nothing is decided by it, so no signature is checked."""
    parts = jws.read(token)
    if parts is None:
        raise TalkError("The broker sent something else than a Passport.")
    return parts.payload


def _audience(claims: Mapping[str, Any]) -> str:
    said = claims.get("aud", [])
    return ", ".join(said if isinstance(said, list) else [said])


def _table(visas: list[Mapping[str, Any]]) -> Table:
    table = Table()
    for name in ("visa", "what it says", "who says so", "since", "until"):
        table.add_column(name, overflow="fold")
    for one in visas:
        said = one.get("ga4gh_visa_v1", {})
        until = rfc3339(Seconds(one["exp"])) if "exp" in one else ""
        since = rfc3339(Seconds(said["asserted"])) if "asserted" in said else ""
        table.add_row(
            str(said.get("type")), str(said.get("value")), f"{said.get('source')}\n{one.get('iss')}", since, until
        )
    return table
