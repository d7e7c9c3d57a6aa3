"""The form of papers that were handed in: to mend what was given back, or to amend what was answered.

What is written there is kept, by the script or by the button, and found again (flows/applications/begun.py).
"""

from typing import Any

from aiohttp import web
from multidict import MultiDict

from broker.core.access.life import Command
from broker.core.ids import ApplicationId
from broker.core.outcome import Reason
from broker.core.rows import Application
from broker.flows.applications import begun
from broker.flows.applications.desk import Desk
from broker.flows.applications.drafts import mark_of
from broker.flows.applications.threads import answer
from broker.flows.applications.turns import hand_in_again
from broker.flows.world import Caller
from broker.web import forms
from broker.web.bodies import form_body
from broker.web.errors import Problem
from broker.web.languages import language
from broker.web.pages.applying import (
    FORM_BYTES,
    form_page,
    names_settled,
    own,
    read_paper,
    remarks_for,
    said,
    shown_again,
)
from broker.web.pages.here import visitor
from broker.web.pages.keeping import NO_STORE, no
from broker.web.pages.paper_form import Fields, fields, replies, typed_of, without_replies
from broker.web.pages.papers import about
from broker.web.state import BROKER

_LONGEST = 20_000
"""Characters of one answer."""
_FOR: dict[str, begun.For] = {"edit": "edit", "amend": "amend"}


async def edit(request: web.Request) -> web.Response:
    """GET /applications/{application}/edit: the papers to be mended, with what was said of each question."""
    who, row, seen = await own(request)
    if not any(Command.SUBMIT in one.may for one in seen):
        raise Problem("REQ-STATE", state=", ".join(sorted({one.review.stage.value for one in seen})))
    sent = request.query.get("sent") == "yes"
    return await going_on(request, who, row, "edit", typed_of(row.paper), answered=sent, **_around(row, seen))


async def mended(request: web.Request) -> web.Response:
    """POST /applications/{application}/edit: hand it in again, keep what was written, or begin anew."""
    form = await form_body(request, FORM_BYTES)
    typed, id = fields(form, language(request)), request.match_info["application"]
    if await visitor(request) is None:
        return shown_again(request, None, typed, mended=id)
    who, row, seen = await own(request)
    around = _around(row, seen)
    if not forms.is_own(request, form):
        return shown_again(request, who, typed, **around)
    if (kept := await kept_or_dropped(request, who, row, "edit", form, **around)) is not None:
        return kept
    if form.get("do") != "reply":
        here = around | {"seen": form.get("seen", "")}
        typed, again = names_settled(request, who, typed, form, ["diseases"], here)
        if again is not None:
            return again
    world = request.app[BROKER].world
    if (no := await _replied(request, who, row, typed)) is not None:
        return form_page(request, who, typed, wrong=said(no, request), seen=form.get("seen", ""), **around)
    typed = without_replies(typed)
    if form.get("do") == "reply":
        return await _kept_and_shown(request, who, typed, form)
    papers = read_paper(typed)
    done = papers if isinstance(papers, str) else await hand_in_again(world, who, row.id, papers)
    if isinstance(done, str | Reason):
        wrong = done if isinstance(done, str) else said(done, request)
        around = _around(*(await own(request))[1:])
        return form_page(request, who, typed, wrong=wrong, seen=form.get("seen", ""), **around)
    await begun.forget(world, who, row.id, "edit")
    raise web.HTTPSeeOther(f"/applications/{row.id}")


async def _replied(request: web.Request, who: Caller, row: Application, typed: Fields) -> Reason | None:
    """Send what answers the committee's words. Why not, if not: nothing is handed in then, and nothing is lost."""
    answers = replies(typed)
    if any(len(text) > _LONGEST for text in answers.values()):
        return Reason(code="REQ-TOO-LARGE", facts=(("limit", f"an answer of more than {_LONGEST} characters"),))
    return await answer(request.app[BROKER].world, who, row.id, answers) if answers else None


async def _kept_and_shown(request: web.Request, who: Caller, typed: Fields, form: MultiDict[str]) -> web.Response:
    """The answers are sent, and the form goes on: kept where it can be, shown as it was typed in any case."""
    who, row, seen = await own(request)
    done = await _keep(request, who, row.id, "edit", typed, form)
    there = await begun.read(request.app[BROKER].world, who, row.id, "edit")
    if isinstance(done, Reason) and there.mark != mark_of(typed):  # the same again is a second click
        around = _around(row, seen)
        return form_page(request, who, typed, wrong=said(done, request), seen=there.mark, **around)
    raise web.HTTPSeeOther(f"/applications/{row.id}/edit?sent=yes")


async def going_on(
    request: web.Request, who: Caller, row: Application, which: begun.For, papers: Fields, **around: Any
) -> web.Response:
    """The form with what was begun in it, or with the papers as they are."""
    there = await begun.read(request.app[BROKER].world, who, row.id, which)
    typed = dict(there.value) if there.value is not None else papers
    return form_page(request, who, typed, seen=there.mark, begun=there.value is not None, **around)


async def kept_or_dropped(
    request: web.Request, who: Caller, row: Application, which: begun.For, form: MultiDict[str], **around: Any
) -> web.Response | None:
    """Keep what was written, or begin anew; None: neither was asked for.

    Where another window wrote meanwhile, nothing is written over: the writer is told, and may ask for it again.
    """
    world, typed = request.app[BROKER].world, fields(form, language(request))
    if form.get("do") == "drop":
        await begun.forget(world, who, row.id, which)
        raise web.HTTPSeeOther(f"/applications/{row.id}/{which}")
    if form.get("do") != "save":
        return None
    done = await _keep(request, who, row.id, which, typed, form)
    if isinstance(done, Reason):
        there = await begun.read(world, who, row.id, which)
        return form_page(request, who, typed, wrong=said(done, request), seen=there.mark, **around)
    return form_page(request, who, typed, saved=True, seen=done, begun=True, **around)


async def kept(request: web.Request) -> web.Response:
    """POST /applications/{application}/begun: keep what is being written; by the script of the form."""
    who, form = await visitor(request), await form_body(request, FORM_BYTES)
    if who is None or not forms.is_own(request, form):
        return no(request, Reason(code="REQ-FORM-EXPIRED"), 401)
    which, id = _FOR.get(request.query.get("of", "")), ApplicationId(request.match_info["application"])
    typed, nowhere = fields(form, language(request)), Reason(code="REQ-NOT-FOUND")
    done = await _keep(request, who, id, which, typed, form) if which is not None else nowhere
    if isinstance(done, Reason):
        return no(request, done, 404 if done.code == "REQ-NOT-FOUND" else 409)
    return web.json_response({"draft": "", "seen": done}, headers=NO_STORE)


async def _keep(
    request: web.Request, who: Caller, id: ApplicationId, which: begun.For, typed: Fields, form: MultiDict[str]
) -> str | Reason:
    try:
        return await begun.keep(request.app[BROKER].world, who, id, which, typed, form.get("seen", ""))
    except ValueError:
        return Reason(code="REQ-TOO-LARGE", facts=(("limit", "a draft of more than 64 KiB"),))


def _around(row: Application, seen: tuple[Desk, ...]) -> dict[str, Any]:
    threads = about(each for one in seen for each in remarks_for(one))
    return {"of": row.paper.datasets, "mended": row.id, "threads": threads}
