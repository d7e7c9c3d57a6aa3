"""`broker people list|hold|release|export|erase`: what is owed to people; at the folder of a stopped broker."""

import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from broker.app import opened
from broker.commands.common import refusal, settings, telling
from broker.core.ids import Issuer, PersonId
from broker.core.outcome import Reason
from broker.core.rows import Identity
from broker.core.rows.identity import identity_id
from broker.core.time import Seconds, parse_rfc3339
from broker.flows.people import erase as erase_person
from broker.flows.people import export as export_person
from broker.flows.people import hold as hold_person
from broker.flows.people import release as release_person


@click.group()
def people() -> None:
    """What people may ask of who holds their data, and a hold that forbids erasure. Stop the broker first.

    PERSON is the `sub` that the broker gave somebody; `find` tells it.
    """


@people.command()
@click.argument("issuer")
@click.argument("sub")
@click.pass_obj
def find(config: Path | None, issuer: str, sub: str) -> None:
    """Print the person who signs in at ISSUER as SUB."""

    async def run(running: Any) -> Any:
        found = await running.world.rows.get(Identity, identity_id(Issuer(issuer), sub))
        return Reason(code="REQ-NOT-FOUND") if found is None else found.person

    click.echo(_done(config, run))


@people.command()
@click.argument("person")
@click.option("--ground", required=True, help="By whose order, and why. It is kept beside the log, not in it.")
@click.option("--until", help="RFC 3339; without it, until somebody lifts it.")
@click.pass_obj
def hold(config: Path | None, person: str, ground: str, until: str | None) -> None:
    """Nothing about PERSON is erased from now on."""
    with telling():
        ends = Seconds(parse_rfc3339(until)) if until is not None else None

    async def run(running: Any) -> Any:
        return await hold_person(running.world, PersonId(person), ground, ends)

    _done(config, run)
    click.echo(f"{person} is held{f' until {until}' if until else ''}")


@people.command()
@click.argument("person")
@click.pass_obj
def release(config: Path | None, person: str) -> None:
    """The hold of PERSON is over."""

    async def run(running: Any) -> Any:
        return await release_person(running.world, PersonId(person))

    _done(config, run)
    click.echo(f"{person} is not held")


@people.command()
@click.argument("person")
@click.pass_obj
def export(config: Path | None, person: str) -> None:
    """Print, as JSON, all that is stored about PERSON, and their entries of the log."""

    async def run(running: Any) -> Any:
        return await export_person(running.world, running.audit, PersonId(person))

    click.echo(json.dumps(_done(config, run), indent=2, ensure_ascii=False))


@people.command()
@click.argument("person")
@click.option("--ground", required=True, help="On which legal basis. It is an entry of the log: name nobody.")
@click.confirmation_option(prompt="This cannot be taken back. Erase them?")
@click.pass_obj
def erase(config: Path | None, person: str, ground: str) -> None:
    """Destroy the key to PERSON's pseudonym, end their sessions, take their names out of every row that is kept."""

    async def run(running: Any) -> Any:
        return await erase_person(running.world, PersonId(person), ground)

    count = _done(config, run)
    click.echo(
        f"erased; {count} rows name them no more. Backups from before still do: delete them when their time comes"
    )


def _done(config: Path | None, run: Callable[[Any], Any]) -> Any:
    """What the story gave; a refusal is one line."""

    async def inside() -> Any:
        async with opened(settings(config)) as running:
            return await run(running)

    with telling():
        done = asyncio.run(inside())
    if isinstance(done, Reason):
        raise refusal(done)
    return done
