"""Is the log what was signed, and are the rows what the log accounts for? If not: what was done to which entry?

Everything is read once, in order, and compared with something that cannot be made without the log's key:
signed checkpoints fix the tree of leaf hashes, the tree fixes the entries, an entry fixes what it changed,
the last change fixes the row. Only where entries do not follow the tree is memory used for an index of it.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice

from broker.core.audit.entry import GONE, Effect
from broker.core.audit.findings import Fault, Finding
from broker.core.audit.matching import Leaves, Matching, StoredEntry
from broker.core.audit.tiles import WIDTH, Edge, TileId


@dataclass(frozen=True, slots=True)
class Mark:
    """A checkpoint whose signature is good. `source`: who kept it; None for the database itself."""

    size: int
    root: bytes
    source: str | None = None


@dataclass(frozen=True, slots=True)
class Tree:
    """What `check_tree` found: the tree as far as there are leaf hashes, and what is wrong with it."""

    edge: Edge
    tiles: Mapping[TileId, bytes]
    """The tiles above level 0, computed."""
    proven: int
    """The tree is the signed one up to here."""
    findings: tuple[Finding, ...]


def check_tree(leaves: Iterable[bytes], marks: Iterable[Mark]) -> Tree:
    """Does the tree over `leaves` pass through every mark? `marks` in order of size."""
    rest, edge, tiles = iter(leaves), Edge(), dict[TileId, bytes]()
    proven, wrong, covered = 0, list[Finding](), 0
    for mark in marks:
        edge = _grow(edge, rest, mark.size, tiles)
        covered = max(covered, mark.size if mark.source is None else 0)
        if edge.frontier.size < mark.size:
            wrong.append(_truncated(edge.frontier.size, mark))
        elif edge.frontier.root() != mark.root:
            wrong.append(_off_the_way(proven, mark))
        elif not wrong:
            proven = mark.size
    edge = _grow(edge, rest, None, tiles)
    if edge.frontier.size > covered:
        said = f"entries {covered} to {edge.frontier.size - 1} lie after the last signed checkpoint"
        wrong.append(Finding(fault=Fault.NOT_COVERED, said=said, seq=covered))
    return Tree(edge, tiles, proven, tuple(wrong[:1] + [each for each in wrong[1:] if _is_news(each)]))


def check_entries(
    leaves: Leaves, entries: Iterable[StoredEntry], effects: Iterable[tuple[int, Effect]]
) -> Iterator[Finding]:
    """Are `entries` (by seq) those of the tree, in their places, and do `effects` (by seq) belong to them?

    `leaves` begins anew at every call: a second time, for an index, when something is wrong.
    """
    return Matching(leaves, effects).run(entries)


def check_rows(last: Iterable[tuple[Effect, int]], rows: Iterable[Effect]) -> Iterator[Finding]:
    """Is every row what the last entry that changed it made of it? Both in order of (kind, id).

    `last`: for each row the last effect and the number of its entry. `rows`: what is stored, in the same form.
    """
    stored = iter(rows)
    row = next(stored, None)
    for effect, seq in last:
        while row is not None and (row.kind, row.id) < (effect.kind, effect.id):
            yield _row(Fault.ROW_INSERTED, row, "no entry of the log accounts for this row")
            row = next(stored, None)
        there = row is not None and (row.kind, row.id) == (effect.kind, effect.id)
        if effect.digest == GONE:
            if there:
                yield _row(Fault.ROW_INSERTED, effect, "this entry dropped the row, and it is there", seq)
                row = next(stored, None)
            continue
        if row is None or not there:
            yield _row(Fault.ROW_DELETED, effect, "this row is gone; this entry was the last to write it", seq)
            continue
        if row != effect:
            said = f"version {row.version} is not the version {effect.version} that this entry wrote"
            if row.version == effect.version:
                said = f"version {row.version} does not say what this entry wrote"
            yield _row(Fault.ROW_CHANGED, row, said, seq)
        row = next(stored, None)
    while row is not None:
        yield _row(Fault.ROW_INSERTED, row, "no entry of the log accounts for this row")
        row = next(stored, None)


def _row(fault: Fault, effect: Effect, said: str, seq: int | None = None) -> Finding:
    return Finding(fault=fault, said=said, seq=seq, row=(effect.kind, effect.id))


def _grow(edge: Edge, leaves: Iterator[bytes], size: int | None, tiles: dict[TileId, bytes]) -> Edge:
    """Take leaves up to `size`, or all there are; keep the tiles above level 0."""
    while size is None or edge.frontier.size < size:
        most = WIDTH if size is None else min(WIDTH, size - edge.frontier.size)
        taken = list(islice(leaves, most))
        if not taken:
            break
        edge, changed = edge.grown(taken)
        tiles.update((tile, data) for tile, data in changed.items() if tile[0])
    return edge


def _truncated(size: int, mark: Mark) -> Finding:
    kept = "the newest checkpoint" if mark.source is None else mark.source
    said = f"{kept} counts {mark.size} entries, here are {size}: the last {mark.size - size} are gone"
    return Finding(fault=Fault.LOG_TRUNCATED, said=said, seq=size)


def _off_the_way(proven: int, mark: Mark) -> Finding:
    if mark.source is not None:
        said = f"{mark.source} kept a checkpoint of {mark.size} entries that this log does not pass through"
        return Finding(fault=Fault.LOG_FORKED, said=said, seq=proven)
    if mark.size == proven + 1:
        said = "it was changed together with its hash; no signature covers the result"
        return Finding(fault=Fault.HISTORY_REWRITTEN, said=said, seq=proven)
    said = f"of the entries {proven} to {mark.size - 1} at least one was changed together with its hash"
    return Finding(fault=Fault.HISTORY_REWRITTEN, said=said)


def _is_news(finding: Finding) -> bool:
    """After the first break every later checkpoint of the database is off too; say only what others kept."""
    return finding.fault in (Fault.LOG_FORKED, Fault.LOG_TRUNCATED, Fault.NOT_COVERED)
