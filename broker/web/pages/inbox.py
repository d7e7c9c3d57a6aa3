"""The inbox: what one was told, where to read on, and which letters one wants."""

from urllib.parse import urlencode

from aiohttp import web
from multidict import MultiDict

from broker.core.notices import CAN_BE_OFF
from broker.core.outcome import Reason
from broker.core.rows import Mailbox
from broker.flows.notices import mailbox
from broker.flows.notices.inbox import inbox, mark_read
from broker.flows.world import Caller
from broker.web import forms
from broker.web.bodies import form_body
from broker.web.languages import language
from broker.web.pages.here import page, signed_in
from broker.web.pages.wording import worded
from broker.web.state import BROKER

_FORM_BYTES = 16 * 1024
_LEADS = {
    "app": "/applications/",
    "rev": "/reviews/",
    "grt": "/grants/",
    "pro": "/admin/packs/",
    "cst": "/consultations/",
    "dra": "/applications/new?draft=",
}
"""Where the thing itself is shown, by the kind of its id."""
_LISTS = {
    "case": "/cases",
    "answer": "/me",
    "choices": "/my-data",
    "service": "/admin",
    "sanction": "/cases",
    "incident": "/incidents",
    "safety": "/identities",
    "clock": "/cases",
    "community": "/community",
    "alert": "/alerts",
    "result": "/findings",
    "seat": "/figures",
}
"""Where else to look, by topic."""
_OF_DATA = frozenset({"policy", "engagement", "funding"})
"""Topics of which the dataset's own page tells more."""


async def listing(request: web.Request) -> web.Response:
    """GET /inbox. Looking at it marks nothing as read."""
    return await _shown(request, await signed_in(request))


async def acted(request: web.Request) -> web.Response:
    """POST /inbox: mark as read, or say which letters one wants; which, `do` says."""
    who = await signed_in(request)
    form = forms.own(request, await form_body(request, _FORM_BYTES))
    wrong = await _act(request, who, form)
    if wrong is not None:
        return await _shown(request, who, form, worded(wrong, language(request)))
    raise web.HTTPSeeOther("/inbox?sent=yes" if form.get("do") == "ask" else "/inbox")


async def _act(request: web.Request, who: Caller, form: MultiDict[str]) -> Reason | None:
    broker, wish = request.app[BROKER], _wish(request, form)
    done: Mailbox | Reason | None
    match form.get("do", ""):
        case "read":
            await mark_read(broker.world, who, form.get("notice", ""))
            return None
        case "ask":
            done = await mailbox.ask(broker.world, broker.post, who, form.get("address", "").strip(), wish)
        case "confirm":
            done = await mailbox.confirm(broker.world, who, form.get("code", ""))
        case "choose":
            done = await mailbox.choose(broker.world, who, wish)
        case "remove":
            await mailbox.remove(broker.world, who)
            return None
        case _:
            return Reason(code="REQ-INVALID", facts=(("problem", "do: no such step"),))
    return done if isinstance(done, Reason) else None


def _wish(request: web.Request, form: MultiDict[str]) -> mailbox.Wish:
    known, said = request.app[BROKER].languages, form.get("language", "")
    chosen = said if said in known else language(request).tag
    return mailbox.Wish(language=chosen, daily=form.get("daily") == "yes", off=tuple(form.getall("off", ())))


async def _shown(
    request: web.Request, who: Caller, typed: MultiDict[str] | None = None, wrong: str | None = None
) -> web.Response:
    broker = request.app[BROKER]
    rows = await inbox(broker.world, who)
    box = await broker.world.rows.get(Mailbox, who.person.id)
    told = [
        {
            "id": one.notice.id,
            "at": one.notice.at,
            "topic": one.topic,
            "read": one.read,
            "path": _path(one.notice.about, one.topic),
        }
        for one in rows
    ]
    values = {
        "told": told,
        "unread": any(not one.read for one in rows),
        "box": box if box is not None and box.sealed else None,
        "languages": [(tag, one.figures.itself() or tag) for tag, one in sorted(broker.languages.items())],
        "topics": CAN_BE_OFF,
        "sent": request.query.get("sent") == "yes",
        "wrong": wrong,
        "typed": typed if typed is not None else {},
    }
    return page(request, who, "inbox.html", values, status=409 if wrong else 200)


def _path(about: str, topic: str) -> str | None:
    if topic in _OF_DATA:
        return f"/dataset?{urlencode({'id': about})}"
    lead = _LEADS.get(about.partition("_")[0])
    return f"{lead}{about}" if lead is not None else _LISTS.get(topic)
