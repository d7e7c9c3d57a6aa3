"""What has to happen with the person before a code is given? (OpenID Connect Core 3.1.2.1, 3.1.2.3, 3.1.2.4)

Asked again after each step, with the same request, until it says `Give` or refuses.
"""

from dataclasses import dataclass
from enum import Enum

from broker.core.oidc.authorize import AuthorizationRequest
from broker.core.oidc.errors import OAuthError
from broker.core.time import EPOCH, Seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedIn:
    """Who is signed in at this browser, in a session that is alive."""

    person: str
    auth_time: Seconds
    acr: str | None
    began: Seconds = EPOCH
    """When they came here; `auth_time` is when they signed in at home, which may be before."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Remembered:
    """What the person agreed to before, and asked us to remember for this client (AAI Brokers 6.2)."""

    scope: frozenset[str]
    claims: frozenset[str]


class Ask(Enum):
    """What the person must do next."""

    SIGN_IN = "sign_in"
    FRESH_SIGN_IN = "fresh_sign_in"
    """Sign in anew at the home provider (`prompt=login` there), or the same old sign-in would come back."""
    STRONGER_SIGN_IN = "stronger_sign_in"
    """Sign in at the same home provider in one of the ways asked for (`acr_values` there)."""
    CONSENT = "consent"


class Give(Enum):
    """Nothing: the code may be given, on the ground of a consent that is remembered."""

    CODE = "code"


def next_step(
    request: AuthorizationRequest,
    signed_in: SignedIn | None,
    remembered: Remembered | None,
    *,
    started: Seconds,
    hinted: str | None,
    now: Seconds,
) -> Ask | Give | OAuthError:
    """The next step, or the error to redirect with.

    `started`: when this request first arrived, so that a sign-in since then satisfies `prompt=login` and
    `max_age`. `hinted`: whom a verified `id_token_hint` names. With `prompt=none` nobody is ever asked.
    """
    silent = "none" in request.prompt
    if signed_in is None or _too_old(request, signed_in, started, now):
        if silent:
            return OAuthError.LOGIN_REQUIRED
        return Ask.FRESH_SIGN_IN if _wants_age(request) else Ask.SIGN_IN
    wanted = {person for person in (request.claims.subject, hinted) if person is not None}
    if wanted - {signed_in.person}:
        return _again(OAuthError.LOGIN_REQUIRED, signed_in, started, silent=silent)
    tried = silent or signed_in.began >= started
    if request.claims.acr and signed_in.acr not in request.claims.acr:
        return OAuthError.ACR_UNMET if tried else Ask.STRONGER_SIGN_IN
    if request.acr_values and signed_in.acr not in request.acr_values and not tried:
        return Ask.STRONGER_SIGN_IN
    if remembered is None or "consent" in request.prompt or not _covers(remembered, request):
        return OAuthError.CONSENT_REQUIRED if silent else Ask.CONSENT
    return Give.CODE


def _wants_age(request: AuthorizationRequest) -> bool:
    return "login" in request.prompt or request.max_age is not None


def _too_old(request: AuthorizationRequest, signed_in: SignedIn, started: Seconds, now: Seconds) -> bool:
    """Must this sign-in be repeated? One that happened for this very request never is."""
    if signed_in.auth_time >= started:
        return False
    if "login" in request.prompt:
        return True
    return request.max_age is not None and now - signed_in.auth_time > request.max_age


def _again(error: OAuthError, signed_in: SignedIn, started: Seconds, *, silent: bool) -> Ask | OAuthError:
    """Let the person try once more, as somebody else or in another way; then refuse."""
    return error if silent or signed_in.auth_time >= started else Ask.FRESH_SIGN_IN


def _covers(remembered: Remembered, request: AuthorizationRequest) -> bool:
    """Did the person agree to everything that is asked now?"""
    claims = request.claims.id_token | request.claims.userinfo
    return remembered.scope >= set(request.scope) and remembered.claims >= claims
