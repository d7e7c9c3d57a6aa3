"""What do the tokens that we sign say? ID token, access token, passport, UserInfo, DUO-coded permission.

OpenID Connect Core sections 2 and 5.3, RFC 9068 section 2.2, AAI Profile 1.2.1 "Passport-Scoped Access
Token" and "Passport Format", ruling 4. Callers compute the ends (limits.py, release.py); nothing here does.
"""

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

from broker.core.oidc.opaque import base64url
from broker.core.oidc.own_tokens import PASSPORT_SCOPE
from broker.core.oidc.requested_claims import SCOPE_CLAIMS
from broker.core.plain import plain
from broker.core.time import Seconds

VISA_CLAIM = "ga4gh_visa_v1"


def access_token(
    *,
    issuer: str,
    sub: str,
    client_id: str,
    audiences: Sequence[str],
    scope: Sequence[str],
    family: str,
    jti: str,
    auth_time: Seconds,
    now: Seconds,
    ends: Seconds,
    jkt: str | None = None,
    acr: str | None = None,
    amr: Sequence[str] = (),
) -> dict[str, Any]:
    """An access token (typ `at+jwt`). `audiences`: the resources that it is for, or our own issuer.

    `jkt`: the key that it is bound to (RFC 9449 section 6.1).

    RFC 9068 wants the resource in `aud`, AAI the client: both are in it. No GA4GH claim ever (AAI 1.4.2).
    """
    return {
        "iss": issuer,
        "sub": sub,
        "aud": [*dict.fromkeys((*audiences, client_id))],
        "client_id": client_id,
        "scope": " ".join(scope),
        "sid": family,
        "jti": jti,
        "auth_time": auth_time,
        "iat": now,
        "exp": ends,
        **how_signed_in(acr, amr),
        **confirmation(jkt),
    }


def how_signed_in(acr: str | None, amr: Sequence[str]) -> dict[str, Any]:
    """`acr` and `amr` as far as the home provider said them (RFC 9068 section 2.2.1, RFC 9470 section 6)."""
    return ({} if acr is None else {"acr": acr}) | ({"amr": list(amr)} if amr else {})


def confirmation(jkt: str | None) -> dict[str, Any]:
    """The claim of a token that is bound to a key (RFC 7800, RFC 9449 section 6.1); none for a bearer token."""
    return {} if jkt is None else {"cnf": {"jkt": jkt}}


def service_token(
    *, issuer: str, client_id: str, scope: Sequence[str], jti: str, now: Seconds, ends: Seconds, jkt: str | None
) -> dict[str, Any]:
    """An access token of a service in its own name (RFC 9068 section 2.2: `sub` is the client).

    It descends from no authorisation of a person, so it has no `sid`; by that every other reader refuses it.
    """
    return {
        "iss": issuer,
        "sub": client_id,
        "aud": [issuer],
        "client_id": client_id,
        "scope": " ".join(scope),
        "jti": jti,
        "iat": now,
        "exp": ends,
        **confirmation(jkt),
    }


def id_token(
    *,
    issuer: str,
    sub: str,
    client_id: str,
    nonce: str | None,
    sid: str,
    auth_time: Seconds,
    acr: str | None,
    amr: Sequence[str],
    access_token: str,
    personal: Mapping[str, Any],
    now: Seconds,
    ends: Seconds,
) -> dict[str, Any]:
    """An ID token. `nonce`: that of the request, None at a refresh (Core 12.2). `personal`: asked one by one."""
    members: dict[str, Any] = {
        **personal,
        "iss": issuer,
        "sub": sub,
        "aud": client_id,
        "nonce": nonce,
        "sid": sid,
        "auth_time": auth_time,
        "acr": acr,
        "amr": list(amr) or None,
        "at_hash": half_hash(access_token),
        "iat": now,
        "exp": ends,
    }
    return {name: value for name, value in members.items() if value is not None}


def half_hash(token: str) -> str:
    """`at_hash` for the algorithms that we use, RS256 and ES256: left half of the SHA-256 (Core 3.1.3.6)."""
    return base64url(hashlib.sha256(token.encode("ascii")).digest()[:16])


def passport(
    *,
    issuer: str,
    sub: str,
    audiences: Sequence[str],
    family: str,
    jti: str,
    visas: Sequence[str],
    now: Seconds,
    ends: Seconds,
    jkt: str | None = None,
) -> dict[str, Any]:
    """A Passport (typ `vnd.ga4gh.passport+jwt`). `sid`: by which our own doors see that it was revoked.

    `jkt`: the key whose holder alone may show it; other clearinghouses may not know this claim.
    """
    return {
        "iss": issuer,
        "sub": sub,
        "aud": list(audiences),
        "sid": family,
        "jti": jti,
        "iat": now,
        "exp": ends,
        PASSPORT_SCOPE: list(visas),
        **confirmation(jkt),
    }


def userinfo(
    *,
    issuer: str,
    sub: str,
    scope: Sequence[str],
    asked: Sequence[str],
    known: Mapping[str, Any],
    visas: Sequence[str] | None,
) -> dict[str, Any]:
    """The UserInfo answer. `visas`: None unless the access token was Passport-Scoped; else a list, even empty.

    `known`: the claims that a person's session holds; released by a scope, or one by one (`asked`).
    """
    released = {name for word in scope for name in SCOPE_CLAIMS.get(word, ())} | set(asked)
    answer: dict[str, Any] = {name: known[name] for name in sorted(released & known.keys())}
    answer |= {"sub": sub, "iss": issuer}
    if visas is not None:
        answer[PASSPORT_SCOPE] = list(visas)
    return answer


def permission(
    *,
    issuer: str,
    sub: str,
    grant: str,
    dataset: str,
    committee: str,
    codes: Sequence[Any],
    purpose: Any,
    project: str | None,
    findings: Sequence[Any],
    obligations: Sequence[str],
    now: Seconds,
    begins: Seconds,
    ends: Seconds,
) -> dict[str, Any]:
    """A grant as a DUO-coded permission (typ `duo-permission+jwt`, ruling 4), to be obeyed without asking again.

    `codes`, `purpose` and `findings` are core values; they are written as plain JSON.
    """
    return {
        "iss": issuer,
        "sub": sub,
        "jti": grant,
        "iat": now,
        "nbf": begins,
        "exp": ends,
        "duo_permission": {
            "dataset": dataset,
            "committee": committee,
            "codes": plain(tuple(codes)),
            "purpose": plain(purpose),
            **({} if project is None else {"project": project}),
            "findings": plain(tuple(findings)),
            "obligations": list(obligations),
        },
    }
