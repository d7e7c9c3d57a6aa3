"""Reading a catalogue file: YAML, then the published form, then rows. One error and nothing of it is used."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path

from pydantic import ValidationError

from broker.adapters.catalogue.models import Catalogue
from broker.adapters.catalogue.rows import Loc, grants_of, rows_of
from broker.adapters.yaml_files import YamlFileError, load_yaml
from broker.core.catalogue import DeclaredGrant, Fault
from broker.core.rows import Row


class CatalogueError(Exception):
    """The file cannot be used. `problems`: one line each, `file:line: field: what is wrong`."""

    def __init__(self, problems: Iterable[str]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(self.problems))


@dataclass(frozen=True, slots=True, kw_only=True)
class Declared:
    """What a file declares. `grants` name a person by identity, so their rows are made where persons are known."""

    rows: tuple[Row, ...]
    grants: tuple[DeclaredGrant, ...] = ()
    where: Callable[[Fault], str | None] = field(default=lambda _: None)
    """`file:line: field: what is wrong` for a fault of a dataset or object that this file declares."""


def read_catalogue(path: Path) -> Declared:
    """The rows that a catalogue file declares. CatalogueError names file, line and field of every fault."""
    try:
        loaded = load_yaml(path, anchors=False)
    except YamlFileError as wrong:
        raise CatalogueError([str(wrong)]) from None
    try:
        catalogue = Catalogue.model_validate(loaded.value)
    except ValidationError as wrong:
        raise CatalogueError(
            f"{path}:{loaded.line(error['loc'])}: {_field(error['loc'])}: {error['msg']}" for error in wrong.errors()
        ) from None
    problems: list[str] = []

    def blame(loc: Loc, message: str) -> None:
        problems.append(f"{path}:{loaded.line(loc)}: {_field(loc)}: {message}")

    rows = tuple(rows_of(catalogue, path.parent, blame))
    grants = tuple(grants_of(catalogue, blame))
    if problems:
        raise CatalogueError(problems)
    places = {part.id: ("datasets", index) for index, part in enumerate(catalogue.datasets)}
    objects = {part.id: ("objects", index) for index, part in enumerate(catalogue.objects)}

    def where(fault: Fault) -> str | None:
        place = places.get(fault.dataset) if fault.object is None else objects.get(fault.object)
        if place is None:
            return None
        loc: Loc = (*place, *_members(fault.member))
        return f"{path}:{loaded.line(loc)}: {_field(loc)}: {fault.problem}"

    return Declared(rows=rows, grants=grants, where=where)


def _members(name: str) -> Loc:
    """The path to a member; the name of a fact has a dot in it."""
    first, dot, rest = name.partition(".")
    return (first, rest) if first == "facts" and dot else tuple(name.split("."))


def _field(loc: tuple[int | str, ...]) -> str:
    return ".".join(map(str, loc)) or "the file"
