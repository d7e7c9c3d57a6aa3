"""A client asks who signed in, and with a Passport-Scoped Access Token for the visas (OpenID Connect Core 5.3)."""

from dataclasses import replace
from typing import Any

from broker.core.oidc import claims
from broker.core.oidc.bearer import Shown
from broker.core.oidc.errors import OAuthError
from broker.core.oidc.narrowing import still
from broker.core.oidc.own_tokens import ACCESS_TOKEN_TYP, OPENID, OwnToken, read_access_token
from broker.core.oidc.release import log_name, over, releasable
from broker.core.time import Seconds
from broker.flows.oauth.answers import known_claims
from broker.flows.oauth.deps import About, Deps
from broker.flows.oauth.standing import Standing, access_of, standing_of, token_revoked
from broker.flows.oauth.visa_access import visa_access
from broker.flows.traces import decided, decisions_of


async def userinfo(d: Deps, shown: Shown | OAuthError) -> dict[str, Any] | OAuthError:
    """The members of the answer. Steps: 1 gather, 2 decide, 3 record, 4 answer.

    With the scope the visas are a list, even an empty one; without it there is no such member (AAI B9, B10).
    """
    now = d.clock.now()
    # 1. Gather, 2. decide.
    about = await visa_access(d, shown, now)
    if about is not None:
        return about
    found = await bearer(d, shown, now)
    if isinstance(found, OAuthError):
        return found
    token, s = found
    if OPENID not in token.scope:
        return OAuthError.TOKEN_SCOPE
    visas = await _visas(d, token, s, now) if token.passport_scoped else None
    if isinstance(visas, OAuthError):
        return visas
    # 4. Answer.
    return claims.userinfo(
        issuer=d.issuer,
        sub=s.person.id,
        scope=token.scope,
        asked=s.family.userinfo_claims,
        known=known_claims(s),
        visas=visas,
    )


async def bearer(d: Deps, shown: Shown | OAuthError, now: Seconds) -> tuple[OwnToken, Standing] | OAuthError:
    """The access token for us that was shown, and the live authorisation that it comes from."""
    if isinstance(shown, OAuthError):
        return shown
    token = read_access_token(d.reader.read(shown.token, ACCESS_TOKEN_TYP), d.issuer, now)
    if isinstance(token, OAuthError):
        return token
    if d.issuer not in token.audience:
        return OAuthError.TOKEN_INVALID
    s = await standing_of(d, token.family, now)
    if s is None or s.person.id != token.sub or s.client.id != token.client_id:
        return OAuthError.TOKEN_INVALID
    if not s.alive or await token_revoked(d, token.jti, now):
        return OAuthError.TOKEN_REVOKED
    unproved = await d.proofs.at_resource(shown, token.jkt, now, nonce=s.client.dpop_nonce)
    return unproved or (replace(token, scope=still(token.scope, s.scopes)), s)


async def _visas(d: Deps, token: OwnToken, s: Standing, now: Seconds) -> tuple[str, ...] | OAuthError:
    """The visas that leave, recorded before they do."""
    held = await d.visas(s.person, s.session, frozenset(), now, access_of(s))
    visas = releasable(held, s.family.released, now)
    too_much = over(visas)
    if too_much is not None:
        return too_much
    if visas:
        # 3. Record.
        why = decided(visas)
        about: About = decisions_of(why) | {
            "client": s.client.id,
            "family": s.family.id,
            "jti": token.jti,
            "via": "userinfo",
            "visas": tuple(map(log_name, visas)),
        }
        await d.ledger.record(d.entry("passport.issued", now, s.person, about), *why)
    return tuple(visa.token for visa in visas)
