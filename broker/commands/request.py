"""`broker request`: ask a committee for data, see how it stands, take it back."""

import asyncio
import json
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.table import Table

from broker.client.account import Accounts
from broker.client.answers import one_line
from broker.commands.common import Fail, telling
from broker.commands.signed_in import accounts_option, at_option, out, purpose_in, signed_in, talking

_MOST = 20_000
"""Characters of a statement that the broker takes."""


@click.group()
def request() -> None:
    """Ask a committee for data, and see what became of it."""


@request.command()
@click.argument("dataset")
@click.option(
    "--purpose",
    required=True,
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="What for (YAML or JSON).",
)
@click.option(
    "--statement",
    required=True,
    type=click.File("r", encoding="utf-8"),
    help="A text file for the committee; - reads it from the keyboard.",
)
@click.option(
    "--benefit",
    type=click.File("r", encoding="utf-8"),
    help="A text file: what the population gains that the data come from. Needed if you work in another country.",
)
@click.option(
    "--summary",
    type=click.File("r", encoding="utf-8"),
    help="A text file in plain words: what everybody reads in the public register, if the committee says yes.",
)
@click.option("--json", "as_json", is_flag=True, help="For machines: what the broker answered.")
@at_option
@accounts_option
def make(
    dataset: str,
    purpose: Path,
    statement: Any,
    benefit: Any,
    summary: Any,
    at: str | None,
    accounts: Accounts,
    *,
    as_json: bool,
) -> None:
    """Ask for DATASET. The broker says at once how the rules see it; the committee decides."""
    asked = purpose_in(purpose)
    with telling():
        text = statement.read(_MOST + 1).strip()
        gives, lay = (one.read(_MOST + 1).strip() if one is not None else "" for one in (benefit, summary))
    if not text:
        raise Fail("The statement is empty. Say in a few sentences what you want to find out, and for whom.")
    body = {"dataset": dataset, "purpose": asked, "statement": text, "benefit": gives, "lay": lay}
    row = _ask(accounts, at, "POST", "/api/v1/requests", body)
    if as_json:
        click.echo(json.dumps(row, indent=2))
        return
    click.echo(f"{row['id']}: {_state(row)}")
    _tell(row.get("foresight"))
    click.echo(f"See how it stands with: broker request show {row['id']}")


@request.command("list")
@click.option("--json", "as_json", is_flag=True, help="For machines: what the broker answered.")
@at_option
@accounts_option
def list_(at: str | None, accounts: Accounts, *, as_json: bool) -> None:
    """Your requests, and those that wait for a committee of yours."""
    rows = _ask(accounts, at, "GET", "/api/v1/requests")["requests"]
    if as_json:
        click.echo(json.dumps(rows, indent=2))
        return
    if not rows:
        click.echo("There are no requests. Make one with: broker request make DATA-SET --purpose FILE --statement FILE")
        return
    table = Table()
    for name in ("request", "dataset", "made", "state"):
        table.add_column(name, overflow="fold")
    for row in rows:
        table.add_row(row["id"], row["dataset"], row["created"], _state(row))
    out().print(table)


@request.command()
@click.argument("request_id", metavar="REQUEST")
@click.option("--json", "as_json", is_flag=True, help="For machines: what the broker answered.")
@at_option
@accounts_option
def show(request_id: str, at: str | None, accounts: Accounts, *, as_json: bool) -> None:
    """How one request stands, and why it was decided as it was."""
    row = _ask(accounts, at, "GET", f"/api/v1/requests/{request_id}")
    why = _ask(accounts, at, "GET", f"/api/v1/decisions/{row['decision']}") if row.get("decision") else None
    if as_json:
        click.echo(json.dumps({"request": row, "explanation": why}, indent=2))
        return
    click.echo(f"{row['id']}: {_state(row)}\nData set: {row['dataset']}\nMade: {row['created']}")
    if row.get("ground"):
        click.echo(f"The committee said: {one_line(row['ground'])}")
    if row.get("grant"):
        click.echo(_granted(_ask(accounts, at, "GET", f"/api/v1/grants/{row['grant']}")))
    _tell(why)


@request.command()
@click.argument("request_id", metavar="REQUEST")
@at_option
@accounts_option
def withdraw(request_id: str, at: str | None, accounts: Accounts) -> None:
    """Take a request back that nobody has decided yet."""
    row = _ask(accounts, at, "POST", f"/api/v1/requests/{request_id}/withdrawal")
    click.echo(f"{row['id']}: {_state(row)}")


def _granted(grant: dict[str, Any]) -> str:
    """How the grant stands today: an approved request says nothing of that."""
    return f"Grant: {grant['id']}, {str(grant['stage']).replace('_', ' ')}, until {grant['ends']}"


def _ask(accounts: Accounts, at: str | None, method: str, path: str, body: Any = None) -> Any:
    async def run() -> Any:
        async with signed_in(accounts, at) as api:
            return await api.call(method, path, body)

    with talking(Console(stderr=True, highlight=False)):
        return asyncio.run(run())


def _tell(why: dict[str, Any] | None) -> None:
    """The text that the broker wrote for the one who asked."""
    text = (why or {}).get("audience_texts", {}).get("researcher")
    if text:
        click.echo(one_line(text))


def _state(row: dict[str, Any]) -> str:
    return str(row["state"]).replace("_", " ")
