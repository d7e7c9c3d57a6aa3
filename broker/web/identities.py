"""One's identities: the page where they are linked and parted, and the same list by the API."""

from aiohttp import web

from broker.core.outcome import Reason
from broker.core.rows import IdentityProvider, Person, Session
from broker.core.time import rfc3339
from broker.flows import linking
from broker.flows.linking import identities
from broker.flows.oauth.standing import present
from broker.web import cookies, forms
from broker.web.bodies import form_body
from broker.web.callers import caller
from broker.web.errors import Problem
from broker.web.pages.here import page as surrounded
from broker.web.pages.here import visitor
from broker.web.pages.render import render
from broker.web.sign_in import Wish, offered, provider_called, redirect_to
from broker.web.state import BROKER

PAGE = "/identities"


async def page(request: web.Request) -> web.Response:
    """GET /identities: which there are, and how to link another."""
    person, session = await _here(request)
    broker = request.app[BROKER]
    now = broker.world.clock.now()
    values = {
        "identities": [
            {"provider": one.provider, "link": one.link, "since": rfc3339(one.since) if one.since else None}
            for one in identities(broker.world, person.id, session, now)
        ],
        "providers": [
            {"slug": idp.slug, "name": idp.name}
            for idp in offered(request)
            if idp.audience != "participant" and idp.id != session.idp
        ],
        "participant": person.subject is not None,
    }
    return surrounded(request, await visitor(request), "identities.html", values)


async def begin(request: web.Request) -> web.Response:
    """POST /identities/link: off to the other provider, to prove that the other identity is theirs too."""
    person, session = await _here(request)
    form = forms.own(request, await form_body(request))
    broker = request.app[BROKER]
    refused = linking.may_link(broker.world, person, session, broker.world.clock.now())
    if refused is not None and refused.code == "AUTH-LINK-OLD":
        return await redirect_to(request, _provider_of(request, session), Wish(return_to=PAGE, fresh=True))
    if refused is not None:
        raise Problem.of(refused)
    idp = await provider_called(request, form.get("idp", ""))
    if idp.audience == "participant":
        raise Problem("AUTH-LINK-PARTICIPANT")
    return await redirect_to(request, idp, Wish(return_to=PAGE, fresh=True), link=session.id)


async def confirm(request: web.Request) -> web.Response:
    """GET /identities/confirm: both identities, and the question whether they are one person's."""
    _, session = await _here(request)
    broker, proof = request.app[BROKER], request.query.get("proof", "")
    second = await linking.proved(broker.world, session, proof)
    if isinstance(second, Reason):
        raise Problem.of(second)
    return render(
        request,
        "link.html",
        first={"provider": _name(request, session.idp), "name": session.name},
        second={"provider": _name(request, second.iss), "name": second.name},
        proof=proof,
        token=forms.token(request),
    )


async def confirmed(request: web.Request) -> web.Response:
    """POST /identities/confirm: yes, or no."""
    person, session = await _here(request)
    form = forms.own(request, await form_body(request))
    if form.get("answer") != "yes":
        raise web.HTTPSeeOther(PAGE)
    done = await linking.link(request.app[BROKER].world, person, session, form.get("proof", ""))
    if isinstance(done, Reason):
        raise Problem.of(done)
    raise web.HTTPSeeOther(PAGE)


async def part(request: web.Request) -> web.Response:
    """POST /identities/unlink: these two are to be strangers again."""
    person, _ = await _here(request)
    form = forms.own(request, await form_body(request))
    refused = await linking.unlink(request.app[BROKER].world, person, form.get("link", ""))
    if refused is not None:
        raise Problem.of(refused)
    raise web.HTTPSeeOther(PAGE)


async def listed(request: web.Request) -> web.Response:
    """GET /api/v1/me/identities: by which providers one is known here. Linking needs a browser: `page`."""
    who, broker = await caller(request), request.app[BROKER]
    session = await broker.world.rows.get(Session, who.session or "")
    if session is None:
        raise Problem("AUTH-TOKEN-INVALID")
    found = identities(broker.world, who.person.id, session, broker.world.clock.now())
    told = [
        {
            "issuer": one.iss,
            "name": one.provider,
            "link": one.link,
            "since": rfc3339(one.since) if one.since is not None else None,
        }
        for one in found
    ]
    return web.json_response({"identities": told, "page": f"{broker.world.issuer}{PAGE}"})


async def unlinked(request: web.Request) -> web.Response:
    """DELETE /api/v1/me/identities/{link}: part two identities; what rests on the link ends at once."""
    who = await caller(request)
    refused = await linking.unlink(request.app[BROKER].world, who.person, request.match_info["link"])
    if refused is not None:
        raise Problem.of(refused)
    return web.Response(status=204)


async def _here(request: web.Request) -> tuple[Person, Session]:
    """Who is signed in in this browser; whoever is not goes to sign in first."""
    broker = request.app[BROKER]
    who = await present(broker.oauth, cookies.session_id(request), broker.world.clock.now())
    if who is None:
        raise web.HTTPSeeOther(f"/sign-in?{Wish(return_to=PAGE).query()}")
    return who.person, who.session


def _provider_of(request: web.Request, session: Session) -> IdentityProvider:
    idp = request.app[BROKER].snapshots.current().get(IdentityProvider, session.idp)
    if idp is None:
        raise Problem("REQ-NOT-FOUND")
    return idp


def _name(request: web.Request, iss: str) -> str:
    idp = request.app[BROKER].snapshots.current().get(IdentityProvider, iss)
    return idp.name if idp is not None else iss
