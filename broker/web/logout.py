"""Signing out in the browser, and hearing from home identity providers that somebody signed out there."""

from dataclasses import asdict
from urllib.parse import urlencode

from aiohttp import web

from broker.core.oidc.errors import OAuthError
from broker.core.oidc.limits import MAX_FORM
from broker.core.oidc.logout import Hint, Leaving
from broker.core.oidc.opaque import opaque, stored_id
from broker.core.outcome import Reason
from broker.core.rows import Client, Task
from broker.core.time import Seconds, rfc3339
from broker.flows.home_logout import home_logout
from broker.flows.oauth.end_session import Confirm, check, leave
from broker.web import cookies
from broker.web.bodies import FORM, form_body, raw
from broker.web.errors import Problem
from broker.web.middleware import ENTROPY
from broker.web.pages.render import render
from broker.web.sign_in import provider
from broker.web.state import BROKER

_KIND = "sign_out"
_SECONDS = 900
_CONTINUE = "/oauth2/end_session/continue"


async def end_session(request: web.Request) -> web.Response:
    """GET or POST /oauth2/end_session: a client sends somebody here to sign out.

    A POST from another site brings no cookie of ours (SameSite), so the browser is sent on by GET, which does.
    """
    broker = request.app[BROKER]
    if request.method == "POST" and request.content_type != FORM:
        raise Problem("REQ-MEDIA-TYPE", wanted=FORM)
    given = request.query_string.encode() if request.method == "GET" else await raw(request, MAX_FORM)
    leaving = await check(broker.oauth, given)
    if isinstance(leaving, OAuthError):
        raise Problem(leaving.code)
    id = opaque(request.app[ENTROPY].random(32))
    expires = Seconds(broker.world.clock.now() + _SECONDS)
    await broker.world.scratch.put(_KIND, stored_id(id), asdict(leaving), expires)
    if request.method == "POST":
        raise web.HTTPSeeOther(f"{_CONTINUE}?{urlencode({'logout': id})}")
    return await _leave(request, id, leaving, confirmed=False)


async def go_on(request: web.Request) -> web.Response:
    """GET /oauth2/end_session/continue: the same, by a request that brings the cookie."""
    id = request.query.get("logout", "")
    return await _leave(request, id, await _kept(request, id), confirmed=False)


async def confirmed(request: web.Request) -> web.Response:
    """POST /oauth2/end_session/continue: the person said yes, on our own page and nowhere else (T059)."""
    form = await form_body(request)
    if request.headers.get("Origin") not in (None, request.app[BROKER].world.issuer):
        raise Problem("REQ-FORM-EXPIRED")
    id = form.get("logout", "")
    return await _leave(request, id, await _kept(request, id), confirmed=True)


async def _leave(request: web.Request, id: str, leaving: Leaving, *, confirmed: bool) -> web.Response:
    broker = request.app[BROKER]
    done = await leave(broker.oauth, broker.world, leaving, cookies.session_id(request), confirmed=confirmed)
    if isinstance(done, Confirm):
        return render(request, "sign_out.html", logout=id, tasks=_told(request, done.tasks))
    await broker.world.scratch.take(_KIND, stored_id(id), broker.world.clock.now())
    if done.location is None:
        response = render(request, "signed_out.html", tasks=_told(request, done.tasks))
    else:
        response = web.Response(status=303, headers={"Location": done.location, "Cache-Control": "no-store"})
    cookies.clear_session(request, response)
    response.headers["Clear-Site-Data"] = '"storage"'  # what a page laid by of somebody's forms (beside.mjs)
    return response


def _told(request: web.Request, tasks: tuple[Task, ...]) -> list[dict[str, str]]:
    """What goes on after signing out, as the page says it."""
    snapshot = request.app[BROKER].snapshots.current()
    clients = [snapshot.get(Client, task.client) for task in tasks]
    names = [client.name if client is not None else "" for client in clients]
    return [{"name": name, "ends": rfc3339(task.ends)} for name, task in zip(names, tasks, strict=True)]


async def _kept(request: web.Request, id: str) -> Leaving:
    broker = request.app[BROKER]
    kept = await broker.world.scratch.get(_KIND, stored_id(id), broker.world.clock.now())
    if kept is None:
        raise Problem("REQ-FORM-EXPIRED")
    hint = kept["hint"]
    return Leaving(hint=Hint(**hint) if hint is not None else None, location=kept["location"])


async def from_home(request: web.Request) -> web.Response:
    """POST /sign-in/{idp}/backchannel-logout: a home provider's logout token (Back-Channel Logout section 2.8)."""
    broker, idp = request.app[BROKER], await provider(request)
    if request.content_type != FORM:
        raise Problem("REQ-MEDIA-TYPE", wanted=FORM)
    done = await home_logout(broker.world, broker.idps, idp, await raw(request, MAX_FORM))
    if isinstance(done, Reason):
        raise Problem.of(done)
    return web.Response(headers={"Cache-Control": "no-store"})
