"""What was published of a use is entered by who used the data, whenever it comes (WHO 2024, 3.6-4)."""

from broker.core.access.grants import GrantCommand
from broker.core.attribution import MOST, doi, entered, too_many
from broker.core.ids import GrantId
from broker.core.outcome import Reason
from broker.core.rows import Grant, Put, Report
from broker.core.rows.reports import Told, latest
from broker.core.time import Seconds
from broker.flows.grants.desk import at_grant
from broker.flows.world import Caller, World


async def publish(w: World, caller: Caller, id: GrantId, name: str, title: str, attribution: str) -> Report | Reason:
    """Enter one publication; everybody reads it in the register. Steps: 1 gather, 2 decide, 3 record."""
    # 1. Gather.
    now = w.clock.now()
    found = at_grant(caller, id, GrantCommand.PUBLISH, w.snapshots.current(), now)
    if isinstance(found, Reason):
        return found
    # 2. Decide.
    made = entered(name, title, attribution)
    if isinstance(made, Reason):
        return made
    told = Told(summary="", entered=(made,))
    again = next((one for one in reversed(found.reports) if made in one.told.entered), None)
    if again is not None and made in latest(found.reports):  # twice is once
        return again
    if too_many(told, found.reports):
        return Reason(code="REQ-TOO-LARGE", facts=(("limit", f"{MOST} publications"),))
    # 3. Record.
    return await _reported(w, caller, found.grant, told, now)


async def take_back(w: World, caller: Caller, id: GrantId, written: str) -> Report | Reason:
    """It was entered by mistake: nobody reads it any more; the record keeps both. Steps as above."""
    # 1. Gather.
    now, name = w.clock.now(), doi(written)
    found = at_grant(caller, id, GrantCommand.PUBLISH, w.snapshots.current(), now)
    if isinstance(found, Reason):
        return found
    # 2. Decide.
    if name is None or name not in {one.doi for one in latest(found.reports)}:
        return Reason(code="REQ-NOT-FOUND")
    # 3. Record.
    return await _reported(w, caller, found.grant, Told(summary="", taken_back=(name,)), now)


async def _reported(w: World, caller: Caller, grant: Grant, told: Told, now: Seconds) -> Report:
    report = Report(
        id=w.new_id("rpt", now), grant=grant.id, person=caller.person.id, dataset=grant.dataset,
        committee=grant.committee, kind="publication", told=told, at=now,
    )  # fmt: skip
    entry = w.entry("grant.published", now, caller.person, {"grant": grant.id, "report": report.id})
    await w.ledger.record(entry, Put(report))
    return report
