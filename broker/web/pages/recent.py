"""What lets somebody in on a page takes a sign-in of the last minutes: who has none is sent to sign in again."""

from urllib.parse import urlencode

from aiohttp import web
from multidict import MultiDict

from broker.core.reasons.language import Tongue
from broker.core.rows import IdentityProvider
from broker.flows.world import Caller
from broker.web import forms
from broker.web.errors import Problem
from broker.web.languages import language
from broker.web.recent import is_recent, session_of
from broker.web.sign_in import Wish, redirect_to
from broker.web.state import BROKER


async def too_old(request: web.Request, who: Caller, form: MultiDict[str]) -> str | None:
    """What to do first, in words, where a form that was filled in cannot count: it is from before a sign-in, or the
    sign-in is not of the last minutes. What is in it is to be shown again, so that nothing typed is lost.
    """
    tongue = Tongue(language(request))
    if not forms.is_own(request, form):
        return tongue.word("apply.expired")
    return None if is_recent(request, await session_of(request, who)) else tongue.word("add.recent")


def again_at(request: web.Request) -> str:
    """Where one signs in anew, and comes back to this page."""
    return f"/sign-in?{urlencode({'return_to': request.path, 'fresh': 'yes'})}"


async def sign_in_again(request: web.Request, who: Caller) -> web.Response | None:
    """Off to sign in again, where the sign-in is not of the last minutes; None: it is."""
    broker = request.app[BROKER]
    session = await session_of(request, who)
    idp = broker.snapshots.current().get(IdentityProvider, session.idp) if session is not None else None
    if is_recent(request, session):
        return None
    if idp is None:
        raise Problem("REQ-FORM-EXPIRED")
    return await redirect_to(request, idp, Wish(return_to=request.path, fresh=True))
