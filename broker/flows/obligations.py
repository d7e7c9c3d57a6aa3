"""Something that was owed under a grant is recorded as done, with a reference to what shows it.

It is the word of whoever records it: a member of the committee that gave the grant, or the custodian of the data;
nobody says so of their own grant.
"""

from dataclasses import replace

from broker.core.ids import GrantId
from broker.core.outcome import Reason
from broker.core.rows import Dataset, Grant, Put, changed
from broker.core.rows.obligations import Obligation
from broker.flows.world import Caller, World


async def fulfil(w: World, caller: Caller, grant: GrantId, duty: str, proof: str) -> Obligation | Reason:
    """Record it. Steps: 1 gather, 2 decide who may, 3 record, 4 answer. Twice is once: the first word stands."""
    # 1. Gather.
    now, snapshot = w.clock.now(), w.snapshots.current()
    held = snapshot.get(Grant, grant)
    dataset = snapshot.get(Dataset, held.dataset) if held is not None else None
    owed = next((one for one in held.obligations if one.id == duty), None) if held is not None else None
    # 2. Decide.
    if held is None or dataset is None or _role(caller, held, dataset) is None:
        return Reason(code="REQ-NOT-FOUND")
    if held.person in snapshot.ever_linked(caller.person.id):
        return Reason(code="REQ-OWN")
    if owed is None:
        return Reason(code="REQ-NOT-FOUND")
    if owed.due is None:
        return Reason(code="REQ-STATE", facts=(("state", "owed as long as the data are held"),))
    if owed.fulfilled:
        return owed
    done = replace(owed, proof=proof, by=caller.person.id, role=_role(caller, held, dataset) or "", at=now)
    after = changed(held, obligations=tuple(done if one.id == duty else one for one in held.obligations))
    # 3. Record.
    entry = w.entry("obligation.fulfilled", now, caller.person, {"grant": grant, "obligation": duty, "proof": proof})
    await w.ledger.record(entry, Put(after))
    # 4. Answer.
    return done


def _role(caller: Caller, grant: Grant, dataset: Dataset) -> str | None:
    """In which role they may say so; None: in none."""
    if caller.has_role("committee_member", f"committee:{grant.committee}"):
        return "committee_member"
    return "custodian" if caller.has_role("custodian", f"dataset:{dataset.id}") else None
