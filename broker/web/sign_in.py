"""Signing in: choose a home organisation, go there, come back."""

from urllib.parse import urlencode

from aiohttp import web

from broker.core.oidc.errors import OAuthError
from broker.core.oidc.parameters import Parameters, parse
from broker.core.oidc.redirects import local_path
from broker.core.outcome import Reason
from broker.core.rows import IdentityProvider
from broker.flows.sign_in import NotSignedIn, finish, start
from broker.web import cookies
from broker.web.errors import Problem
from broker.web.pages.render import render
from broker.web.state import BROKER

CONTINUE = "/oauth2/authorize/continue"
"""Where an authorization request goes on after a sign-in."""


async def choose(request: web.Request) -> web.Response:
    """GET /sign-in: the page to choose from; straight on if there is only one choice."""
    active = [idp for idp in request.app[BROKER].snapshots.current().all(IdentityProvider) if idp.status == "active"]
    query = choice(local_path(request.query.get("return_to")), fresh=_fresh(request))
    if len(active) == 1:
        raise web.HTTPSeeOther(f"/sign-in/{active[0].slug}?{query}")
    providers = [{"slug": idp.slug, "name": idp.name, "query": query} for idp in active]
    return render(request, "choose.html", providers=providers)


async def go(request: web.Request) -> web.Response:
    """GET /sign-in/{idp}: off to the home organisation."""
    return_to = local_path(request.query.get("return_to"))
    return await redirect_to(request, provider(request), return_to, fresh=_fresh(request))


def choice(return_to: str, *, fresh: bool) -> str:
    """The query of the page to choose from. `fresh`: an old sign-in will not do, wherever it is."""
    return urlencode({"return_to": return_to} | ({"fresh": "yes"} if fresh else {}))


def _fresh(request: web.Request) -> bool:
    return request.query.get("fresh") == "yes"


async def redirect_to(
    request: web.Request,
    idp: IdentityProvider,
    return_to: str,
    *,
    login_hint: str | None = None,
    fresh: bool = False,
) -> web.Response:
    """The redirect that begins a sign-in at `idp`, bound to this browser."""
    broker = request.app[BROKER]
    secret = cookies.browser_secret(request) or cookies.new_browser_secret(request)
    location = await start(
        broker.world,
        broker.idps,
        idp,
        return_to=return_to,
        browser_secret=secret,
        login_hint=login_hint,
        fresh=fresh,
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
        broker.world, broker.idps, provider(request), query=query, browser_secret=cookies.browser_secret(request)
    )
    if isinstance(done, Reason):
        raise Problem.of(done)
    if isinstance(done, NotSignedIn):
        return _told_no(done)
    response = web.Response(status=303, headers={"Location": done.return_to, "Cache-Control": "no-store"})
    cookies.set_session(request, response, done.secret)
    return response


def _told_no(done: NotSignedIn) -> web.Response:
    """A client that waits for this sign-in hears of it; where nobody waits, the person does."""
    if not done.return_to.startswith(f"{CONTINUE}?"):
        raise Problem.of(done.reason)
    location = f"{done.return_to}&refused={done.reason.code}"
    return web.Response(status=303, headers={"Location": location, "Cache-Control": "no-store"})


def provider(request: web.Request) -> IdentityProvider:
    """The active provider that the path names."""
    slug = request.match_info["idp"]
    for idp in request.app[BROKER].snapshots.current().all(IdentityProvider):
        if idp.slug == slug and idp.status == "active":
            return idp
    raise Problem("REQ-NOT-FOUND")
