"""Whoever is to be told is stored in the record of what happened: nothing is told that did not happen, or forgotten."""

from collections.abc import Sequence

from broker.core.audit.entry import Entry
from broker.core.happened import Happened
from broker.core.notices import TABLE, Channels, notices
from broker.core.rows import Change, Put
from broker.ports import Ledger, Snapshots


class TellingLedger:
    """A ports.Ledger: the one underneath, with the notices of core/notices.py beside each record."""

    def __init__(self, ledger: Ledger, snapshots: Snapshots, channels: Channels) -> None:
        self._ledger, self._snapshots, self._channels = ledger, snapshots, channels

    async def record(self, entry: Entry, *changes: Change) -> int | None:
        """As the one underneath."""
        return await self._ledger.record(entry, *changes, *self._beside(entry, changes))

    async def record_each(self, records: Sequence[tuple[Entry, Sequence[Change]]]) -> None:
        """As the one underneath."""
        await self._ledger.record_each([(entry, (*puts, *self._beside(entry, puts))) for entry, puts in records])

    def _beside(self, entry: Entry, changes: Sequence[Change]) -> tuple[Put, ...]:
        if entry.kind not in TABLE:  # nearly all: uses and deliveries
            return ()
        happened = Happened(entry=entry, rows=[one.row for one in changes], before=self._snapshots.current())
        return tuple(map(Put, notices(happened, self._channels)))
