"""`broker audit verify`: a database against its own log, its head, and the checkpoint that somebody kept.

Opens the file read-only and needs nothing of the running broker: it works on a copy as well. Shares no state with
the ledger; what it trusts are the public keys, and whoever kept the checkpoint.
"""

import hashlib
import json
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass, replace
from itertools import chain, islice, zip_longest
from pathlib import Path

from broker.adapters.storage.audit_chain import admitted, check_chain
from broker.adapters.storage.audit_quick import ALONE, Progress, in_order
from broker.adapters.storage.codec import indexed, receipt_bytes, receipt_text, restore
from broker.adapters.storage.connections import connect_reading
from broker.adapters.storage.schema import ROWS, metadata
from broker.adapters.storage.shards import Span, belongs, show, spans
from broker.core.audit.entry import Effect, outline
from broker.core.audit.findings import Fault, Finding
from broker.core.audit.matching import Leaves, StoredEntry
from broker.core.audit.merkle import HASH_BYTES, leaf_hash
from broker.core.audit.note import Key, NoteError, Verify, open_checkpoint, parse_checkpoint, unverified_text
from broker.core.audit.tiles import FULL, TileId, tail
from broker.core.audit.verify import Mark, Tree, check_entries, check_rows, check_tree
from broker.core.rows import HISTORY_KINDS, Erasure, Row
from broker.core.rows.history import KEPT, LEFT_OUT

MOST = 1_000
"""Findings that a report lists at most."""
_ENTRIES = "SELECT seq - ?1, at, kind, body FROM record WHERE seq >= ?2 AND seq < ?3 ORDER BY record.seq"
_BODIES = "SELECT body FROM record WHERE seq >= ? AND seq < ? ORDER BY seq"
_RECEIPT = "SELECT seq FROM receipt WHERE id = ?"
_STRAY_RECEIPTS = (
    "SELECT c.seq, c.n FROM (SELECT seq, count(*) AS n FROM receipt GROUP BY seq) c"
    " LEFT JOIN record r ON r.seq = c.seq WHERE r.seq IS NULL OR c.n > 1 ORDER BY c.seq"
)
_EFFECTS = "SELECT seq - ?1, kind, row_id, version, digest FROM effect WHERE seq >= ?2 AND seq < ?3 ORDER BY effect.seq"
_LAST = (
    "SELECT kind, row_id, max(version), digest, seq FROM effect"
    " WHERE kind NOT LIKE '%.kept' GROUP BY kind, row_id ORDER BY kind, row_id"
)
_KEPT = (
    "SELECT h.row_id, h.version, h.seq, h.body, e.seq, e.digest FROM history h LEFT JOIN effect e"
    " ON e.kind = :said AND e.row_id = h.row_id AND e.version = h.version WHERE h.kind = :kind"
)
_GONE = (
    "SELECT e.row_id, e.version, e.seq FROM effect e LEFT JOIN history h"
    " ON h.kind = :kind AND h.row_id = e.row_id AND h.version = e.version WHERE e.kind = :said AND h.kind IS NULL"
    " AND e.seq >= coalesce((SELECT CAST(value AS INTEGER) FROM meta WHERE key = 'history_from'), 0)"
)
_OTHER_OBJECTS = "SELECT type, name FROM sqlite_schema WHERE type IN ('trigger', 'view')"


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """`size`: entries in the trees. `proven`: of these lie in a tree that was signed. `more`: not all is listed.

    `root`: of the log that grows. `lost`: logs, and how many entries of each were published; the last of
    them are not there, and are said to be lost.
    """

    size: int
    proven: int
    root: bytes
    findings: tuple[Finding, ...]
    more: bool = False
    lost: tuple[tuple[str, int], ...] = ()
    logs: int = 1

    @property
    def ok(self) -> bool:
        """Is everything as it was signed?"""
        return not self.findings


def verify(
    path: Path,
    keys: Sequence[Key],
    origin: str,
    ed25519: Verify,
    head_path: Path | None = None,
    checkpoint: bytes | None = None,
    progress: Progress = lambda _: None,
    alone: int = ALONE,
) -> Report:
    """What is wrong with the database at `path`, log by log, entry by entry and row by row.

    `origin`: of the broker's first log, and so of `keys`: under the names of the logs after it they are the same.
    `head_path`: the head of the log; `checkpoint`: one that somebody kept. Without either, an old copy of the whole
    database passes for the newest. `alone`: entries up to which one process does all of it. FileNotFoundError for a
    missing file; sqlite3.DatabaseError for one that is no database.
    """
    for each in (path, *([head_path] if head_path is not None else [])):
        if not each.is_file():
            raise FileNotFoundError(each)
    trust = _Trust(origin, tuple(keys), ed25519)
    kept, wrong = _kept(trust, head_path, checkpoint)
    with closing(connect_reading(path)) as db:
        db.execute("BEGIN")  # one reading of everything, whatever is written meanwhile
        wrong += _schema(db)
        if wrong and wrong[-1].fault is Fault.SCHEMA_CHANGED and "missing" in wrong[-1].said:
            return Report(size=0, proven=0, root=b"", findings=tuple(wrong))
        logs, lost = spans(db), admitted(db, spans(db))
        wrong += _strangers(kept, logs, lost)
        parts = [_log(path, db, trust, span, kept, lost, progress, alone, sound=not wrong) for span in logs]
        rest = chain(*(part.findings for part in parts), check_chain(db, logs, origin), _walk_rows(db))
        wrong += islice(rest, max(0, MOST - len(wrong)))
        return Report(
            size=sum(part.size for part in parts),
            proven=sum(part.proven for part in parts),
            root=parts[-1].root,
            findings=tuple(_named(db, finding) for finding in wrong),
            more=next(rest, None) is not None,
            lost=tuple(sorted(lost.items())),
            logs=len(logs),
        )


@dataclass(frozen=True, slots=True)
class _Part:
    size: int
    proven: int
    root: bytes
    findings: list[Finding]


def _log(
    path: Path,
    db: sqlite3.Connection,
    trust: "_Trust",
    span: Span,
    kept: Sequence[tuple[str, Mark]],
    lost: Mapping[str, int],
    progress: Progress,
    alone: int,
    *,
    sound: bool,
) -> _Part:
    """One log. Whoever says that entries were lost is held to those that are there, and to what there is besides."""
    show(db, span)
    try:
        own, wrong = _marks(db, trust, span.origin)
        gone = range((span.end or 0) - span.first + 1, lost.get(span.origin, -1) + 1)
        outside = [mark for origin, mark in kept if origin == span.origin and mark.size not in gone]
        marks = sorted([*own, *outside], key=lambda mark: mark.size)
        root = in_order(path, db, marks, progress, span, alone) if sound and not wrong else None
        if root is not None:
            return _Part(marks[-1].size, marks[-1].size, root, [])
        tree, leaves, found = _tree(db, marks, span)
        entries = islice(_walk(db, leaves, span), MOST + 1)
        moved = [_numbered(finding, span) for finding in chain(wrong, found, entries)]
        return _Part(tree.edge.frontier.size, tree.proven, tree.edge.frontier.root(), moved)
    finally:
        show(db, Span(span.origin))


def _numbered(finding: Finding, span: Span) -> Finding:
    """By the number of the entry, not by its place in its log."""
    return finding if finding.seq is None else replace(finding, seq=finding.seq + span.first)


def _strangers(kept: Sequence[tuple[str, Mark]], logs: Sequence[Span], lost: Mapping[str, int]) -> Iterator[Finding]:
    """Logs that others know of, and that are not here."""
    here = {span.origin for span in logs} | lost.keys()
    for origin, mark in kept:
        if origin not in here:
            said = f"{mark.source}: the log {origin} with {mark.size} entries is not here"
            yield Finding(fault=Fault.LOG_TRUNCATED, said=said)


@dataclass(frozen=True, slots=True)
class _Trust:
    origin: str
    keys: tuple[Key, ...]
    ed25519: Verify

    def mark(self, note: bytes, source: str | None, origin: str) -> Mark:
        """NoteError for a note that no known key signed, or of another log than `origin`."""
        known = [Key(origin, key.public, key.kind) if key.name == self.origin else key for key in self.keys]
        said = open_checkpoint(note, origin, known, self.ed25519)
        return Mark(said.size, said.root, source)

    def kept(self, note: bytes, source: str) -> tuple[str, Mark]:
        """The same for one that may be of any log of this broker, with its origin."""
        origin = parse_checkpoint(unverified_text(note)).origin
        return origin, self.mark(note, source, origin if belongs(origin, self.origin) else self.origin)


def _kept(
    trust: _Trust, head_path: Path | None, checkpoint: bytes | None
) -> tuple[list[tuple[str, Mark]], list[Finding]]:
    """What others kept: the heads, and a checkpoint; each with the log that it is of."""
    notes = [("the kept checkpoint", checkpoint)] if checkpoint is not None else []
    if head_path is not None:
        with closing(connect_reading(head_path)) as db:
            notes += [("the head", row[0]) for row in db.execute("SELECT note FROM head")]
    marks, wrong = list[tuple[str, Mark]](), list[Finding]()
    for source, note in notes:
        try:
            marks.append(trust.kept(note, source))
        except NoteError as error:
            wrong.append(Finding(fault=Fault.CHECKPOINT_FALSE, said=f"{source}: {error}"))
    return marks, wrong


def _schema(db: sqlite3.Connection) -> list[Finding]:
    """Triggers and views can lie to every reader; a table that is gone cannot be read at all (said last)."""
    there = {row[0] for row in db.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")}
    wrong = [f"a {kind} named {name}" for kind, name in db.execute(_OTHER_OBJECTS)]
    wrong += [f"the table {name} is missing" for name in sorted(metadata.tables) if name not in there]
    return [Finding(fault=Fault.SCHEMA_CHANGED, said=said) for said in wrong]


def _marks(db: sqlite3.Connection, trust: _Trust, origin: str) -> tuple[list[Mark], list[Finding]]:
    """The checkpoints of the database that really were signed, by size; and the others."""
    marks, wrong = list[Mark](), list[Finding]()
    for size, root, note in db.execute("SELECT size, root, note FROM checkpoint ORDER BY size"):
        try:
            mark = trust.mark(note, None, origin)
        except NoteError as error:
            wrong.append(Finding(fault=Fault.CHECKPOINT_FALSE, said=f"checkpoint at {size}: {error}"))
            continue
        marks.append(mark)
        if (mark.size, mark.root) != (size, root):
            said = f"checkpoint at {size}: what was signed is another size or root"
            wrong.append(Finding(fault=Fault.CHECKPOINT_FALSE, said=said))
    return sorted(marks, key=lambda mark: mark.size), wrong


def _tree(db: sqlite3.Connection, marks: Sequence[Mark], span: Span) -> tuple[Tree, Leaves, list[Finding]]:
    """The tree that was signed, and its leaf hashes: as they are kept, or else as the entries have them."""
    kept = check_tree(_leaves(db), marks)
    if not kept.findings:
        return kept, lambda: _leaves(db), _tiles(db, kept.tiles)
    hashed = check_tree(_hashes(db, span), marks)
    if hashed.findings:
        return kept, lambda: _leaves(db), list(kept.findings)
    differ = zip_longest(_leaves(db), _hashes(db, span))
    first = next(place for place, (stored, computed) in enumerate(differ) if stored != computed)
    said = "the hash kept for this entry is not the one that was signed; the entry itself is"
    return hashed, lambda: _hashes(db, span), [Finding(fault=Fault.TILE_CHANGED, said=said, seq=first)]


def _hashes(db: sqlite3.Connection, span: Span) -> Iterator[bytes]:
    return (leaf_hash(row[0]) for row in db.execute(_BODIES, (span.lowest, span.before)))


def _leaves(db: sqlite3.Connection) -> Iterator[bytes]:
    """The leaf hashes as the log keeps them: full tiles of level 0, then what the checkpoints hold."""
    index = 0
    for n, data in db.execute("SELECT n, data FROM tile WHERE l = 0 ORDER BY n"):
        if n != index or len(data) != FULL:
            return
        yield from _split(data)
        index += 1
    rows = db.execute("SELECT size, leaves FROM checkpoint WHERE size > 256 * ? ORDER BY size", (index,))
    yield from _split(tail(rows, index))


def _split(hashes: bytes) -> Iterator[bytes]:
    return (hashes[at : at + HASH_BYTES] for at in range(0, len(hashes), HASH_BYTES))


def _tiles(db: sqlite3.Connection, computed: Mapping[TileId, bytes]) -> list[Finding]:
    """Tiles above level 0 that are not what the tiles below them make."""
    stored = {(level, n): data for level, n, data in db.execute("SELECT l, n, data FROM tile WHERE l > 0")}
    return [
        Finding(fault=Fault.TILE_CHANGED, said=f"tile {level}/{n} is not what the tiles below it make")
        for level, n in sorted(stored.keys() | computed.keys())
        if stored.get((level, n)) != computed.get((level, n))
    ]


def _walk(db: sqlite3.Connection, leaves: Leaves, span: Span) -> Iterator[Finding]:
    """Entries against the tree."""
    led = list[int]()
    effects = (
        (seq, Effect(kind=k, id=i, version=v, digest=d)) for seq, k, i, v, d in db.execute(_EFFECTS, span.within)
    )
    wrong = check_entries(leaves, _entries(db, led, span), effects)
    first = next(wrong, None)
    if first is not None:
        yield first
        yield from wrong
        return  # where entries are gone or in the wrong place, where receipts lead follows from that
    for seq in led:
        yield Finding(fault=Fault.ENTRY_MISLABELLED, said="its receipt leads to another entry", seq=seq)
    for seq, count in db.execute(_STRAY_RECEIPTS):
        said = "more than one receipt leads to this entry" if count > 1 else "a receipt leads to no entry"
        if span.lowest <= seq < span.before:
            yield Finding(fault=Fault.ENTRY_MISLABELLED, said=said, seq=seq - span.first)


def _entries(db: sqlite3.Connection, led: list[int], span: Span) -> Iterator[StoredEntry]:
    """Every entry, with the receipt id that it names if that is known. `led`: those whose receipts lead astray."""
    for seq, at, kind, body in db.execute(_ENTRIES, span.within):
        said = outline(body)
        found = db.execute(_RECEIPT, (receipt_bytes(said.id),)).fetchone() if said is not None else None
        if found is not None and found[0] != span.first + seq:
            led.append(seq)
        id = said.id if said is not None and found is not None else _receipt(db, span.first + seq)
        yield StoredEntry(seq, id, at, kind, body)


def _receipt(db: sqlite3.Connection, seq: int) -> str:
    """The receipt id that leads to entry `seq`; empty for none."""
    found = db.execute("SELECT id FROM receipt WHERE seq = ?", (seq,)).fetchone()
    return receipt_text(found[0]) if found is not None else ""


def _walk_rows(db: sqlite3.Connection) -> Iterator[Finding]:
    """Rows against entries."""
    last = ((Effect(kind=k, id=i, version=v, digest=d), seq) for k, i, v, d, seq in db.execute(_LAST))
    yield from check_rows(last, _rows(db))
    for kind in sorted(HISTORY_KINDS, key=lambda kind: kind.KIND):
        yield from _history(db, kind)


def _history(db: sqlite3.Connection, kind: type[Row]) -> Iterator[Finding]:
    """Every version that is kept against what its entry said of it, and none is missing since history began.

    One that an erasure on record emptied is as it must be.
    """
    names = {"kind": kind.KIND, "said": kind.KIND + KEPT if kind in LEFT_OUT else kind.KIND}
    erased = {row.row: row.before for row in _erasures(db) if row.kind == kind.KIND}
    for id, version, seq, body, said, digest in db.execute(_KEPT, names):
        if body == "" and said == seq and version < erased.get(id, 0):
            continue
        what = f"version {version} in the history"
        if said is None:
            yield Finding(fault=Fault.ROW_INSERTED, said=f"{what}: no entry accounts for it", row=(kind.KIND, id))
        elif (said, digest) != (seq, hashlib.sha256(body.encode()).hexdigest()):
            yield Finding(fault=Fault.ROW_CHANGED, said=f"{what} is not what was kept", seq=said, row=(kind.KIND, id))
    for id, version, seq in db.execute(_GONE, names):
        yield Finding(
            fault=Fault.ROW_DELETED, said=f"version {version} is gone from the history", seq=seq, row=(kind.KIND, id)
        )


def _erasures(db: sqlite3.Connection) -> list[Erasure]:
    """What was taken out of the history; a row that is none tells of itself where rows are checked."""
    found = []
    for (body,) in db.execute(f'SELECT body FROM "{Erasure.KIND}"'):  # noqa: S608 (ours)
        with suppress(ValueError):
            found.append(restore(Erasure, body))
    return found


def _rows(db: sqlite3.Connection) -> Iterator[Effect]:
    """Every row as an effect; one whose columns do not fit its body has a digest that fits nothing."""
    for kind in sorted(ROWS):
        columns = ", ".join(f'"{column.name}"' for column in ROWS[kind].columns)
        for id, version, body, *members in db.execute(f'SELECT {columns} FROM "{kind}" ORDER BY id'):  # noqa: S608
            digest = hashlib.sha256(body.encode()).hexdigest()
            fits = _fits(kind, body, id, version, members)
            yield Effect(kind=kind, id=id, version=version, digest=digest if fits else "columns")


def _fits(kind: str, body: str, id: str, version: int, members: Sequence[str | None]) -> bool:
    try:
        said = json.loads(body)
        return [said["id"], said["version"], *indexed(kind, said).values()] == [id, version, *members]
    except (ValueError, KeyError, TypeError, AttributeError):
        return False


def _named(db: sqlite3.Connection, finding: Finding) -> Finding:
    """With receipt and kind of the entry, where only its number is known so far."""
    if finding.seq is None or finding.receipt is not None or finding.fault is Fault.ENTRY_DELETED:
        return finding
    found = db.execute("SELECT kind FROM record WHERE seq = ?", (finding.seq,)).fetchone()
    return replace(finding, receipt=_receipt(db, finding.seq) or None, kind=found[0]) if found is not None else finding
