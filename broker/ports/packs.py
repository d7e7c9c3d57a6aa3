"""Sets of policy packs: the one in force, and others that somebody writes, tries and puts in its place."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from broker.core.jurisdiction.rulebook import Rulebook

Files = Mapping[str, bytes]
"""The files of a set, by their place in its folder: `<name>.yaml` for each pack, and `cases/<pack id>.yaml`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """The set by which this process decides. `settled`: is it also the one that the next start would take?"""

    files: Files
    settled: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Tried:
    """What a set of files is. `digest`: SHA-256 over names and contents. `problems`: `file:line: field: what`.

    `places`: in which file each pack stands, of those that can be read. `rules`: None where anything is wrong.
    """

    digest: str
    problems: tuple[str, ...]
    places: Mapping[str, str]
    rules: Rulebook | None


class PackSets(Protocol):
    """Where sets are kept. What takes long runs beside the event loop."""

    async def held(self) -> Held:
        """The set in force."""
        ...

    async def tried(self, files: Files) -> Tried:
        """Everything that is wrong with `files`, their cases run, as `broker policy lint` and the settings say."""
        ...

    async def keep(self, files: Files) -> str:
        """Keep a copy, durable on return; under which digest. Nothing is decided by it yet. OSError."""
        ...

    async def adopt(self, digest: str) -> bool:
        """What `keep` kept holds from now on, here and at every start. False: it does not, and the packs before do."""
        ...
