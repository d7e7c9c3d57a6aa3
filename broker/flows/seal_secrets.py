"""Secrets that were stored in clear by an older version are encrypted: once, at a start."""

from collections.abc import Sequence

from broker.core.rows import Put, Row, changed
from broker.flows.world import World


async def seal_secrets(w: World, rows: Sequence[Row]) -> int:
    """Store each of `rows`, which lie in clear, once more: whatever is stored now is encrypted. How many.

    Steps: 1 gathered by the caller, 2 nothing to decide, 3 record. StaleError: another process does the same.
    """
    if rows:
        entry = w.entry("secrets.sealed", w.clock.now(), None, {"rows": len(rows)})
        await w.ledger.record(entry, *(Put(changed(row)) for row in rows))
    return len(rows)
