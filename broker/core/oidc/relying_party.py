"""Signing in at a home identity provider: what do we ask, and is the answer to what we asked?

OpenID Connect Core section 3.1.2, RFC 7636, RFC 9207, RFC 9700 section 4.4 (mix-up). Every provider has a
redirect URI of its own; an answer counts only in the browser that asked, once, for the provider asked.
"""

import hmac
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Protocol

from broker.core.oidc import pkce
from broker.core.oidc.limits import PENDING_SIGN_IN_LIFE
from broker.core.oidc.opaque import stored_id
from broker.core.oidc.parameters import Parameters
from broker.core.oidc.redirects import local_path, with_parameters
from broker.core.outcome import Reason
from broker.core.time import Seconds

ALGORITHMS = frozenset({"RS256", "ES256"})
_ERRORS: Mapping[str, str] = MappingProxyType({
    "access_denied": "AUTH-IDP-CANCELLED",
    "account_selection_required": "AUTH-IDP-NOBODY",
    "consent_required": "AUTH-IDP-NOBODY",
    "interaction_required": "AUTH-IDP-NOBODY",
    "login_required": "AUTH-IDP-NOBODY",
    "unmet_authentication_requirements": "AUTH-IDP-TOO-WEAK",
})  # fmt: skip
"""A provider's word for a no (RFC 6749 4.1.2.1, OpenID Connect Core 3.1.2.6) to our reason; else AUTH-IDP-ERROR."""


class Assurance(Protocol):
    """A rule of a provider's row: what a sign-in that it calls so, or that was done so, is for us."""

    @property
    def acr(self) -> str: ...
    @property
    def said_acr(self) -> str | None: ...
    @property
    def amr(self) -> tuple[str, ...]: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Provider:
    """A home identity provider, from its row and its discovery document.

    `sends_iss`: it advertises RFC 9207. `affiliation_scopes`: the `@scope`s that it may speak for.
    `participants`: a consent source; it is asked for a pseudonym and nothing else (ruling 19). `acr_values`: the
    kinds of sign-in that it is always asked for. `assurance`: what its words about a sign-in mean here.
    """

    issuer: str
    client_id: str
    authorization_endpoint: str
    redirect_uri: str
    scopes: tuple[str, ...] = ("openid", "profile")
    algorithms: frozenset[str] = ALGORITHMS
    sends_iss: bool = False
    affiliation_scopes: frozenset[str] = frozenset()
    participants: bool = False
    acr_values: tuple[str, ...] = ()
    assurance: tuple[Assurance, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Pending:
    """A sign-in that began in one browser and has not ended. `browser`: SHA-256 of that browser's secret."""

    idp: str
    redirect_uri: str
    browser: str
    return_to: str
    started: Seconds
    max_age: int | None
    state: str = field(repr=False)
    nonce: str = field(repr=False)
    verifier: str = field(repr=False)
    link: str | None = None
    """The session to whose person the identity is to be linked; None: a sign-in like any other."""


def begin(
    provider: Provider,
    *,
    state: str,
    nonce: str,
    verifier: str,
    browser_secret: str,
    return_to: str | None,
    now: Seconds,
    max_age: int | None = None,
    login_hint: str | None = None,
    fresh: bool = False,
    acr_values: tuple[str, ...] = (),
    idp_hint: str | None = None,
    link: str | None = None,
) -> tuple[Pending, str]:
    """What to remember, under `state`, and where to send the browser.

    `state`, `nonce`, `verifier`: `opaque(…)` each. `fresh`: the person must sign in anew (`prompt=login`).
    `acr_values`: the kinds of sign-in that are wanted, in our words; the provider is asked in its own.
    """
    pending = Pending(
        idp=provider.issuer,
        redirect_uri=provider.redirect_uri,
        browser=stored_id(browser_secret),
        return_to=local_path(return_to),
        started=now,
        max_age=0 if fresh else max_age,
        state=state,
        nonce=nonce,
        verifier=verifier,
        link=link,
    )
    query = {
        "response_type": "code",
        "client_id": provider.client_id,
        "redirect_uri": provider.redirect_uri,
        "scope": "openid" if provider.participants else " ".join(provider.scopes),
        "state": state,
        "nonce": nonce,
        "code_challenge": pkce.challenge_of(verifier),
        "code_challenge_method": pkce.METHOD,
        "prompt": "login" if fresh else None,
        "max_age": None if pending.max_age is None else str(pending.max_age),
        "login_hint": login_hint,
        "aarc_idp_hint": idp_hint,
        "acr_values": " ".join(_asked(provider, acr_values)) or None,
    }
    return pending, with_parameters(provider.authorization_endpoint, query)


def check_callback(
    query: Parameters, pending: Pending | None, provider: Provider, browser_secret: str | None, now: Seconds
) -> str | Reason:
    """The code to redeem at `provider`, whose callback address was called; or why there is none.

    `pending`: what was remembered under the `state` of `query`, taken so that it is there once. What a
    provider writes into `error_description` is never repeated.
    """
    state = query.get("state")
    if pending is None or state is None or not _equal(state, pending.state):
        return Reason(code="AUTH-IDP-STATE")
    if browser_secret is None or not _equal(stored_id(browser_secret), pending.browser):
        return Reason(code="AUTH-IDP-BROWSER")
    if not 0 <= now - pending.started < PENDING_SIGN_IN_LIFE:
        return Reason(code="AUTH-IDP-LATE")
    if (pending.idp, pending.redirect_uri) != (provider.issuer, provider.redirect_uri):
        return Reason(code="AUTH-IDP-MIX-UP")
    issuer = query.get("iss")
    if issuer != provider.issuer and (issuer is not None or provider.sends_iss):
        return Reason(code="AUTH-IDP-MIX-UP")
    error = query.get("error")
    if error is not None:
        return Reason(code=_ERRORS.get(error, "AUTH-IDP-ERROR"))
    return query.get("code") or Reason(code="AUTH-IDP-ERROR")


def kind_of_sign_in(provider: Provider, acr: str | None, amr: tuple[str, ...]) -> str | None:
    """The `acr` that we keep and pass on: that of the first rule that fits, else the provider's. Nothing is assumed.

    A rule without a condition fits nothing: it would call every sign-in of that provider strong.
    """
    for rule in provider.assurance:
        said = rule.said_acr is None or rule.said_acr == acr
        if (rule.said_acr is not None or rule.amr) and said and set(rule.amr) <= set(amr):
            return rule.acr
    return acr


def _asked(provider: Provider, wanted: tuple[str, ...]) -> tuple[str, ...]:
    """What a participant's provider is asked for is nothing; every other one is asked in words that it knows."""
    if provider.participants:
        return ()
    theirs = (
        word
        for acr in wanted
        for word in ([rule.said_acr for rule in provider.assurance if rule.acr == acr and rule.said_acr] or [acr])
    )
    return tuple(dict.fromkeys((*theirs, *provider.acr_values)))


def _equal(one: str, other: str) -> bool:
    return hmac.compare_digest(one.encode(), other.encode())
