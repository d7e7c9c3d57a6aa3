"""The two cookies: who is signed in, and which browser began a sign-in. Over https they are `__Host-` ones."""

from aiohttp import hdrs, web

from broker.core.oidc.opaque import opaque, stored_id
from broker.flows.sign_in import SESSION_SECONDS
from broker.web.errors import Problem
from broker.web.middleware import ENTROPY
from broker.web.state import BROKER

_SESSION, _BROWSER, _PROVIDER = "broker-session", "broker-browser", "broker-provider"
_PROVIDER_SECONDS = 365 * 86_400
_BROWSER_SECONDS = 3600
_SECRET_LENGTH = 43
_TOKENS = ("bearer", "dpop")
"""Schemes of access tokens: whose door is a page is told from the cookie alone, never from one of two (T062)."""


def _secure(request: web.Request) -> bool:
    return request.app[BROKER].world.issuer.startswith("https://")


def _name(request: web.Request, name: str) -> str:
    return f"__Host-{name}" if _secure(request) else name


def session_id(request: web.Request) -> str | None:
    """The id of the session that the cookie's secret stands for; whether it lives is asked elsewhere."""
    if request.headers.get(hdrs.AUTHORIZATION, "").partition(" ")[0].lower() in _TOKENS:
        raise Problem("REQ-INVALID", problem="a page takes no access token; a cookie and a token could be two people's")
    secret = _secret(request, _SESSION)
    return stored_id(secret) if secret is not None else None


def session_secret(request: web.Request) -> str | None:
    """The secret of the session's cookie itself: for what is derived from it, never to be shown or kept."""
    return _secret(request, _SESSION)


def last_provider(request: web.Request) -> str | None:
    """The short name of the provider that this browser was asked to remember. It only changes what is shown first."""
    return request.cookies.get(_name(request, _PROVIDER))


def remember_provider(request: web.Request, response: web.StreamResponse, slug: str) -> None:
    """Because the person asked for it, and never otherwise."""
    _set(request, response, _PROVIDER, slug, _PROVIDER_SECONDS)


def forget_provider(request: web.Request, response: web.StreamResponse) -> None:
    """The cookie is taken back."""
    _set(request, response, _PROVIDER, "", 0)


def browser_secret(request: web.Request) -> str | None:
    """The secret of this browser, by which a sign-in ends where it began."""
    return _secret(request, _BROWSER)


def _secret(request: web.Request, name: str) -> str | None:
    secret = request.cookies.get(_name(request, name))
    return secret if secret is not None and len(secret) == _SECRET_LENGTH else None


def new_browser_secret(request: web.Request) -> str:
    return opaque(request.app[ENTROPY].random(32))


def set_session(request: web.Request, response: web.StreamResponse, secret: str) -> None:
    """A new session has a new secret: one that was known before signing in is worth nothing (T057)."""
    _set(request, response, _SESSION, secret, SESSION_SECONDS)


def clear_session(request: web.Request, response: web.StreamResponse) -> None:
    """The browser forgets the session, which has ended."""
    name = _name(request, _SESSION)
    response.del_cookie(name, path="/", secure=_secure(request), httponly=True, samesite="Lax")


def set_browser(request: web.Request, response: web.StreamResponse, secret: str) -> None:
    _set(request, response, _BROWSER, secret, _BROWSER_SECONDS)


def _set(request: web.Request, response: web.StreamResponse, name: str, value: str, seconds: int) -> None:
    response.set_cookie(
        _name(request, name),
        value,
        max_age=seconds,
        path="/",
        secure=_secure(request),
        httponly=True,
        samesite="Lax",
    )
