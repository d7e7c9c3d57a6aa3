"""The texts that decisions of before stood on, read from where they were kept: packs, ontologies, our own trust row."""

import hashlib
import sqlite3
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

from broker.adapters.storage.codec import restore
from broker.core.documents import Standing, read_own, read_pack, read_rules, text_of
from broker.core.duo.ontology import Ontology
from broker.core.jurisdiction.rulebook import Rulebook, rulebook
from broker.core.passport.trust import TrustRow
from broker.core.rows import Document
from broker.core.rows.documents import document_id

ReadOntology = Callable[[Path], Ontology]
"""A file to the ontology in it (`adapters/ontology.py`)."""
_HELD = 32
"""Sets of texts that are held ready: they change seldom, and decisions come in order."""
_PART = (
    "SELECT d.body, e.digest FROM document d LEFT JOIN effect e"
    " ON e.kind = 'document' AND e.row_id = d.id AND e.version = d.version WHERE d.id = ?"
)


class MissingTextError(LookupError):
    """A text that is not kept, or is not what was kept; the message is its name."""


@dataclass(frozen=True, slots=True)
class Texts:
    """What a decision stood on, ready to judge by."""

    ontology: Ontology
    rulebook: Rulebook
    own: TrustRow


class KeptTexts:
    """Reads texts of one database, each once."""

    def __init__(self, db: sqlite3.Connection, read_ontology: ReadOntology) -> None:
        self._db, self._read_ontology = db, read_ontology
        self._rules = lru_cache(_HELD)(self._read_rules)
        self._ontology = lru_cache(2)(self._make_ontology)
        self._own = lru_cache(_HELD)(lambda kept: read_own(self._text(kept)))

    def of(self, standing: Standing) -> Texts | tuple[str, ...]:
        """The texts, or the names of those that are missing."""
        missing: list[str] = []
        found: list[object] = []
        for read, id in zip((self._rules, self._ontology, self._own), standing.ids(), strict=True):
            try:
                found.append(read(id))
            except MissingTextError as wrong:
                missing.append(str(wrong))
            except (ValueError, OSError, KeyError) as wrong:
                missing.append(f"{id}: {wrong}")
        match found:
            case [Rulebook() as rules, Ontology() as ontology, TrustRow() as own]:
                return Texts(ontology, rules, own)
            case _:
                return tuple(missing)

    def _read_rules(self, id: str) -> Rulebook:
        mode, packs = read_rules(self._text(id))
        missing, read = list[str](), []
        for name, version in packs:
            try:
                read.append(read_pack(self._text(document_id("pack", name, version))))
            except MissingTextError:
                missing.append(f"pack {name} version {version}")
        if missing:
            raise MissingTextError(", ".join(missing))
        made = rulebook(read, mode)
        if not isinstance(made, Rulebook):
            raise ValueError("; ".join(made))  # noqa: TRY004 (a set that cannot be used is a wrong value)
        return made

    def _make_ontology(self, id: str) -> Ontology:
        said = self._text(id)
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / ("release.json" if said.lstrip()[:1] == b"{" else "release.obo")
            file.write_bytes(said)
            return replace(self._read_ontology(file), version=id.partition("@")[2])

    def _text(self, id: str) -> bytes:
        first = self._part(id)
        return text_of([first, *(self._part(f"{id}#{part}") for part in range(1, first.parts))])

    def _part(self, id: str) -> Document:
        found = self._db.execute(_PART, (id,)).fetchone()
        if found is None:
            raise MissingTextError(id)
        body, digest = found
        if hashlib.sha256(body.encode()).hexdigest() != digest:
            raise ValueError("not what was kept")
        return restore(Document, body)
