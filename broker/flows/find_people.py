"""Whom does an administrator mean? People by what is known of them outside: their name, where they work, their home.

Nobody's name is kept but with a session that lives, as their home organisation told it, and no participant is found:
of them only a number of their study's is known. Who looks is on record before anything is told, with whom they found,
and without what they typed: that may be anybody's name.
"""

from collections.abc import AsyncIterator
from dataclasses import dataclass

from broker.core.audit.entry import Value, pseudonym
from broker.core.ids import Issuer, PersonId
from broker.core.outcome import Reason
from broker.core.rows import Identity, IdentityProvider, Organisation, Person, Session
from broker.core.rows.identity import identity_id
from broker.core.snapshot import Snapshot
from broker.flows.sign_out import live_sessions
from broker.flows.world import Caller, World

LOOKED_FOR = "person.looked_for"
"""The kind of entry."""
FINDERS = ("admin", "legal_officer")
"""Who stops people, and so must find them; in the scope `service`."""
MOST = 20
LONGEST = 255
_LOOKED = 20_000
"""Sessions that one look goes through."""
_HOMES = 5
"""Home organisations that are asked whether somebody has this very identifier there."""
_ON_A_PAGE = 2
"""So many of them while a page is shown, which reads little; whoever looks further says at which."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """Somebody who was found. `name`, `affiliations`: empty where they are not signed in. `home`: who vouches."""

    person: PersonId
    name: str = ""
    affiliations: tuple[str, ...] = ()
    home: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Looked:
    """`known`: this very person was named; `sessions`: theirs; `found`: those who may be meant."""

    known: Known | None
    sessions: tuple[Session, ...]
    found: tuple[Known, ...]


def may_find(who: Caller) -> bool:
    """Who looks for people by what they are called."""
    return any(who.has_role(role, "service") for role in FINDERS)


def may_look(who: Caller) -> bool:
    """Who looks for sessions of somebody whose id they know, too."""
    return _as_whom(who) is not None


def _as_whom(who: Caller) -> str | None:
    """The role by which they look."""
    return next((role for role in (*FINDERS, "auditor") if who.has_role(role, "service")), None)


async def look_for(w: World, who: Caller, said: str, home: str = "") -> Looked | Reason:
    """Somebody by their id here, with their live sessions; or those who may be meant. Steps: 1 gather, 2 decide,
    3 record, 4 answer.
    """
    role = _as_whom(who)
    if role is None:
        return Reason(code="AUTH-NOT-YOURS", facts=(("roles", "admin, legal_officer, auditor"),))
    # 1. Gather, and 2. decide: no name for who may not stop people.
    wanted, now = said.strip()[:LONGEST], w.clock.now()
    known = await _who_is(w, PersonId(wanted)) if may_find(who) else None
    live = tuple([one async for one in live_sessions(w, wanted, now)]) if wanted else ()
    found = await _find(w, wanted, home) if wanted and may_find(who) and known is None and not live else ()
    looked = Looked(known=known, sessions=live, found=found)
    # 3. Record before telling, also that nobody was found.
    await w.ledger.record(w.entry(LOOKED_FOR, now, who.person, {"role": role, **await _about(w, looked)}))
    # 4. Answer.
    return looked


async def _about(w: World, looked: Looked) -> dict[str, Value]:
    """Whose data are told, by pseudonym."""
    ids = {one.person for one in looked.found} | {one.person for one in looked.sessions}
    ids |= {looked.known.person} if looked.known is not None else set()
    rows = [row async for row in w.rows.each(Person, sorted(ids))]
    people = tuple(sorted(pseudonym(row.log_key, w.issuer, row.id) for row in rows if row.log_key))
    return {"found": len(ids), **({"people": people} if people else {})}


async def _find(w: World, wanted: str, home: str) -> tuple[Known, ...]:
    """Those who may be meant: a part of a name or affiliation, or exactly an identifier, at `home` or anywhere."""
    snapshot, found = w.snapshots.current(), dict[PersonId, Known]()
    async for session in _living(w, snapshot):
        if len(found) >= MOST:
            break
        if home in ("", session.idp) and _is_meant(wanted, session):
            found.setdefault(session.person, _known(session))
    for iss in _homes(snapshot, home)[:_ON_A_PAGE]:
        identity = await w.rows.get(Identity, identity_id(iss, wanted))
        if identity is not None:
            found.setdefault(identity.person, Known(person=identity.person, home=iss))
    return tuple(found.values())


async def called(w: World, said: str) -> PersonId:
    """Who has exactly this identifier here or at a home organisation; what was said, where nobody has or several do."""
    wanted = said.strip()[:LONGEST]
    asked = [await w.rows.get(Identity, identity_id(iss, wanted)) for iss in _homes(w.snapshots.current(), "")]
    people = {one.person for one in asked if one is not None}
    return people.pop() if len(people) == 1 else PersonId(wanted)


async def _who_is(w: World, person: PersonId) -> Known | None:
    """Somebody by their id here, as they are known while they are signed in; None: nobody, or a participant."""
    row, now = await w.rows.get(Person, person), w.clock.now()
    if row is None or row.subject is not None or not row.log_key:
        return None
    live = [one async for one in w.rows.find(Session, "person", person) if one.ended is None and now < one.expires]
    newest = max(live, key=lambda one: (one.auth_time, one.id), default=None)
    return _known(newest) if newest is not None else Known(person=person, home="")


def find_organisations(snapshot: Snapshot, said: str) -> tuple[Organisation, ...]:
    """Institutions whose name holds what was typed."""
    wanted = said.strip().casefold()
    if not wanted:
        return ()
    return tuple(one for one in snapshot.all(Organisation) if wanted in one.name.casefold())[:MOST]


async def _living(w: World, snapshot: Snapshot) -> AsyncIterator[Session]:
    """Sessions of researchers that have not ended."""
    now, looked = w.clock.now(), 0
    async for session in w.rows.scan(Session):
        looked += 1
        if looked > _LOOKED:
            return
        if session.ended is None and now < session.expires and _is_a_researchers(session, snapshot):
            yield session


def _is_a_researchers(session: Session, snapshot: Snapshot) -> bool:
    """Of a participant neither name nor affiliation is ever kept; where both lack, their home must be known."""
    idp = snapshot.get(IdentityProvider, session.idp)
    if idp is None:
        return bool(session.name or session.affiliations)
    return idp.audience != "participant"


def _is_meant(wanted: str, session: Session) -> bool:
    part = wanted.casefold()
    if session.person == wanted or part in session.name.casefold():
        return True
    return any(part in one.casefold() for one in session.affiliations) or any(
        sub == wanted for _, sub in session.identities
    )


def _known(session: Session) -> Known:
    return Known(person=session.person, name=session.name, affiliations=session.affiliations, home=session.idp)


def _homes(snapshot: Snapshot, home: str) -> tuple[Issuer, ...]:
    rows = [one for one in snapshot.all(IdentityProvider) if one.audience != "participant" and one.status != "removed"]
    return tuple(one.id for one in rows if home in ("", one.id))[:_HOMES]
