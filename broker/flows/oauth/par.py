"""A client pushes its authorization request here first, and sends the browser with a reference (RFC 9126).

What waits lies in Scratch: it gives nobody anything. It is opened once, by its own client, within a minute.
"""

from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from broker.core.oidc import authorize as rules
from broker.core.oidc.authorize import Proceed, RedirectError, ShowError, error_location
from broker.core.oidc.dpop import NOTHING, Sent
from broker.core.oidc.errors import OAuthError
from broker.core.oidc.limits import MAX_AUTHORIZATION, PUSHED_LIFE, SECRET_BYTES, until
from broker.core.oidc.opaque import opaque, stored_id
from broker.core.oidc.parameters import Parameters, parse
from broker.core.rows.oauth import Client
from broker.flows.oauth.client import client_of, proved_key
from broker.flows.oauth.deps import Deps

PUSHED = "oauth_pushed"
"""The kind of Scratch that holds pushed requests."""
PREFIX = "urn:ietf:params:oauth:request_uri:"
_AUTHENTICATION = frozenset({"client_id", "client_secret", "client_assertion", "client_assertion_type"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Pushed:
    """A request that waits for its browser (section 2.2)."""

    request_uri: str = field(repr=False)
    expires_in: int

    def body(self) -> dict[str, Any]:
        """The JSON members; the status is 201. Also needs `Cache-Control: no-store`."""
        return {"request_uri": self.request_uri, "expires_in": self.expires_in}


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """The query that counts. `pushed`: it was pushed, and cannot be opened again."""

    query: bytes
    pushed: bool = False


async def push(d: Deps, authorization: str | None, raw: bytes, sent: Sent = NOTHING) -> Pushed | OAuthError:
    """Keep the request of an authenticated client, if the authorization endpoint would take it.

    Refused in the words of the token endpoint (section 2.3). Nobody gains anything yet, so nothing is recorded. A
    proof in `sent` binds the code that comes of it to its key.
    """
    form = parse(raw)
    if isinstance(form, OAuthError):
        return form
    client = await client_of(d, authorization, form)
    if isinstance(client, OAuthError):
        return client
    if form.get("request_uri") is not None:  # section 2.1: a reference to a reference
        return OAuthError.PUSHED_NESTED
    proved = await proved_key(d, client, sent)
    if isinstance(proved, OAuthError):
        return proved
    if proved is not None and form.get("dpop_jkt") not in {None, proved}:  # RFC 9449 section 10.1
        return OAuthError.DPOP_JKT
    query = _query(form, client, proved)
    if len(query) > MAX_AUTHORIZATION:
        return OAuthError.PUSHED_TOO_LONG
    read = parse(query)
    checked = read if isinstance(read, OAuthError) else rules.check(read, client, d.issuer, d.scopes, d.audience_of)
    if isinstance(checked, OAuthError):
        return checked
    if not isinstance(checked, Proceed):
        return checked.error
    secret, ends = opaque(d.entropy.random(SECRET_BYTES)), until(d.clock.now(), PUSHED_LIFE)
    kept = {"client": client.id, "query": query.decode("ascii")}
    await d.scratch.put(PUSHED, stored_id(secret), kept, ends)
    return Pushed(request_uri=PREFIX + secret, expires_in=PUSHED_LIFE)


async def opened(d: Deps, raw: bytes) -> Opened | ShowError | RedirectError:
    """The request that a browser brings: what it says itself, or what its client pushed (section 4).

    With a reference of ours `client_id` alone counts beside it; everything else that was sent along is ignored.
    """
    query = parse(raw, MAX_AUTHORIZATION)
    if isinstance(query, OAuthError):
        return ShowError(query)
    client_id, reference = query.get("client_id") or "", query.get("request_uri") or ""
    if not reference.startswith(PREFIX):
        return await _unpushed(d, raw, query, client_id)
    id, now = stored_id(reference.removeprefix(PREFIX)), d.clock.now()
    kept = await d.scratch.get(PUSHED, id, now)
    if kept is None or kept["client"] != client_id or await d.scratch.take(PUSHED, id, now) is None:
        return ShowError(OAuthError.PUSHED_UNKNOWN)
    return Opened(query=kept["query"].encode("ascii"), pushed=True)


async def _unpushed(d: Deps, raw: bytes, query: Parameters, client_id: str) -> Opened | ShowError | RedirectError:
    """A request that was not pushed, from a client that need not push (section 5 and 6)."""
    client = await d.rows.get(Client, client_id)
    if client is None or not (client.require_par or d.require_par):
        return Opened(query=raw)
    checked = rules.check(query, client, d.issuer, d.scopes, d.audience_of)
    if not isinstance(checked, Proceed):
        return checked
    error, asked = OAuthError.PUSHED_NEEDED, checked.request
    return RedirectError(error, error_location(asked.redirect_uri, error, asked.state, d.issuer))


def _query(form: Parameters, client: Client, jkt: str | None) -> bytes:
    """The request as a query, without what proved the client, bound to the key that it proved."""
    once = {name: value for name, value in form.one.items() if name not in _AUTHENTICATION}
    if jkt is not None:
        once["dpop_jkt"] = jkt
    many = [(name, value) for name, values in form.many.items() for value in values]
    return urlencode([("client_id", client.id), *once.items(), *many]).encode("ascii")
