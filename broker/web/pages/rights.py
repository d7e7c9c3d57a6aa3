"""What somebody can do about data, decisions and this service: where, by when, and what the law gives besides.

WHO 2024, 3.7; HUMAN_RIGHTS section 5: stages and days are told before anybody needs them.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from aiohttp import web

from broker.core.access.cases import ACKNOWLEDGED_WITHIN, ANSWERED_WITHIN, CHALLENGE_DAYS, CaseKind
from broker.core.reasons.language import Tongue
from broker.core.time import start_of
from broker.web.languages import language
from broker.web.pages.here import page, visitor
from broker.web.public import in_force
from broker.web.state import BROKER


@dataclass(frozen=True, slots=True)
class _Can:
    """One thing that somebody can do. `says`: key of its sentence. `page`: where. `days`: of its sentence."""

    says: str
    page: str = ""
    days: int = 0


_PATHS: Mapping[str, str] = {
    "page.my_data": "/my-data",
    "page.mine": "/applications",
    "page.cases": "/cases",
    "page.community": "/community",
    "page.complain": "/complain",
    "page.policies": "/policies",
    "page.register": "/register",
}
"""Of pages, by the key of their name."""
_ANSWERED = {kind: days for kind, (days, _) in ANSWERED_WITHIN.items()}
_CAN: Mapping[str, tuple[_Can, ...]] = {
    "rights.participant": (
        _Can("rights.see", "page.my_data"),
        _Can("rights.choose", "page.my_data"),
        _Can("rights.withdraw", "page.my_data"),
        _Can("rights.ask", "page.my_data", _ANSWERED[CaseKind.QUESTION]),
    ),
    "rights.applicant": (
        _Can("rights.reasons", "page.mine"),
        _Can("rights.challenge", "page.mine", CHALLENGE_DAYS),
        _Can("rights.again", "page.cases", _ANSWERED[CaseKind.RECONSIDERATION]),
        _Can("rights.appeal", "page.cases", _ANSWERED[CaseKind.APPEAL]),
    ),
    "rights.community": (_Can("rights.speak", "page.community"), _Can("rights.own_no")),
    "rights.everybody": (
        _Can("rights.complain", "page.complain"),
        _Can("rights.heard", "page.complain", ACKNOWLEDGED_WITHIN),
        _Can("rights.answered", "page.complain", _ANSWERED[CaseKind.COMPLAINT]),
        _Can("rights.read_rules", "page.policies"),
        _Can("rights.read_register", "page.register"),
        _Can("rights.outside"),
    ),
}
"""By whom they concern."""


async def rights(request: web.Request) -> web.Response:
    """GET /rights: for anybody; the law of each place whose packs are in force, as far as it is written down."""
    administration, tongue = request.app[BROKER].administration, Tongue(language(request))
    told = administration.rights
    places = sorted({pack.jurisdiction for pack in in_force(request).values()} - {"*", "community"})
    values = {
        "can": {who: [_shown(one, tongue) for one in things] for who, things in _CAN.items()},
        "laws": told.written(places),
        "unwritten": told.unwritten(places),
        "told": told,
        "as_of": start_of(told.as_of) if told.as_of is not None else None,
        "contact": administration.operator.contact,
    }
    return page(request, await visitor(request), "rights.html", values)


def _shown(one: _Can, tongue: Tongue) -> dict[str, str]:
    return {"says": tongue.word(one.says, days=str(one.days)), "page": one.page, "path": _PATHS.get(one.page, "")}
