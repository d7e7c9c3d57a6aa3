"""A grant is suspended, resumed, revoked or closed. Uses that run are cut when it stops, in every process."""

from typing import Literal

from broker.core.access.grants import GrantCommand, GrantStage
from broker.core.attribution import unattributed
from broker.core.grants import CLOSED_BY_HOLDER, acting, after
from broker.core.ids import GrantId
from broker.core.outcome import Reason
from broker.core.rows import Put, Report, Revocation, changed
from broker.core.rows.reports import Told
from broker.flows.grants.desk import Held, at_grant
from broker.flows.world import Caller, World

Stopping = Literal[GrantCommand.SUSPEND, GrantCommand.RESUME, GrantCommand.REVOKE]

_ENTRIES = {
    GrantCommand.SUSPEND: "grant.suspended",
    GrantCommand.RESUME: "grant.resumed",
    GrantCommand.REVOKE: "grant.revoked",
}


async def stop(w: World, caller: Caller, id: GrantId, command: Stopping, ground: str) -> Revocation | Reason:
    """Suspend, resume or revoke it. Steps: 1 gather, 2 decide by the tables, 3 record, 4 answer."""
    # 1. Gather.
    now, snapshot = w.clock.now(), w.snapshots.current()
    found = at_grant(caller, id, command, snapshot, now)
    if isinstance(found, Reason):
        return found
    # 2. Decide.
    row = after(command, found.grant, snapshot, now, ground, acting(command, found.stage, found.parts))
    if row is None:
        return Reason(code="REQ-STATE", facts=(("state", found.stage.value),))
    # 3. Record.
    entry = w.entry(_ENTRIES[command], now, caller.person, {"what": "grant", "value": id})
    await w.ledger.record(entry, Put(row))
    # 4. Answer.
    return row


async def close(w: World, caller: Caller, id: GrantId, told: Told) -> Held | Reason:
    """Its holder says that they are done and the copies are destroyed; nothing is used under it from now on.

    Steps: 1 gather, 2 decide, 3 record the report and the end together, 4 answer.
    """
    # 1. Gather.
    now, snapshot = w.clock.now(), w.snapshots.current()
    found = at_grant(caller, id, GrantCommand.CLOSE, snapshot, now)
    if isinstance(found, Reason):
        return found
    # 2. Decide.
    if not told.summary.strip() or not told.destroyed.strip():
        return Reason(code="REQ-INVALID", facts=(("problem", "summary, destroyed: say both"),))
    if (wrong := unattributed(told, found.reports)) is not None:
        return wrong
    grant = found.grant
    report = Report(
        id=w.new_id("rpt", now), grant=id, person=caller.person.id, dataset=grant.dataset, committee=grant.committee,
        kind="closing", told=told, at=now,
    )  # fmt: skip
    rows = [Put(changed(grant, closed=now)), Put(report)]
    if found.stage not in (GrantStage.EXPIRED, GrantStage.REVOKED):
        end = after(GrantCommand.CLOSE, grant, snapshot, now, CLOSED_BY_HOLDER)
        rows += [Put(end)] if end is not None else []
    rows += [Put(changed(one, answer="withdrawn", answered_at=now)) for one in found.reports if one.waits]
    # 3. Record.
    entry = w.entry("grant.closed", now, caller.person, {"grant": id, "report": report.id})
    await w.ledger.record(entry, *rows)
    # 4. Answer.
    again = at_grant(caller, id, GrantCommand.SEE, w.snapshots.current(), now)
    return again if isinstance(again, Held) else found
