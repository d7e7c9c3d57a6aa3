"""Pages of applying together: a code is made and entered, people leave; and what was approved is amended."""

from typing import Any

from aiohttp import web

from broker.core.access.life import Command
from broker.core.amending import asked, standing
from broker.core.ids import DatasetId, PersonId
from broker.core.outcome import Reason
from broker.core.rows import Application
from broker.flows.applications import begun
from broker.flows.applications.together import asked_by, bring, join, part
from broker.flows.applications.turns import amend
from broker.web import forms
from broker.web.bodies import form_body, listed
from broker.web.errors import Problem
from broker.web.languages import language
from broker.web.pages.applying import FORM_BYTES, form_page, names_settled, own, read_paper, said, shown_again
from broker.web.pages.here import page, signed_in, visitor
from broker.web.pages.mending import going_on, kept_or_dropped
from broker.web.pages.paper_form import PICKED, fields, typed_of
from broker.web.state import BROKER


async def amending(request: web.Request) -> web.Response:
    """GET /applications/{application}/amend: the papers that hold now, to be changed, and room for more data."""
    who, row, seen = await own(request)
    if not any(Command.AMEND in one.may for one in seen):
        raise Problem("REQ-STATE", state=", ".join(sorted({one.review.stage.value for one in seen})))
    broker = request.app[BROKER]
    snapshot = broker.snapshots.current()
    papers = standing(row, asked(row, snapshot), snapshot, broker.world.clock.now())
    return await going_on(request, who, row, "amend", typed_of(papers), of=papers.datasets, amended=row.id)


async def amended(request: web.Request) -> web.Response:
    """POST /applications/{application}/amend: hand the amendment in, keep what was written, or begin anew."""
    form = await form_body(request, FORM_BYTES)
    typed, id = fields(form, language(request)), request.match_info["application"]
    if await visitor(request) is None:
        return shown_again(request, None, typed, amended=id)
    who, row, _ = await own(request)
    if not forms.is_own(request, form):
        return shown_again(request, who, typed, amended=id)
    around: dict[str, Any] = {"of": row.paper.datasets, "amended": row.id}
    if (kept := await kept_or_dropped(request, who, row, "amend", form, **around)) is not None:
        return kept
    typed, again = names_settled(request, who, typed, form, PICKED, around | {"seen": form.get("seen", "")})
    if again is not None:
        return again
    papers, more = read_paper(typed), [DatasetId(one) for one in listed(typed.get("datasets", ""))]
    world = request.app[BROKER].world
    done = papers if isinstance(papers, str) else await amend(world, who, row.id, papers, more)
    if isinstance(done, str | Reason):
        wrong = done if isinstance(done, str) else said(done, request)
        return form_page(request, who, typed, wrong=wrong, seen=form.get("seen", ""), **around)
    await begun.forget(world, who, row.id, "amend")
    raise web.HTTPSeeOther(f"/applications/{row.id}")


async def people(request: web.Request) -> web.Response:
    """POST /applications/{application}/people: make a code for one person; or somebody leaves."""
    who, row, _ = await own(request)
    form = forms.own(request, await form_body(request))
    world = request.app[BROKER].world
    if form.get("do") == "bring":
        code = await bring(world, who, row.id)
        if isinstance(code, Reason):
            raise Problem.of(code)
        return page(request, who, "joining.html", {"code": code, "address": f"{world.issuer}/join", "back_to": row.id})
    done = await part(world, who, row.id, PersonId(form.get("person", "")))
    if isinstance(done, Reason):
        raise Problem.of(done)
    raise web.HTTPSeeOther(f"/applications/{row.id}" if who.person.id in done.people else "/applications")


async def enter(request: web.Request) -> web.Response:
    """GET /join: where a code is entered. It is in no address, so in no log of one."""
    return page(request, await signed_in(request), "join.html", {"code": "", "paper": None, "wrong": None})


async def entered(request: web.Request) -> web.Response:
    """POST /join: what one would join; and, once that was read, joining it."""
    who = await signed_in(request)
    form = forms.own(request, await form_body(request))
    world, code = request.app[BROKER].world, form.get("code", "")[:100]
    joins = form.get("do") == "join"
    found = await join(world, who, code) if joins else await asked_by(world, who, code)
    if isinstance(found, Reason):
        values = {"code": code, "paper": None, "wrong": said(found, request)}
        return page(request, who, "join.html", values, status=400)
    if isinstance(found, Application):
        raise web.HTTPSeeOther(f"/applications/{found.id}")
    return page(request, who, "join.html", {"code": code, "paper": found.paper, "wrong": None})
