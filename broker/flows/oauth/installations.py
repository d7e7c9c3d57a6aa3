"""A computer becomes a client in its owner's name, and its owner takes that back (ruling 14)."""

from broker.core.ids import ClientId, PersonId, make_id
from broker.core.jws import thumbprint
from broker.core.oidc.device import Installation
from broker.core.oidc.limits import MAX_INSTALLATIONS
from broker.core.oidc.opaque import base64url
from broker.core.outcome import Reason
from broker.core.registration import installation
from broker.core.rows.change import Put, changed
from broker.core.rows.identity import Person
from broker.core.rows.oauth import Client, Family
from broker.core.rows.revocation import Revocation, revocation_id
from broker.core.time import Seconds
from broker.flows.oauth.deps import About, Deps, deciding_anew


def own_keys(client: Client) -> frozenset[str]:
    """The names (RFC 7638) of the keys that a client registered: a DPoP proof by one of them is its own."""
    return frozenset(base64url(thumbprint(key)) for key in client.jwks)


def connected(d: Deps, person: PersonId) -> tuple[Client, ...]:
    """The computers that are connected in a person's name now."""
    return tuple(client for client in d.installed(person) if client.status != "removed")


def may_connect(d: Deps, client: Client, of: Installation | None, person: PersonId) -> Reason | None:
    """None if `person` may approve this: a computer of their own, or one more within the limit."""
    if client.owner not in (None, person):
        return Reason(code="AUTH-INSTALLATION-OWNER")
    if of is not None and len(connected(d, person)) >= MAX_INSTALLATIONS:
        return Reason(code="AUTH-INSTALLATION-LIMIT")
    return None


async def connect(d: Deps, parent: Client, of: Installation, owner: Person, now: Seconds) -> Client:
    """The new client, recorded. It holds nothing yet."""
    id = ClientId(make_id("cli", now, d.entropy.for_id()))
    made = installation(parent, of, id, owner.id, now)
    about: About = {"client": made.id, "parent": parent.id, "key": base64url(thumbprint(of.jwk))}
    await d.ledger.record(d.entry("client.registered", now, owner, about), Put(made))
    return made


async def disconnect(d: Deps, owner: Person, id: str) -> Reason | None:
    """The owner removes a computer: it gets nothing any more, and what it holds ends now, running downloads too.

    Steps: 1 gather, 2 decide, 3 record. Twice is once; somebody else's computer is one that does not exist.
    """

    async def step() -> Reason | None:
        # 1. Gather.
        now = d.clock.now()
        client = await d.rows.get(Client, id)
        # 2. Decide.
        if client is None or client.owner != owner.id:
            return Reason(code="REQ-NOT-FOUND")
        if client.status == "removed":
            return None
        puts = [Put(changed(client, status="removed"))]
        async for family in d.rows.find(Family, "client", id):
            ended = revocation_id("family", family.id)
            row = Revocation(id=ended, since=now, until=family.expires, ground="its computer was removed")
            if now < family.expires and await d.rows.get(Revocation, row.id) is None:
                puts.append(Put(row))
        # 3. Record.
        about: About = {"client": client.id, "families": len(puts) - 1}
        await d.ledger.record(d.entry("client.removed", now, owner, about), *puts)
        return None

    done = await deciding_anew(step)
    return done if done is None or isinstance(done, Reason) else Reason(code=done.code)
