"""Pages of complaints, which need no sign-in, and of what somebody challenged or has to answer."""

from collections.abc import Mapping
from typing import Any

from aiohttp import hdrs, web
from multidict import MultiDict

from broker.core.access.cases import CaseKind, Outcome, due
from broker.core.ids import RequestId
from broker.core.outcome import Reason
from broker.core.reasons.language import Tongue
from broker.core.rows import Case, Request
from broker.flows import cases, sanctions
from broker.flows.world import Caller
from broker.web import forms
from broker.web.bodies import form_body
from broker.web.called import about_of, title_of
from broker.web.errors import Problem
from broker.web.languages import language
from broker.web.pages.here import page, signed_in, visitor
from broker.web.pages.paper_form import FIND
from broker.web.pages.picking import picked, settled, source
from broker.web.pages.render import asking, scripted
from broker.web.pages.wording import worded
from broker.web.state import BROKER

_FORM_BYTES = 128 * 1024
_TEXT = 20_000
_ABOUT = 255
_TOO_LONG = Reason(code="REQ-TOO-LARGE", facts=(("limit", f"a text of more than {_TEXT} characters"),))
_NEEDED = {"challenge": (("text", "case.why"),), "answer": (("outcome", "case.answer"), ("text", "desk.ground"))}
"""By step, what has to be said, and what it is called on the page."""
_TO_A_QUESTION = (("text", "case.answer"),)
_OUTCOMES: Mapping[str, Outcome] = {"upheld": "upheld", "partly": "partly", "rejected": "rejected"}


async def complaint_form(request: web.Request) -> web.Response:
    """GET /complain: for anybody; `about` may be given in the address."""
    return await _complain(request, {"about": request.query.get("about", "")[:_ABOUT]})


async def complained(request: web.Request) -> web.Response:
    """POST /complain: it is kept, and how it stands is shown to whoever has its number and key.

    Nobody need be signed in, so there is no token of a session: whoever makes somebody's browser send this has made
    a complaint without a name, which they could have made themselves.
    """
    form = await form_body(request, _FORM_BYTES)
    if request.headers.get(hdrs.ORIGIN) not in (None, request.app[BROKER].world.issuer):
        raise Problem("REQ-FORM-EXPIRED")
    world = request.app[BROKER].world
    if form.get("do") == "follow":
        found = cases.follow(world, form.get("number", "").strip(), form.get("key", "").strip())
        if isinstance(found, Reason):
            return await _complain(request, form, wrong=Tongue(language(request)).word("case.no_such"))
        return await _complain(request, {}, shown=_case(found, request))
    if form.get("do") == "find":
        return await _complain(request, form)
    text, about = form.get("text", ""), _about(request, await visitor(request), form)
    if not text.strip():
        return await _complain(request, form, wrong=_unsaid("case.text", request))
    if len(text) > _TEXT or len(about) > _ABOUT:
        return await _complain(request, form, wrong=_said(_TOO_LONG, request))
    made = await cases.complain(world, None, about, text, form.get("blank"))
    if isinstance(made, Reason):
        return await _complain(request, form, wrong=_said(made, request))
    row, key = made
    return await _complain(request, {}, shown=_case(row, request), key=key)


def _about(request: web.Request, who: Caller | None, form: MultiDict[str]) -> str:
    """What the words name, what was ticked, or else the words: nobody need know a name to complain."""
    after, closed = settled("about", source(request, who, "about"), form)
    values = str(after.get("about", "")).splitlines()
    return values[-1] if closed and values else form.get("about" + FIND, "").strip() or form.get("about", "").strip()


async def listing(request: web.Request) -> web.Response:
    """GET /cases: what one opened, and what one may answer."""
    return _listed(request, await signed_in(request))


async def acted(request: web.Request) -> web.Response:
    """POST /cases: one step; which one, `do` says."""
    who = await signed_in(request)
    form = forms.own(request, await form_body(request, _FORM_BYTES))
    empty = next((name for field, name in _needed(request, form) if not form.get(field, "").strip()), None)
    done = await _step(request, who, form) if empty is None else _invalid(empty)
    if isinstance(done, Reason):
        return _listed(request, who, _unsaid(empty, request) if empty is not None else _said(done, request), form)
    raise web.HTTPSeeOther("/cases")


def _needed(request: web.Request, form: MultiDict[str]) -> tuple[tuple[str, str], ...]:
    row = request.app[BROKER].snapshots.current().get(Case, form.get("case", ""))
    if form.get("do") == "answer" and row is not None and row.kind is CaseKind.QUESTION:
        return _TO_A_QUESTION
    return _NEEDED.get(form.get("do", ""), ())


async def _step(request: web.Request, who: Caller, form: MultiDict[str]) -> Case | Reason:
    world, id, text = request.app[BROKER].world, form.get("case", ""), form.get("text", "")
    if len(text) > _TEXT:
        return _TOO_LONG
    match form.get("do"):
        case "challenge":
            kinds = {one.value: one for one in CaseKind}
            kind = kinds.get(form.get("kind", ""))
            if kind is None:
                return _invalid("kind: no such kind")
            return await cases.challenge(world, who, RequestId(form.get("request", "")), kind, text)
        case "acknowledge":
            return await cases.acknowledge(world, who, id)
        case "withdraw":
            return await cases.take_back(world, who, id)
        case "answer":
            return await cases.answer(world, who, id, _OUTCOMES.get(form.get("outcome", "")), text)
        case _:
            return _invalid("do: no such step")


def _listed(
    request: web.Request, who: Caller, wrong: str | None = None, typed: Mapping[str, str] | None = None
) -> web.Response:
    world, snapshot = request.app[BROKER].world, request.app[BROKER].snapshots.current()
    found = cases.listed(who, snapshot)
    rows = [_case(one.case, request) | {"may": sorted(command.value for command in one.may)} for one in found]
    values = {
        "rows": rows,
        "wrong": wrong,
        "outcomes": tuple(_OUTCOMES),
        "typed": typed or {},
        "steps": sanctions.against(who, snapshot),
        "now": world.clock.now(),
    }
    return scripted(page(request, who, "cases.html", values, status=409 if wrong else 200))


async def _complain(
    request: web.Request,
    typed: Mapping[str, str],
    wrong: str | None = None,
    shown: Mapping[str, Any] | None = None,
    key: str | None = None,
) -> web.Response:
    who = await visitor(request)
    about = picked("about", source(request, who, "about"), typed)
    values = {"typed": typed, "about": about, "wrong": wrong, "shown": shown, "key": key}
    values["blank"] = typed.get("blank", "")[:43] or cases.blank_key(request.app[BROKER].world)
    return asking(page(request, who, "complain.html", values, status=400 if wrong else 200))


def _case(row: Case, request: web.Request) -> dict[str, Any]:
    """`about`: in words. What is challenged is a request for data; what a complaint names, its writer has typed."""
    snapshot = request.app[BROKER].snapshots.current()
    asked = snapshot.get(Request, RequestId(row.about)) if row.kind is not CaseKind.COMPLAINT else None
    return {
        "id": row.id,
        "kind": row.kind.value,
        "about": title_of(request, asked.dataset) if asked is not None else about_of(request, row.about),
        "text": row.text,
        "opened": row.opened,
        "stage": row.stage.value,
        "due": due(row.kind, row.stage, row.opened),
        "outcome": row.outcome,
        "answer": row.answer,
    }


def _unsaid(name: str, request: web.Request) -> str:
    tongue = Tongue(language(request))
    return tongue.word("apply.unsaid", question=tongue.word(name))


def _said(reason: Reason, request: web.Request) -> str:
    return worded(reason, language(request))


def _invalid(problem: str) -> Reason:
    return Reason(code="REQ-INVALID", facts=(("problem", problem),))
