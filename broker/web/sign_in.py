"""Signing in: to the home organisation that was chosen (choosing.py), and back."""

import asyncio
from dataclasses import dataclass
from urllib.parse import urlencode

from aiohttp import web

from broker.core.oidc.authorize import MAX_ACR_VALUES
from broker.core.oidc.errors import OAuthError
from broker.core.oidc.limits import MAX_VALUE
from broker.core.oidc.parameters import Parameters, parse
from broker.core.oidc.redirects import local_path
from broker.core.outcome import Reason
from broker.core.rows import IdentityProvider
from broker.flows.gather import take_in
from broker.flows.sign_in import NotSignedIn, Proved, SignedIn, finish, start
from broker.web import cookies
from broker.web.errors import Problem
from broker.web.state import BROKER, Broker

CONTINUE = "/oauth2/authorize/continue"
"""Where an authorization request goes on after a sign-in."""


async def go(request: web.Request) -> web.Response:
    """GET /sign-in/{idp}: off to the home organisation."""
    response = await redirect_to(request, idp := await provider(request), wish_of(request))
    if request.query.get("remember") == "yes":
        cookies.remember_provider(request, response, idp.slug)
    return response


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What a sign-in is for, as it goes through the page to choose from. Who changes it there gains nothing: what is
    needed is asked again afterwards.

    `fresh`: an old sign-in will not do, wherever it is. `acr_values`: the kinds of sign-in that are wanted.
    """

    return_to: str
    fresh: bool = False
    acr_values: tuple[str, ...] = ()

    def parameters(self) -> dict[str, str]:
        """As parameters of a page of ours."""
        kinds = {"acr_values": " ".join(self.acr_values)} if self.acr_values else {}
        return {"return_to": self.return_to} | ({"fresh": "yes"} if self.fresh else {}) | kinds

    def query(self) -> str:
        """The same, encoded."""
        return urlencode(self.parameters())


def wish_of(request: web.Request) -> Wish:
    """The wish in the query of a page of ours."""
    kinds = request.query.get("acr_values", "")[:MAX_VALUE].split()
    return Wish(
        return_to=local_path(request.query.get("return_to")),
        fresh=request.query.get("fresh") == "yes",
        acr_values=tuple(word for word in kinds if word.isascii() and word.isprintable())[:MAX_ACR_VALUES],
    )


async def redirect_to(
    request: web.Request,
    idp: IdentityProvider,
    wish: Wish,
    *,
    login_hint: str | None = None,
    idp_hint: str | None = None,
    link: str | None = None,
) -> web.Response:
    """The redirect that begins a sign-in at `idp`, bound to this browser."""
    broker = request.app[BROKER]
    secret = cookies.browser_secret(request) or cookies.new_browser_secret(request)
    location = await start(
        broker.world,
        broker.idps,
        idp,
        return_to=wish.return_to,
        browser_secret=secret,
        login_hint=login_hint,
        fresh=wish.fresh,
        acr_values=wish.acr_values,
        idp_hint=idp_hint,
        link=link,
    )
    if isinstance(location, Reason):
        raise Problem.of(location)
    response = web.Response(status=303, headers={"Location": location, "Cache-Control": "no-store"})
    cookies.set_browser(request, response, secret)
    return response


async def callback(request: web.Request) -> web.Response:
    """GET /sign-in/{idp}/callback: back from the home organisation."""
    broker = request.app[BROKER]
    query: Parameters | OAuthError = parse(request.query_string.encode())
    if isinstance(query, OAuthError):
        raise Problem("AUTH-IDP-STATE")
    done = await finish(
        broker.world, broker.idps, await provider(request), query=query, browser_secret=cookies.browser_secret(request)
    )
    if isinstance(done, Reason):
        raise Problem.of(done)
    if isinstance(done, Proved):
        location = f"/identities/confirm?{urlencode({'proof': done.id})}"
        return web.Response(status=303, headers={"Location": location, "Cache-Control": "no-store"})
    if isinstance(done, NotSignedIn):
        return _told_no(done)
    await _taken_in(broker, done)
    response = web.Response(status=303, headers={"Location": done.return_to, "Cache-Control": "no-store"})
    cookies.set_session(request, response, done.secret)
    return response


def _told_no(done: NotSignedIn) -> web.Response:
    """A client that waits for this sign-in hears of it; where nobody waits, the person does."""
    if not done.return_to.startswith(f"{CONTINUE}?"):
        raise Problem.of(done.reason)
    location = f"{done.return_to}&refused={done.reason.code}"
    return web.Response(status=303, headers={"Location": location, "Cache-Control": "no-store"})


async def _taken_in(broker: Broker, done: SignedIn) -> None:
    """Keep the visas that came with the sign-in. Whose keys are slow to come keeps nobody waiting: it goes on alone."""
    if not done.handed:
        return
    (identity,) = done.session.identities[:1]
    now = broker.world.clock.now()
    task = asyncio.create_task(
        take_in(broker.world, broker.gathering, done.person, *identity, done.handed, now), name="visas at sign-in"
    )
    _LATE.add(task)
    task.add_done_callback(_LATE.discard)
    await asyncio.wait([task], timeout=_PATIENCE)


_LATE: set[asyncio.Task[int]] = set()
"""What goes on after the answer; held here, or it could vanish half-way."""
_PATIENCE = 1.5


async def provider(request: web.Request) -> IdentityProvider:
    """The active provider that the path names."""
    return await provider_called(request, request.match_info["idp"])


def offered(request: web.Request) -> list[IdentityProvider]:
    """The providers that a page may offer."""
    return [idp for idp in request.app[BROKER].providers.known() if not idp.hidden]


async def provider_called(request: web.Request, slug: str) -> IdentityProvider:
    """The active provider with this short name."""
    found = await request.app[BROKER].providers.called(slug)
    if found is None:
        raise Problem("REQ-NOT-FOUND")
    return found
