"""Who looks at a page, in which language, and what every page shows around its content."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from aiohttp import hdrs, web

from broker.core.reasons.language import Tongue
from broker.flows.applications.desk import has_desk
from broker.flows.authenticate import by_session
from broker.flows.community import ROLE
from broker.flows.oauth.standing import present
from broker.flows.world import Caller
from broker.web import cookies, forms
from broker.web.errors import Problem
from broker.web.languages import language
from broker.web.pages.render import render
from broker.web.sign_in import Wish
from broker.web.state import BROKER

_Links = tuple[tuple[str, str], ...]
"""Path, and the key of its word."""
_PUBLIC: _Links = (
    ("/datasets", "page.data"),
    ("/use", "page.use"),
    ("/policies", "page.policies"),
    ("/register", "page.register"),
    ("/figures", "page.figures"),
    ("/incidents", "page.incidents"),
    ("/rights", "page.rights"),
    ("/complain", "page.complain"),
)
_PRIVATE = (
    ("/inbox", "page.inbox"),
    ("/applications", "page.mine"),
    ("/grants", "page.grants"),
    ("/me", "page.me"),
    ("/cases", "page.cases"),
    ("/identities", "page.identities"),
)
_PARTICIPANT = (
    ("/my-data", "page.my_data"),
    ("/cases", "page.cases"),
    ("/identities", "page.identities"),
)
"""Instead of those: nobody applies for data, or decides about them, under the number by which a study knows them."""

_CALENDAR = frozenset({"committee_member", "committee_chair", "handler"})
"""Whose committees answer renewals."""
_ANSWER = frozenset({"committee_member", "committee_chair", "handler", "custodian", "admin", "auditor"})
"""Who hears of unusual uses."""
_FINDINGS = frozenset({"custodian", "ethics_committee"})
"""To whom findings about participants go."""
_ADMINISTER = frozenset({"admin", "issuer_admin", "auditor", "legal_officer"})


@dataclass(frozen=True, slots=True)
class _Looked:
    who: Caller | None


_FOUND = web.RequestKey("found", _Looked)


async def visitor(request: web.Request) -> Caller | None:
    """Who is signed in in this browser; None: nobody."""
    broker = request.app[BROKER]
    who = await present(broker.oauth, cookies.session_id(request), broker.world.clock.now())
    found = by_session(broker.world, who.person, who.session) if who is not None else None
    request[_FOUND] = _Looked(found)
    return found


async def refused(request: web.Request) -> Caller | None:
    """Whose request is refused: as it was found before, for the links around a refusal and for nothing else."""
    looked = request.get(_FOUND)
    return looked.who if looked is not None else await visitor(request)


async def signed_in(request: web.Request) -> Caller:
    """Who is signed in; whoever is not goes to sign in, and comes back to this very page.

    Not with a form in hand: its sender gets it back (again.py), because a redirect would lose what they typed.
    """
    who = await visitor(request)
    if who is None and request.method == hdrs.METH_POST:
        raise Problem("REQ-FORM-EXPIRED")
    if who is None:
        raise web.HTTPSeeOther(f"/sign-in?{Wish(return_to=request.path_qs).query()}")
    return who


def page(
    request: web.Request, who: Caller | None, template: str, values: Mapping[str, Any], status: int = 200
) -> web.Response:
    """A page with its surroundings."""
    return render(request, template, status, **surroundings(request, who, request.path_qs), **values)


def surroundings(request: web.Request, who: Caller | None, back: str) -> Mapping[str, Any]:
    """What stands around a page: where somebody can go, and where they come back to from signing in."""
    tongue = Tongue(language(request))
    return {
        "nav": [_group(request, tongue, *group) for group in (("page.nav_public", _PUBLIC), *_own(request, who))],
        "who": who is not None,
        "back": quote(back, safe=""),
        "token": forms.token(request) if who is not None else "",
    }


def _group(request: web.Request, tongue: Tongue, group: str, links: _Links) -> dict[str, Any]:
    here = f"{request.path}/"
    told = [{"path": path, "name": tongue.word(name), "here": here.startswith(f"{path}/")} for path, name in links]
    return {"name": tongue.word(group), "links": told, "here": next((one["name"] for one in told if one["here"]), None)}


def _own(request: web.Request, who: Caller | None) -> tuple[tuple[str, _Links], ...]:
    """What somebody has, and what they have to do for others: links to where they can do something.

    That a link is not shown protects nothing; each page asks for itself who may see it.
    """
    if who is None:
        return ()
    if who.person.subject is not None:
        return (("page.nav_own", _PARTICIPANT),)
    roles = {one.role for one in who.roles}
    desk = (("/reviews", "page.desk"),) if has_desk(who, request.app[BROKER].snapshots.current()) else ()
    renewals = (("/renewals", "page.renewals"),) if roles & _CALENDAR else ()
    community = (("/community", "page.community"),) if ROLE in roles else ()
    alerts = (("/alerts", "page.alerts"),) if roles & _ANSWER else ()
    admin = (("/admin", "admin.title"),) if roles & _ADMINISTER else ()
    findings = (("/findings", "page.findings"),) if roles & _FINDINGS else ()
    work = (*desk, *renewals, *alerts, *findings, *community, *admin)
    return (("page.nav_own", _PRIVATE), *((("page.nav_work", work),) if work else ()))
