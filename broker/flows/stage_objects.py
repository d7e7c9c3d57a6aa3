"""Repository staff say whether the bytes of an object are at hand, being brought, or must be brought first.

Whoever waits (flows/use_data.py) hears of it at the next poll, which is judged anew.
"""

from dataclasses import replace

from broker.core.audit.entry import Value
from broker.core.ids import ObjectId
from broker.core.outcome import Reason
from broker.core.rows import Dataset, DrsObject, Put, changed
from broker.core.rows.catalogue import Availability
from broker.core.snapshot import Snapshot
from broker.core.time import Seconds, rfc3339
from broker.flows.administer import Actor
from broker.flows.world import World

ROLES = ("admin", "custodian")
"""Who may: in the scope `service`, or of the object's `dataset:<id>` or `repository:<id>`."""


async def say_availability(
    w: World, actor: Actor, object: ObjectId, availability: Availability, ready: Seconds | None
) -> DrsObject | Reason:
    """Twice is once. Steps: 1 gather, 2 decide, 3 record, 4 answer.

    StaleError: somebody changed the object meanwhile.
    """
    # 1. Gather.
    now, snapshot = w.clock.now(), w.snapshots.current()
    before = snapshot.get(DrsObject, object)
    # 2. Decide: who may not say it of any object learns of none.
    if not _may(actor, before, snapshot):
        return Reason(code="AUTH-NOT-YOURS", facts=(("roles", ", ".join(ROLES)),))
    if before is None:
        return Reason(code="REQ-NOT-FOUND")
    if before.is_bundle:
        return Reason(code="REQ-INVALID", facts=(("problem", "a bundle has no bytes; its members do"),))
    if ready is not None and availability == "online":
        return Reason(code="REQ-INVALID", facts=(("problem", "ready: the bytes are there already"),))
    if replace(before, availability=availability, ready=ready) == before:
        return before
    after = changed(before, availability=availability, ready=ready)
    # 3. Record.
    told: dict[str, Value] = {"object": object, "dataset": after.dataset, "availability": availability}
    if ready is not None:
        told["ready"] = rfc3339(ready)
    await w.ledger.record(w.entry("object.availability", now, actor.person, {**told, **actor.told()}), Put(after))
    # 4. Answer.
    return after


def _may(actor: Actor, row: DrsObject | None, snapshot: Snapshot) -> bool:
    scopes = ["service"]
    dataset = snapshot.get(Dataset, row.dataset) if row is not None else None
    if dataset is not None:
        scopes += [f"dataset:{dataset.id}", f"repository:{dataset.repository}"]
    held = (role for role in actor.roles if role.status == "active")
    return actor.operator or any(role.role in ROLES and role.scope in scopes for role in held)
