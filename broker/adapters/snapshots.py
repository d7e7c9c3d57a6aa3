"""The picture in force, and those who wait for the next one."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Sequence

from broker.core.jurisdiction.rulebook import Rulebook
from broker.core.passport.trust import TrustRow
from broker.core.rows import SNAPSHOT_KINDS, Row
from broker.core.searched import Searched
from broker.core.snapshot import Snapshot, as_ourselves, follow, under
from broker.ports import LedgerDownError, Rows

Listener = Callable[[Snapshot], None]
Follower = Callable[[Snapshot, Sequence[Row], Snapshot], None]
"""Is told the picture before, the rows that were stored, and the picture that they make."""


class LiveSnapshot:
    """Holds the current picture. The ledger calls `committed` before it answers those who waited for a commit.

    Listeners are called in the same turn: a running download hears of a withdrawal before the person who
    withdrew hears that it was recorded.
    """

    def __init__(self, first: Snapshot, is_fresh: Callable[[], bool] = lambda: True) -> None:
        """`is_fresh`: is the picture known to be the newest one? Where others write, too, it may not be."""
        self._current, self._is_fresh = first, is_fresh
        self._listeners: set[Listener] = set()
        self._followers: list[Follower] = []

    def current(self) -> Snapshot:
        """See ports.Snapshots."""
        if not self._is_fresh():
            raise LedgerDownError("nothing was heard of the other processes")
        return self._current

    def committed(self, rows: Iterable[Row], size: int | None = None) -> None:
        """`rows` were stored; the log has `size` entries since (None, in tests: one more than before)."""
        before, newer = self._current, [row for row in rows if not self._is_older(row)]
        after = follow(before, newer, size)
        if after is not before:
            for follower in self._followers:
                follower(before, newer, after)
            self._tell(after)

    def _is_older(self, row: Row) -> bool:
        """Is a later version of it in the picture? What was loaded at the start may be ahead of what is told."""
        known = self._current.rows.get((row.KIND, row.id))
        return known is not None and known.version > row.version

    def as_ourselves(self, own: TrustRow) -> None:
        """Our own keys are these from now on."""
        if own != self._current.own:
            self._tell(as_ourselves(self._current, own))

    def under(self, rulebook: Rulebook) -> None:
        """These packs hold from now on; who uses data is judged by them before this returns."""
        self._tell(under(self._current, rulebook))

    def _tell(self, after: Snapshot) -> None:
        self._current = after
        failures: list[Exception] = []
        for listener in tuple(self._listeners):
            try:
                listener(after)
            except Exception as failure:  # noqa: BLE001 (raised below, when everybody has heard)
                failures.append(failure)
        if failures:
            raise failures[0]

    def follow(self, follower: Follower) -> None:
        """Call `follower` with what was stored, before anybody hears of the new picture; it must not fail."""
        self._followers.append(follower)

    def listen(self, listener: Listener) -> Callable[[], None]:
        """Call `listener` with every new picture, until the returned function is called."""
        self._listeners.add(listener)
        return lambda: self._listeners.discard(listener)


async def load(empty: Snapshot, rows: Rows, size: int | None = None) -> Snapshot:
    """The picture of everything that is stored, when the log has `size` entries (None: nothing is decided by it)."""
    snapshot = empty
    for kind in sorted(SNAPSHOT_KINDS, key=lambda kind: kind.KIND):
        found: AsyncIterator[Row] = rows.scan(kind)
        snapshot = follow(snapshot, [row async for row in found], size)
    return snapshot


async def searched_in(live: LiveSnapshot) -> Searched:
    """In what the catalogue is searched: made before anybody asks, beside the event loop, and followed from then on."""
    made = Searched()
    await asyncio.to_thread(made.of, live.current())
    live.follow(made.follow)
    return made
