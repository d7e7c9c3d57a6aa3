"""Where does a store give an object by itself, and for how long? An address that it signs, and what is on record of it.

The owner of the data allowed that nobody sees or stops those bytes (settled question 23). So the address is good for no
longer than that, the whole object must fit into it, and the record says from the start that its end is known to nobody.
An address belongs to whoever has it: a caller whose ticket would be bound to a key is given none.
"""

from dataclasses import dataclass

from broker.core.handing_on import may_sign, unseen_seconds
from broker.core.ids import ObjectId
from broker.core.outcome import Reason
from broker.core.ranges import Span
from broker.core.rows import Dataset, DrsObject
from broker.flows.deliver import Opened, close_delivery, close_unknown, open_delivery, repository_of
from broker.flows.use_data import Refused, Ticket, Waiting, ask
from broker.flows.world import Caller, World
from broker.ports.sources import SourceBrokenError, Sources


@dataclass(frozen=True, slots=True, kw_only=True)
class Signed:
    """An address that leads to the bytes, for `seconds`, and the delivery under which it is on record."""

    url: str
    seconds: int
    ticket: Ticket
    opened: Opened


async def signed_address(
    w: World, sources: Sources, caller: Caller, object: ObjectId
) -> Signed | Refused | Waiting | Reason:
    """May the caller have the object from its store? Steps: 1 gather, 2 decide, 3 record, 4 sign.

    REQ-NOT-FOUND: it is not to be had in this way. ASK-UNSTOPPABLE: not by this caller.
    SourceBrokenError: the store signs no address.
    """
    # 1. Gather. 2. Decide. 3. Record.
    ticket = await ask(w, caller, object)
    if not isinstance(ticket, Ticket):
        return ticket
    snapshot = w.snapshots.current()
    row = snapshot.get(DrsObject, object)
    dataset = snapshot.get(Dataset, row.dataset) if row is not None else None
    home = repository_of(row, snapshot) if row is not None else None
    if row is None or home is None or not may_sign(home, dataset, row):
        return Reason(code="REQ-NOT-FOUND")
    if caller.jkt is not None:
        return Reason(code="ASK-UNSTOPPABLE")
    seconds = min(unseen_seconds(dataset), ticket.access.expires - w.clock.now())
    spans = [Span(first=0, last=row.size - 1)] if row.size else []
    opened = await open_delivery(w, ticket.access.id, object, spans, unseen=seconds, by="store")
    if not isinstance(opened, Opened):
        return opened
    # 4. Sign.
    try:
        url = await sources.signed(home, row.path, seconds)
    except SourceBrokenError:
        await close_delivery(w, opened, "incomplete", 0)
        raise
    await close_unknown(w, opened.delivery)
    return Signed(url=url, seconds=seconds, ticket=ticket, opened=opened)
