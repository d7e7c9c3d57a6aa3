"""A form for what lets somebody in is shown to who signed in in the last minutes; others sign in again first."""

from aiohttp import web

from broker.core.rows import IdentityProvider
from broker.flows.world import Caller
from broker.web.errors import Problem
from broker.web.recent import is_recent, session_of
from broker.web.sign_in import Wish, redirect_to
from broker.web.state import BROKER


async def sign_in_before_typing(request: web.Request, who: Caller) -> web.Response | None:
    """Off to sign in again, where the sign-in is not of the last minutes; None: it is.

    For a page that is opened. What was sent is asked by `broker.web.recent.recently`, and given back (again.py).
    """
    session = await session_of(request, who)
    if is_recent(request, session):
        return None
    idp = request.app[BROKER].snapshots.current().get(IdentityProvider, session.idp) if session is not None else None
    if idp is None:
        raise Problem("REQ-FORM-EXPIRED")
    return await redirect_to(request, idp, Wish(return_to=request.path, fresh=True))
