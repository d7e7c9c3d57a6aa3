"""A home identity provider tells us that somebody signed out there (OpenID Connect Back-Channel Logout section 2.6)."""

from broker.core.oidc.errors import OAuthError
from broker.core.oidc.limits import MAX_FORM
from broker.core.oidc.logout import HomeLogout, check_logout_token, home_sid
from broker.core.oidc.parameters import parse
from broker.core.outcome import Reason
from broker.core.rows import HomeSession, Identity, IdentityProvider, Person, Session
from broker.core.rows.identity import identity_id
from broker.core.time import Seconds
from broker.flows.sign_out import live_sessions, sign_out
from broker.flows.world import World
from broker.ports import IdentityProviders, LedgerDownError, StaleError, UpstreamError

REPLAYS = "home_logout"
"""The kind of Scratch that remembers which messages were taken."""


async def home_logout(w: World, idps: IdentityProviders, idp: IdentityProvider, raw: bytes) -> int | Reason:
    """How many sessions ended; or why the message counts for nothing. Steps: 1 gather, 2 decide, 3 record.

    Ending sessions that have ended already is no fault (section 2.7). A message counts once.
    """
    # 1. Gather.
    form = parse(raw, MAX_FORM)
    token = form.get("logout_token") if not isinstance(form, OAuthError) else None
    if token is None:
        return Reason(code="AUTH-LOGOUT-TOKEN", facts=(("part", "there is none"),))
    try:
        header, claims = await idps.verified(idp, token)
    except UpstreamError:
        return Reason(code="AUTH-LOGOUT-TOKEN", facts=(("part", "signature"),))
    # 2. Decide.
    now = w.clock.now()
    told = check_logout_token(header, claims, issuer=idp.id, client_id=idp.client_id, now=now)
    if isinstance(told, Reason):
        return told
    once = home_sid(idp.id, told.jti)
    if not await w.scratch.add(REPLAYS, once, {}, told.replay_until, now):
        return Reason(code="AUTH-LOGOUT-TOKEN", facts=(("part", "jti, used before"),))
    try:
        return await _end(w, idp, told, now)
    except (LedgerDownError, StaleError):  # it did not count: the provider may send it again
        await w.scratch.take(REPLAYS, once, now)
        raise


async def _end(w: World, idp: IdentityProvider, told: HomeLogout, now: Seconds) -> int:
    # 3. Record.
    ended = await _meant(w, idp, told, now)
    for session in ended:
        person = await w.rows.get(Person, session.person)
        if person is not None:
            await sign_out(w, person, session.id, "signed out at home")
    return len(ended)


async def _meant(w: World, idp: IdentityProvider, told: HomeLogout, now: Seconds) -> list[Session]:
    """The live sessions that came from this provider and that the message means.

    With both `sub` and `sid` that session alone, or, where we were never told a `sid`, all of that person.
    """
    home = home_sid(idp.id, told.sid) if told.sid is not None else None
    if told.sub is None:
        named = [row.id async for row in w.rows.find(HomeSession, "home", home or "")]
        found = [await w.rows.get(Session, id) for id in named]
        return [one for one in found if one is not None and one.ended is None and now < one.expires]
    known = await w.rows.get(Identity, identity_id(idp.id, told.sub))
    if known is None:
        return []
    theirs = [
        one
        async for one in live_sessions(w, known.person, now)
        if (idp.id, told.sub) in one.identities and not one.task
    ]
    if home is None:
        return theirs
    homes = [await w.rows.get(HomeSession, one.id) for one in theirs]
    return [one for one, at in zip(theirs, homes, strict=True) if at is None or at.home == home]
