"""`broker login`, `broker logout`: this computer signs in at a broker, or forgets that it did."""

import asyncio
import platform

import click
from rich.console import Console

from broker.client.account import Accounts
from broker.client.answers import RefusedError
from broker.client.api import session
from broker.client.proofs import ComputerKey
from broker.client.sign_in import PROGRAM, Begun, begin, finish, leave
from broker.commands.signed_in import accounts_option, at_option, clock, entropy, signed_in, talking

_LONGEST_NAME = 60


@click.command()
@click.argument("issuer")
@click.option("--name", help="What this computer is called on the page where you say yes.")
@click.option("--program", default=PROGRAM, show_default=True, help="The client that the broker has for this program.")
@accounts_option
def login(issuer: str, name: str | None, program: str, accounts: Accounts) -> None:
    """Sign in at the broker ISSUER (its https address), by a code that you confirm in any browser."""
    console = Console(stderr=True, highlight=False)
    label = (name or platform.node() or "a computer")[:_LONGEST_NAME]

    async def run() -> None:
        key = ComputerKey.made(clock(), entropy())
        async with session() as http:
            begun = await begin(http, issuer, key, program, label)
            _ask(console, begun)
            with console.status("Waiting for your yes. Ctrl-C stops waiting."):
                account = await finish(http, begun, key, asyncio.sleep)
        accounts.keep(account)
        console.print(f"Signed in at {begun.issuer}. End it with: broker logout")

    with talking(console):
        try:
            asyncio.run(run())
        except RefusedError as no:
            known = {
                "access_denied": "You said no, so nothing was given.",
                "expired_token": "The code was not confirmed in time.",
            }
            if no.word not in known:
                raise
            console.print(f"{known[no.word]} Run the command again to start anew.", style="bold")
            raise SystemExit(1) from None


def _ask(console: Console, begun: Begun) -> None:
    console.print(f"Open this page in a browser, on any computer:\n\n    {begun.whole_page}\n", soft_wrap=True)
    console.print(f"and confirm that it shows this code:\n\n    [bold]{begun.code}[/bold]\n")
    console.print("Confirm only a code that you asked for yourself: who is given it acts in your name.")


@click.command()
@at_option
@accounts_option
def logout(at: str | None, accounts: Accounts) -> None:
    """End what this computer may do in your name, and forget its key. Running downloads by it stop."""
    console = Console(stderr=True, highlight=False)

    async def run() -> bool:
        async with signed_in(accounts, at) as api:
            return await leave(api, accounts)

    with talking(console):
        if asyncio.run(run()):
            console.print("Signed out.")
        else:
            console.print(
                "The key is forgotten here, but the broker could not be told. Remove this computer there too."
            )
            raise SystemExit(1)
