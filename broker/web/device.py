"""The device flow: an endpoint for the device, and a page where its owner types the code (RFC 8628)."""

from typing import Any
from urllib.parse import quote

from aiohttp import hdrs, web

from broker.core.oidc.errors import OAuthError
from broker.core.oidc.limits import MAX_FORM
from broker.core.oidc.own_tokens import PASSPORT_SCOPE
from broker.core.outcome import Reason
from broker.core.reasons.language import EVERY_WORD, Tongue
from broker.flows.oauth import device
from broker.web import cookies
from broker.web.bodies import form_body, raw
from broker.web.errors import Problem
from broker.web.languages import language
from broker.web.oidc import NO_STORE, told
from broker.web.pages.render import render
from broker.web.pages.wording import worded
from broker.web.releasing import listed, released, signed_in
from broker.web.state import BROKER

_MAX_CODE = 64


async def post_device_authorization(request: web.Request) -> web.Response:
    """POST /oauth2/device_authorization: a device begins."""
    broker = request.app[BROKER]
    body = await raw(request, MAX_FORM)
    answer = await device.start(broker.oauth, request.headers.get(hdrs.AUTHORIZATION), body)
    if isinstance(answer, OAuthError):
        return told(request, answer)
    return web.json_response(answer.body(f"{broker.world.issuer}/device"), headers=NO_STORE)


async def page(request: web.Request) -> web.Response:
    """GET /device: type the code, then see who asks for what."""
    typed = request.query.get("user_code", "")[:_MAX_CODE]
    if cookies.session_id(request) is None:
        raise _sign_in(typed)
    if not typed:
        return _render(request)
    found = await device.look_up(request.app[BROKER].oauth, cookies.session_id(request), typed)
    if isinstance(found, Reason):
        return _no(request, typed, found)
    tongue = Tongue(language(request))
    prompt = {"client": found.client.name, "user_code": found.user_code}
    prompt["scope"] = "; ".join(_asked(one, tongue) for one in found.scope)
    prompt["installation"] = found.installation or ""
    visas = await listed(request, *await signed_in(request)) if PASSPORT_SCOPE in found.scope else None
    return _render(request, prompt=prompt, visas=visas)


def _asked(scope: str, tongue: Tongue) -> str:
    """What a program asks for, as whoever is asked reads it; one that nobody has words for as it is."""
    key = next((key for key in (f"device.scope.{scope}", f"add.option.{scope}") if key in EVERY_WORD), None)
    return tongue.word(key) if key is not None else scope


async def answered(request: web.Request) -> web.Response:
    """POST /device: yes or no."""
    if request.headers.get("Origin") not in (None, request.app[BROKER].world.issuer):
        raise Problem("REQ-FORM-EXPIRED")
    form = await form_body(request)
    typed, session = form.get("user_code", "")[:_MAX_CODE], cookies.session_id(request)
    oauth = request.app[BROKER].oauth
    found = await device.look_up(oauth, session, typed)
    if isinstance(found, Reason):
        return _no(request, typed, found)
    yes = form.get("answer") == "yes"
    given = await released(request, frozenset(form.getall("visa", ())), later=form.get("later") == "yes")
    problem = await device.decide(oauth, session, typed, frozenset(found.scope) if yes else frozenset(), given)
    if problem is not None:
        return _render(request, problem=_said(request, problem))
    return _render(request, done="done" if yes else "refused")


def _no(request: web.Request, typed: str, no: Reason) -> web.Response:
    """Who is signed in no longer signs in, and comes back with the code that they typed."""
    if no.code == "AUTH-LOGIN-REQUIRED":
        raise _sign_in(typed)
    return _render(request, problem=_said(request, no))


def _sign_in(typed: str) -> web.HTTPSeeOther:
    here = f"/device?user_code={quote(typed)}" if typed else "/device"
    return web.HTTPSeeOther(f"/sign-in?return_to={quote(here, safe='')}")


def _said(request: web.Request, no: Reason) -> str:
    return worded(no, language(request))


def _render(request: web.Request, **values: Any) -> web.Response:
    shown: dict[str, Any] = {"problem": None, "prompt": None, "done": None, "visas": None} | values
    return render(request, "device.html", **shown)
