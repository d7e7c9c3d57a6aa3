"""Is a log in order, from its first entry to its last? A yes, quickly; who hears no asks `audit_tool` what is wrong.

The log is gone through in blocks of 256 entries, by as many processes as there are processors. Each block is held
against everything that the careful way holds it against: entries against leaf hashes, numbers and labels and receipts
against entries, lists of changes against what entries commit to, tiles and every checkpoint against the tree.
"""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from hashlib import sha256
from itertools import groupby, pairwise
from pathlib import Path
from sqlite3 import Connection

from broker.adapters.storage.connections import connect_reading
from broker.adapters.storage.schema import SELECT_TAIL
from broker.adapters.storage.shards import Span, show
from broker.core.audit.blocks import Block, block_of, peaks_of, roots_at, tiles_above
from broker.core.audit.entry import Effect, effects_digest, receipts_of
from broker.core.audit.tiles import FULL, WIDTH, tail
from broker.core.audit.verify import Mark

ALONE = 100_000
"""Entries up to which one process does it: another one costs a tenth of a second before it begins."""

Progress = Callable[[int], None]
"""Told how many entries more were looked at."""

_SIZES = (
    "SELECT (SELECT count(*) FROM record WHERE seq >= ?1 AND seq < ?2),"
    " (SELECT coalesce(max(seq) + 1, ?1) FROM record WHERE seq < ?2) - ?1,"
    " (SELECT count(*) FROM receipt WHERE seq >= ?1 AND seq < ?2)"
)
_EFFECTS_AROUND = "SELECT EXISTS (SELECT 1 FROM effect WHERE seq < 0 OR seq >= ?)"
_TILE = "SELECT data FROM tile WHERE l = 0 AND n = ?"
_TILES = "SELECT count(*) FROM tile WHERE l = 0"
_ABOVE = "SELECT l, n, data FROM tile WHERE l > 0"
_ENTRIES = "SELECT at, kind, body FROM record WHERE seq >= ? AND seq < ? ORDER BY seq"
_EFFECTS = "SELECT seq, kind, row_id, version, digest FROM effect WHERE seq >= ? AND seq < ? ORDER BY seq"
_RECEIPTS = f"SELECT id, seq FROM receipt WHERE id IN ({', '.join('?' * WIDTH)}) ORDER BY id"  # noqa: S608 (ours)

_MANY = 3 * WIDTH
_RECEIPTS_AROUND = f"SELECT id, seq FROM receipt WHERE id >= ? AND id <= ? ORDER BY id LIMIT {_MANY}"  # noqa: S608 (ours)
"""Most of them are a block's own. Where many were made elsewhere in the same seconds, each is looked up instead."""


def in_order(
    path: Path, db: Connection, marks: Sequence[Mark], progress: Progress, span: Span, alone: int = ALONE
) -> bytes | None:
    """The root of the log, if everything about it is in order. `db`: `path`, open, showing `span`; `marks` by size."""
    count, size, receipts = db.execute(_SIZES, (span.first, span.before)).fetchone()
    if count != size or receipts != size or not marks or max(m.size for m in marks if m.source is None) != size:
        return None
    if marks[-1].size > size or (not span.ended and db.execute(_EFFECTS_AROUND, (span.first + size,)).fetchone()[0]):
        return None
    full = size // WIDTH
    blocks = _blocks(path, db, full, marks, progress, span, alone) if db.execute(_TILES).fetchone() == (full,) else None
    if blocks is None:
        return None
    last = tail(db.execute(SELECT_TAIL, (full,)), full)
    if _checked(db, span, full, size - full * WIDTH) != last:
        return None
    rest = {width: peaks_of(last[: width * 32]) for width in {m.size % WIDTH for m in marks if m.size // WIDTH == full}}
    if roots_at(blocks, rest, [mark.size for mark in marks]) != [mark.root for mark in marks]:
        return None
    if {(level, n): data for level, n, data in db.execute(_ABOVE)} != tiles_above(blocks):
        return None
    return marks[-1].root


def _blocks(
    path: Path, db: Connection, count: int, marks: Iterable[Mark], progress: Progress, span: Span, alone: int
) -> list[Block] | None:
    """All full blocks, the first share of them here and each other share in a process of its own."""
    widths = {
        n: sorted({m.size % WIDTH for m in group} - {0}) for n, group in groupby(marks, lambda m: m.size // WIDTH)
    }
    shares = 1 if count * WIDTH <= alone else max(1, os.cpu_count() or 1)
    bounds = [count * share // shares for share in range(shares + 1)]
    others = [_Other(path, span, first, end, widths) for first, end in pairwise(bounds[1:])]
    try:
        found = list[Block]()
        for block in check(db, span, bounds[0], bounds[1], widths):
            if block is None:
                return None
            found.append(block)
            progress(WIDTH * shares)
        for other in others:
            theirs = other.blocks()
            if theirs is None:
                return None
            found += theirs
        return found
    finally:
        for other in others:
            other.end()


def check(
    db: Connection, span: Span, first: int, end: int, widths: Mapping[int, Sequence[int]]
) -> Iterator[Block | None]:
    """The blocks `first` to before `end`; None, and no more, for the first that is not in order."""
    for n in range(first, end):
        data = _checked(db, span, n, WIDTH)
        stored = db.execute(_TILE, (n,)).fetchone()
        if data is None or len(data) != FULL or stored != (data,):
            yield None
            return
        yield block_of(data, widths.get(n, ()))


def _checked(db: Connection, of: Span, n: int, width: int) -> bytes | None:
    """The leaf hashes of `width` entries of block `n`, if all that stands beside them fits them."""
    first = of.first + n * WIDTH
    span = (first, first + width)
    entries = db.execute(_ENTRIES, span).fetchall()
    if len(entries) != width:
        return None
    changes = {
        seq: effects_digest([Effect(kind=k, id=i, version=v, digest=d) for _, k, i, v, d in group])
        for seq, group in groupby(db.execute(_EFFECTS, span), key=lambda effect: effect[0])
    }
    ids = receipts_of(entries, [changes.get(seq) for seq in range(*span)])
    if ids is None:
        return None
    stated = sorted((ids[at : at + 16], first + at // 16) for at in range(0, len(ids), 16))
    if not stated or _found(db, stated, span) != stated:
        return None if stated else b""
    return b"".join([sha256(b"\0" + body).digest() for _, _, body in entries])


def _found(db: Connection, stated: Sequence[tuple[bytes, int]], span: tuple[int, int]) -> list[tuple[bytes, int]]:
    """Which entries of a block its receipts lead to. Ids are in the order of time, and so, nearly, of the log."""
    around = db.execute(_RECEIPTS_AROUND, (stated[0][0], stated[-1][0])).fetchall()
    if len(around) < _MANY:
        return [each for each in around if span[0] <= each[1] < span[1]]
    return db.execute(_RECEIPTS, [id for id, _ in stated] + [None] * (WIDTH - len(stated))).fetchall()


class _Other:
    """Another process, at a share of the blocks."""

    def __init__(self, path: Path, span: Span, first: int, end: int, widths: Mapping[int, Sequence[int]]) -> None:
        asked = {"path": str(path), "span": span, "first": first, "end": end, "widths": [*widths.items()]}
        self._process = subprocess.Popen(  # noqa: S603 (ourselves)
            [sys.executable, "-m", __name__], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        if self._process.stdin is not None:
            with self._process.stdin as told:
                told.write(json.dumps(asked).encode())

    def blocks(self) -> list[Block] | None:
        """All of its share; None if one is not in order."""
        found = list[Block]()
        for line in self._process.stdout or ():
            said = json.loads(line)
            if said is None:
                return None
            root, peaks = said
            found.append(Block(bytes.fromhex(root), {w: tuple(map(bytes.fromhex, each)) for w, each in peaks}))
        return found if self._process.wait() == 0 else None

    def end(self) -> None:
        self._process.kill()
        self._process.wait()
        if self._process.stdout is not None:
            self._process.stdout.close()


def _work() -> None:
    """What another process does: a line for each block of its share."""
    asked = json.load(sys.stdin)
    with closing(connect_reading(Path(asked["path"]))) as db:
        span = Span(*asked["span"])
        show(db, span)
        for block in check(db, span, asked["first"], asked["end"], dict(asked["widths"])):
            said = None
            if block is not None:
                said = [block.root.hex(), [(width, [each.hex() for each in p]) for width, p in block.peaks.items()]]
            sys.stdout.write(json.dumps(said) + "\n")


if __name__ == "__main__":
    _work()
