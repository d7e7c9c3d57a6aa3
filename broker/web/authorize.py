"""The authorization endpoint in the browser: sign in, see visa by visa what would leave, agree or not."""

from dataclasses import replace
from typing import Any

from aiohttp import hdrs, web

from broker.core.oidc.authorize import AuthorizationRequest, Proceed, RedirectError, ShowError
from broker.core.oidc.errors import OAuthError
from broker.core.oidc.interaction import Ask
from broker.core.oidc.opaque import opaque, stored_id
from broker.core.oidc.own_tokens import OPENID, PASSPORT_SCOPE
from broker.core.outcome import Reason
from broker.core.rows import Client, IdentityProvider
from broker.core.time import Seconds
from broker.flows.attest import attest_location
from broker.flows.oauth.authorize import Consent, Redirect, answer, check, refusal
from broker.flows.oauth.par import Opened, opened
from broker.flows.oauth.standing import present
from broker.flows.sign_in import provider_for
from broker.web import cookies
from broker.web.bodies import form_body, raw
from broker.web.errors import Problem
from broker.web.middleware import ENTROPY
from broker.web.pages.render import render
from broker.web.releasing import listed, released, signed_in
from broker.web.sign_in import CONTINUE, Wish, redirect_to
from broker.web.state import BROKER

_KIND = "interaction"
_INTERACTION_SECONDS = 900
_NOT_SIGNED_IN = {
    error.code: error
    for error in (OAuthError.SIGN_IN_CANCELLED, OAuthError.SIGN_IN_NOBODY, OAuthError.SIGN_IN_TOO_WEAK)
}
"""What the client is told when the home provider said no."""
_MAX_FORM = 64 * 1024

_SCOPES = frozenset({"openid", "profile", "eduperson_scoped_affiliation", "ga4gh_passport_v1", "task"})
"""Those that the page has words for."""


async def authorize(request: web.Request) -> web.Response:
    """GET or POST /oauth2/authorize: a client sends somebody here."""
    broker = request.app[BROKER]
    given = request.query_string.encode() if request.method == "GET" else await raw(request, _MAX_FORM)
    found = await opened(broker.oauth, given)
    if not isinstance(found, Opened):
        return _refused(found)
    asked = _proceed(await check(broker.oauth, found.query))
    if isinstance(asked, web.Response):
        return asked
    now = broker.world.clock.now()
    id = opaque(request.app[ENTROPY].random(32))
    kept = {"query": found.query.decode("latin-1"), "started": now}
    await broker.world.scratch.put(_KIND, stored_id(id), kept, Seconds(now + _INTERACTION_SECONDS))
    silent = await _silent(request, asked)
    if silent is not None:
        return await redirect_to(
            request, silent, Wish(return_to=f"{CONTINUE}?interaction={id}"), login_hint=asked.login_hint
        )
    # What was pushed is spent, and a page must bear being loaded again. A form that another site sends brings no
    # cookie of ours (SameSite=Lax); the GET that follows does, so that who is signed in here is known.
    if found.pushed or request.method == hdrs.METH_POST:
        raise web.HTTPSeeOther(f"{CONTINUE}?interaction={id}")
    return await _go_on(request, asked, id, now, None)


async def go_on(request: web.Request) -> web.Response:
    """GET /oauth2/authorize/continue: back from signing in, or from not signing in."""
    id, asked, started = await _kept(request, request.query.get("interaction", ""))
    no = _NOT_SIGNED_IN.get(request.query.get("refused", ""))
    if no is not None:
        return await _back(request, id, refusal(request.app[BROKER].oauth, asked, no))
    return await _go_on(request, asked, id, started, None)


async def agreed(request: web.Request) -> web.Response:
    """POST /oauth2/authorize/continue: the answer to the page."""
    form = await form_body(request)
    id, asked, started = await _kept(request, form.get("interaction", ""))
    origin = request.headers.get("Origin")
    if origin not in (None, request.app[BROKER].world.issuer):
        raise Problem("REQ-FORM-EXPIRED")
    if form.get("answer") != "yes":
        return await _go_on(request, asked, id, started, Consent(scope=frozenset()))
    oauth, now = request.app[BROKER].oauth, request.app[BROKER].world.clock.now()
    if await present(oauth, cookies.session_id(request), now) is None:  # it ended meanwhile: they are asked again
        return await _go_on(request, asked, id, started, None)
    location = form.get("location", "").strip().upper()
    if location:
        await _attest(request, location)
    later = form.get("later") == "yes"
    ticked = frozenset(form.getall("visa", ()))
    consent = Consent(
        scope=frozenset(form.getall("scope", ())),
        claims=frozenset(form.getall("claim", ())),
        released=await released(request, ticked, later=later),
        remember=form.get("remember") == "yes",
    )
    return await _go_on(request, asked, id, started, consent)


async def _go_on(
    request: web.Request, asked: AuthorizationRequest, id: str, started: Seconds, consent: Consent | None
) -> web.Response:
    """The next step: another page, or back to the client."""
    broker = request.app[BROKER]
    silent = await _silent(request, asked)
    if silent is not None:
        asked, consent = _by_redirects_alone(asked)
    step = await answer(broker.oauth, asked, cookies.session_id(request), started, consent)
    if isinstance(step, Redirect):
        return await _back(request, id, step)
    if isinstance(step, OAuthError):
        raise Problem(step.code)
    if step is Ask.CONSENT:
        return await _page(request, asked, id)
    idp = await _same_provider(request) if step is Ask.STRONGER_SIGN_IN else None
    inner: str | None = None
    if idp is None:
        idp, inner = await provider_for(broker.providers, asked.login_hint, asked.idp_hint)
    wish = Wish(
        return_to=f"{CONTINUE}?interaction={id}", fresh=step is Ask.FRESH_SIGN_IN, acr_values=_kinds_wanted(asked)
    )
    if idp is None:
        raise web.HTTPSeeOther(f"/sign-in?{wish.query()}")
    return await redirect_to(request, idp, wish, login_hint=asked.login_hint, idp_hint=inner)


def _kinds_wanted(asked: AuthorizationRequest) -> tuple[str, ...]:
    """Those that will do come before those that are merely liked."""
    return tuple(dict.fromkeys((*sorted(asked.claims.acr), *asked.acr_values)))


async def _same_provider(request: web.Request) -> IdentityProvider | None:
    """Where who is signed in here came from: elsewhere they would be somebody else."""
    _, session = await signed_in(request)
    idp = request.app[BROKER].snapshots.current().get(IdentityProvider, session.idp)
    return idp if idp is not None and idp.status == "active" else None


async def _back(request: web.Request, id: str, step: Redirect) -> web.Response:
    """Back to the client; the interaction is over."""
    world = request.app[BROKER].world
    await world.scratch.take(_KIND, stored_id(id), world.clock.now())
    return web.Response(status=303, headers={"Location": step.location, "Cache-Control": "no-store"})


async def _silent(request: web.Request, asked: AuthorizationRequest) -> IdentityProvider | None:
    """The provider that may sign this hint in without a page: demo providers only (ruling 22)."""
    if asked.login_hint is None or "none" not in asked.prompt:
        return None
    idp, _ = await provider_for(request.app[BROKER].providers, asked.login_hint)
    return idp if idp is not None and idp.silent_sign_in else None


def _by_redirects_alone(asked: AuthorizationRequest) -> tuple[AuthorizationRequest, Consent]:
    """What a demo persona would have agreed to: everything, now and later."""
    everything = Consent(
        scope=frozenset(asked.scope), claims=asked.claims.id_token | asked.claims.userinfo, released=None
    )
    return replace(asked, prompt=frozenset(), login_hint=None), everything


async def _page(request: web.Request, asked: AuthorizationRequest, id: str) -> web.Response:
    broker, (person, session) = request.app[BROKER], await signed_in(request)
    client = broker.snapshots.current().get(Client, asked.client_id)
    return render(
        request,
        "consent.html",
        client=client.name if client is not None else asked.client_id,
        name=session.name,
        interaction=id,
        passport=PASSPORT_SCOPE in asked.scope,
        ask_location=session.location is None and person.subject is None,
        scopes=[_scope(word) for word in asked.scope],
        claims=sorted(asked.claims.id_token | asked.claims.userinfo),
        visas=await listed(request, person, session),
    )


def _scope(word: str) -> dict[str, Any]:
    return {"word": word, "known": word in _SCOPES, "needed": word == OPENID}


async def _attest(request: web.Request, location: str) -> None:
    """A country that is none is told; without a notice the person would think that it counts."""
    person, session = await signed_in(request)
    done = await attest_location(request.app[BROKER].world, person, session, location)
    if isinstance(done, Reason):
        raise Problem.of(done)


async def _kept(request: web.Request, id: str) -> tuple[str, AuthorizationRequest, Seconds]:
    """The request as it first arrived, checked again: a client that was suspended meanwhile gets nothing."""
    broker = request.app[BROKER]
    kept = await broker.world.scratch.get(_KIND, stored_id(id), broker.world.clock.now())
    if kept is None:
        raise Problem("REQ-FORM-EXPIRED")
    asked = _proceed(await check(broker.oauth, kept["query"].encode("latin-1")))
    if isinstance(asked, web.Response):
        raise Problem("REQ-FORM-EXPIRED")
    return id, asked, Seconds(kept["started"])


def _proceed(checked: Proceed | ShowError | RedirectError) -> AuthorizationRequest | web.Response:
    """The checked request; or the redirect that refuses it; or, where no redirect is safe, a page."""
    return checked.request if isinstance(checked, Proceed) else _refused(checked)


def _refused(checked: ShowError | RedirectError) -> web.Response:
    if isinstance(checked, RedirectError):
        return web.Response(status=303, headers={"Location": checked.location, "Cache-Control": "no-store"})
    raise Problem(checked.error.code)
