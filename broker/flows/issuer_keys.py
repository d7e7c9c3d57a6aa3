"""An administrator acts on the keys of a visa issuer: fetch them now, or expel one for good (adversarial row T029)."""

from broker.core.administration import SORTS
from broker.core.outcome import Reason
from broker.core.passport.health import IssuerReport
from broker.core.rows import Put, Revocation
from broker.core.rows.revocation import revocation_id
from broker.flows.administer import Actor, forbidden
from broker.flows.world import World
from broker.ports import IssuerHealth

_EVERY = "*"
"""No issuer is called so: who may write this may write every row of the sort."""


async def refetch(w: World, actor: Actor, issuers: IssuerHealth, iss: str) -> IssuerReport | Reason | None:
    """Ask every address of `iss` now and believe the answers. None: nobody is trusted under that name now.

    Steps: 1 nothing to gather, 2 decide who may, 3 record, 4 fetch.
    """
    if not actor.may_write(SORTS["issuers"], iss):
        return forbidden(SORTS["issuers"])
    await w.ledger.record(w.entry("issuer.keys", w.clock.now(), actor.person, actor.told() | {"id": iss}))
    return await issuers.refresh(iss)


async def expel(
    w: World, actor: Actor, issuers: IssuerHealth, iss: str, thumbprint: str, ground: str
) -> Revocation | Reason:
    """What the key signed counts for nothing from now on; running downloads that rest on it are cut. Twice is once.

    Who administers this issuer alone may expel keys that it publishes now: others are not theirs to take away.
    Steps: 1 gather, 2 decide, 3 record, 4 answer.
    """
    # 1. Gather.
    sort, now = SORTS["issuers"], w.clock.now()
    report = next((one for one in issuers.reports() if one.iss == iss), None)
    published = (
        {key.thumbprint for address in report.addresses for key in address.keys} if report is not None else set()
    )
    before = await w.rows.get(Revocation, revocation_id("key", thumbprint))
    # 2. Decide.
    if not actor.may_write(sort, iss):
        return forbidden(sort)
    if thumbprint not in published and not actor.may_write(sort, _EVERY):
        return Reason(code="REQ-INVALID", facts=(("problem", "thumbprint: not a key that this issuer publishes now"),))
    if before is not None:
        return before
    # 3. Record.
    row = Revocation(id=revocation_id("key", thumbprint), since=now, ground=ground)
    about = actor.told() | {"what": "key", "value": thumbprint, "id": iss}
    await w.ledger.record(w.entry("revocation.made", now, actor.person, about), Put(row))
    # 4. Answer.
    return row
