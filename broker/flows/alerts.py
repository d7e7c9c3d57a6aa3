"""Who sees that a use went beyond a limit, and says what it was? Who answers for the data; never who used them."""

from dataclasses import dataclass

from broker.core.grants import apart, fellows
from broker.core.outcome import Reason
from broker.core.rows import Alert, Dataset, Grant, Put, changed
from broker.core.snapshot import Snapshot
from broker.flows.world import Caller, World

LONGEST = 2_000
"""Characters of a ground."""
MOST = 100
"""Alerts that are shown, the latest first."""
ROLES = ("committee_member", "handler")


@dataclass(frozen=True, slots=True, kw_only=True)
class SeenAlert:
    """An alert, and the title of the data. `may`: may the caller say what it was?"""

    alert: Alert
    title: str
    may: bool


async def alerts(w: World, caller: Caller) -> tuple[SeenAlert, ...]:
    """Those that the caller sees: what is open first, the latest first."""
    snapshot = w.snapshots.current()
    rows = [row async for row in w.rows.find(Alert, "state", "open")]
    rows += [row async for row in w.rows.newest(Alert, "state", "closed", MOST)]
    found = [one for row in rows if (one := _seen(caller, row, snapshot)) is not None]
    return tuple(sorted(found, key=lambda one: (one.alert.state != "open", -one.alert.raised, one.alert.id))[:MOST])


async def close(w: World, caller: Caller, id: str, ground: str) -> Alert | Reason:
    """Say what it was. A grant that rests stays at rest: resuming it is its own step.

    Steps: 1 gather, 2 decide, 3 record.
    StaleError: somebody else was faster.
    """
    # 1. Gather.
    now, row = w.clock.now(), await w.rows.get(Alert, id)
    found = _seen(caller, row, w.snapshots.current()) if row is not None else None
    # 2. Decide.
    if row is None or found is None:
        return Reason(code="REQ-NOT-FOUND")
    if not found.may:
        return Reason(code="AUTH-NOT-YOURS", facts=(("roles", "committee_member, handler, custodian, admin"),))
    if row.state != "open":
        return Reason(code="REQ-STATE", facts=(("state", row.state),))
    said = ground.strip()
    if not said or len(said) > LONGEST:
        return Reason(code="REQ-INVALID", facts=(("problem", f"ground: what it was, {LONGEST} characters"),))
    # 3. Record.
    put = changed(row, state="closed", closed=now, closed_by=caller.person.id, ground=said)
    await w.ledger.record(w.entry("alert.closed", now, caller.person, {"alert": id, "grant": row.grant}), Put(put))
    return put


def _seen(caller: Caller, row: Alert, snapshot: Snapshot) -> SeenAlert | None:
    """As who answers for the data; an auditor, or who stepped aside, reads alone.

    Whoever used them, or applied with them, sees nothing.
    """
    dataset, grant = snapshot.get(Dataset, row.dataset), snapshot.get(Grant, row.grant)
    if dataset is None or grant is None:
        return None
    persons = snapshot.ever_linked(caller.person.id)
    if persons & {grant.person, *fellows(grant, snapshot)}:
        return None
    answers = any(caller.has_role(role, f"committee:{dataset.committee}") for role in ROLES)
    holds = caller.has_role("custodian", f"dataset:{dataset.id}") or caller.has_role("admin", "service")
    if not (answers or holds or caller.has_role("auditor", "service")):
        return None
    return SeenAlert(alert=row, title=dataset.title, may=holds or (answers and not persons & apart(grant, snapshot)))
