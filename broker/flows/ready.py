"""Could a download be authorised and recorded now? Everything that one needs is done once, for nobody."""

from broker.core.rows import Access
from broker.core.time import Seconds
from broker.flows.use_data import TICKET_TYPE
from broker.flows.world import World

_KIND, _ID = "ready", "rehearsal"
_SECONDS = 60


async def rehearse(w: World) -> None:
    """Returns if a ticket could be read, judged and signed, and storage takes a write. Raises what any of it raises.

    LedgerDownError: storage takes none. Steps: 1 gather, 2 decide, 3 record, 4 act; the write is one that may be lost.
    """
    # 1. Gather. 2. Decide.
    now = w.clock.now()
    await w.rows.get(Access, _ID)
    w.snapshots.current()
    # 3. Record.
    await w.scratch.put(_KIND, _ID, {"at": now}, Seconds(now + _SECONDS))
    # 4. Act: a ticket that was over before it was signed, for nobody.
    await w.signer.sign("ticket", TICKET_TYPE, {"iss": w.issuer, "exp": now})
