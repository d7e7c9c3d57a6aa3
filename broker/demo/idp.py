"""A small, strict OpenID Provider for the demo: three issuers at one address, a few personas, no passwords.

`/home` is the researchers' university federation, `/biobank` the place where participants sign in, `/college` a home
organisation that an administrator of the demo may connect: it says there what its helpdesk would say. Code flow
with PKCE (S256), state and nonce, and nothing else; every answer carries `iss` (RFC 9207). With
`login_hint=<persona>` and `prompt=none` the code comes back by redirects alone. Not for any real use:
whoever reaches it can be anybody.
"""

from base64 import b64decode
from binascii import Error as NotBase64
from collections.abc import Mapping, Sequence
from hmac import compare_digest
from typing import Final, get_args
from urllib.parse import parse_qs, unquote_plus, urlencode

from aiohttp import web
from cryptography.hazmat.primitives.asymmetric import rsa

from broker.core.time import Seconds
from broker.demo.idp_issuer import DemoIssuer
from broker.demo.idp_page import content_security_policy, helpdesk_page, refusal_page, sign_in_page
from broker.demo.idp_requests import Authorize, IdpClient, Refused, read_authorize, read_redeem
from broker.demo.people import NEWCOMERS, PERSONAS, IssuerName, persona
from broker.ports import Clock, Entropy

__all__ = ["IdpClient", "make_idp", "new_keys"]

MAX_BODY: Final = 64 * 1024
"""Bytes of a form."""

MAX_FIELDS: Final = 32
"""Parameters of one request."""

NOT_CONNECTED: Final[IssuerName] = "college"
"""Says at its own address, to everybody, what an administrator needs to connect it."""

Keys = Mapping[IssuerName, rsa.RSAPrivateKey]
Parameters = dict[str, list[str]]
_FORM = "application/x-www-form-urlencoded"
_NO_STORE = {"Cache-Control": "no-store", "Pragma": "no-cache"}


def new_keys() -> Keys:
    """A signing key for each issuer."""
    return {name: rsa.generate_private_key(65537, 2048) for name in get_args(IssuerName)}


def make_idp(
    base_url: str, clients: Sequence[IdpClient], clock: Clock, entropy: Entropy, keys: Keys | None = None
) -> web.Application:
    """The provider as an application, to be served at `base_url` (no final slash): issuers `base_url`/home, …"""
    keys = keys or new_keys()
    app = web.Application(client_max_size=MAX_BODY)
    for name, key in keys.items():
        theirs = tuple(client for client in clients if client.issuer == name)
        door = _Door(DemoIssuer(name, f"{base_url}/{name}", theirs, key, entropy), clock)
        if name == NOT_CONNECTED:
            app.router.add_get(f"/{name}", door.helpdesk)
        app.router.add_get(f"/{name}/.well-known/openid-configuration", door.metadata)
        app.router.add_get(f"/{name}/jwks.json", door.jwks)
        app.router.add_get(f"/{name}/authorize", door.authorize)
        app.router.add_post(f"/{name}/authorize", door.authorize)
        app.router.add_post(f"/{name}/token", door.token)
        app.router.add_get(f"/{name}/userinfo", door.userinfo)
        app.router.add_post(f"/{name}/userinfo", door.userinfo)
    return app


class _Door:
    """The HTTP of one issuer."""

    def __init__(self, issuer: DemoIssuer, clock: Clock) -> None:
        self._issuer, self._clock = issuer, clock

    async def metadata(self, _: web.Request) -> web.Response:
        return web.json_response(self._issuer.metadata())

    async def jwks(self, _: web.Request) -> web.Response:
        return web.json_response(self._issuer.jwks)

    async def helpdesk(self, _: web.Request) -> web.Response:
        page = helpdesk_page(self._issuer.name, self._issuer.url, self._issuer.clients)
        return self._page(page, 200, None)

    async def authorize(self, request: web.Request) -> web.Response:
        """GET and POST alike (OpenID Connect Core 3.1.2.1); a POST with `persona` is our own form's."""
        posted = request.method == "POST"
        given = await _form(request) if posted else _parameters(request.url.raw_query_string.encode())
        chosen = given.pop("persona", None) if posted else None
        asked = read_authorize(given, self._issuer.clients)
        if isinstance(asked, Refused):
            return self._refuse(asked)
        if chosen is not None:
            return self._sign_in(asked, _one(chosen), otherwise="access_denied")
        if asked.silent:
            return self._sign_in(asked, asked.login_hint or "", otherwise="login_required")
        parameters = {name: values[0] for name, values in given.items()}
        people = tuple(one for one in (*PERSONAS, *NEWCOMERS) if one.issuer == self._issuer.name)
        action = f"{self._issuer.url}/authorize"
        page = sign_in_page(self._issuer.name, action, parameters, people, asked.login_hint)
        return self._page(page, 200, asked.redirect_uri)

    def _sign_in(self, asked: Authorize, who: str, *, otherwise: str) -> web.Response:
        """Back to the client with a code, or with the error `otherwise` if that is nobody here."""
        someone = persona(who, self._issuer.name)
        if someone is None:
            return self._back(asked.redirect_uri, asked.state, error=otherwise)
        return self._back(asked.redirect_uri, asked.state, code=self._issuer.code(asked, someone, self._now()))

    def _refuse(self, refused: Refused) -> web.Response:
        if refused.redirect_uri is None:
            return self._page(refusal_page(self._issuer.name, refused.why), 400, None)
        return self._back(refused.redirect_uri, refused.state, error=refused.error, error_description=refused.why)

    def _back(self, redirect_uri: str, state: str | None, **answer: str) -> web.Response:
        """303, never 307: what was posted here must not be posted there (RFC 9700 section 4.12)."""
        query = urlencode({**answer, **({} if state is None else {"state": state}), "iss": self._issuer.url})
        location = f"{redirect_uri}{'&' if '?' in redirect_uri else '?'}{query}"
        return web.Response(status=303, headers={"Location": location, "Referrer-Policy": "no-referrer", **_NO_STORE})

    def _page(self, html: str, status: int, redirect_uri: str | None) -> web.Response:
        headers = {
            "Content-Security-Policy": content_security_policy(redirect_uri),
            "Referrer-Policy": "no-referrer",
            "X-Content-Type-Options": "nosniff",
            **_NO_STORE,
        }
        return web.Response(text=html, status=status, content_type="text/html", headers=headers)

    async def token(self, request: web.Request) -> web.Response:
        given = await _form(request)
        client = _authenticated(request.headers.getall("Authorization", []), given, self._issuer.clients)
        if client is None:
            why = Refused(error="invalid_client", why="Unknown client, wrong secret, or two ways at once.")
            return _oauth_error(why, 401, {"WWW-Authenticate": 'Basic realm="token"'})
        asked = read_redeem(given)
        granted = asked if isinstance(asked, Refused) else self._issuer.redeem(asked, client, self._now())
        if isinstance(granted, Refused):
            return _oauth_error(granted, 400, {})
        return web.json_response(granted, headers=_NO_STORE)

    async def userinfo(self, request: web.Request) -> web.Response:
        """RFC 6750: the token in the Authorization header, and nowhere else."""
        sent = request.headers.getall("Authorization", [])
        scheme, _, access = sent[0].partition(" ") if len(sent) == 1 else ("", "", "")
        claims = self._issuer.userinfo(access, self._now()) if scheme.lower() == "bearer" else None
        if claims is not None:
            return web.json_response(claims, headers=_NO_STORE)
        challenge = 'Bearer error="invalid_token"' if sent else "Bearer"
        return web.Response(status=401, headers={"WWW-Authenticate": challenge, **_NO_STORE})

    def _now(self) -> Seconds:
        return self._clock.now()


def _oauth_error(refused: Refused, status: int, headers: Mapping[str, str]) -> web.Response:
    body = {"error": refused.error, "error_description": refused.why}
    return web.json_response(body, status=status, headers={**_NO_STORE, **headers})


async def _form(request: web.Request) -> Parameters:
    """The fields of a form. HTTPUnsupportedMediaType for any other body."""
    if request.content_type != _FORM:
        raise web.HTTPUnsupportedMediaType
    return _parameters(await request.read())


def _parameters(encoded: bytes) -> Parameters:
    """Every value of every parameter. HTTPBadRequest for what is not form-encoded, and for too many."""
    try:
        return parse_qs(encoded.decode("ascii"), keep_blank_values=True, max_num_fields=MAX_FIELDS)
    except ValueError:
        raise web.HTTPBadRequest from None


def _authenticated(
    sent: Sequence[str], given: Mapping[str, Sequence[str]], clients: Sequence[IdpClient]
) -> IdpClient | None:
    """The client that proves its secret by exactly one of client_secret_basic and client_secret_post."""
    posted = given.get("client_secret")
    if sent and (posted is not None or len(sent) > 1):
        return None
    pair = _basic(sent[0]) if sent else (_one(given.get("client_id")), _one(posted))
    found = next((client for client in clients if client.id == pair[0]), None)
    right = compare_digest((found.secret if found else "").encode(), pair[1].encode())
    named = given.get("client_id", [pair[0]]) == [pair[0]]
    return found if found and found.secret and right and named else None


def _one(values: Sequence[str] | None) -> str:
    return values[0] if values is not None and len(values) == 1 else ""


def _basic(header: str) -> tuple[str, str]:
    """Id and secret, each form-encoded before base64 (RFC 6749 section 2.3.1); empty if it is something else."""
    scheme, _, value = header.partition(" ")
    try:
        client_id, colon, secret = b64decode(value, validate=True).decode("ascii").partition(":")
    except (NotBase64, ValueError):
        return "", ""
    return (unquote_plus(client_id), unquote_plus(secret)) if scheme.lower() == "basic" and colon else ("", "")
