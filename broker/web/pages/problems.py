"""A problem as a page for people: what happened, why, and what they can do about it."""

from collections.abc import Mapping
from typing import Any

import structlog
from aiohttp import web

from broker.core.reasons import REASONS
from broker.core.reasons.language import Tongue
from broker.web.errors import Problem, headers, status_of
from broker.web.languages import language
from broker.web.middleware import REQUEST_ID
from broker.web.pages import here, render
from broker.web.pages.again import given_back
from broker.web.pages.wording import worded

_ELSEWHERE = ("/oauth2/", "/sign-in")
"""Between somebody and a program of theirs, or their home: there is one way on, and it is not ours."""
_OF_A_PART = ("REQ-", "SANCTION-")
"""Refusals of a step that is not theirs: it hangs on who they are in it, and on no fact about them."""
_IN_A_HURRY = frozenset({401, 408, 413, 429, 431})
"""Who asks too often or sends too much is not looked up besides; who is not signed in is nobody yet."""

log = structlog.get_logger(__name__)


async def page(request: web.Request, problem: Problem) -> web.StreamResponse:
    """A problem as a page for people."""
    reason, told_in = problem.reason, language(request)
    status = status_of(reason.code)
    if not request.path.startswith(_ELSEWHERE) and (form := await given_back(request, reason.code)) is not None:
        return form
    text = worded(reason, told_in)
    way_out = _way_out(reason.code, Tongue(told_in)) if status == 403 else None  # noqa: PLR2004 (as everywhere: why)
    response = render.render(
        request, "problem.html", status=status, sentence=text, way_out=way_out, code=reason.code,
        request_id=request[REQUEST_ID], **await _around(request, status),
    )  # fmt: skip
    headers(response, status, problem.decision)
    response.headers.update(problem.headers)
    return response


async def _around(request: web.Request, status: int) -> Mapping[str, Any]:
    """The ways on that every page has, for whoever is signed in; none where something of ours is broken already."""
    if status >= 500 or status in _IN_A_HURRY or request.path.startswith(_ELSEWHERE):  # noqa: PLR2004 (RFC 9110: ours)
        return {}
    try:
        who = await here.refused(request)
    except Exception:
        log.exception("problem.nobody_known")  # the answer is the refusal, with or without its surroundings
        return {}
    return here.surroundings(request, who, back="/")


def _way_out(code: str, tongue: Tongue) -> str:
    """What somebody who is refused on a page can do about it. Empty: there is no fact of theirs to correct."""
    spec = REASONS[code]
    if code == "AUTH-NOT-YOURS":
        return tongue.word("problem.roles")
    if spec.appeal == "facts" and (spec.interest == "system" or code.startswith(_OF_A_PART)):
        return ""
    return tongue.word("line.none" if spec.appeal == "none" else "line.facts")
