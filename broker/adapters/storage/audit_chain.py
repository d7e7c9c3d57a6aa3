"""Does each log of a database go on from the one before it, and does each say so? (docs/how-to/open-a-new-log.md)

The last entry of a log names the next one, the first entry of that names the last checkpoint: both are in signed
trees, so that nobody can put another log between them, or begin two after one.
"""

import sqlite3
from base64 import b64encode
from collections.abc import Iterator, Mapping
from itertools import pairwise

from broker.adapters.storage.shards import NEXT, Shard, Span, shards
from broker.core.audit.entry import Entry, decode
from broker.core.audit.findings import Fault, Finding

_ENTRY = "SELECT body FROM record WHERE seq = ?"


def continued(before: Shard, lost: Mapping[str, int]) -> dict[str, str | int | tuple[str, ...]]:
    """What the first entry of a log says of the one before it. `lost`: published sizes that are not to be had."""
    said: dict[str, str | int | tuple[str, ...]] = {
        "previous": before.origin, "size": before.size, "root": b64encode(before.root).decode(),
    }  # fmt: skip
    if lost:
        said["lost"] = tuple(f"{origin} {size}" for origin, size in sorted(lost.items()))
    return said


def check_chain(db: sqlite3.Connection, logs: list[Span], root: str) -> Iterator[Finding]:
    """What is wrong where one log ends and the next begins. `root`: the origin of the broker's first log."""
    if logs[0].first != 0 or logs[0].origin != root:
        yield _parted(logs[0].origin, "it is not the first one, and none is before it", 0)
    ended = {shard.origin: shard for shard in shards(db)}
    for span, following in pairwise(logs):
        first = _entry(db, following.first)
        said = dict(first.about) if first is not None and first.kind == "log.created" else {}
        lost, named = _lost(said.pop("lost", ())), _next(_entry(db, following.first - 1))
        goes_on = named == following.origin or (bool(lost) if named is None else named in lost)
        if span.end != following.first:
            yield _parted(following.origin, f"its first entry is not the one after the last of {span.origin}", span.end)
        elif said != {"origin": following.origin, **continued(ended[span.origin], {})}:
            yield _parted(following.origin, f"its first entry does not name the end of {span.origin}", following.first)
        elif not goes_on:
            yield _parted(following.origin, f"the last entry of {span.origin} does not name it", following.first - 1)


def admitted(db: sqlite3.Connection, logs: list[Span]) -> dict[str, int]:
    """Origin to the published size that a later log says was lost: a database was restored, and a new log begun.

    No log says so of itself, or of one that begins after it: that would be leave to lose it.
    """
    found = dict[str, int]()
    for place, span in enumerate(logs[1:], 1):
        first, later = _entry(db, span.first), {one.origin for one in logs[place:]}
        said = first.about.get("lost", ()) if first is not None and first.kind == "log.created" else ()
        for origin, size in _lost(said).items():
            if origin not in later:
                found[origin] = max(found.get(origin, 0), size)
    return found


def _lost(said: object) -> dict[str, int]:
    """Origin to size, as the first entry of a log names them."""
    parts = [each.rpartition(" ") for each in said if isinstance(each, str)] if isinstance(said, tuple | list) else []
    return {origin: int(size) if size.isdecimal() else 0 for origin, _, size in parts}


def _next(entry: Entry | None) -> str | None:
    said = entry.about.get("next") if entry is not None and entry.kind == NEXT else None
    return said if isinstance(said, str) else None


def _entry(db: sqlite3.Connection, seq: int) -> Entry | None:
    found = db.execute(_ENTRY, (seq,)).fetchone()
    try:
        return decode(found[0]).entry if found is not None else None
    except ValueError:
        return None


def _parted(origin: str, said: str, seq: int | None) -> Finding:
    return Finding(fault=Fault.LOG_PARTED, said=f"{origin}: {said}", seq=seq)
