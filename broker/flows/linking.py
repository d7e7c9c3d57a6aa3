"""Somebody shows that two identities are theirs, and links them; or parts them again.

Both are proved in one browser: the first by a session that is not old, the second by a fresh sign-in at its provider.
Only (`iss`, `sub`) pairs are ever linked, and nobody is linked by a mail address or a name (T050). Each side keeps
its own person, so that what was whose is known when they part.
"""

from dataclasses import dataclass

from broker.core import shut_out
from broker.core.ids import Issuer, PersonId
from broker.core.oidc.limits import LINK_SIGN_IN_AGE, MAX_IDENTITIES
from broker.core.oidc.opaque import stored_id
from broker.core.outcome import Reason
from broker.core.rows import IdentityLink, IdentityProvider, Person, Put, Session, changed
from broker.core.rows.linking import link_id
from broker.core.snapshot import Snapshot
from broker.core.time import Seconds
from broker.flows.authenticate import person_of
from broker.flows.world import World


@dataclass(frozen=True, slots=True, kw_only=True)
class Second:
    """The identity that was proved, as the page shows it before it is linked."""

    iss: Issuer
    sub: str
    name: str


def may_link(w: World, person: Person, session: Session, now: Seconds) -> Reason | None:
    """May this person link anything now? The answer is asked again when they confirm."""
    snapshot = w.snapshots.current()
    idp = snapshot.get(IdentityProvider, session.idp)
    if person.subject is not None or (idp is not None and idp.audience == "participant"):
        return Reason(code="AUTH-LINK-PARTICIPANT")
    if now - session.auth_time > LINK_SIGN_IN_AGE:
        return Reason(code="AUTH-LINK-OLD")
    if 1 + len(snapshot.linked(person.id, now)) >= MAX_IDENTITIES:
        return _too_many()
    return None


async def proved(w: World, session: Session, proof: str) -> Second | Reason:
    """What `proof` shows, if it was made for this very session."""
    kept = await w.scratch.get("link_proof", stored_id(proof), w.clock.now())
    if kept is None or kept["session"] != session.id:
        return Reason(code="AUTH-LINK-PROOF")
    return Second(iss=Issuer(kept["iss"]), sub=kept["sub"], name=kept["name"])


async def link(w: World, person: Person, session: Session, proof: str) -> IdentityLink | Reason:
    """The person confirms. Steps: 1 gather, 2 decide, 3 record for both sides. A proof counts once.

    StaleError: one of the two was linked with somebody at the same moment.
    """
    # 1. Gather.
    now, second = w.clock.now(), await proved(w, session, proof)
    if isinstance(second, Reason):
        return second
    await w.scratch.take("link_proof", stored_id(proof), now)
    refused = may_link(w, person, session, now)
    if refused is not None:
        return refused
    if (second.iss, second.sub) in session.identities:
        return Reason(code="AUTH-LINK-SAME")
    other = await person_of(w, second.iss, second.sub)
    stored = await w.rows.get(IdentityLink, link_id(person.id, other.id))
    mine = await w.rows.get(Person, person.id)
    # 2. Decide.
    snapshot = w.snapshots.current()
    no = _fits(snapshot, mine, other, second.iss, now)
    if no is not None or mine is None:
        return no or Reason(code="AUTH-LINK-PROOF")
    made = IdentityLink(
        id=link_id(mine.id, other.id),
        version=1 if stored is None else stored.version + 1,
        persons=(mine.id, other.id),
        identities=(session.identities[0], (second.iss, second.sub)),
        since=now,
    )
    # 3. Record. A new version of both persons: of two links at once one is decided anew.
    puts = Put(made), Put(changed(mine)), Put(changed(other))
    await w.ledger.record(w.entry("identity.linked", now, mine, {"idp": str(second.iss)}), *puts)
    await w.ledger.record(w.entry("identity.linked", now, other, {"idp": str(session.idp)}))
    return made


def _fits(snapshot: Snapshot, mine: Person | None, other: Person, iss: Issuer, now: Seconds) -> Reason | None:
    """May these two be one? `iss`: who vouches for the second."""
    idp = snapshot.get(IdentityProvider, iss)
    if idp is None or idp.status != "active" or mine is None or mine.log_key == "" or other.log_key == "":
        return Reason(code="AUTH-LINK-PROOF")
    if other.subject is not None or idp.audience == "participant":
        return Reason(code="AUTH-LINK-PARTICIPANT")
    if other.id == mine.id:
        return Reason(code="AUTH-LINK-SAME")
    here = {mine.id, *(one.person for one in snapshot.linked(mine.id, now))}
    there = {other.id, *(one.person for one in snapshot.linked(other.id, now))}
    if other.id in here:
        return Reason(code="AUTH-LINK-DONE")
    if any(shut_out.is_out(snapshot, each, now) for each in here | there):
        return Reason(code="OPS-RECIPIENT-SUSPENDED")
    return _too_many() if len(here | there) > MAX_IDENTITIES else None


async def unlink(w: World, person: Person, id: str) -> Reason | None:
    """The person ends a link of theirs; everything that rests on it ends at once. Steps: 1 gather, 2 decide, 3 record.

    Who is suspended does not shake a sanction off by parting from the identity that it was given to.
    """
    # 1. Gather. 2. Decide.
    now, snapshot = w.clock.now(), w.snapshots.current()
    row = snapshot.get(IdentityLink, id)
    known = {person.id, *(one.person for one in snapshot.linked(person.id, now))}
    mine = row is not None and not known.isdisjoint(row.persons)
    if row is None or not mine or not row.holds(now):
        return Reason(code="REQ-NOT-FOUND")
    if any(shut_out.is_out(snapshot, each, now) for each in known):
        return Reason(code="OPS-RECIPIENT-SUSPENDED")
    # 3. Record.
    people = [await w.rows.get(Person, each) for each in row.persons]
    entries = [w.entry("identity.unlinked", now, each, {}) for each in people if each is not None]
    await w.ledger.record(entries[0], Put(changed(row, ended=now)))
    for entry in entries[1:]:
        await w.ledger.record(entry)
    return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """One identity of a person. `link`: the link by which it is theirs; None: they signed in with this one."""

    iss: Issuer
    sub: str
    provider: str
    link: str | None = None
    since: Seconds | None = None


def identities(w: World, person: PersonId, session: Session, now: Seconds) -> tuple[Known, ...]:
    """Everybody whom a person is known to be: the identity that they signed in with first."""
    snapshot = w.snapshots.current()
    own = (Known(iss=iss, sub=sub, provider=_name(snapshot, iss)) for iss, sub in session.identities)
    linked = (
        Known(iss=one.iss, sub=one.sub, provider=_name(snapshot, one.iss), link=one.link, since=one.since)
        for one in snapshot.linked(person, now)
    )
    return (*own, *linked)


def _name(snapshot: Snapshot, iss: Issuer) -> str:
    idp = snapshot.get(IdentityProvider, iss)
    return idp.name if idp is not None else str(iss)


def _too_many() -> Reason:
    return Reason(code="AUTH-LINK-MANY", facts=(("limit", str(MAX_IDENTITIES)),))
