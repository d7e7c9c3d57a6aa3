"""`broker passport`: what the broker would tell others of you, in plain words, or the Passport itself."""

import asyncio
import base64
from typing import Any

import click
from rich.console import Console
from rich.table import Table

from broker.client.account import Accounts
from broker.client.answers import TalkError, read
from broker.commands.signed_in import accounts_option, at_option, out, signed_in, talking
from broker.core.time import Seconds, rfc3339

_EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange"
_ACCESS = "urn:ietf:params:oauth:token-type:access_token"
_PASSPORT = "urn:ga4gh:params:oauth:token-type:passport"


@click.command()
@click.option("--resource", multiple=True, help="For this service or data set only (URL); may be given several times.")
@click.option(
    "--raw", is_flag=True, help="The Passport itself, for another program. Who has it can use it: keep it secret."
)
@at_option
@accounts_option
def passport(resource: tuple[str, ...], at: str | None, accounts: Accounts, *, raw: bool) -> None:
    """Your Passport: the visas that you let this computer have. Valid for an hour at most."""

    async def run() -> str:
        async with signed_in(accounts, at) as api:
            form = [
                ("grant_type", _EXCHANGE),
                ("requested_token_type", _PASSPORT),
                ("subject_token_type", _ACCESS),
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


def _claims(token: str) -> dict[str, Any]:
    """What a token of our own broker says. For people to read: nothing is decided by it, so no signature is checked."""
    parts = token.split(".")
    said = read(base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4))) if len(parts) == 3 else None  # noqa: PLR2004 (header, claims, signature)
    if not isinstance(said, dict):
        raise TalkError("The broker sent something else than a Passport.")
    return said


def _audience(claims: dict[str, Any]) -> str:
    said = claims.get("aud", [])
    return ", ".join(said if isinstance(said, list) else [said])


def _table(visas: list[dict[str, Any]]) -> Table:
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
