"""A broker that delivers one large object, to be killed: `python -m tests.end_to_end.killable STATE ROOT SIZE`.

`ROOT`: a folder or the address of a store. The first time it makes its state. It prints a line of JSON, its port and the
header that opens the object, and runs until it is killed.
"""

import asyncio
import json
import sys
from pathlib import Path

from broker.app import opened, serving
from broker.config import Settings
from broker.core.rows import Put, Repository
from broker.core.time import Seconds
from broker.flows.use_data import Ticket, ask
from broker.state import make_state
from tests import builders as b
from tests.flows.worlds import ADA, caller

YEAR = 365 * 86_400


async def _serve(chosen: Settings, root: str, size: int, *, new: bool) -> None:
    async with opened(chosen) as running:
        w = running.world
        now = w.clock.now()
        if new:
            grant = b.grant(begins=Seconds(now - 10), ends=Seconds(now + YEAR))
            bank = Repository(id="bank", name="The bank", root=root, internal=root.startswith("http"))
            rows = [*b.rows(grant=grant, repository=bank, one=b.drs_object(size=size)), ADA]
            await w.ledger.record(w.entry("catalogue.applied", now, None), *map(Put, rows))
        ticket = await ask(w, caller(ends=Seconds(now + 3600)), b.ONE)
        assert isinstance(ticket, Ticket), ticket
        async with serving(running, chosen) as port:
            print(json.dumps({"port": port, "ticket": ticket.token}), flush=True)  # noqa: T201
            await asyncio.Event().wait()


if __name__ == "__main__":
    state, root, size = sys.argv[1:]
    chosen = Settings(issuer=str(b.US), state=Path(state), mode="example", port=0, log_level="error")
    new = not Path(state).exists()
    if new:
        make_state(chosen)
    asyncio.run(_serve(chosen, root, int(size), new=new))
