"""Somebody who may ends a right before its time: a grant, a session, a person's access, a key, an issuer."""

from broker.core.outcome import Reason
from broker.core.rows import Dataset, Grant, Put, Revocation
from broker.core.rows.revocation import What, revocation_id
from broker.core.snapshot import Snapshot
from broker.core.time import FOREVER
from broker.flows.world import Caller, World


async def revoke(w: World, caller: Caller, what: What, value: str, ground: str) -> Revocation | Reason:
    """End `what`:`value` now. Steps: 1 gather, 2 decide who may, 3 record, 4 answer. Twice is once."""
    # 1. Gather.
    now, snapshot = w.clock.now(), w.snapshots.current()
    # 2. Decide.
    if not _may_revoke(caller, what, value, snapshot):
        return Reason(code="AUTH-NOT-YOURS", facts=(("roles", "admin, or the grant's committee"),))
    before = snapshot.get(Revocation, revocation_id(what, value))
    if before is not None:
        return before
    grant = snapshot.get(Grant, value) if what == "grant" else None
    if what == "grant" and grant is None:
        return Reason(code="REQ-NOT-FOUND")
    row = Revocation(id=revocation_id(what, value), since=now, until=grant.ends if grant else FOREVER, ground=ground)
    # 3. Record.
    kind = "grant.revoked" if grant is not None else "revocation.made"
    entry = w.entry(kind, now, caller.person, {"what": what, "value": value})
    await w.ledger.record(entry, Put(row))
    # 4. Answer.
    return row


def _may_revoke(caller: Caller, what: What, value: str, snapshot: Snapshot) -> bool:
    if caller.has_role("admin", "service"):
        return True
    grant = snapshot.get(Grant, value) if what == "grant" else None
    dataset = snapshot.get(Dataset, grant.dataset) if grant is not None else None
    return dataset is not None and caller.has_role("committee_member", f"committee:{dataset.committee}")
