"""What stands in front of a repository asks here: nginx (`auth_request`), Envoy (`ext_authz`), htsget-rs (call-out).

Each understands few answers: 200 lets through, 401 and 403 do not, and anything else is an error, which must be set to
let nobody through. So nothing else is ever answered but 5xx, when it is unknown. The proxy proves who it is in
`X-Repository-Authorization`; `Authorization` is the person's. Headers of the original request count only because the
proxy, which proved itself, wrote them.
"""

from aiohttp import hdrs, web

from broker.core.authz.paths import below
from broker.core.authz.scope import Asker
from broker.core.oidc.bearer import Shown, shown_token
from broker.core.oidc.errors import OAuthError
from broker.core.reasons import sentence
from broker.core.time import FOREVER, rfc3339
from broker.flows.repositories.deciding import Answer
from broker.flows.repositories.proxied import Passing, may_pass
from broker.web.asking import ASK, DESK, by_credentials
from broker.web.doors import ask_for_more, challenge_of
from broker.web.errors import Problem, headers, status_of
from broker.web.languages import language
from broker.web.state import BROKER

OF_PROXY, PREFIX, OBJECT = "X-Repository-Authorization", "X-Object-Prefix", "X-Object-Id"
METHOD, URI = "X-Original-Method", "X-Original-URI"
OF_PERSON, HTSGET_ID = "Htsget-Context-Authorization", "Htsget-Context-Id"
ENVOY = "/authz/envoy"
_READS = ("GET", "HEAD")


def error(request: web.Request, problem: Problem) -> web.Response:
    """A problem in the few statuses that proxies understand; its code is in a header."""
    code = problem.reason.code
    known = status_of(code)
    status = _understood(known, code)
    response = web.Response(status=status, text=sentence(code, dict(problem.reason.facts), language(request)))
    headers(response, status, problem.decision)
    response.headers["X-Broker-Reason"] = code
    return response


async def nginx(request: web.Request) -> web.Response:
    """GET /authz/nginx: the request is told in X-Original-Method and X-Original-URI, as it came."""
    asker = await by_credentials(request, _one(request, OF_PROXY), ASK)
    if _one(request, METHOD) not in _READS:
        raise Problem("REQ-METHOD", allowed=", ".join(_READS))
    return await _answered(request, asker, _named(request, _one(request, URI)), hdrs.AUTHORIZATION)


async def envoy(request: web.Request) -> web.Response:
    """GET and HEAD /authz/envoy/…: the original method, and its path behind ours, as it came."""
    asker = await by_credentials(request, _one(request, OF_PROXY), ASK)
    if not request.raw_path.startswith(f"{ENVOY}/"):
        raise Problem("ASK-PATH")
    return await _answered(request, asker, _named(request, request.raw_path.removeprefix(ENVOY)), hdrs.AUTHORIZATION)


async def htsget_rs(request: web.Request) -> web.Response:
    """GET /authz/htsget-rs: about the id in Htsget-Context-Id. A yes is the whole object, without rules.

    htsget-rs proves itself with the user and password of its URL; the person's header comes behind `Htsget-Context-`.
    """
    asker = await by_credentials(request, _one(request, hdrs.AUTHORIZATION), ASK)
    name = _one(request, HTSGET_ID)
    answer = await _asked(request, asker, name, OF_PERSON)
    if not answer.permits:
        return _told(request, answer)
    said = {"version": 1, "htsgetAuth": [{"location": {"id": name}}]}
    return web.json_response(said, headers=_beside(answer))


async def _answered(request: web.Request, asker: Asker, object: str, shown_in: str) -> web.Response:
    return _told(request, await _asked(request, asker, object, shown_in))


async def _asked(request: web.Request, asker: Asker, object: str, shown_in: str) -> Answer:
    if len(request.headers.getall(shown_in, ())) > 1:
        raise Problem("REQ-MALFORMED", problem=f"the header {shown_in} came twice")
    shown = shown_token(request.headers.get(shown_in))
    if isinstance(shown, OAuthError):
        raise Problem(shown.code)
    if shown.scheme != "Bearer":  # the proof is for the repository's own address, which we cannot know
        raise Problem("AUTH-TOKEN-BOUND")
    return await _passing(request, asker, object, shown)


async def _passing(request: web.Request, asker: Asker, object: str, shown: Shown) -> Answer:
    passing = Passing(
        object=object,
        shown=shown.token,
        range=request.headers.get(hdrs.RANGE),
        conditional=hdrs.IF_RANGE in request.headers,
    )
    return await may_pass(request.app[BROKER].world, request.app[DESK], asker, passing)


def _named(request: web.Request, uri: str) -> str:
    """The object: as the proxy says itself, or what follows its prefix in the URI. Never both."""
    if OBJECT in request.headers:
        if PREFIX in request.headers:
            raise Problem("ASK-PATH")
        return _one(request, OBJECT)
    found = below(uri, _one(request, PREFIX))
    if found is None or "/" in found:
        raise Problem("ASK-PATH")
    return found


def _one(request: web.Request, name: str) -> str:
    """The one value of a header that the proxy must send."""
    found = request.headers.getall(name, ())
    if len(found) != 1:
        raise Problem("REQ-MALFORMED", problem=f"the proxy sends the header {name}, once")
    return found[0]


def _told(request: web.Request, answer: Answer) -> web.Response:
    if answer.permits:
        return web.Response(status=200, headers=_beside(answer))
    problem = Problem(answer.codes[0], decision=answer.decision)
    response = error(request, problem)
    if response.status == 401:  # noqa: PLR2004 (nginx and Envoy hand the challenge on)
        ask_for_more(request, response, challenge_of(request, problem.reason))
    response.headers["X-Broker-Reason"] = ", ".join(answer.codes)
    if answer.receipt is not None:
        response.headers["X-Audit-Receipt"] = answer.receipt
    return response


def _understood(known: int, code: str) -> int:
    """The status of the few that says the same. Later (429) is no answer that a proxy has: it is unknown for now."""
    if known in (400, 401) and _is_persons(code):
        return 401
    if known >= 500 or known == 429:  # noqa: PLR2004
        return 503
    return 403


def _is_persons(code: str) -> bool:
    """Is it about what the person showed? Else asking them for a token would help nobody."""
    return code.startswith(("AUTH-", "PASSPORT-", "VISA-")) and not code.startswith("AUTH-CLIENT-")


def _beside(answer: Answer) -> dict[str, str]:
    """What the proxy may hand on to what is behind it."""
    said = {
        hdrs.CACHE_CONTROL: "no-store",
        "Decision-Id": str(answer.decision),
        "X-Broker-Subject": str(answer.person),
        "X-Broker-Obligations": ", ".join(one["id"] for one in answer.context.get("obligations", ())),
        "X-Audit-Receipt": str(answer.receipt),
    }
    if answer.until < FOREVER:
        said["X-Broker-Until"] = rfc3339(answer.until)
    if "grant" in answer.context:
        said["X-Broker-Grant"] = answer.context["grant"]["id"]
    return said
