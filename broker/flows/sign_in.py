"""A person signs in at this broker through a home identity provider, in two halves of one story."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from broker.core import shut_out
from broker.core.ids import Issuer
from broker.core.oidc.choosing import hinted, issuer_of
from broker.core.oidc.foreign_id_token import Vouched, check_id_token, with_userinfo
from broker.core.oidc.limits import LINK_PROOF_LIFE, PENDING_PER_BROWSER, PENDING_SIGN_IN_LIFE
from broker.core.oidc.logout import home_sid
from broker.core.oidc.opaque import opaque, stored_id
from broker.core.oidc.own_tokens import PASSPORT_SCOPE
from broker.core.oidc.parameters import Parameters
from broker.core.oidc.redirects import with_parameters
from broker.core.oidc.relying_party import Pending, Provider, begin, check_callback
from broker.core.outcome import Reason
from broker.core.passport.assertions import stated_by
from broker.core.passport.limits import PASSPORT_VISAS, VISA_BYTES
from broker.core.plain import plain
from broker.core.rows import HomeSession, IdentityProvider, Person, Put, Session
from broker.core.snapshot import Snapshot
from broker.core.time import Seconds
from broker.flows.authenticate import person_of
from broker.flows.world import World
from broker.ports import IdentityProviders, TrustedProviders, UpstreamError

SESSION_SECONDS = 8 * 3600
"""A sign-in holds a working day."""
_SAID_NO = frozenset({"AUTH-IDP-CANCELLED", "AUTH-IDP-NOBODY", "AUTH-IDP-TOO-WEAK"})
"""What a client that waits for the sign-in is told; every other failure is for the person's eyes."""
_COUNTRY = re.compile(r"[A-Z]{2}")


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedIn:
    """A session, the secret that goes into the browser's cookie, and where the browser goes on."""

    session: Session
    secret: str
    return_to: str
    person: Person
    handed: tuple[str, ...] = field(default=(), repr=False)
    """Visas that the provider's UserInfo handed us, unverified (`flows/gather.take_in`)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NotSignedIn:
    """The provider itself said no to the sign-in that this browser began, and where the browser was to go on."""

    reason: Reason
    return_to: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Proved:
    """Somebody has shown that an identity is theirs; whose session asked for it may link it, if they confirm it."""

    id: str


def kinds_of_sign_in(snapshot: Snapshot) -> frozenset[str]:
    """The kinds of sign-in (`acr`) that the rows of our providers speak of: what can be asked for here."""
    active = (idp for idp in snapshot.all(IdentityProvider) if idp.status == "active")
    return frozenset(kind for idp in active for kind in (*idp.acr_values, *(rule.acr for rule in idp.assurance)))


async def provider_for(
    providers: TrustedProviders, login_hint: str | None, idp_hint: str | None = None
) -> tuple[IdentityProvider | None, str | None]:
    """The provider that a hint leads to, or the only one that is offered; and the hint that it is to be given."""
    if idp_hint is not None:
        issuer, inner = issuer_of(idp_hint)
        named = await providers.named(issuer)
        if named is not None:
            return named, inner
    active = providers.known()
    found = hinted(active, login_hint) if login_hint is not None else None
    offered = [idp for idp in active if not idp.hidden]
    return found or (offered[0] if len(offered) == 1 else None), None


async def start(
    w: World,
    idps: IdentityProviders,
    idp: IdentityProvider,
    *,
    return_to: str,
    browser_secret: str,
    login_hint: str | None = None,
    fresh: bool = False,
    acr_values: tuple[str, ...] = (),
    idp_hint: str | None = None,
    link: str | None = None,
) -> str | Reason:
    """Where to send the browser. Steps: 1 gather the provider's document, 2 and 3 remember what was asked, 4 go."""
    now = w.clock.now()
    try:
        provider = await _provider(w, idps, idp)
    except UpstreamError:
        return Reason(code="SRV-UPSTREAM")
    pending, location = begin(
        provider,
        state=opaque(w.entropy.random(32)),
        nonce=opaque(w.entropy.random(32)),
        verifier=opaque(w.entropy.random(32)),
        browser_secret=browser_secret,
        return_to=return_to,
        now=now,
        login_hint=login_hint,
        fresh=fresh,
        acr_values=acr_values,
        idp_hint=idp_hint,
        link=link,
    )
    await _remember(w, pending, now)
    silent = idp.silent_sign_in and login_hint is not None and not fresh
    return with_parameters(location, {"prompt": "none"}) if silent else location


async def _remember(w: World, pending: Pending, now: Seconds) -> None:
    """Keep what was asked. Of the sign-ins that one browser leaves unfinished only the newest are kept (T058)."""
    until, id = Seconds(now + PENDING_SIGN_IN_LIFE), stored_id(pending.state)
    before = await w.scratch.get("sign_ins", pending.browser, now)
    begun = [*(before["begun"] if before is not None else ()), id]
    for forgotten in begun[:-PENDING_PER_BROWSER]:
        await w.scratch.take("sign_in", forgotten, now)
    await w.scratch.put("sign_ins", pending.browser, {"begun": begun[-PENDING_PER_BROWSER:]}, until)
    await w.scratch.put("sign_in", id, plain(pending), until)


async def finish(
    w: World, idps: IdentityProviders, idp: IdentityProvider, *, query: Parameters, browser_secret: str | None
) -> SignedIn | NotSignedIn | Proved | Reason:
    """The provider sent the browser back. Steps: 1 gather, 2 check everything, 3 record, 4 a session.

    A refusal of somebody who could be named is an entry; noise is not (adversarial rows T052 to T055).
    """
    # 1. Gather.
    now = w.clock.now()
    kept = await w.scratch.take("sign_in", stored_id(query.get("state") or ""), now)
    pending = Pending(**{"max_age": None, **kept}) if kept is not None else None
    # 2. Check.
    try:
        provider = await _provider(w, idps, idp)
        code = check_callback(query, pending, provider, browser_secret, now)
        if pending is None:
            return Reason(code="AUTH-IDP-STATE")
        if isinstance(code, Reason):
            return NotSignedIn(reason=code, return_to=pending.return_to) if code.code in _SAID_NO else code
        answer = await _answer(idps, idp, provider, pending, code, now)
    except UpstreamError:
        return Reason(code="SRV-UPSTREAM")
    if isinstance(answer, Reason):
        return answer
    vouched, claims = answer
    if pending.link is not None:
        return await _prove(w, idp, vouched, pending.link, now)
    # 3. Record.
    participant = idp.audience == "participant"
    person = await person_of(w, Issuer(vouched.iss), vouched.sub, participant=participant)
    if shut_out.revoked(w.snapshots.current(), person.id, now):
        await w.ledger.record(w.entry("sign_in.refused", now, person, {"reason": "OPS-RECIPIENT-SUSPENDED"}))
        return Reason(code="OPS-RECIPIENT-SUSPENDED")
    secret, ends = opaque(w.entropy.random(32)), Seconds(now + SESSION_SECONDS)
    session = Session(
        id=stored_id(secret),
        person=person.id,
        idp=Issuer(vouched.iss),
        identities=((Issuer(vouched.iss), vouched.sub),),
        auth_time=vouched.auth_time,
        expires=ends,
        name="" if participant else vouched.name,
        affiliations=() if participant else vouched.affiliations,
        location=None if participant else _location(claims),
        acr=vouched.acr,
        amr=vouched.amr,
        began=now,
        stated=() if participant else stated_by(claims, idp.assert_from_claims, vouched.auth_time, ends),
    )
    await w.ledger.record(w.entry("sign_in.ok", now, person, {"session": session.id[:16]}), *_puts(session, vouched))
    # 4. Hand over.
    handed = () if participant else _handed(claims)
    return SignedIn(session=session, secret=secret, return_to=pending.return_to, person=person, handed=handed)


def _handed(claims: Mapping[str, Any]) -> tuple[str, ...]:
    """What may be visas among the claims; whether it is any good is asked where they are taken in."""
    listed = claims.get(PASSPORT_SCOPE)
    few = listed[:PASSPORT_VISAS] if isinstance(listed, list) else []
    return tuple(one for one in few if isinstance(one, str) and len(one) <= VISA_BYTES)


async def _prove(w: World, idp: IdentityProvider, vouched: Vouched, session: str, now: Seconds) -> Proved | Reason:
    """Keep who signed in, for the session that wants to link them; no session of theirs begins."""
    if idp.audience == "participant":
        return Reason(code="AUTH-LINK-PARTICIPANT")
    id = opaque(w.entropy.random(32))
    kept = {"session": session, "iss": vouched.iss, "sub": vouched.sub, "name": vouched.name}
    await w.scratch.put("link_proof", stored_id(id), kept, Seconds(now + LINK_PROOF_LIFE))
    return Proved(id=id)


def _puts(session: Session, vouched: Vouched) -> tuple[Put, ...]:
    """The session, and by which name its provider knows it, if it has one."""
    if vouched.sid is None:
        return (Put(session),)
    return Put(session), Put(HomeSession(id=session.id, home=home_sid(vouched.iss, vouched.sid)))


async def _answer(
    idps: IdentityProviders, idp: IdentityProvider, provider: Provider, pending: Pending, code: str, now: Seconds
) -> tuple[Vouched, Mapping[str, Any]] | Reason:
    """Whom the provider vouches for, and all that it says of them."""
    tokens = await idps.redeem(idp, code, pending.verifier, pending.redirect_uri)
    id_token, access_token = tokens.get("id_token"), tokens.get("access_token")
    if not isinstance(id_token, str):
        return Reason(code="AUTH-IDP-TOKEN-KIND")
    access = access_token if isinstance(access_token, str) else None
    header, claims = await idps.verified(idp, id_token)
    vouched = check_id_token(header, claims, provider=provider, pending=pending, access_token=access, now=now)
    if isinstance(vouched, Reason) or access is None or provider.participants:
        return vouched if isinstance(vouched, Reason) else (vouched, claims)
    signed, more = await idps.userinfo(idp, access)
    if more or signed is not None:
        vouched = with_userinfo(vouched, more, provider, header=signed, now=now)
    return vouched if isinstance(vouched, Reason) else (vouched, {**claims, **more})


def _location(claims: Mapping[str, Any]) -> str | None:
    """The country that the provider attests at sign-in (`address.country`, OpenID Connect Core 5.1.1).

    Attested by the provider, at this sign-in: one of the sources that ruling 5 allows. Missing: unknown.
    """
    address = claims.get("address")
    country = address.get("country") if isinstance(address, dict) else None
    return country if isinstance(country, str) and _COUNTRY.fullmatch(country) else None


async def _provider(w: World, idps: IdentityProviders, idp: IdentityProvider) -> Provider:
    document = await idps.metadata(idp)
    return Provider(
        issuer=idp.id,
        client_id=idp.client_id,
        authorization_endpoint=document.authorization_endpoint,
        redirect_uri=f"{w.issuer}/sign-in/{idp.slug}/callback",
        scopes=idp.request_scopes,
        algorithms=idp.algorithms,
        sends_iss=document.sends_iss,
        affiliation_scopes=idp.scopes,
        participants=idp.audience == "participant",
        acr_values=idp.acr_values,
        assurance=idp.assurance,
    )
