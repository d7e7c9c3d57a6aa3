"""Forms of our own pages: does an answer come from a page that we showed to this very session? (T059)

The token is derived from the cookie's secret, which nobody but the browser and this request know, so nothing is kept.
"""

import hmac

from aiohttp import hdrs, web
from multidict import MultiDict

from broker.core.oidc.opaque import stored_id
from broker.web import cookies
from broker.web.errors import Problem
from broker.web.state import BROKER

NAME = "form"
NEVER = frozenset({
    "access_token", "assertion", "client_assertion", "client_secret", "code_verifier", "device_code", "id_token_hint",
    "initial_access_token", "login_hint", "logout_token", "passports", "password", "refresh_token", "secret",
    "subject_token", "token", "user_code", NAME,
})  # fmt: skip
"""Names under which something is sent that opens something: no page repeats it. The form's own token is made anew."""
_NOT_TYPED = frozenset({"was"})
"""What a form remembers by itself, and that looks like words."""


def token(request: web.Request) -> str:
    """What every form of this session carries. Only for who is signed in."""
    secret = cookies.session_secret(request)
    if secret is None:
        raise Problem("REQ-FORM-EXPIRED")
    return stored_id(f"form:{secret}")


def own(request: web.Request, form: MultiDict[str]) -> MultiDict[str]:
    """`form`, if it comes from a page of ours; REQ-FORM-EXPIRED if it does not."""
    if not is_own(request, form):
        raise Problem("REQ-FORM-EXPIRED")
    return form


def is_own(request: web.Request, form: MultiDict[str]) -> bool:
    """Does it come from a page that this very session was shown? What another site sends is refused at once.

    For long forms: what was typed before a new sign-in is shown again, with a token that counts, and nothing is done.
    """
    if not is_from_here(request):
        raise Problem("REQ-FORM-EXPIRED")
    if cookies.session_secret(request) is None:
        return False
    return hmac.compare_digest(form.get(NAME, "").encode(), token(request).encode())


def is_text(name: str, value: str) -> bool:
    """Did somebody write it, in more than a word? Then no page may lose it."""
    return len(value.split()) > 1 and name not in NEVER | _NOT_TYPED


def is_from_here(request: web.Request) -> bool:
    """Does a browser say that a page of ours sent it? Where no browser says anything, nothing speaks against it."""
    return request.headers.get(hdrs.ORIGIN) in (None, request.app[BROKER].world.issuer)
