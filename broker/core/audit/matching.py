"""Entries against the tree: which one is not where it was hashed, and what was done to it?

Both are gone through side by side. Where they part, the hashes of the tree are indexed, so that an entry that
lies elsewhere can be told from one that never was in the tree, and an entry that is gone from one that moved.
"""

from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

from broker.core.audit.entry import Effect, effects_digest, outline, says
from broker.core.audit.findings import Fault, Finding
from broker.core.audit.merkle import leaf_hash

Leaves = Callable[[], Iterator[bytes]]
"""The leaf hashes of the tree, from the first one on at every call."""


class StoredEntry(NamedTuple):
    """An entry as the database has it."""

    seq: int
    id: str
    at: int
    kind: str
    body: bytes


class Matching:
    """One pass. `leaves` begins anew at every call; `effects` come in order of the entries that had them."""

    def __init__(self, leaves: Leaves, effects: Iterable[tuple[int, Effect]]) -> None:
        self._leaves, self._tree = leaves, leaves()
        self._effects = iter(effects)
        self._effect = next(self._effects, None)
        self._stray: int | None = None
        self._expected = 0
        self._leaf = next(self._tree, None)
        self._unknown: list[StoredEntry] = []
        self._missing: dict[int, tuple[Effect, ...]] = {}
        self._early: set[int] = set()
        self._places: dict[bytes, int] | None = None
        self._astrays = False
        self._misnumbered: Finding | None = None

    def run(self, entries: Iterable[StoredEntry]) -> Iterator[Finding]:
        """The findings, in the order of the entries; deletions at the end."""
        ahead = iter(entries)
        entry = next(ahead, None)
        digest = leaf_hash(entry.body) if entry is not None else None
        while entry is not None and digest is not None:
            following = next(ahead, None)
            after = leaf_hash(following.body) if following is not None else None
            if digest == self._leaf and not self._unknown:
                yield from self._in_place(entry)
            else:
                self._astrays = True
                yield from self._astray(entry, digest, after)
            entry, digest = following, after
        yield from self._explain(None)
        if self._misnumbered is not None and not self._astrays:
            yield self._misnumbered  # where entries are gone or in the wrong place, numbers follow from that
        yield from (_deleted(place, effects) for place, effects in sorted(self._missing.items()))
        stray = self._effect[0] if self._effect is not None else self._stray
        if stray is not None:
            said = "changes are listed for an entry that the log does not have"
            yield Finding(fault=Fault.EFFECT_CHANGED, said=said, seq=stray)

    def _in_place(self, entry: StoredEntry) -> Iterator[Finding]:
        """The bytes are those that were hashed: do the columns and the list of changes say the same?"""
        place, effects = self._expected, self._advance()
        if entry.seq != place and self._misnumbered is None:
            said_number = f"it stands under the number {entry.seq}"
            self._misnumbered = _about(Fault.ENTRY_MISLABELLED, place, entry, said_number)
        changes = effects_digest(effects) if effects else None
        if says(entry.body, entry.id, entry.at, entry.kind, changes):
            return
        said = outline(entry.body)
        if said is None or (said.id, said.at, said.kind) != (entry.id, entry.at, entry.kind):
            yield _about(Fault.ENTRY_MISLABELLED, place, entry, "the columns beside it do not say what it says")
        if said is not None and said.changes != changes:
            changed = ", ".join(f"{each.kind} {each.id}" for each in effects) or "nothing"
            what = f"it commits to other changes than those listed for it: {changed}"
            yield _about(Fault.EFFECT_CHANGED, place, entry, what)

    def _astray(self, entry: StoredEntry, digest: bytes, after: bytes | None) -> Iterator[Finding]:
        place = self._place(digest)
        if place is None:
            self._unknown.append(entry)
        elif place < self._expected or place in self._early:
            if self._missing.pop(place, None) is not None:
                yield _about(Fault.ENTRY_MOVED, place, entry, "it stands behind entries that came later")
            else:
                yield _about(Fault.ENTRY_REPEATED, place, entry, f"it stands there once more, as number {entry.seq}")
        elif after == self._leaf and not self._unknown:
            self._early.add(place)
            yield _about(Fault.ENTRY_MOVED, place, entry, f"it stands before entry {self._expected}")
        else:
            yield from self._explain(place)
            yield from self._in_place(entry)

    def _explain(self, until: int | None) -> Iterator[Finding]:
        """Of the places up to `until` (None: the end of the tree), who was replaced, and who is missing?"""
        for entry in self._unknown:
            if self._leaf is None or self._expected == until:
                yield _about(Fault.ENTRY_INSERTED, None, entry, "it was never hashed into the log")
            else:
                place = self._expected
                self._advance()
                yield _about(Fault.ENTRY_CHANGED, place, entry, "it is not what was hashed here")
        self._unknown.clear()
        while self._leaf is not None and self._expected != until:
            place = self._expected
            self._missing[place] = self._advance()

    def _advance(self) -> tuple[Effect, ...]:
        """On to the next place of the tree that is still to be met; the changes listed for the one left."""
        effects = self._listed(self._expected)
        self._expected += 1
        self._leaf = next(self._tree, None)
        while self._expected in self._early:
            self._listed(self._expected)
            self._expected += 1
            self._leaf = next(self._tree, None)
        return effects

    def _listed(self, seq: int) -> tuple[Effect, ...]:
        if self._effect is None or self._effect[0] > seq:
            return ()
        found = list[Effect]()
        while self._effect is not None and self._effect[0] <= seq:
            if self._effect[0] == seq:
                found.append(self._effect[1])
            else:
                self._stray = self._effect[0]
            self._effect = next(self._effects, None)
        return tuple(found)

    def _place(self, digest: bytes) -> int | None:
        if self._places is None:
            self._places = {leaf: place for place, leaf in enumerate(self._leaves())}
        return self._places.get(digest)


def _about(fault: Fault, place: int | None, entry: StoredEntry, said: str) -> Finding:
    seq = entry.seq if place is None else place
    return Finding(fault=fault, said=said, seq=seq, receipt=entry.id, kind=entry.kind)


def _deleted(place: int, effects: tuple[Effect, ...]) -> Finding:
    changed = ", ".join(f"{each.kind} {each.id}" for each in effects)
    said = "it was hashed into the log and is gone" + (f"; it had changed {changed}" if changed else "")
    return Finding(fault=Fault.ENTRY_DELETED, said=said, seq=place)
