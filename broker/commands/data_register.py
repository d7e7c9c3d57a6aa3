"""`broker data register`: files of a dataset are measured and become objects, by the story that applies catalogues."""

import asyncio
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import click

from broker.adapters.catalogue.genomic import indexed
from broker.adapters.crypt4gh.files import Measured, measure
from broker.adapters.crypt4gh.indexes import indexed_sealed
from broker.adapters.crypt4gh.packets import SecretKey
from broker.app import opened
from broker.commands.apply import told
from broker.commands.common import Fail, settings, telling
from broker.commands.data_shown import progress
from broker.config import Settings
from broker.core.drs.identifiers import is_object_id
from broker.core.ids import DatasetId, ObjectId, SubjectRef
from broker.core.rows import Dataset, DrsObject, Repository
from broker.core.time import Seconds
from broker.database import every
from broker.flows import apply_catalogue
from broker.state import archive_keys

SUFFIX = ".c4gh"
_INDEXES: Mapping[str, tuple[str, ...]] = {
    ".bam": (".bam.bai", ".bai", ".bam.csi"),
    ".cram": (".cram.crai", ".crai"),
    ".vcf.gz": (".vcf.gz.tbi", ".vcf.gz.csi"),
    ".bcf": (".bcf.csi",),
}
"""How files with regions end, and how their indexes do instead."""


@click.command()
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("--dataset", required=True, help="The dataset to which they belong; it is registered already.")
@click.option("--id", "id_", help="Of the object, where there is one file; else it is called like its content.")
@click.option("--subject", "subjects", multiple=True, help="A participant whose data are in there; repeat it.")
@click.option("--unrestricted", is_flag=True, help="There are no personal data in there.")
@click.option("--mime-type", help="Of the content.")
@click.option("--plan", "plan_only", is_flag=True, help="Only show what would change.")
@click.pass_obj
def register(
    config: Path | None,
    files: tuple[Path, ...],
    dataset: str,
    id_: str | None,
    subjects: tuple[str, ...],
    mime_type: str | None,
    *,
    unrestricted: bool,
    plan_only: bool,
) -> None:
    """Measure files and register them as objects of a dataset, at a broker that is not running: all or nothing.

    Encrypted ones are decrypted on the way, for size and checksums of what is in them. A file that is registered under
    the same path keeps its id, its participants and its words, unless others are said.
    """
    if id_ is not None and len(files) > 1:
        raise Fail("--id: there is more than one file")
    chosen = settings(config)
    home, root, known = asyncio.run(_home(chosen.store, dataset))
    rows: list[DrsObject] = []
    keys = archive_keys(chosen).all
    with telling(), progress(files) as bars:
        for file, tell in bars:
            path = _below(root, file)
            measured = measure(file, keys, tell)
            made = _with_index(_row(known.get(path), home, path, file, measured, id_), root, file, keys)
            if subjects or unrestricted:
                made = replace(made, subjects=frozenset(map(SubjectRef, subjects)), unrestricted=unrestricted)
            if made.unrestricted == bool(made.subjects):
                raise Fail(f"{file}: say whose data it holds (--subject), or --unrestricted, and not both")
            rows.append(replace(made, mime_type=mime_type) if mime_type is not None else made)
            for line in about_index(file):
                click.echo(line, err=True)
    with telling():
        changed = asyncio.run(_apply(chosen, rows, plan_only=plan_only))
    click.echo(f"{changed} changed" if not plan_only else "nothing was changed: this was the plan")


async def _home(database: Path | str, id: str) -> tuple[Dataset, Path, dict[str, DrsObject]]:
    """The dataset, the folder of its repository, and its objects by path."""
    datasets, repositories = await every(database, Dataset), await every(database, Repository)
    found = next((row for row in datasets if row.id == id), None)
    home = next((row for row in repositories if found is not None and row.id == found.repository), None)
    if found is None or home is None:
        raise Fail(f"{id}: no such dataset is registered; `broker apply` registers one")
    if home.is_remote:
        raise Fail(f"{id}: its files lie at {home.root}; `broker data describe` says what the catalogue needs of them")
    objects = [row for row in await every(database, DrsObject) if row.dataset == id and not row.is_bundle]
    return found, Path(home.root), {row.path: row for row in objects}


def _below(root: Path, file: Path) -> str:
    path = file.resolve()
    if not path.is_relative_to(root.resolve()):
        raise Fail(f"{file}: not in the folder of the repository, {root}")
    return path.relative_to(root.resolve()).as_posix()


def _row(
    before: DrsObject | None, home: Dataset, path: str, file: Path, measured: Measured, id: str | None
) -> DrsObject:
    if before is not None and id in (None, before.id):
        return replace(before, size=measured.size, checksums=measured.checksums, envelope=measured.envelope)
    name = file.name.removesuffix(SUFFIX) if measured.envelope is not None else file.name
    if not is_object_id(id or name):
        raise Fail(f"{id or name}: no object can have this id; say another one with --id")
    return DrsObject(
        id=ObjectId(id or name),
        dataset=DatasetId(home.id),
        name=name,
        path=path,
        size=measured.size,
        checksums=measured.checksums,
        mime_type="application/octet-stream",
        created=Seconds(int(file.stat().st_mtime)),
        envelope=measured.envelope,
    )


def _with_index(row: DrsObject, root: Path, file: Path, keys: Callable[[], Sequence[SecretKey]]) -> DrsObject:
    """The row, with what regions of it need, if an index lies beside the file, encrypted if that is."""
    sealed = SUFFIX if row.envelope is not None else ""
    found = next(index_names(file, sealed), None)
    if found is None:
        return replace(row, format=None, index=None, samples={}) if sealed else row
    beside = file.with_name(found + sealed).resolve()
    where = beside.relative_to(root.resolve()).as_posix()
    if not sealed:
        format, index = indexed(root.resolve(), file.resolve(), where)
        return replace(row, format=format, index=index)
    format, index = indexed_sealed(file.resolve(), beside, where, keys())
    return replace(row, format=format, index=index, samples={})


def index_names(file: Path, sealed: str = "") -> Iterator[str]:
    """The names of the indexes that lie beside a file with regions; of encrypted ones, with `sealed` behind."""
    name = file.name.removesuffix(SUFFIX)
    stems = ((name.removesuffix(ending), others) for ending, others in _INDEXES.items() if name.endswith(ending))
    return (
        stem + other for stem, others in stems for other in others if file.with_name(stem + other + sealed).exists()
    )


def about_index(file: Path) -> Iterator[str]:
    """Whether a file with regions has an index beside it, encrypted if the file is (Crypt4GH 1.0, section 5)."""
    if not file.name.removesuffix(SUFFIX).endswith(tuple(_INDEXES)):
        return
    sealed = SUFFIX if file.name.endswith(SUFFIX) else ""
    if next(index_names(file, sealed), None) is None:
        yield f"{file}: no index beside it: regions of it cannot be asked for"
    bare = next(index_names(file), None) if sealed else None
    if bare is not None:
        yield f"{file}: warning: its index {bare} is not encrypted"


async def _apply(chosen: Settings, rows: list[DrsObject], *, plan_only: bool) -> int:
    async with opened(chosen) as running:
        steps = await apply_catalogue.foresee(running.world, rows)
        for step in steps:
            click.echo(told(step))
        return 0 if plan_only else await apply_catalogue.apply(running.world, steps, None)
