"""What was published of a use is entered by who used the data, whenever it comes (WHO 2024, 3.6-4)."""

from broker.core.access.grants import GrantCommand
from broker.core.attribution import MOST, entered, too_many
from broker.core.ids import GrantId
from broker.core.outcome import Reason
from broker.core.rows import Put, Report
from broker.core.rows.reports import Told
from broker.flows.grants.desk import at_grant
from broker.flows.world import Caller, World


async def publish(w: World, caller: Caller, id: GrantId, doi: str, title: str, attribution: str) -> Report | Reason:
    """Enter one publication; everybody reads it in the register. Steps: 1 gather, 2 decide, 3 record."""
    # 1. Gather.
    now = w.clock.now()
    found = at_grant(caller, id, GrantCommand.PUBLISH, w.snapshots.current(), now)
    if isinstance(found, Reason):
        return found
    # 2. Decide.
    made = entered(doi, title, attribution)
    if isinstance(made, Reason):
        return made
    told = Told(summary="", entered=(made,))
    again = next((one for one in found.reports if one.told == told), None)
    if again is not None:  # twice is once
        return again
    if too_many(told, found.reports):
        return Reason(code="REQ-TOO-LARGE", facts=(("limit", f"{MOST} publications"),))
    grant = found.grant
    report = Report(
        id=w.new_id("rpt", now), grant=id, person=caller.person.id, dataset=grant.dataset, committee=grant.committee,
        kind="publication", told=told, at=now,
    )  # fmt: skip
    # 3. Record.
    entry = w.entry("grant.published", now, caller.person, {"grant": id, "report": report.id})
    await w.ledger.record(entry, Put(report))
    return report
