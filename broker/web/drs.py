"""GA4GH DRS 1.5.0, one object at a time: metadata, authorizations, and access by token or by Passports."""

import structlog
from aiohttp import hdrs, web

from broker.core.decision.knowing import held_by_all
from broker.core.drs import objects, service_info
from broker.core.drs.ways import SEALED, STORE, Way
from broker.core.ids import DecisionId, ObjectId, ReceiptId
from broker.core.outcome import Reason
from broker.core.reasons import sentence
from broker.core.reasons.language import Language
from broker.flows.recipients import to_read_sealed
from broker.flows.see_objects import Seen, is_for_all, see
from broker.flows.sign_address import Signed, signed_address
from broker.flows.use_data import Refused, Ticket, Waiting, ask
from broker.flows.world import Caller, World
from broker.ports.sources import SourceBrokenError
from broker.web.bodies import Wire, json_body
from broker.web.callers import access_token, caller_by_passports, caller_for_data
from broker.web.drs_shown import BODY_BYTES, MAX_BULK, Json, address, authorizer, described, expanded, later, way_of
from broker.web.errors import Problem, headers, status_of, why
from broker.web.languages import language
from broker.web.middleware import REQUEST_ID
from broker.web.state import BROKER, Broker
from broker.web.telling import refused

log = structlog.get_logger(__name__)


class ObjectBody(Wire):
    expand: bool | None = None
    passports: list[str] | None = None


class AccessBody(Wire):
    passports: list[str] | None = None


def error(request: web.Request, problem: Problem) -> web.Response:
    """A problem in DRS's own form (`msg`, `status_code`), with our code and decision beside (ruling 13)."""
    # The specification knows no 415: what is not JSON is a bad request there. A coding is HTTP's (RFC 9110 8.4).
    bad = problem.reason.code == "REQ-MEDIA-TYPE" and hdrs.CONTENT_ENCODING not in request.headers
    status = 400 if bad else status_of(problem.reason.code)
    reason, told_in = problem.reason, language(request)
    body = objects.error(
        status, sentence(reason.code, dict(reason.facts), told_in), code=reason.code, decision=problem.decision
    )
    members = why(reason, status, told_in) | problem.extra
    response = web.json_response({**body, **members, "request_id": request[REQUEST_ID]}, status=status)
    headers(response, status, problem.decision)
    response.headers.update(problem.headers)
    return response


async def get_service_info(request: web.Request) -> web.Response:
    """GET /service-info: who answers here, and which parts of DRS (GA4GH service-info 1.0)."""
    broker = request.app[BROKER]
    count, size = held_by_all(broker.snapshots.current())
    return web.json_response(
        service_info.service_info(
            base_url=broker.world.issuer,
            version=broker.version,
            operator=broker.administration.operator,
            max_bulk=MAX_BULK,
            object_count=count,
            total_size=size,
        )
    )


async def options_object(request: web.Request) -> web.Response:
    """OPTIONS: what to show. A browser's preflight never comes here (cors.py)."""
    row = _seen(request, None).row
    return web.json_response(authorizer(request.app[BROKER])(row.id, row.dataset))


async def get_object(request: web.Request) -> web.Response:
    """GET: metadata of a listed object, which is public; of a hidden one by a token that shows a grant (ruling 24)."""
    expand = expanded(request)
    return _described(request, _seen(request, await _viewer(request)), expand=expand)


async def post_object(request: web.Request) -> web.Response:
    """POST: the same, for who shows Passports: what is hidden shows itself to those whom a grant names."""
    body = await json_body(request, ObjectBody, BODY_BYTES)
    who = await caller_by_passports(request, body.passports) if body.passports else await _viewer(request)
    return _described(request, _seen(request, who), expand=bool(body.expand))


async def get_access(request: web.Request) -> web.Response:
    """GET …/access/{access_id}: an address and a data ticket, for an access token; 202 while it is being brought."""
    return await _access(request, await caller_for_data(request))


async def post_access(request: web.Request) -> web.Response:
    """POST …/access/{access_id}: an address and a data ticket, for Passports; 202 while it is being brought."""
    body = await json_body(request, AccessBody, BODY_BYTES)
    return await _access(request, await by_body(request, body.passports))


async def by_body(request: web.Request, passports: list[str] | None) -> Caller:
    """Who asks by the Passports of the body, or where it has none by the access token of the header."""
    if passports is None:
        return await caller_for_data(request)
    return await caller_by_passports(request, passports)


async def _viewer(request: web.Request) -> Caller | None:
    """Who asks, where it matters what they may see: everybody sees the same of a listed file."""
    if is_for_all(request.app[BROKER].world, _id(request)) or access_token(request) is None:
        return None
    return await caller_for_data(request)


def _seen(request: web.Request, who: Caller | None) -> Seen:
    found = see(request.app[BROKER].world, who, [_id(request)])[_id(request)]
    if found is None:
        raise Problem("REQ-NOT-FOUND")
    return found


def _described(request: web.Request, one: Seen, *, expand: bool) -> web.Response:
    broker = request.app[BROKER]
    return web.json_response(described(broker, one, authorizer(broker), expand=expand))


async def _access(request: web.Request, who: Caller) -> web.Response:
    broker = request.app[BROKER]
    way = way_of(request.match_info["access_id"])
    if way is None:
        raise Problem("REQ-NOT-FOUND")
    asking = await asker(broker.world, who, way)
    if isinstance(asking, Reason):
        raise Problem.of(asking)
    answer = await asked(broker, asking, way, _id(request))
    if isinstance(answer, Waiting):
        return later(answer.seconds)
    given = answer if isinstance(answer, Signed) else ticket_of(answer, language(request))
    body, receipt, decision = handed(broker, given)
    response = web.json_response(body)
    response.headers["X-Audit-Receipt"] = receipt
    headers(response, 200, decision)
    return response


def handed(broker: Broker, given: Ticket | Signed) -> tuple[Json, ReceiptId, DecisionId]:
    """AccessURL, the receipt under which it is on record, and the decision."""
    if isinstance(given, Signed):
        return objects.access_url(given.url), given.opened.receipt, given.ticket.access.decision
    return address(broker, given), given.receipt, given.access.decision


async def asked(
    broker: Broker, who: Caller, way: Way, object: ObjectId
) -> Ticket | Signed | Refused | Waiting | Reason:
    """The answer to who asks for an object in this way."""
    if way is not STORE:
        return await ask(broker.world, who, object)
    try:
        return await signed_address(broker.world, broker.sources, who, object)
    except SourceBrokenError as broken:
        log.warning("source.broken", object=object, why=str(broken))
        return Reason(code="SRV-SOURCE")


async def asker(w: World, who: Caller, way: Way) -> Caller | Reason:
    """Who asks in this way: for what comes encrypted, with the key for which it is."""
    return await to_read_sealed(w, who) if way is SEALED else who


def ticket_of(answer: Ticket | Refused | Reason, told_in: Language) -> Ticket:
    """The ticket; Problem where there is none."""
    if isinstance(answer, Ticket):
        return answer
    raise refused(answer, told_in) if isinstance(answer, Refused) else Problem.of(answer)


def _id(request: web.Request) -> ObjectId:
    return ObjectId(request.match_info["object_id"])
