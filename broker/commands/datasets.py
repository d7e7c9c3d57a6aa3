"""`broker datasets`: what there is, what its conditions say, and what may be used for a purpose."""

import asyncio
import json
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.filesize import decimal
from rich.table import Table

from broker.client.account import Accounts
from broker.commands.signed_in import accounts_option, at_option, out, purpose_in, signed_in, talking
from broker.core.duo.vocabulary import ENTRIES

_WORDS = {
    "PERMIT": "yes",
    "PERMIT_WITH_OBLIGATIONS": "yes, with conditions",
    "PENDING": "not yet: something is missing",
    "REFER": "a person decides",
    "ALTERNATIVE": "not like this, but in a milder way",
    "DENY": "no",
}


@click.command()
@click.option(
    "--purpose",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="What for (YAML or JSON): tells which of them you could use.",
)
@click.option("--json", "as_json", is_flag=True, help="For machines: what the broker answered.")
@at_option
@accounts_option
def datasets(purpose: Path | None, at: str | None, accounts: Accounts, *, as_json: bool) -> None:
    """The datasets of the broker that you are signed in at."""
    errors = Console(stderr=True, highlight=False)
    stated = purpose_in(purpose) if purpose is not None else None

    async def run() -> tuple[list[dict[str, Any]], dict[str, Any] | None]:
        async with signed_in(accounts, at) as api:
            listed = [one async for one in api.each("/api/v1/datasets", "datasets")]
            if stated is None:
                return listed, None
            return listed, await api.call("POST", "/api/v1/pre-checks", {"purpose": stated})

    with talking(errors):
        listed, found = asyncio.run(run())
    if as_json:
        click.echo(json.dumps({"datasets": listed} | ({"pre_check": found} if found is not None else {}), indent=2))
        return
    out().print(_table(listed, found))
    for code, sentence in (found or {}).get("sentences", {}).items():
        click.echo(f"{code}: {sentence}")


def _table(listed: list[dict[str, Any]], found: dict[str, Any] | None) -> Table:
    told = {one["dataset"]: one for one in found["datasets"]} if found is not None else {}
    table = Table(show_lines=True)
    for name in ("dataset", "access", "conditions", "files", *(("your purpose",) if found is not None else ())):
        table.add_column(name, overflow="fold")
    for one in listed:
        files = f"{one['files']}, {decimal(one['bytes'])}"
        row = [f"{one['title']}\n{one['id']}", one["access"], "\n".join(map(_condition, one["duo"])), files]
        table.add_row(*row, *([_answer(told.get(one["id"]))] if found is not None else []))
    return table


def _condition(term: dict[str, Any] | str) -> str:
    code = term if isinstance(term, str) else str(term.get("code", ""))
    known = ENTRIES.get(code)
    return f"{code} {known.label}" if known is not None else code


def _answer(one: dict[str, Any] | None) -> str:
    if one is None:
        return "not told"
    return "\n".join([_WORDS.get(one["outcome"], one["outcome"]), *one["codes"]])
