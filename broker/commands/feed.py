"""`broker feed`: what has ended of what a repository gave out, as lines of what to do, without a gap.

For who serves bytes elsewhere and asks a broker (docs/how-to/serve-your-own-bytes.md). Where it is up to is kept in a
file, which is written after the lines are out and not before.
"""

import asyncio
import json
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import click
from rich.console import Console

from broker.adapters.keys import read_passphrase, write_private
from broker.client.answers import one_line
from broker.client.api import session
from broker.client.feed import Feed
from broker.commands.common import Fail, telling
from broker.commands.signed_in import talking

DO: Mapping[str, str] = {
    "grant-ended": "end what runs under it, and ask for what was given out to be deleted",
    "grant-suspended": "end what runs under it",
    "grant-resumed": "ask again: it may be used",
    "person-suspended": "let them in no more",
    "person-resumed": "ask again: they may be let in",
    "consents-changed": "leave out who is named, and ask again about each object; without objects, about all of them",
    "ask-again": "ask again about what rests on it",
}
"""What each event asks for; of one that is not here, an older program can only say so."""
_NEWER = "this program does not know it: update it, and ask again about everything"
_FIRST = ("id", "at", "event")


@click.command()
@click.option("--at", required=True, help="Address of the broker, its issuer.")
@click.option("--client", required=True, help="Your client at the broker, with the scope feed:read.")
@click.option(
    "--secret-file", required=True, type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="Its secret; nobody else may read the file.",
)  # fmt: skip
@click.option(
    "--cursor", required=True, type=click.Path(path_type=Path, dir_okay=False),
    help="File that keeps how far you have read; without it the feed begins now.",
)  # fmt: skip
@click.option("--follow", is_flag=True, help="Go on, and tell of what happens as it does.")
@click.option("--json", "as_json", is_flag=True, help="For machines: one event a line, as it was signed.")
def feed(at: str, client: str, secret_file: Path, cursor: Path, *, follow: bool, as_json: bool) -> None:
    """What has ended of what you gave out, and what to do about it.

    Each page is verified, and begins where the last one ended. Ends with 1 if the broker refused, with 2 if something
    broke; run it again to go on.
    """
    with telling():
        secret = read_passphrase(secret_file).decode()
        start = cursor.read_text("ascii").strip() if cursor.exists() else None
    if start == "":
        raise Fail(f"{cursor}: empty. Remove it to begin now, and ask again about everything that you gave out")

    async def run() -> None:
        async with session() as http:
            source = Feed(http=http, issuer=at.rstrip("/"), client=client, secret=secret)
            async for page in source.pages(start, follow=follow):
                for event in page.events:
                    click.echo(json.dumps(event) if as_json else "\n".join(_told(event)))
                sys.stdout.flush()
                _keep(cursor, page.next)

    with talking(Console(stderr=True, highlight=False)):
        asyncio.run(run())


def _told(event: Mapping[str, Any]) -> Iterator[str]:
    """The event in one line, and what to do in another."""
    name = one_line(event.get("event"))
    members = (f"{key} {_shown(event[key])}" for key in event if key not in _FIRST)
    yield " · ".join([one_line(event.get("at")), name, *members])
    yield f"    {DO.get(name, _NEWER)}"


def _shown(value: Any) -> str:
    return one_line(value if isinstance(value, str) else json.dumps(value))


def _keep(path: Path, cursor: str) -> None:
    """The new cursor in place of the old one, at once or not at all. OSError."""
    new = path.with_name(f"{path.name}.new")
    new.unlink(missing_ok=True)
    write_private(new, cursor.encode())
    new.replace(path)
