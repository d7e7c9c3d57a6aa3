"""What may a proxy send by itself, and how does its end reach the record? (nginx: X-Accel-Redirect; ruling 23)

The broker decides, records the start, and hands on; from then on it cannot stop the bytes, nor see them. How much that
may be is core/handing_on.py; and only files as they lie there. Anything else the broker sends. How much left is what
the proxy's log says afterwards; of what it never speaks, the record says that nobody knows.
"""

from dataclasses import dataclass
from typing import Literal

from broker.core.audit.entry import Value
from broker.core.handing_on import most_unseen, unseen_seconds
from broker.core.rows import Dataset, Delivery, Put, changed
from broker.core.snapshot import Snapshot
from broker.flows.content import Content
from broker.flows.deliver import Shown
from broker.flows.world import World


@dataclass(frozen=True, slots=True, kw_only=True)
class Reported:
    """A line of the proxy's log: how many bytes of the body left, and whether that was all."""

    delivery: str
    sent: int
    complete: bool


def seconds_unseen(shown: Shown, content: Content, length: int, snapshot: Snapshot) -> int:
    """For how long `length` bytes may be sent by a proxy; 0: the broker sends them itself."""
    dataset = snapshot.get(Dataset, shown.object.dataset)
    plain = content.form == "stored" and not shown.repository.is_remote and length > 0
    return unseen_seconds(dataset) if plain and length <= most_unseen(dataset) else 0


async def close_reported(w: World, reported: Reported) -> bool:
    """Close a delivery with what the proxy says of it. False: there is no such one, or it is closed already.

    One that a restart closed as unknown is still told by a line that comes later.
    """
    row = await w.rows.get(Delivery, reported.delivery)
    if row is None or row.way != "nginx" or row.state not in ("open", "unknown"):
        return False
    sent = max(0, min(reported.sent, row.last + 1 - row.first))
    whole = reported.complete and sent == row.last + 1 - row.first
    end: Literal["complete", "incomplete"] = "complete" if whole else "incomplete"
    told: dict[str, Value] = {"delivery": row.id, "object": row.object, "sent": sent, "end": end, "told_by": "nginx"}
    entry = w.entry("download.end", w.clock.now(), None, told)
    await w.ledger.record(entry, Put(changed(row, state=end, sent=sent)))
    return True
