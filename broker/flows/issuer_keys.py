"""An administrator acts on the keys of a visa issuer: fetch them now, or expel one for good (adversarial row T029)."""

from broker.core.administration import EVERY, SORTS
from broker.core.outcome import Reason
from broker.core.passport.health import IssuerReport
from broker.core.passport.keys import thumbprint as key_thumbprint
from broker.core.rows import Put, Revocation
from broker.core.rows.revocation import revocation_id
from broker.flows.administer import Actor, forbidden
from broker.flows.world import World
from broker.ports import IssuerHealth


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

    Who administers this issuer alone may expel keys that it publishes now, and nobody else does: whoever publishes
    a key of ours, or of another issuer, as their own has not made it theirs to take away.
    Steps: 1 gather, 2 decide, 3 record, 4 answer.
    """
    # 1. Gather.
    sort, now = SORTS["issuers"], w.clock.now()
    publishers = {one.iss for one in issuers.reports() if thumbprint in _published(one)}
    ours = {key_thumbprint(key) for key in w.snapshots.current().own.keys}
    before = await w.rows.get(Revocation, revocation_id("key", thumbprint))
    # 2. Decide.
    if not actor.may_write(sort, iss):
        return forbidden(sort)
    if (publishers != {iss} or thumbprint in ours) and not actor.may_write(sort, EVERY):
        problem = "thumbprint: not a key that this issuer publishes now, and nobody else"
        return Reason(code="REQ-INVALID", facts=(("problem", problem),))
    if before is not None:
        return before
    # 3. Record.
    row = Revocation(id=revocation_id("key", thumbprint), since=now, ground=ground)
    about = actor.told() | {"what": "key", "value": thumbprint, "id": iss}
    await w.ledger.record(w.entry("revocation.made", now, actor.person, about), Put(row))
    # 4. Answer.
    return row


def _published(report: IssuerReport) -> frozenset[str]:
    return frozenset(key.thumbprint for address in report.addresses for key in address.keys)
