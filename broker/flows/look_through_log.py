"""What does the record say of something? The newest entries that fit, for auditors; read only.

The record has no index but its own order, which everybody can check. So one look goes back a bounded way, says how far,
and the next goes on from there.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from broker.core.audit.entry import Entry, Value, decode
from broker.core.time import Seconds
from broker.ports.log import AuditReads

MOST = 25
"""Entries that are told at once."""
LONGEST = 128
"""Characters of an id that is looked for."""
_AT_ONCE = 400
_LOOKS = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What is looked for. `kind`: one of KINDS; `id`: a part of any id that the entry holds; empty: any."""

    kind: str = ""
    id: str = ""

    def fits(self, entry: Entry) -> bool:
        """Is it one of them?"""
        if self.kind not in ("", entry.kind):
            return False
        return not self.id or any(self.id in text for text in _ids(entry))


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """Entries with their numbers, newest first. `older`: from which number the next look goes on, None at the end of
    the record; `since`: how far back this one went.
    """

    entries: tuple[tuple[int, Entry], ...]
    older: int | None
    since: Seconds | None


async def look_through(audit: AuditReads, wanted: Wanted, before: int | None) -> Found:
    """The entries below number `before` that fit, MOST of them, as far back as one look goes."""
    found = list[tuple[int, Entry]]()
    since: Seconds | None = None
    for _ in range(_LOOKS):
        kept = await audit.newest(_AT_ONCE if wanted != Wanted() else MOST, before)
        for each in kept:
            entry = decode(each.body).entry
            before, since = each.seq, entry.at
            if wanted.fits(entry):
                found.append((each.seq, entry))
                if len(found) == MOST:
                    return Found(entries=tuple(found), older=before, since=since)
        if not kept:
            return Found(entries=tuple(found), older=None, since=since)
    return Found(entries=tuple(found), older=before, since=since)


def _ids(entry: Entry) -> Iterable[str]:
    yield from (entry.id, entry.who or "")
    for value in entry.about.values():
        yield from _texts(value)


def _texts(value: Value) -> Iterable[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, tuple):
        yield from value
