"""What was sent and could not count is given back, whatever form it was: nothing is done, and nothing typed is lost.

Who sent it is signed in no longer, or anew, or too long ago for this: they sign in in another window and send it again.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from aiohttp import hdrs, web
from multidict import MultiDict

from broker.core.reasons.language import Tongue
from broker.flows.world import Caller
from broker.web import forms
from broker.web.bodies import form_body
from broker.web.errors import Problem, status_of
from broker.web.languages import language
from broker.web.pages import here
from broker.web.sign_in import Wish

_MOST = 1024 * 1024
"""Bytes of the longest of our forms."""
_TOO_OLD, _EXPIRED = "AUTH-STEP-UP", "REQ-FORM-EXPIRED"


@dataclass(frozen=True, slots=True)
class _Sent:
    name: str
    value: str
    text: int | None
    """Shown as the so-manieth text; None: it goes along unseen, as what was chosen does."""


async def given_back(request: web.Request, code: str) -> web.Response | None:
    """The page with all that was sent, to be sent again; None: another refusal, nothing of ours, or no form."""
    if request.method != hdrs.METH_POST or code not in (_TOO_OLD, _EXPIRED) or not forms.is_from_here(request):
        return None
    try:
        form = await form_body(request, _MOST)
    except Problem:
        return None
    who = await here.refused(request)
    values = {
        "first": Tongue(language(request)).word(_what_to_do(who, code)),
        "sign_in": _sign_in(request, fresh=code == _TOO_OLD) if who is None or code == _TOO_OLD else None,
        "action": request.path_qs,
        "sent": list(_sent(form)),
        "lost": (),  # every text stands in the form
    }
    return here.page(request, who, "again.html", values, status=status_of(code))


def _what_to_do(who: Caller | None, code: str) -> str:
    if code == _TOO_OLD:
        return "again.recent"
    return "again.before" if who is not None else "again.nobody"


def _sent(form: MultiDict[str]) -> Iterator[_Sent]:
    texts = 0
    for name, value in form.items():
        if name in forms.NEVER:
            continue
        is_text = forms.is_text(name, value)
        texts += is_text
        yield _Sent(name, value, texts if is_text else None)


def _sign_in(request: web.Request, *, fresh: bool) -> str:
    """Where to sign in in another window: back to this page, if it can be opened."""
    resource = request.match_info.route.resource
    opened = {each.resource.canonical for each in request.app.router.routes() if each.method == "GET" and each.resource}
    back = request.path_qs if resource is not None and resource.canonical in opened else "/"
    return f"/sign-in?{Wish(return_to=back, fresh=fresh).query()}"
