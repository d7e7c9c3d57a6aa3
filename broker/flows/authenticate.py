"""Who is calling? From an access token of ours, or from Passports: the only maker of `Caller`."""

from collections.abc import Collection, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import replace
from typing import Any

from broker.core import jws, shut_out
from broker.core.ids import GrantId, Issuer, PersonId, SubjectRef
from broker.core.oidc import service_scopes
from broker.core.oidc.bearer import Shown
from broker.core.oidc.dpop import NOTHING, Sent
from broker.core.oidc.errors import OAuthError
from broker.core.oidc.narrowing import still
from broker.core.oidc.own_tokens import (
    ACCESS_TOKEN_TYP,
    PASSPORT_TYP,
    TASK_TYP,
    read_access_token,
    read_service_token,
    read_task_token,
)
from broker.core.outcome import Reason
from broker.core.passport.bearer import Vouched, vouched
from broker.core.passport.claims import media_type
from broker.core.passport.keys import named, thumbprint
from broker.core.passport.read import too_much
from broker.core.passport.visa import Passport, Visa
from broker.core.rows import Client, Family, Grant, Identity, IdentityProvider, Person, Put, Role, Session, VisaIssuer
from broker.core.rows.identity import identity_id
from broker.core.rows.revocation import What, revocation_id
from broker.core.snapshot import Snapshot
from broker.core.time import Seconds
from broker.flows.foreign_tokens import Inside, passports_of, visas_of
from broker.flows.verified import Verifier
from broker.flows.visas import assertion_visa_id, everybody, grant_visa_id, statement_visa_id
from broker.flows.world import Caller, ServiceCaller, World
from broker.ports import StaleError


async def by_access_token(
    w: World, v: Verifier, shown: Shown, audiences: AbstractSet[str], *, tasks: bool = False
) -> Caller | Reason:
    """The person behind an access token of ours for any of `audiences`, with what they released to its client.

    `tasks`: may it be the token of a task?
    """
    now = w.clock.now()
    own = read_access_token(v.reader.read(shown.token, ACCESS_TOKEN_TYP), w.issuer, now)
    if isinstance(own, OAuthError) and tasks:
        task = read_task_token(v.reader.read(shown.token, TASK_TYP), w.issuer, now)
        own = own if task is OAuthError.TOKEN_INVALID else task
    if isinstance(own, OAuthError):
        return Reason(code=own.code)
    if own.audience.isdisjoint(audiences):  # RFC 9068 section 4: a token for another door (T014)
        return Reason(code="AUTH-TOKEN-INVALID")
    family = await w.rows.get(Family, own.family)
    session = await w.rows.get(Session, family.session) if family is not None else None
    person = await w.rows.get(Person, own.sub)
    client = w.snapshots.current().get(Client, own.client_id or "")
    unproved = await v.proofs.at_resource(shown, own.jkt, now, nonce=client is not None and client.dpop_nonce)
    if unproved is not None:
        return Reason(code=unproved.code)
    snapshot = w.snapshots.current()  # after the last wait: what was withdrawn meanwhile must count
    if family is None or session is None or person is None or family.person != person.id:
        return Reason(code="AUTH-TOKEN-INVALID")
    if family.client != own.client_id:
        return Reason(code="AUTH-TOKEN-INVALID")
    own = replace(own, scope=still(own.scope, _registered(snapshot, family)))
    rests_on = (revocation_id("token", own.jti), *_signer(snapshot, shown.token), *_origin(family))
    if person.log_key == "" or _ended(snapshot, family, session, now) or snapshot.revoked_names(rests_on, now):
        return Reason(code="AUTH-REVOKED")
    return Caller(
        person=person,
        identities=frozenset({*session.identities, (w.issuer, str(person.id))}),
        session=session.id,
        family=family.id,
        client=family.client,
        scopes=frozenset(own.scope),
        affiliations=session.affiliations,
        location=session.location,
        sign_in=session.sign_in,
        grants=_released(snapshot, family, now) if own.opens_data else (),
        **_shown(w, snapshot, family, session, now) if own.opens_data else {},
        roles=() if own.kind == "task" else _roles(snapshot, person.id, session, now),
        rests_on=rests_on,
        jkt=own.jkt if client is not None and client.dpop_required else None,
        within=None if family.datasets is None else frozenset(family.datasets),
        # Not the access token's own ten minutes: a download lasts as long as what was agreed to.
        ends=min(session.expires, family.expires),
        let_in=_let_in(snapshot, family, session),
    )


def by_session(w: World, person: Person, session: Session) -> Caller:
    """The person who is signed in at a page of ours: with all that they hold, as no client stands between.

    Whether the session lives was asked before (flows/oauth/standing.py: present).
    """
    now, snapshot = w.clock.now(), w.snapshots.current()
    persons = (person.id, *(one.person for one in snapshot.linked(person.id, now)))
    return Caller(
        person=person,
        identities=frozenset({*session.identities, (w.issuer, str(person.id))}),
        session=session.id,
        affiliations=session.affiliations,
        location=session.location,
        sign_in=session.sign_in,
        grants=tuple(grant.id for one in persons for grant in snapshot.grants_of(one)),
        assertions=tuple(row.id for row in snapshot.assertions(everybody(w, session, now), now)),
        stated=session.stated,
        shown=None,
        roles=_roles(snapshot, person.id, session, now),
        ends=session.expires,
        let_in=((IdentityProvider.KIND, session.idp),),
    )


async def by_client_token(w: World, v: Verifier, shown: Shown) -> ServiceCaller | Reason:
    """The service behind a token of `client_credentials`, for this broker itself.

    What its row lets it do now, not what it let it do when the token was issued. Ends with the token, at its
    revocation, and as soon as the client is not active. Its roles are those of `client:<id>` at our own issuer.
    """
    now = w.clock.now()
    known = v.services.at(shown.token, w.snapshots.current(), now) if shown.scheme == "Bearer" else None
    if known is not None:
        return known
    own = read_service_token(v.reader.read(shown.token, ACCESS_TOKEN_TYP), w.issuer, now)
    if isinstance(own, OAuthError):
        return Reason(code=own.code)
    if w.issuer not in own.audience:
        return Reason(code="AUTH-TOKEN-INVALID")
    asking = w.snapshots.current().get(Client, own.client_id)
    unproved = await v.proofs.at_resource(shown, own.jkt, now, nonce=asking is not None and asking.dpop_nonce)
    if unproved is not None:
        return Reason(code=unproved.code)
    snapshot = w.snapshots.current()  # after the last wait: what was withdrawn meanwhile must count
    client = snapshot.get(Client, own.client_id)
    if client is None or client.auth_method == "none" or service_scopes.GRANT_TYPE not in client.grant_types:
        return Reason(code="AUTH-TOKEN-INVALID")
    if client.status != "active" or snapshot.revoked("token", own.jti, now):
        return Reason(code="AUTH-REVOKED")
    roles = snapshot.roles(w.issuer, service_scopes.service_subject(client.id), now)
    found = ServiceCaller(
        client=client.id,
        scopes=frozenset(own.scope) & frozenset(service_scopes.granted(client.scopes)),
        roles=roles,
        ends=min((own.expires, *(role.ends for role in roles))),
    )
    if own.jkt is None:
        v.services.keep(shown.token, snapshot, found)
    return found


def is_passport(shown: str) -> bool:
    """Does the header of a token say that it is a Passport? What it is, is found out by whoever verifies it."""
    parsed = jws.read(shown)
    return parsed is not None and media_type(parsed.header) == PASSPORT_TYP


async def by_passports(
    w: World, v: Verifier, passports: Sequence[str], sent: Sent = NOTHING, us: AbstractSet[str] | None = None
) -> Caller | Reason:
    """The one person whom these Passports are about, with every visa in them that verifies.

    A Passport of a trusted broker that fails refuses the whole request (Passport 8.1); one of a stranger, and
    a bad visa, are left out (8.3). Passports of two people are refused (adversarial row T042). One that is bound
    to a key counts only with a proof of that key in `sent` (T048). `us`: the audiences of the door that was shown them
    (None: ours).
    """
    now = w.clock.now()
    over = too_much(passports)
    if over is not None:
        return over
    verified = await passports_of(w, v, passports, now, us)
    if isinstance(verified, Reason):
        return verified
    if not verified:
        return Reason(code="PASSPORT-ISSUER-UNTRUSTED" if passports else "AUTH-NO-CREDENTIALS")
    if len({passport.identity for passport in verified}) > 1:
        return Reason(code="PASSPORT-PERSONS")
    unproved = await v.proofs.with_passports(sent, [one.jkt for one in verified if one.jkt is not None], now)
    if unproved is not None:
        return Reason(code=unproved.code)
    inside = await visas_of(w, v, (token for one in verified for token in one.visas), now)
    if verified[0].iss == w.issuer:  # and so is every other one: they are about one identity
        found = await _own(w, verified, inside.visas, now)
        return found if isinstance(found, Reason) else replace(found, left_out=inside.left_out)
    ends = min(passport.exp for passport in verified)
    said = vouched(verified[0].identity, inside.visas, ends, w.snapshots.current().trust)
    return await foreign_caller(w, verified[0].identity, inside, ends, said, [one.key for one in verified])


async def _own(w: World, passports: Sequence[Passport], visas: tuple[Visa, ...], now: Seconds) -> Caller | Reason:
    """The caller of Passports that we issued: each ended with its session (ruling 15), and with itself.

    All of one authorisation: what rests on them is watched, and cut, by that one.
    """
    families = {passport.sid for passport in passports}
    if len(families) != 1:
        return Reason(code="REQ-INVALID", facts=(("problem", "Passports of more than one sign-in to a client"),))
    family = await w.rows.get(Family, families.pop() or "")
    session = await w.rows.get(Session, family.session) if family is not None else None
    person = await w.rows.get(Person, passports[0].sub)
    if family is None or session is None or person is None or family.person != person.id:
        return Reason(code="PASSPORT-REVOKED")
    snapshot = w.snapshots.current()
    shown = (name for one in passports for name in (f"token:{one.jti}", f"key:{one.key}"))
    rests_on = (*shown, *_origin(family))
    if person.log_key == "" or _ended(snapshot, family, session, now) or snapshot.revoked_names(rests_on, now):
        return Reason(code="PASSPORT-REVOKED")
    ends = min(passport.exp for passport in passports)
    return Caller(
        person=person,
        identities=frozenset({(w.issuer, str(person.id)), *session.identities}),
        session=session.id,
        family=family.id,
        client=family.client,
        location=session.location,
        sign_in=session.sign_in,
        within=None if family.datasets is None else frozenset(family.datasets),
        visas=visas,
        visas_end=ends,
        rests_on=rests_on,
        jkt=next((one.jkt for one in passports if one.jkt is not None), None),
        let_in=_let_in(snapshot, family, session),
        ends=ends,
    )


async def foreign_caller(
    w: World, identity: tuple[str, str], inside: Inside, ends: Seconds, said: Vouched | None, keys: Collection[str]
) -> Caller:
    """The caller whom another broker speaks of: a person of ours once they have been seen.

    `keys`: those that say who it is. Whoever is expelled of them takes along what was let in by it (T029).
    """
    iss, sub = identity
    person = await person_of(w, Issuer(iss), sub)
    return Caller(
        person=person,
        identities=frozenset({(Issuer(iss), sub), (w.issuer, str(person.id))}),
        visas=inside.visas,
        visas_end=ends,
        left_out=inside.left_out,
        vouched=said,
        rests_on=tuple(revocation_id("key", key) for key in dict.fromkeys(keys)),
        let_in=((VisaIssuer.KIND, iss),),
        ends=ends,
    )


async def person_of(w: World, iss: Issuer, sub: str, *, participant: bool = False) -> Person:
    """The person whose identity (`iss`, `sub`) is; somebody new is recorded, once, with an id of our own."""
    known = await w.rows.get(Identity, identity_id(iss, sub))
    if known is not None:
        person = await w.rows.get(Person, known.person)
        if person is not None:
            return person
    now = w.clock.now()
    made, identity = new_person(w, iss, sub, now, participant=participant)
    try:
        await w.ledger.record(w.entry("person.made", now, made, {}), Put(made), Put(identity))
    except StaleError:  # two first sign-ins at once: the other one made the person
        return await person_of(w, iss, sub, participant=participant)
    return made


def new_person(w: World, iss: Issuer, sub: str, now: Seconds, *, participant: bool = False) -> tuple[Person, Identity]:
    """A person whom nobody has met yet, under a random id of ours, and the identity by which they are known."""
    made = Person(
        id=PersonId(f"usr_{w.entropy.random(16).hex()}"),
        log_key=w.entropy.random(32).hex(),
        created=now,
        subject=SubjectRef(sub) if participant else None,
    )
    return made, Identity(id=identity_id(iss, sub), person=made.id, iss=iss, sub=sub)


def _signer(snapshot: Snapshot, token: str) -> tuple[str, ...]:
    """By which name the key that signed a verified token of ours is revoked."""
    parsed = jws.read(token)
    key = named(snapshot.own.keys, str(parsed.header.get("kid"))) if parsed is not None else None
    return () if key is None else (revocation_id("key", thumbprint(key)),)


def _ended(snapshot: Snapshot, family: Family, session: Session, now: Seconds) -> bool:
    """Has anything that all tokens of an authorisation hang on ended?"""
    if now >= session.expires or now >= family.expires or session.ended is not None:
        return True
    client, idp = snapshot.get(Client, family.client), snapshot.get(IdentityProvider, session.idp)
    parent = snapshot.get(Client, client.parent) if client is not None and client.parent is not None else client
    if client is None or client.status != "active" or parent is None or parent.status != "active":
        return True
    if idp is not None and idp.status != "active":
        return True
    names: tuple[tuple[What, str], ...] = (
        ("family", family.id),
        ("session", session.id),
        ("issuer", session.idp),
    )
    if shut_out.revoked(snapshot, family.person, now):
        return True
    return any(snapshot.revoked(what, value, now) for what, value in names)


def _let_in(snapshot: Snapshot, family: Family, session: Session) -> tuple[tuple[str, str], ...]:
    """The rows by which somebody with a token of ours is let in; for a computer, its program's too."""
    client = snapshot.get(Client, family.client)
    program = () if client is None or client.parent is None else ((Client.KIND, client.parent),)
    return (Client.KIND, family.client), *program, (IdentityProvider.KIND, session.idp)


def _registered(snapshot: Snapshot, family: Family) -> frozenset[str]:
    """The scopes for which the client, and the program that it runs, are registered now."""
    client = snapshot.get(Client, family.client)
    program = snapshot.get(Client, client.parent) if client is not None and client.parent is not None else client
    return frozenset(client.scopes if client is not None else ()) & frozenset(
        program.scopes if program is not None else ()
    )


def _origin(family: Family) -> tuple[str, ...]:
    """The authorisation that a task came from, which ends it too."""
    return () if family.parent is None else (revocation_id("family", family.parent),)


def _released(snapshot: Snapshot, family: Family, now: Seconds) -> tuple[GrantId, ...]:
    """The grants whose visas the person released to this client; those of linked identities too."""
    persons = (family.person, *(one.person for one in snapshot.linked(family.person, now)))
    held: tuple[Grant, ...] = tuple(grant for person in persons for grant in snapshot.grants_of(person))
    if family.released is None:
        return tuple(grant.id for grant in held)
    return tuple(grant.id for grant in held if grant_visa_id(grant.id) in family.released)


def _shown(w: World, snapshot: Snapshot, family: Family, session: Session, now: Seconds) -> dict[str, Any]:
    """What else the person released to this client: assertions, and what their provider said."""
    released = family.released
    rows = snapshot.assertions(everybody(w, session, now), now)
    return {
        "shown": released,
        "assertions": tuple(row.id for row in rows if released is None or assertion_visa_id(row.id) in released),
        "stated": tuple(one for one in session.stated if released is None or statement_visa_id(one) in released),
    }


def _roles(snapshot: Snapshot, person: PersonId, session: Session, now: Seconds) -> tuple[Role, ...]:
    """The roles of the identity that they signed in with; none as long as the human being is shut out."""
    if shut_out.is_out(snapshot, person, now):
        return ()
    return tuple(role for iss, sub in session.identities for role in snapshot.roles(iss, sub, now))
