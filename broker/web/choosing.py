"""The page to choose a home organisation from: by name, without script, and with a choice that can be remembered."""

from urllib.parse import urlencode

from aiohttp import web

from broker.core.oidc.choosing import MAX_SEARCH, hinted, matching, sorted_by_name
from broker.core.rows import IdentityProvider
from broker.web import cookies
from broker.web.pages.render import render
from broker.web.sign_in import offered, redirect_to, wish_of
from broker.web.state import BROKER

SEARCH_FROM = 8
"""As many providers can be seen at once; from here on there is a field to search in."""


async def choose(request: web.Request) -> web.Response:
    """GET /sign-in: straight on if there is only one choice, or if a hint leads to one."""
    wish = wish_of(request)
    listed, hint = offered(request), request.query.get("login_hint", "")[:256]
    found = hinted(request.app[BROKER].providers.known(), hint) if hint else None
    if found is not None:
        return await redirect_to(request, found, wish, login_hint=hint)
    if len(listed) == 1:
        raise web.HTTPSeeOther(f"/sign-in/{listed[0].slug}?{wish.query()}")
    remember, forget = request.query.get("remember") == "yes", request.query.get("forget") == "yes"
    typed = request.query.get("q", "")[:MAX_SEARCH]
    shown = sorted_by_name(matching(listed, typed))
    last = None if forget else next((idp for idp in listed if idp.slug == cookies.last_provider(request)), None)
    here = dict(wish.parameters())
    onwards = urlencode(here | ({"remember": "yes"} if remember else {}))
    response = render(
        request,
        "choose.html",
        last=_told(last, onwards) if last is not None else None,
        researchers=[_told(idp, onwards) for idp in shown if idp.audience != "participant"],
        participants=[_told(idp, onwards) for idp in shown if idp.audience == "participant"],
        search=len(listed) >= SEARCH_FROM,
        typed=typed,
        found=len(shown),
        kept=here,
        remember=remember,
        toggle=urlencode(here | ({"q": typed} if typed else {}) | ({} if remember else {"remember": "yes"})),
        forget=urlencode(here | {"forget": "yes"}),
    )
    if forget:
        cookies.forget_provider(request, response)
    return response


def _told(idp: IdentityProvider, query: str) -> dict[str, str]:
    return {"slug": idp.slug, "name": idp.name, "query": query}
