"""Is it still they who sit there? What lets somebody in on a page takes a sign-in of the last minutes."""

from aiohttp import web

from broker.core.rows import IdentityProvider, Session
from broker.flows.world import Caller
from broker.web.errors import Problem
from broker.web.sign_in import Wish, redirect_to
from broker.web.state import BROKER

RECENT = 900
"""Seconds since the sign-in within which somebody may let others in."""


async def sign_in_again(request: web.Request, who: Caller) -> web.Response | None:
    """Off to sign in again, where the sign-in is not of the last minutes; None: it is."""
    broker = request.app[BROKER]
    session = await broker.world.rows.get(Session, who.session or "")
    idp = broker.snapshots.current().get(IdentityProvider, session.idp) if session is not None else None
    if session is not None and broker.world.clock.now() - session.auth_time <= RECENT:
        return None
    if idp is None:
        raise Problem("REQ-FORM-EXPIRED")
    return await redirect_to(request, idp, Wish(return_to=request.path, fresh=True))
