"""The page of our own signing keys. It changes nothing: keys are made where they are kept, by the command line."""

from aiohttp import web

from broker.core.outcome import Reason
from broker.flows.look_at_keys import our_keys
from broker.web.errors import Problem
from broker.web.pages.here import page, signed_in
from broker.web.state import BROKER


async def listed(request: web.Request) -> web.Response:
    """GET /admin/keys: which key signs for what, since when, and until when."""
    who = await signed_in(request)
    found = await our_keys(request.app[BROKER].world, who)
    if isinstance(found, Reason):
        raise Problem.of(found)
    return page(request, who, "admin_keys.html", {"rows": found, "audits": who.has_role("auditor", "service")})
