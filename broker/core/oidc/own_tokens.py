"""What does one of our own signed tokens say, now that its signature and `typ` were verified?

RFC 9068 section 4 (access tokens), AAI Profile 1.2.1 "Passport Format". Our own tokens get no leeway: dead
at `now >= exp` (ruling 16). Each kind has a `typ` of its own, so that none passes for another.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, TypeGuard

from broker.core.oidc.errors import OAuthError
from broker.core.time import Seconds

ACCESS_TOKEN_TYP = "at+jwt"  # noqa: S105 (a media type, not a secret)
PASSPORT_TYP = "vnd.ga4gh.passport+jwt"
ID_TOKEN_TYP = "JWT"  # noqa: S105 (a media type, not a secret)
TASK_TYP = "task+jwt"
PERMISSION_TYP = "duo-permission+jwt"

OPENID = "openid"
PASSPORT_SCOPE = "ga4gh_passport_v1"
TASK_SCOPE = "task"
"""Work may go on after its person has signed out, if they agreed to that."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnToken:
    """A token that we issued and that has not expired; whether it was revoked is another question.

    `family`: the authorisation from which it descends. A passport has neither `client_id` nor `scope`.
    `jkt`: the key that it is bound to (RFC 9449 section 6.1).
    """

    kind: Literal["access_token", "passport", "task"]
    sub: str
    audience: frozenset[str]
    family: str
    jti: str
    issued: Seconds
    expires: Seconds
    client_id: str | None = None
    scope: tuple[str, ...] = ()
    jkt: str | None = None

    @property
    def passport_scoped(self) -> bool:
        """Does it open the door to visas (AAI "Passport-Scoped Access Token")?"""
        return is_passport_scoped(self.scope)

    @property
    def opens_data(self) -> bool:
        """Does it show the grants that were released with it?"""
        return self.passport_scoped or (self.kind == "task" and TASK_SCOPE in self.scope)


def is_passport_scoped(scope: tuple[str, ...]) -> bool:
    """Both `openid` and `ga4gh_passport_v1` (AAI Brokers 1.3)."""
    return {OPENID, PASSPORT_SCOPE} <= set(scope)


def read_access_token(claims: Mapping[str, Any] | None, issuer: str, now: Seconds) -> OwnToken | OAuthError:
    """The access token with these verified claims. `claims`: None if the signature or `typ` was not ours."""
    return _with_client("access_token", claims, issuer, now)


def read_task_token(claims: Mapping[str, Any] | None, issuer: str, now: Seconds) -> OwnToken | OAuthError:
    """The task token with these verified claims. `claims`: None if the signature or `typ` was not ours."""
    return _with_client("task", claims, issuer, now)


def _with_client(
    kind: Literal["access_token", "task"], claims: Mapping[str, Any] | None, issuer: str, now: Seconds
) -> OwnToken | OAuthError:
    client_id = None if claims is None else claims.get("client_id")
    scope = None if claims is None else claims.get("scope")
    if claims is None or not isinstance(client_id, str) or not isinstance(scope, str):
        return OAuthError.TOKEN_INVALID
    return _read(kind, claims, issuer, now, client_id, tuple(scope.split(" ")))


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceToken:
    """A token that a service holds in its own name, and that has not expired. It is about no person."""

    client_id: str
    audience: frozenset[str]
    scope: tuple[str, ...]
    jti: str
    issued: Seconds
    expires: Seconds
    jkt: str | None = None


def read_service_token(claims: Mapping[str, Any] | None, issuer: str, now: Seconds) -> ServiceToken | OAuthError:
    """The service's token with these verified claims. A person's token is none: it has a `sid`, and another `sub`."""
    if claims is None or "sid" in claims or not _is_text(claims.get("client_id")):
        return OAuthError.TOKEN_INVALID
    read = read_access_token({**claims, "sid": claims["client_id"]}, issuer, now)
    if isinstance(read, OAuthError):
        return read
    if read.client_id is None or read.sub != read.client_id:
        return OAuthError.TOKEN_INVALID
    return ServiceToken(
        client_id=read.client_id,
        audience=read.audience,
        scope=read.scope,
        jti=read.jti,
        issued=read.issued,
        expires=read.expires,
        jkt=read.jkt,
    )


def read_passport(claims: Mapping[str, Any] | None, issuer: str, now: Seconds) -> OwnToken | OAuthError:
    """The passport of ours with these verified claims; its visas are not looked at."""
    if claims is None or not isinstance(claims.get(PASSPORT_SCOPE), list):
        return OAuthError.TOKEN_INVALID
    return _read("passport", claims, issuer, now, None, ())


def _read(
    kind: Literal["access_token", "passport", "task"],
    claims: Mapping[str, Any],
    issuer: str,
    now: Seconds,
    client_id: str | None,
    scope: tuple[str, ...],
) -> OwnToken | OAuthError:
    sub, family, jti = (claims.get(name) for name in ("sub", "sid", "jti"))
    audience, issued, expires = claims.get("aud"), claims.get("iat"), claims.get("exp")
    if claims.get("iss") != issuer or not (_is_text(sub) and _is_text(family) and _is_text(jti)):
        return OAuthError.TOKEN_INVALID
    if not isinstance(audience, list) or not all(isinstance(one, str) for one in audience):
        return OAuthError.TOKEN_INVALID
    confirmation = claims.get("cnf")
    jkt = confirmation.get("jkt") if isinstance(confirmation, dict) else None
    if confirmation is not None and not _is_text(jkt):  # bound in a way that we could not check
        return OAuthError.TOKEN_INVALID
    if not (_is_time(issued) and _is_time(expires)) or issued > now:
        return OAuthError.TOKEN_INVALID
    if now >= expires:
        return OAuthError.TOKEN_EXPIRED
    return OwnToken(
        kind=kind,
        sub=sub,
        audience=frozenset(audience),
        family=family,
        jti=jti,
        issued=issued,
        expires=expires,
        client_id=client_id,
        scope=scope,
        jkt=jkt,
    )


def _is_text(value: Any) -> TypeGuard[str]:
    return isinstance(value, str) and value != ""


def _is_time(value: Any) -> TypeGuard[Seconds]:
    return type(value) is int
