"""What is kept, read for replays: pictures of the world as they were, and the decisions that were made of them.

Goes through the log once, from the first entry to the last, and follows the rows that each changed: the next
picture shares nearly all of the one before. Reads only, page by page, beside a broker that runs; every row and
trace is held against the digest that its entry committed to.
"""

import hashlib
import sqlite3
from collections import deque
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from itertools import groupby
from pathlib import Path

from broker.adapters.storage.codec import restore
from broker.adapters.storage.recovery import assert_revision
from broker.adapters.storage.texts import KeptTexts, ReadOntology, Texts
from broker.core.audit.entry import GONE
from broker.core.documents import Standing
from broker.core.duo.ontology import Ontology
from broker.core.jurisdiction.rulebook import Rulebook, rulebook
from broker.core.passport.trust import TrustRow
from broker.core.rows import HISTORY_KINDS, Person, Row, Trace
from broker.core.rows.history import KEPT, LEFT_OUT, as_kept
from broker.core.snapshot import Snapshot, empty, follow, on_texts

PAGE = 500
LATEST = 4_096
"""Pictures that are held: a decision may be recorded a little after the picture that it was made of."""
_MOST_MISSING = 20
"""Names of rows that are told."""
_KINDS = {kind.KIND: kind for kind in HISTORY_KINDS}
_EFFECTS = "SELECT seq, kind, row_id, version, digest FROM effect WHERE seq >= ? AND seq < ? ORDER BY seq, kind, row_id"
_ROWS_UNTIL = "SELECT row_id, version, digest FROM effect WHERE kind = ? AND seq < ? ORDER BY row_id, version"
_BODY = "SELECT body FROM history WHERE kind = ? AND row_id = ? AND version = ?"
_PRESENT = {name: f'SELECT body FROM "{name}" WHERE id = ? AND version = ?' for name in _KINDS}  # noqa: S608 (ours)
_TRACE = "SELECT seq, digest FROM effect WHERE kind = 'trace' AND row_id = ? AND version = 1"
_DIGEST = "SELECT digest FROM effect WHERE kind = ? AND row_id = ? AND version = ?"

Change = tuple[str, str, int, str]
"""Kind, id and version of a row, and the digest that its entry committed to."""


@dataclass(frozen=True, slots=True)
class Decided:
    """One decision on the way through the log. `trace`: None if it is gone, or is not what was recorded."""

    seq: int
    id: str
    trace: Trace | None


class History:
    """One way through a database (a flows.replay.Kept)."""

    def __init__(self, db: sqlite3.Connection, read_ontology: ReadOntology) -> None:
        self._db, self._texts = db, KeptTexts(db, read_ontology)
        self._pictures = deque[tuple[int, Snapshot]]([(0, _nothing())], maxlen=LATEST)
        self._missing: dict[tuple[str, str], str] = {}
        self._made: tuple[Snapshot, Standing, Snapshot] | None = None

    @property
    def size(self) -> int:
        """How many entries the log has."""
        return int(self._db.execute("SELECT coalesce(max(seq) + 1, 0) FROM record").fetchone()[0])

    def from_time(self, at: int) -> int:
        """The first entry of `at` (seconds) or later; the size, if there is none."""
        (found,) = self._db.execute("SELECT min(seq) FROM record WHERE at >= ?", (at,)).fetchone()
        return self.size if found is None else int(found)

    def decision(self, id: str) -> Decided | None:
        """One decision, without going through the log; None if nothing is recorded of it."""
        found = self._db.execute(_TRACE, (id,)).fetchone()
        return None if found is None else Decided(found[0], id, self._trace(id, found[1]))

    def decisions(self, since: int = 0) -> Iterator[Decided]:
        """Every decision from entry `since` on, in the order of the log. Call it once."""
        for seq, group in groupby(self._effects(), key=lambda effect: effect[0]):
            changes = [effect[1:] for effect in group]
            self._follow(seq, changes)
            if seq >= since:
                yield from (
                    Decided(seq, c[1], self._trace(c[1], c[3])) for c in changes if c[0] == Trace.KIND and c[3] != GONE
                )

    def _effects(self) -> Iterator[tuple[int, str, str, int, str]]:
        """All changes in the order of the log: no transaction is held open while they are worked on."""
        for first in range(0, self.size, PAGE):
            yield from self._db.execute(_EFFECTS, (first, first + PAGE)).fetchall()

    def _follow(self, seq: int, changes: Iterable[Change]) -> None:
        rows = [row for change in changes if change[0] in _KINDS and (row := self._row(*change)) is not None]
        if rows:
            self._pictures.append((seq + 1, follow(self._pictures[-1][1], rows, seq + 1)))

    def _rows_at(self, generation: int) -> Snapshot:
        """The rows when the log had `generation` entries. A picture that is held, or made for this."""
        for size, picture in reversed(self._pictures):
            if size <= generation and (len(self._pictures) > 1 or generation == 0):
                return picture
        last = {}
        for kind in _KINDS:
            for id, version, digest in self._db.execute(_ROWS_UNTIL, (kind, generation)):
                last[kind, id] = (kind, id, version, digest)
        rows = [row for change in last.values() if (row := self._row(*change)) is not None]
        return follow(_nothing(), rows, generation)

    def _row(self, name: str, id: str, version: int, digest: str) -> Row | None:
        """A version of a row as it is kept; None, and a note of what is missing, if it is not, or not any more."""
        kind = _KINDS[name]
        found = self._db.execute(_BODY, (name, id, version)).fetchone()
        if found is not None and kind in LEFT_OUT:
            digest = self._db.execute(_DIGEST, (name + KEPT, id, version)).fetchone()[0]
        if found is None:  # of before history began: it may be the one that holds
            found = self._db.execute(_PRESENT[name], (id, version)).fetchone()
        if found is not None and found[0] == "":
            self._missing[name, id] = f"{name} {id} version {version} was erased"
            return None
        if found is None or hashlib.sha256(found[0].encode()).hexdigest() != digest:
            why = "is not kept" if found is None else "is not what was recorded"
            self._missing[name, id] = f"{name} {id} version {version} {why}"
            return None
        self._missing.pop((name, id), None)
        return as_kept(restore(kind, found[0]))

    def _trace(self, id: str, digest: str) -> Trace | None:
        found = self._db.execute("SELECT body FROM trace WHERE id = ?", (id,)).fetchone()
        if found is None or hashlib.sha256(found[0].encode()).hexdigest() != digest:
            return None
        return restore(Trace, found[0])

    # What a replay asks for (flows.replay.Kept).

    def picture(self, generation: int, standing: Standing) -> Snapshot | tuple[str, ...]:
        """See flows.replay.Kept."""
        texts = self._texts.of(standing)
        if not isinstance(texts, Texts):
            return texts
        rows = self._rows_at(generation)
        if self._made is None or self._made[0] is not rows or self._made[1] != standing:
            self._made = rows, standing, on_texts(rows, texts.ontology, texts.rulebook, texts.own)
        return replace(self._made[2], generation=generation, stands_on=standing)

    def lacking(self, generation: int) -> tuple[str, ...]:
        """See flows.replay.Kept."""
        del generation  # what is missing is missing since the beginning
        return tuple(self._missing.values())[:_MOST_MISSING]

    def trace(self, id: str) -> Trace | None:
        """See flows.replay.Kept."""
        found = self.decision(id)
        return found.trace if found is not None else None

    def log_key(self, person: str) -> str | None:
        """See flows.replay.Kept."""
        found = self._db.execute("SELECT body FROM person WHERE id = ?", (person,)).fetchone()
        return (restore(Person, found[0]).log_key or None) if found is not None else None


def _nothing() -> Snapshot:
    """The picture before the first entry, on no texts."""
    none = memoryview(b"")
    ontology = Ontology(version="", names=(), labels=(), numbers={}, others={}, starts=none, ancestors=none)
    rules = rulebook((), "example")
    if not isinstance(rules, Rulebook):
        raise TypeError("a set without packs is a set")
    return empty(ontology, rules, TrustRow(iss="nobody"))


@contextmanager
def open_history(path: Path, read_ontology: ReadOntology) -> Iterator[History]:
    """The history of a database, beside a broker or on a copy. FileNotFoundError if there is none."""
    if not path.is_file():
        raise FileNotFoundError(path)
    with closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True, isolation_level=None)) as db:
        db.execute("PRAGMA query_only = ON")
        db.execute("PRAGMA trusted_schema = OFF")
        assert_revision(db)
        yield History(db, read_ontology)
