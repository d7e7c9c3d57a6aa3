"""What happens around every handler: request id, limits, one log line, safe headers, errors as problems."""

import re
from collections.abc import Awaitable, Callable
from contextlib import AbstractContextManager
from functools import lru_cache
from time import monotonic

import structlog
from aiohttp import hdrs, web
from prometheus_client import Counter, Histogram

from broker.core.oidc.errors import OAuthError
from broker.ports import Clock, Entropy, LedgerDownError, StaleError
from broker.ports.keys import KeyServiceDownError
from broker.ports.tracing import UNTRACED, Span
from broker.web import cors
from broker.web.doors import ask_for_more, challenge_of, give_nonce
from broker.web.edge import EDGE, admit, is_proxy
from broker.web.errors import Problem, problem_response
from broker.web.languages import language, say
from broker.web.metrics import METRICS, door_of
from broker.web.recording import REQUEST, noted
from broker.web.sparing import Sparing
from broker.web.state import BROKER

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

REQUEST_ID = web.RequestKey("request_id", str)
BEGAN = web.RequestKey("began", float)
"""When (monotonic) its headers were there."""
CODE = web.RequestKey("code", str)
"""Why the request was refused, for the log: people who ask for help name the request id."""
CLOCK = web.AppKey("clock", Clock)
ENTROPY = web.AppKey("entropy", Entropy)
ErrorForm = Callable[[web.Request, Problem], web.StreamResponse | Awaitable[web.StreamResponse]]
"""A page may have to look up who is reading it; the others know at once."""
ERROR_FORMS: web.AppKey[dict[str, ErrorForm]] = web.AppKey("error_forms", dict)
"""How each route (by its pattern) writes its errors; OAuth, DRS and pages have forms of their own."""
ERROR_FAMILIES: web.AppKey[tuple[tuple[str, ErrorForm], ...]] = web.AppKey("error_families", tuple)
"""The same by the beginning of a path, for what no route answers: unknown addresses and wrong methods."""
ERROR_PAGE: web.AppKey[ErrorForm] = web.AppKey("error_page")
"""The same for what begins like nothing that is known, where a browser asks (RFC 9110 section 12.5.1)."""

MAX_HEADER = 8_190
_NOWHERE = "unknown"
_GIVEN_ID = re.compile(r"[A-Za-z0-9._-]{8,64}")
_CSP = (
    "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self' http: https:; "
    "base-uri 'none'; frame-ancestors 'none'"
)
SAFE_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",  # under no-referrer browsers send `Origin: null` with our own forms
    "Content-Security-Policy": _CSP,
    "Cross-Origin-Resource-Policy": "cross-origin",
    "Server": "ga4gh-access-broker",
}
_TWO_YEARS = 63_072_000
SECURE = web.AppKey("secure", bool)
"""Are we reached by https? Then never by anything else again (RFC 6797)."""
_SINGLE = (hdrs.AUTHORIZATION, hdrs.HOST, hdrs.CONTENT_TYPE, hdrs.RANGE, hdrs.IF_RANGE, hdrs.COOKIE)

_FEW = Sparing()

log = structlog.get_logger(__name__)


@web.middleware
async def around(request: web.Request, handler: Handler) -> web.StreamResponse:
    """The outermost layer; nothing that leaves a handler passes it unanswered."""
    request_id = _request_id(request)
    request[REQUEST_ID] = request_id
    structlog.contextvars.bind_contextvars(request_id=request_id)
    named, began = REQUEST.set(request_id), monotonic()
    request[BEGAN] = began
    try:
        with _traced(request, request_id) as span:
            response = await _answered(request, handler, request_id)
            span.note("status", response.status)
            if CODE in request:
                span.note("code", request[CODE])
    finally:
        REQUEST.reset(named)
        structlog.contextvars.clear_contextvars()
    door = door_of(_route(request))
    if door != "data":  # how long a download takes is its client's matter; its first byte is counted where it leaves
        _taken(door).observe(monotonic() - began)
    return response


def _traced(request: web.Request, request_id: str) -> AbstractContextManager[Span]:
    """A trace that began elsewhere goes on here only if a proxy of ours says so: a stranger's would be anybody's."""
    tracer = request.app[BROKER].tracer
    if tracer is UNTRACED:
        return UNTRACED.serving("", "")
    method, route = method_of(request), _route(request)
    parent = request.headers.get("traceparent", "") if is_proxy(request.remote, request.app[EDGE].proxies) else ""
    facts = {"method": method, "route": route, "request": noted(request_id)}
    return tracer.serving(f"{method} {route}", parent, **facts)


async def _answered(request: web.Request, handler: Handler, request_id: str) -> web.StreamResponse:
    route = _route(request)
    try:
        _limits(request)
        admit(request, route, request.app[CLOCK])
        allowed = cors.preflight(request) if cors.is_preflight(request) else None
        response = await handler(request) if allowed is None else allowed
    except Problem as problem:
        response = await _rendered(request, problem, request_id)
    except web.HTTPException as theirs:
        response = await _library(request, theirs, request_id)
    except StaleError:
        response = await _rendered(request, Problem("REQ-CONFLICT"), request_id)
    except LedgerDownError:
        log.warning("ledger.down")
        response = await _rendered(request, Problem("SRV-NO-RECORD"), request_id)
    except KeyServiceDownError as down:
        if (left_out := _FEW.admits("key service")) is not None:
            log.error("keys.service_down", why=str(down), left_out=left_out)  # noqa: TRY400 (an operator's)
        response = await _rendered(request, Problem("SRV-NO-SIGNATURE"), request_id)
    except ConnectionError:
        raise  # the client has gone, or its stream was cut: there is nobody to answer
    except Exception:
        log.exception("request.failed", route=route)
        response = await _rendered(request, Problem("SRV-ERROR"), request_id)
    method = method_of(request)
    _counted(method, route, response.status).inc()
    _line(method, route, response.status, request.get(CODE))
    return response


def method_of(request: web.Request) -> str:
    """For labels, which must not be what callers like."""
    return request.method if request.method in hdrs.METH_ALL else "other"


@lru_cache(maxsize=64)
def _taken(door: str) -> Histogram:
    return METRICS.seconds.labels(door)


@lru_cache(maxsize=4096)
def _counted(method: str, route: str, status: int) -> Counter:
    return METRICS.requests.labels(method, route, str(status))


def _line(method: str, route: str, status: int, code: str | None) -> None:
    """One line of log; of refusals a few a second of each kind, because strangers can cause as many as they like."""
    kind = f"{status} {code}"
    before = _FEW.admits(kind) if 400 <= status < 500 else 0  # noqa: PLR2004 (RFC 9110 section 15.5)
    if before is None:
        METRICS.lines_left_out.inc()
        return
    more = {"left_out": before} if before else {}
    log.info("request", method=method, route=route, status=status, code=code, **more)


async def _library(request: web.Request, theirs: web.HTTPException, request_id: str) -> web.StreamResponse:
    """What a handler or the library raised as an answer: redirects go out as they are, errors in our words."""
    if theirs.status < 400:  # noqa: PLR2004 (RFC 9110: not an error)
        onwards = web.Response(status=theirs.status, headers=theirs.headers, body=theirs.body)
        onwards.headers.setdefault(hdrs.CACHE_CONTROL, "no-store")
        return onwards
    if isinstance(theirs, web.HTTPMethodNotAllowed):
        allowed = ", ".join(sorted(theirs.allowed_methods))
        response = await _rendered(request, Problem("REQ-METHOD", allowed=allowed), request_id)
        response.headers[hdrs.ALLOW] = allowed
        return response
    if isinstance(theirs, web.HTTPRequestEntityTooLarge):
        return await _rendered(request, Problem("REQ-TOO-LARGE", limit="the body"), request_id)
    code = "REQ-NOT-FOUND" if theirs.status == 404 else "REQ-MALFORMED"  # noqa: PLR2004
    return await _rendered(request, Problem(code, problem="not HTTP as it must be"), request_id)


async def _rendered(request: web.Request, problem: Problem, request_id: str) -> web.StreamResponse:
    request[CODE] = problem.reason.code
    route, families = _route(request), request.app[ERROR_FAMILIES]
    form = request.app[ERROR_FORMS].get(route)
    if route == _NOWHERE:
        form = next((form for prefix, form in families if request.path.startswith(prefix)), None) or _read(request)
    made = form(request, problem) if form is not None else problem_response(problem, request_id, language(request))
    response = made if isinstance(made, web.StreamResponse) else await made
    if problem.challenge is not None or response.status == 401:  # noqa: PLR2004 (RFC 9110 section 15.5.2)
        ask_for_more(request, response, problem.challenge or challenge_of(request, problem.reason))
        give_nonce(request, response, asked=problem.reason.code == OAuthError.DPOP_NONCE.code)
    return response


def _read(request: web.Request) -> ErrorForm | None:
    return request.app[ERROR_PAGE] if "text/html" in request.headers.get(hdrs.ACCEPT, "") else None


def _route(request: web.Request) -> str:
    """The route's pattern, not the path: a path can hold what nobody should log."""
    resource = request.match_info.route.resource
    return resource.canonical if resource is not None else _NOWHERE


def _request_id(request: web.Request) -> str:
    """The caller's own X-Request-ID if it is harmless, else a new one."""
    given = request.headers.get("X-Request-ID", "")
    return given if _GIVEN_ID.fullmatch(given) else request.app[ENTROPY].random(8).hex()


def _limits(request: web.Request) -> None:
    """Headers that come twice or are too long are nobody's honest request (adversarial rows T077, T078)."""
    given = request.headers
    if len({*map(str.lower, given)}) < len(given):
        for name in _SINGLE:
            if len(given.getall(name, ())) > 1:
                raise Problem("REQ-MALFORMED", problem=f"the header {name} came twice")
    if max(map(len, given.values()), default=0) > MAX_HEADER:
        raise Problem("REQ-HEADER-TOO-LARGE", limit=f"more than {MAX_HEADER} bytes")
    if given.get(hdrs.CONTENT_ENCODING, "identity") != "identity":
        raise Problem("REQ-MEDIA-TYPE", wanted="an uncompressed body")


async def safe_headers(request: web.Request, response: web.StreamResponse) -> None:
    """Set on every response, error or not, just before it leaves."""
    response.headers.merge(SAFE_HEADERS)  # what a handler said itself stands
    response.headers["Server"] = SAFE_HEADERS["Server"]
    if hdrs.AUTHORIZATION in request.headers:  # what was told to one person is for nobody's cache
        response.headers.setdefault(hdrs.CACHE_CONTROL, "no-store")
    if request.app[SECURE]:
        response.headers["Strict-Transport-Security"] = f"max-age={_TWO_YEARS}"
    give_nonce(request, response)
    say(request, response)
    if allowed := cors.headers(request):
        response.headers.update(allowed)
    if BEGAN in request and door_of(_route(request)) == "data":
        METRICS.first_byte.observe(monotonic() - request[BEGAN])
    if REQUEST_ID in request:  # a download has left before the layers around it could name it
        response.headers.setdefault("X-Request-ID", request[REQUEST_ID])
