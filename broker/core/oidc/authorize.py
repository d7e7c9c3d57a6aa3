"""May this authorization request go on to the person, and if not, who is told? (RFC 6749 section 4.1.1)

Also: OpenID Connect Core section 3.1.2, RFC 7636, RFC 8707, RFC 9207, RFC 9700. Until client and
redirect_uri are known to belong together nothing is ever sent to an address that the caller gave.
"""

import re
from dataclasses import dataclass

from broker.core.oidc import pkce
from broker.core.oidc.client_auth import RegisteredClient
from broker.core.oidc.dpop import is_jkt
from broker.core.oidc.errors import OAuthError
from broker.core.oidc.narrowing import AudienceOf, targets_allowed, understood
from broker.core.oidc.parameters import Parameters
from broker.core.oidc.redirects import is_registered, with_parameters
from broker.core.oidc.requested_claims import RequestedClaims, requested_claims

PROMPTS = frozenset({"none", "login", "consent"})
MAX_ACR_VALUES = 20
_SECONDS = re.compile(r"[0-9]{1,9}")


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthorizationRequest:
    """A request in which everything was checked that can be checked without the person."""

    client_id: str
    redirect_uri: str
    scope: tuple[str, ...]
    challenge: str
    state: str | None
    nonce: str | None
    prompt: frozenset[str]
    max_age: int | None
    login_hint: str | None
    id_token_hint: str | None
    resources: tuple[str, ...]
    claims: RequestedClaims
    jkt: str | None = None
    """The key to which the code is bound (`dpop_jkt`, RFC 9449 section 10)."""
    acr_values: tuple[str, ...] = ()
    """The kinds of sign-in that are wanted, the best first; without any it goes on all the same (Core 3.1.2.1)."""
    idp_hint: str | None = None
    """Which home provider is meant (`aarc_idp_hint`, AARC-G061); one that we do not know is no fault."""


@dataclass(frozen=True, slots=True)
class Proceed:
    """Go on: sign in, ask, give a code."""

    request: AuthorizationRequest


@dataclass(frozen=True, slots=True)
class ShowError:
    """Tell the person on a page of ours. The browser is sent nowhere."""

    error: OAuthError


@dataclass(frozen=True, slots=True)
class RedirectError:
    """Send the browser to `location`, which is the client's own and carries `error`, `state` and `iss`."""

    error: OAuthError
    location: str


def check(
    query: Parameters,
    client: RegisteredClient | None,
    issuer: str,
    supported_scopes: frozenset[str],
    audience_of: AudienceOf,
) -> Proceed | ShowError | RedirectError:
    """The answer to an authorization request. `client`: the row that `client_id` names, or None."""
    redirect_uri = query.get("redirect_uri")
    if client is None or client.status != "active" or client.id != query.get("client_id"):
        return ShowError(OAuthError.REDIRECT_UNKNOWN)
    if redirect_uri is None or not is_registered(redirect_uri, client.redirect_uris):
        return ShowError(OAuthError.REDIRECT_UNKNOWN)
    asked = _asked(query, client, redirect_uri, supported_scopes, audience_of)
    if isinstance(asked, OAuthError):
        return RedirectError(asked, error_location(redirect_uri, asked, query.get("state"), issuer))
    return Proceed(asked)


def error_location(redirect_uri: str, error: OAuthError, state: str | None, issuer: str) -> str:
    """Where a refusal sends the browser (RFC 6749 section 4.1.2.1, with RFC 9207 `iss`)."""
    return with_parameters(redirect_uri, {**error.body(), "state": state, "iss": issuer})


def code_location(redirect_uri: str, code: str, state: str | None, issuer: str) -> str:
    """Where a yes sends the browser (RFC 6749 section 4.1.2, with RFC 9207 `iss`)."""
    return with_parameters(redirect_uri, {"code": code, "state": state, "iss": issuer})


def _asked(
    query: Parameters,
    client: RegisteredClient,
    redirect_uri: str,
    supported_scopes: frozenset[str],
    audience_of: AudienceOf,
) -> AuthorizationRequest | OAuthError:
    """What this client asks at its own address, or the first thing that is wrong with it."""
    error = _unsupported(query, client) or _bad_proof(query)
    scope = error or understood(query.words("scope"), supported_scopes, client.scopes)
    if isinstance(scope, OAuthError):
        return scope
    error = _bad_interaction(query) or _bad_target(query, client, audience_of)
    claims = error or requested_claims(query.get("claims"))
    if isinstance(claims, OAuthError):
        return claims
    max_age = query.get("max_age")
    return AuthorizationRequest(
        client_id=client.id,
        redirect_uri=redirect_uri,
        scope=scope,
        challenge=query.one["code_challenge"],
        state=query.get("state"),
        nonce=query.get("nonce"),
        prompt=frozenset(query.words("prompt")),
        max_age=None if max_age is None else int(max_age),
        login_hint=query.get("login_hint"),
        id_token_hint=query.get("id_token_hint"),
        resources=tuple(dict.fromkeys(query.all("resource"))),
        claims=claims,
        jkt=query.get("dpop_jkt"),
        acr_values=query.words("acr_values")[:MAX_ACR_VALUES],
        idp_hint=query.get("aarc_idp_hint"),
    )


def _unsupported(query: Parameters, client: RegisteredClient) -> OAuthError | None:
    """What we do not do at all. Request objects first: their other parameters may be anywhere."""
    if query.get("request") is not None:
        return OAuthError.REQUEST_OBJECT
    if query.get("request_uri") is not None:
        return OAuthError.REQUEST_URI
    if query.get("response_type") is None:
        return OAuthError.MISSING
    if query.get("response_type") != "code":
        return OAuthError.RESPONSE_TYPE
    if query.get("response_mode") not in {None, "query"}:
        return OAuthError.RESPONSE_MODE
    return None if "authorization_code" in client.grant_types else OAuthError.CLIENT_GRANT


def _bad_proof(query: Parameters) -> OAuthError | None:
    """PKCE, from every client, always (RFC 9700 section 2.1.1); a missing method would mean `plain`."""
    jkt = query.get("dpop_jkt")
    if jkt is not None and not is_jkt(jkt):
        return OAuthError.DPOP_JKT
    if query.get("code_challenge_method") != pkce.METHOD:
        return OAuthError.PKCE_NEEDED
    return None if pkce.is_challenge(query.get("code_challenge")) else OAuthError.PKCE_NEEDED


def _bad_interaction(query: Parameters) -> OAuthError | None:
    prompt = set(query.words("prompt"))
    if not prompt <= PROMPTS or ("none" in prompt and len(prompt) > 1):
        return OAuthError.PROMPT
    max_age = query.get("max_age")
    return None if max_age is None or _SECONDS.fullmatch(max_age) else OAuthError.MAX_AGE


def _bad_target(query: Parameters, client: RegisteredClient, audience_of: AudienceOf) -> OAuthError | None:
    """RFC 8707: every resource is known and this client's. `audience` is not a parameter of this endpoint."""
    if query.all("audience"):
        return OAuthError.TARGET
    return None if targets_allowed(query.all("resource"), client, audience_of) else OAuthError.TARGET
