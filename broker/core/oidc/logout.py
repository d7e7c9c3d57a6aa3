"""When does somebody sign out, where does the browser go then, and what are others told?

OpenID Connect RP-Initiated Logout 1.0 (a client sends the browser here), Back-Channel Logout 1.0 (we tell clients,
and home identity providers tell us). A logout token gives no right: it can only end sessions.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from broker.core.oidc.errors import OAuthError
from broker.core.oidc.limits import LEEWAY, LOGOUT_TOKEN_AGE
from broker.core.oidc.opaque import base64url
from broker.core.oidc.parameters import Parameters
from broker.core.oidc.redirects import with_parameters
from broker.core.outcome import Reason
from broker.core.time import Seconds

LOGOUT_TYP = "logout+jwt"
EVENT = "http://schemas.openid.net/event/backchannel-logout"
_TYPES = frozenset({"logout+jwt", "application/logout+jwt", "jwt", "application/jwt"})
_ALGORITHMS = frozenset({"RS256", "ES256"})
_SID_BYTES = 16
_MAX_TEXT = 255
_MAX_TIME = 2**40


class LeavingClient(Protocol):
    """What the rules read of a client's row."""

    @property
    def id(self) -> str: ...
    @property
    def status(self) -> str: ...
    @property
    def post_logout_redirect_uris(self) -> Sequence[str]: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Hint:
    """What an ID token of ours says of the session that it came from; an expired one says as much."""

    sub: str
    client_id: str
    sid: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Leaving:
    """A request to sign out. `location`: where the browser goes afterwards; None: to a page of ours."""

    hint: Hint | None
    location: str | None


def client_sid(session: str, client_id: str) -> str:
    """The `sid` of a session for one client: the same in all its ID tokens, another one for every other client."""
    said = f"sid-v1\0{session}\0{client_id}".encode()
    return base64url(hashlib.sha256(said).digest()[:_SID_BYTES])


def hint_of(claims: Mapping[str, Any] | None, issuer: str) -> Hint | None:
    """The hint with these verified claims; None if it is no ID token of ours (`claims` None: not signed by us)."""
    if claims is None or claims.get("iss") != issuer:
        return None
    sub, client_id, sid = claims.get("sub"), claims.get("aud"), claims.get("sid")
    if not isinstance(sub, str) or not isinstance(client_id, str):
        return None
    return Hint(sub=sub, client_id=client_id, sid=sid if isinstance(sid, str) else None)


def named_client(form: Parameters, hint: Hint | None) -> str | OAuthError | None:
    """The client that asks; LOGOUT_CLIENT if hint and `client_id` name two (section 2)."""
    named = form.get("client_id")
    if hint is not None and named not in {None, hint.client_id}:
        return OAuthError.LOGOUT_CLIENT
    return hint.client_id if hint is not None else named


def read(form: Parameters, hint: Hint | None, client: LeavingClient | None) -> Leaving | OAuthError:
    """What the request asks. `client`: the row of `named_client`, None if it named none or one that is unknown.

    An address that is not registered, byte for byte, is refused: nobody is sent there, and nothing ends. One
    that belongs to nobody, because no client was named, is left out.
    """
    target = form.get("post_logout_redirect_uri")
    if client is None and form.get("client_id") is not None:
        return OAuthError.LOGOUT_CLIENT
    if target is None or client is None:
        return Leaving(hint=hint, location=None)
    if client.status != "active" or target not in client.post_logout_redirect_uris:
        return OAuthError.LOGOUT_REDIRECT
    state = form.get("state")
    return Leaving(hint=hint, location=target if state is None else with_parameters(target, {"state": state}))


def must_ask(leaving: Leaving, person: str, session: str) -> bool:
    """Must the person confirm it? Yes, unless the hint belongs to this very session (section 2): else anybody's
    link could sign them out.
    """
    hint = leaving.hint
    return hint is None or hint.sub != person or hint.sid != client_sid(session, hint.client_id)


def logout_token(*, issuer: str, client_id: str, sub: str, sid: str, jti: str, now: Seconds) -> dict[str, Any]:
    """The claims by which a client is told (Back-Channel Logout section 2.4): never a nonce, two minutes of life."""
    return {
        "iss": issuer,
        "sub": sub,
        "aud": client_id,
        "iat": now,
        "exp": now + 120,
        "jti": jti,
        "sid": sid,
        "events": {EVENT: {}},
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class HomeLogout:
    """A home identity provider says that somebody left. `replay_until`: for how long its `jti` is remembered."""

    sub: str | None
    sid: str | None
    jti: str
    replay_until: Seconds


def check_logout_token(
    header: Mapping[str, Any], claims: Mapping[str, Any], *, issuer: str, client_id: str, now: Seconds
) -> HomeLogout | Reason:
    """A provider's logout token whose signature was verified (section 2.6, numbers at each); or why it is none.

    An ID token is none: it has no `events`. One without `exp` is too old after `LOGOUT_TOKEN_AGE` all the same.
    """
    typ = header.get("typ")
    if not (typ is None or (isinstance(typ, str) and typ.lower() in _TYPES)) or "crit" in header:
        return _refused("typ or crit")
    if header.get("alg") not in _ALGORITHMS:  # 2
        return _refused("alg")
    audience = claims.get("aud")
    if claims.get("iss") != issuer or audience not in (client_id, [client_id]):  # 3
        return _refused("iss or aud")
    until = _times(claims, now)
    if until is None:
        return _refused("iat or exp")
    sub, sid, jti = (claims.get(name) for name in ("sub", "sid", "jti"))
    if not all(one is None or _is_text(one) for one in (sub, sid)) or (sub is None and sid is None):  # 4
        return _refused("sub or sid")
    events = claims.get("events")
    if not isinstance(events, dict) or not isinstance(events.get(EVENT), dict):  # 5
        return _refused("events")
    if "nonce" in claims:  # 6
        return _refused("nonce")
    if not isinstance(jti, str) or not _is_text(jti):
        return _refused("jti")
    return HomeLogout(sub=sub, sid=sid, jti=jti, replay_until=until)


def home_sid(issuer: str, sid: str) -> str:
    """Under which name a provider's own session is kept: no half of the pair passes for another."""
    return hashlib.sha256(f"{len(issuer)}:{issuer}{sid}".encode()).hexdigest()


def farewell_id(session: str, client_id: str) -> str:
    """The one message that tells `client_id` of the end of `session`."""
    return hashlib.sha256(f"{session} {client_id}".encode()).hexdigest()


def _refused(part: str) -> Reason:
    return Reason(code="AUTH-LOGOUT-TOKEN", facts=(("part", part),))


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and 0 < len(value) <= _MAX_TEXT and value.isprintable()


def _times(claims: Mapping[str, Any], now: Seconds) -> Seconds | None:
    """Until when the token could be shown again; None if it is too old, too early, or has no time."""
    iat = claims.get("iat")
    if type(iat) is not int or not 0 <= iat <= _MAX_TIME or iat > now + LEEWAY:
        return None
    exp = claims.get("exp", iat + LOGOUT_TOKEN_AGE)
    if type(exp) is not int or not 0 <= exp <= _MAX_TIME:
        return None
    end = min(exp, iat + LOGOUT_TOKEN_AGE) + LEEWAY
    return Seconds(end) if now < end else None
