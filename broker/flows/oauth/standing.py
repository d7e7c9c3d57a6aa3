"""What an authorisation rests on, gathered: family, session, client, person, and whether it still lasts."""

from dataclasses import dataclass

from broker.core.ids import PersonId
from broker.core.oidc.lasting import lasts
from broker.core.rows.catalogue import IdentityProvider
from broker.core.rows.identity import Person, Session
from broker.core.rows.oauth import Client, Family
from broker.core.rows.revocation import Revocation, What, revocation_id
from broker.core.time import Seconds
from broker.flows.oauth.deps import Deps


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """An authorisation and everything that can end it. `alive`: nothing has.

    `scopes`: those for which the client, and the program that it runs, are registered now: what was granted counts no
    further.
    """

    family: Family
    session: Session
    client: Client
    person: Person
    alive: bool
    scopes: frozenset[str]

    @property
    def end(self) -> Seconds:
        """When it ends by itself, at the latest."""
        return min(self.family.expires, self.session.expires)


@dataclass(frozen=True, slots=True, kw_only=True)
class Present:
    """Who is signed in at a browser, in a session that lasts."""

    session: Session
    person: Person


async def standing_of(d: Deps, family_id: str, now: Seconds) -> Standing | None:
    """The authorisation with this id; None if there is none, or a part of it is missing."""
    family = await d.rows.get(Family, family_id)
    if family is None:
        return None
    session = await d.rows.get(Session, family.session)
    client = await d.rows.get(Client, family.client)
    person = await d.rows.get(Person, family.person)
    if session is None or client is None or person is None:
        return None
    stops = (
        await revoked_since(d, "family", family.id),
        await revoked_since(d, "family", family.parent) if family.parent is not None else None,
        *await _session_stops(d, session),
        *await _person_stops(d, person.id),
    )
    program = await _program(d, client)
    alive = _active(client, program) and person.log_key != "" and session.person == person.id
    alive = alive and lasts(now, (family.expires, session.expires), stops)
    scopes = frozenset(client.scopes) & frozenset(program.scopes if program is not None else ())
    return Standing(family=family, session=session, client=client, person=person, alive=alive, scopes=scopes)


async def may_act(d: Deps, client: Client) -> bool:
    """Is the client active, and so is the program whose installation it is?"""
    return _active(client, await _program(d, client))


async def _program(d: Deps, client: Client) -> Client | None:
    """The program whose installation a client is; any other is its own."""
    return await d.rows.get(Client, client.parent) if client.parent is not None else client


def _active(client: Client, program: Client | None) -> bool:
    return client.status == "active" and program is not None and program.status == "active"


def access_of(s: Standing) -> str | None:
    """The authorisation that visas name which are Visa Access Tokens for its client; None: they are documents."""
    return s.family.id if s.client.visa_style == "access_token" else None


async def present(d: Deps, session_id: str | None, now: Seconds) -> Present | None:
    """Who is signed in in this session; None if nobody is any more."""
    session = await d.rows.get(Session, session_id) if session_id is not None else None
    person = await d.rows.get(Person, session.person) if session is not None else None
    if session is None or person is None or person.log_key == "":
        return None
    stops = (*await _session_stops(d, session), *await _person_stops(d, person.id))
    return Present(session=session, person=person) if lasts(now, (session.expires,), stops) else None


async def _session_stops(d: Deps, session: Session) -> tuple[Seconds | None, ...]:
    """What may have ended a session: somebody, or that its provider is trusted no longer."""
    idp = await d.rows.get(IdentityProvider, session.idp)
    suspended = session.auth_time if idp is not None and idp.status != "active" else None
    revoked = await revoked_since(d, "session", session.id), await revoked_since(d, "issuer", session.idp)
    return (session.ended, suspended, *revoked)


async def _person_stops(d: Deps, person: PersonId) -> tuple[Seconds | None, ...]:
    """When the access of this human being was ended, under whichever identity that was ever shown to be theirs."""
    return tuple([await revoked_since(d, "person", one) for one in sorted(d.known_as(person))])


async def revoked_since(d: Deps, what: What, value: str) -> Seconds | None:
    """From when on `what`:`value` counts for nothing; None if it was not revoked."""
    found = await d.rows.get(Revocation, revocation_id(what, value))
    return found.since if found is not None else None


async def token_revoked(d: Deps, jti: str, now: Seconds) -> bool:
    """Was this one token revoked?"""
    since = await revoked_since(d, "token", jti)
    return since is not None and now >= since
