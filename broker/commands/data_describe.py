"""`broker data describe`: what a catalogue says of files that will lie elsewhere, read from the copies at hand."""

from pathlib import Path
from typing import Any

import click
import yaml

from broker.adapters.catalogue.genomic import indexed
from broker.adapters.crypt4gh.archive_keys import ArchiveKeys
from broker.adapters.crypt4gh.files import Measured, measure
from broker.adapters.crypt4gh.indexes import indexed_sealed
from broker.commands.common import settings, telling
from broker.commands.data_register import SUFFIX, about_index, index_names
from broker.commands.data_shown import progress
from broker.core.rows import Envelope
from broker.core.rows.catalogue import IndexFile
from broker.core.time import Seconds, rfc3339
from broker.state import archive_keys


@click.command()
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("--dataset", required=True, help="The dataset to which they belong.")
@click.option("--subject", "subjects", multiple=True, help="A participant whose data are in there; repeat it.")
@click.pass_obj
def describe(config: Path | None, files: tuple[Path, ...], dataset: str, subjects: tuple[str, ...]) -> None:
    """Print the `objects` of a catalogue for files that will lie in a store over HTTP, under the same names.

    Nothing is registered. Encrypted files are decrypted on the way, for size and checksums of what is in them; an index
    that lies beside a file is described with it. Without --subject they are said to hold no personal data.
    """
    keys, found = archive_keys(settings(config)), list[dict[str, Any]]()
    whose: dict[str, Any] = {"subjects": list(subjects)} if subjects else {"unrestricted": True}
    with telling(), progress(files) as bars:
        for file, tell in bars:
            measured = measure(file, keys.all, tell)
            found.append(_said(file, measured, keys) | {"dataset": dataset} | whose)
            for line in about_index(file):
                click.echo(line, err=True)
    click.echo(yaml.safe_dump({"objects": found}, sort_keys=False, default_flow_style=None, width=200), nl=False)


def _said(file: Path, measured: Measured, keys: ArchiveKeys) -> dict[str, Any]:
    name = file.name.removesuffix(SUFFIX) if measured.envelope is not None else file.name
    made: dict[str, Any] = {
        "id": name,
        "name": name,
        "path": file.name,
        "size": measured.size,
        "checksums": measured.checksums,
        "created": rfc3339(Seconds(int(file.stat().st_mtime))),
    }
    if measured.envelope is not None:
        made["encrypted"] = _around(measured.envelope)
    return made | _index(file, measured, keys)


def _index(file: Path, measured: Measured, keys: ArchiveKeys) -> dict[str, Any]:
    sealed = SUFFIX if measured.envelope is not None else ""
    beside = next(index_names(file, sealed), None)
    if beside is None:
        return {}
    place = file.with_name(beside + sealed)
    format, index = (
        indexed_sealed(file, place, place.name, keys.all())
        if sealed
        else indexed(file.resolve().parent, file, place.name)
    )
    return {"format": format, "index": _index_said(index)}


def _index_said(index: IndexFile) -> dict[str, Any]:
    around = {"encrypted": _around(index.envelope)} if index.envelope is not None else {}
    said = {"path": index.path, "kind": index.kind, "size": index.size, "sha256": index.sha256}
    return said | {"layout_sha256": index.layout_sha256} | around


def _around(envelope: Envelope) -> dict[str, Any]:
    return {
        "header": envelope.header,
        "header_sha256": envelope.header_sha256,
        "size": envelope.size,
        "sha256": envelope.sha256,
    }
