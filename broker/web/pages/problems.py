"""A problem as a page for people: what happened, why, and what they can do about it."""

from aiohttp import web

from broker.core.reasons import REASONS, sentence
from broker.core.reasons.language import Tongue
from broker.web.errors import Problem, headers, status_of
from broker.web.languages import language
from broker.web.middleware import REQUEST_ID
from broker.web.pages import render


def page(request: web.Request, problem: Problem) -> web.StreamResponse:
    """A problem as a page for people."""
    reason, told_in = problem.reason, language(request)
    status = status_of(reason.code)
    text = sentence(reason.code, dict(reason.facts), told_in)
    way_out = _way_out(reason.code, Tongue(told_in)) if status == 403 else None  # noqa: PLR2004 (as everywhere: why)
    response = render.render(
        request, "problem.html", status=status, sentence=text, way_out=way_out, code=reason.code,
        request_id=request[REQUEST_ID],
    )  # fmt: skip
    headers(response, status, problem.decision)
    response.headers.update(problem.headers)
    return response


def _way_out(code: str, tongue: Tongue) -> str:
    """What somebody who is refused on a page can do about it."""
    return tongue.word("line.none" if REASONS[code].appeal == "none" else "line.facts")
