"""`broker policy …`: look at policy packs, try what others would change, and put others in force."""

import asyncio
import sys
from pathlib import Path

import click

from broker.adapters.clock import SystemClock
from broker.adapters.policy_files import lint_packs, load_packs
from broker.adapters.policy_store import keep, point_to
from broker.commands.common import Fail, settings, telling
from broker.commands.policy_shown import listed, one_pack
from broker.commands.policy_simulate import simulate
from broker.config import Settings, shared_folder
from broker.core.documents import pack_text, read_pack
from broker.core.jurisdiction.pack import Pack
from broker.core.rows import Document
from broker.core.rows.documents import document_id
from broker.core.time import day_of
from broker.database import rows_of
from broker.flows.put_in_force import contradicted, stored_text
from broker.policies import load_rules, policy_folder

_FOLDER = click.Path(path_type=Path, exists=True, file_okay=False)


@click.group()
def policy() -> None:
    """Policy packs: what the law is, for this broker."""


policy.add_command(simulate)


@policy.command()
@click.argument("folder", type=_FOLDER, required=False)
def lint(folder: Path | None) -> None:
    """Check packs and their cases: every problem as file, line, field and what; ends with 1 if there is one.

    Without FOLDER the shipped examples.
    """
    with telling():
        problems = lint_packs(folder or shared_folder("config") / "policies")
    for problem in problems:
        click.echo(problem)
    click.echo(f"{len(problems)} problems" if problems else "no problem")
    sys.exit(1 if problems else 0)


@policy.command(name="list")
@click.option("--folder", type=_FOLDER, help="Packs that are not in force.")
@click.option("--json", "as_json", is_flag=True, help="For programs.")
@click.pass_obj
def list_packs(config: Path | None, folder: Path | None, *, as_json: bool) -> None:
    """The packs in force: version, digest, status, dates of review, and the countries that each answers for."""
    with telling():
        listed(_packs(config, folder), day_of(SystemClock().now()), as_json=as_json)


@policy.command()
@click.argument("id")
@click.option("--version", "release", help="A version that was in force before.")
@click.option("--folder", type=_FOLDER, help="Packs that are not in force.")
@click.option("--json", "as_json", is_flag=True, help="The whole pack, as it is kept.")
@click.pass_obj
def show(config: Path | None, id: str, release: str | None, folder: Path | None, *, as_json: bool) -> None:
    """One pack: its law, its dates, its sources, and its rules in the order in which they are tried."""
    with telling():
        if release is not None:
            pack = asyncio.run(_kept(settings(config).store, id, release))
        else:
            pack = next((one for one in _packs(config, folder) if one.id == id), None)
    if pack is None:
        raise Fail(f"{id}: no such pack" + (f" in version {release}" if release is not None else ""))
    one_pack(pack, as_json=as_json)


@policy.command()
@click.argument("folder", type=_FOLDER)
@click.pass_obj
def activate(config: Path | None, folder: Path) -> None:
    """Put the packs of FOLDER in force: a running broker takes them up within seconds, a stopped one at its start.

    Refused whole if anything is wrong with packs or cases, if a version was in force with another text, or in
    production if a pack is an example. Try `broker policy simulate FOLDER` first.
    """
    chosen = settings(config)
    with telling():
        if problems := lint_packs(folder):
            raise Fail("\n".join((*problems, "nothing was changed")))
        kept = keep(folder, chosen.activated_policies)
        rules = load_rules(kept, chosen.packs, chosen.mode)
        if wrong := asyncio.run(_contradicted(chosen, tuple(rules.packs.values()))):
            raise Fail("\n".join((*wrong, "nothing was changed")))
        point_to(kept)
    click.echo(f"{len(rules.packs)} packs from now on, kept in {kept}")


def _packs(config: Path | None, folder: Path | None) -> tuple[Pack, ...]:
    """Those of `folder`, or those in force."""
    if folder is not None:
        return load_packs(folder)
    chosen = settings(config)
    return tuple(load_rules(policy_folder(chosen), chosen.packs, chosen.mode).packs.values())


async def _contradicted(chosen: Settings, packs: tuple[Pack, ...]) -> tuple[str, ...]:
    async with rows_of(chosen.store) as rows:
        return await contradicted(rows, [pack_text(pack) for pack in packs])


async def _kept(database: Path | str, id: str, release: str) -> Pack | None:
    """A pack that was in force once. ValueError if it cannot be read any more."""
    async with rows_of(database) as rows:
        first = await rows.get(Document, document_id("pack", id, release))
        return read_pack(await stored_text(rows, first)) if first is not None else None
