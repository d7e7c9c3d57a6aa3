"""What the commands of a researcher share: whose sign-in is used, and refusals as sentences."""

from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import click
from rich.console import Console

from broker.adapters.clock import SystemClock
from broker.adapters.entropy import SystemEntropy
from broker.adapters.yaml_files import load_yaml
from broker.client.account import AccountError, Accounts
from broker.client.answers import RefusedError, TalkError, refusal
from broker.client.api import Api, session
from broker.client.proofs import ComputerKey
from broker.commands.common import Fail, telling
from broker.ports import Clock, Entropy

_WIDE = 200
Decorator = Callable[[Callable[..., Any]], Callable[..., Any]]

at_option: Decorator = click.option("--at", metavar="ISSUER", help="The broker, if you are signed in at several.")


def accounts_option(command: Callable[..., Any]) -> Callable[..., Any]:
    """`--accounts`: where sign-ins are kept; the command gets them as `accounts`."""

    def folder(context: click.Context, parameter: click.Parameter, value: str | None) -> Accounts:
        del context, parameter
        return Accounts(Path(value) if value is not None else Path(click.get_app_dir("ga4gh-access-broker")))

    wrap = click.option("--accounts", metavar="FOLDER", callback=folder, help="Where your sign-ins are kept.")
    made: Callable[..., Any] = wrap(command)
    return made


def clock() -> Clock:
    """The machine's."""
    return SystemClock()


def entropy() -> Entropy:
    """The machine's."""
    return SystemEntropy()


def purpose_in(file: Path) -> dict[str, Any]:
    """The purpose that is written in `file`, to be read by the broker. Fail where nothing of the kind is."""
    with telling():
        said = load_yaml(file, anchors=False).value
    if not isinstance(said, dict) or not said:
        raise Fail(f"{file}: there is no purpose in it; it has members like `kinds` and `countries`")
    return said


def out() -> Console:
    """Where tables go. In a file or a pipe they are wide: nobody's window limits them."""
    console = Console(highlight=False)
    return console if console.is_terminal else Console(highlight=False, width=_WIDE)


@asynccontextmanager
async def signed_in(accounts: Accounts, at: str | None) -> AsyncIterator[Api]:
    """The broker, in the name of whoever signed in. AccountError where nobody did."""
    account = accounts.get(at.rstrip("/") if at is not None else None)
    key = ComputerKey.of(account.key, clock(), entropy())
    async with session() as http:
        yield Api(http=http, accounts=accounts, account=account, key=key)


@contextmanager
def talking(console: Console) -> Iterator[None]:
    """A refusal becomes sentences and status 1; what its user can mend, one line and status 2."""
    try:
        yield
    except RefusedError as no:
        first, *more = refusal(no)
        console.print(first, style="bold", markup=False, soft_wrap=True)
        for line in more:
            console.print(line, markup=False, soft_wrap=True)
        raise SystemExit(1) from None
    except (AccountError, TalkError) as wrong:
        raise Fail(str(wrong)) from wrong
    except KeyboardInterrupt:
        console.print("Stopped.")
        raise SystemExit(130) from None
