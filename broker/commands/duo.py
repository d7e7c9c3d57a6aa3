"""`broker duo import|export`: use conditions of other systems as DUO codes, and ours as theirs."""

import asyncio
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import click

from broker.commands.case_file import read_case_file
from broker.commands.common import Fail, settings, telling
from broker.core.duo.adam import read_matrix
from broker.core.duo.duc import read_profile
from broker.core.duo.duc_export import write_profile
from broker.core.duo.foreign import Imported
from broker.core.duo.terms import Term, public
from broker.core.duo.vocabulary import ENTRIES, IS, PS
from broker.core.ids import DatasetId, GrantId
from broker.core.plain import plain
from broker.core.rows import Dataset, Grant
from broker.database import rows_of

_READERS: Mapping[str, Callable[[object], Imported]] = {"duc": read_profile, "ada-m": read_matrix}


@click.group()
def duo() -> None:
    """Data use conditions, in and out."""


@duo.command(name="import")
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("--format", "form", type=click.Choice(list(_READERS)), help="What FILE is; left out: seen from it.")
def import_conditions(file: Path, form: str | None) -> None:
    """Print the codes that FILE (a DUC profile or an ADA-M matrix, JSON or YAML) means, for a catalogue.

    Below them stands what a person must look at. Nothing is changed.
    """
    with telling():
        document = read_case_file(file).value
        chosen = form or ("duc" if isinstance(document, dict) and "conditions" in document else "ada-m")
        try:
            found = _READERS[chosen](document)
        except ValueError as wrong:
            raise Fail(f"{file}: {wrong}") from None
    click.echo("\n".join(fragment(found)))


def fragment(found: Imported) -> list[str]:
    """The lines of a catalogue that `found` means."""
    lines = [f"# {' '.join(found.title.split())}"] if found.title.strip() else []
    lines += ["duo:" if found.terms else "duo: []"]
    lines += [f"  - {_coded(term)}  # {term.name}: {ENTRIES[term.code].label}" for term in found.terms]
    if found.notes:
        lines += ["# For a person:", *(f"# - {note.where}: {' '.join(note.says.split())}" for note in found.notes)]
    return lines


def _coded(term: Term) -> str:
    """One code as JSON, which is YAML too."""
    given = {name: value for name, value in plain(term).items() if value != []}
    return json.dumps(given if len(given) > 1 else term.code, ensure_ascii=False)


@duo.command()
@click.argument("id")
@click.option("--users", is_flag=True, help="Name the persons of user-specific codes, too.")
@click.pass_obj
def export(config: Path | None, id: str, *, users: bool) -> None:
    """Print the dataset or grant ID as a DUC profile (schemas/duc-profile.schema.json)."""
    chosen = settings(config)
    with telling():
        title, terms, dataset = asyncio.run(_found(chosen.store, id))
        shown = terms if users else tuple(public(term) for term in terms)
        click.echo(json.dumps(write_profile(title, shown, dataset), indent=2, ensure_ascii=False))


async def _found(database: Path | str, id: str) -> tuple[str, tuple[Term, ...], str]:
    async with rows_of(database) as rows:
        dataset = await rows.get(Dataset, DatasetId(id))
        grant = await rows.get(Grant, GrantId(id)) if dataset is None else None
    if dataset is not None:
        return dataset.title, dataset.duo, dataset.id
    if grant is None:
        raise Fail(f"{id}: neither a dataset nor a grant")
    return f"Grant {grant.id}", _bound(grant), grant.dataset


def _bound(grant: Grant) -> tuple[Term, ...]:
    """The codes of a grant: the dataset's, and the project and institution that it is for."""
    limits: dict[str, Any] = {}
    if grant.purpose.project:
        limits[PS] = Term(code=PS, projects=frozenset({grant.purpose.project}))
    if grant.purpose.institution:
        limits[IS] = Term(code=IS, institutions=frozenset({grant.purpose.institution}))
    stated = {term.code for term in grant.duo}
    return (*grant.duo, *(term for code, term in limits.items() if code not in stated))
