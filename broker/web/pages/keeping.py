"""The page of an application keeps its draft by itself, by a script of ours and this one address for it.

It is the same draft, kept by the same flow, as with the button; only that what another window wrote is never written
over, and nothing is kept beside it unasked: the writer is told, and the button keeps both.
"""

from aiohttp import web

from broker.core.outcome import Reason
from broker.core.reasons import sentence
from broker.flows.applications import drafts
from broker.web import forms
from broker.web.bodies import form_body
from broker.web.languages import language
from broker.web.pages.applying import FORM_BYTES
from broker.web.pages.here import visitor
from broker.web.pages.paper_form import fields
from broker.web.state import BROKER

NO_STORE = {"Cache-Control": "no-store"}
_STALE = Reason(code="REQ-STALE")


async def kept(request: web.Request) -> web.Response:
    """POST /applications/drafts: which draft it is, and the mark of the text that this window has seen; or why not."""
    who, broker, form = await visitor(request), request.app[BROKER], await form_body(request, FORM_BYTES)
    if who is None or not forms.is_own(request, form):
        return no(request, Reason(code="REQ-FORM-EXPIRED"), 401)
    typed, draft, seen = fields(form, language(request)), form.get("draft") or None, form.get("seen", "")
    if draft is not None and isinstance(await drafts.read(broker.world, who, draft), Reason):
        return no(request, _STALE)  # given up, or handed in, in another window
    try:
        done = await drafts.save(broker.world, who, draft, typed, frozenset({seen}), form.get("once", ""))
    except ValueError:
        done = Reason(code="REQ-TOO-LARGE", facts=(("limit", "a draft of more than 64 KiB"),))
    if isinstance(done, Reason):
        return no(request, done)
    return web.json_response({"draft": done, "seen": drafts.mark_of(typed)}, headers=NO_STORE)


def no(request: web.Request, why: Reason, status: int = 409) -> web.Response:
    """Why it was not kept, for the script and for who writes."""
    told = {"code": why.code, "sentence": sentence(why.code, dict(why.facts), language(request))}
    return web.json_response(told, status=status, headers=NO_STORE)
