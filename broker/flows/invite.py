"""A consent source asks whom it must invite to decide for themselves (core/consent/maturity.py).

The broker knows pseudonyms and dates that the source set itself; the source writes the letter.
"""

from broker.core.audit.entry import Value
from broker.core.consent.maturity import Invitation, invitations
from broker.core.outcome import Reason
from broker.core.rows import ConsentRow
from broker.flows.administer import Actor
from broker.flows.exchange_consents import SOURCE, may
from broker.flows.world import World


async def to_invite(w: World, actor: Actor, custodian: str | None) -> tuple[Invitation, ...] | Reason:
    """Who is to be asked by one custodian, or by all of them (None).

    Steps: 1 gather, 2 decide, 3 record, 4 hand out.
    """
    # 1. Gather.
    if not may(actor, custodian):
        return Reason(code="AUTH-NOT-YOURS", facts=(("roles", SOURCE),))
    now = w.clock.now()
    rows = [row async for row in w.rows.scan(ConsentRow) if custodian in (None, row.consent.custodian)]
    # 2. Decide.
    found = invitations([(row.consent, row.datasets) for row in rows], now)
    # 3. Record: how many, of which source, and by whom it was read.
    told: dict[str, Value] = {"consents": len(found), "custodian": custodian or "", **actor.told()}
    await w.ledger.record(w.entry("consent.due", now, actor.person, told))
    # 4. Hand out.
    return found
