"""GA4GH htsget 1.3.0: tickets for regions of reads and variants, by GET and POST, and errors in its own form."""

from typing import Any

import structlog
from aiohttp import hdrs, web

from broker.core import strict_json
from broker.core.drs.identifiers import encode
from broker.core.htsget import ticket
from broker.core.htsget.request import Asked, DataType, by_body, by_query
from broker.core.ids import ObjectId
from broker.core.outcome import Reason
from broker.core.reasons import sentence
from broker.flows.deliver import Opened, open_delivery
from broker.flows.regions import Filtered, RegionTicket, ask_for_regions, open_filtered
from broker.flows.sealed_regions import content_of_regions, show_sealed
from broker.ports.sources import SourceBrokenError
from broker.web.bodies import raw
from broker.web.callers import caller_for_data
from broker.web.data import is_known, planned, refusal, ticket_of, told, unchanged
from broker.web.doors import HTSGET
from broker.web.errors import Problem, headers, status_of, why
from broker.web.languages import language
from broker.web.middleware import REQUEST_ID
from broker.web.sending import send, send_made
from broker.web.state import BROKER
from broker.web.telling import refused

log = structlog.get_logger(__name__)

FILTERED = f"{HTSGET}/filtered"
"""Where files are given without those who must be left out."""

SEALED = f"{HTSGET}/sealed"
"""Where regions are given as Crypt4GH files."""

MAX_BODY = 256 * 1024
"""Bytes of a POST: some two thousand regions."""


def error(request: web.Request, problem: Problem) -> web.Response:
    """A problem in htsget's own form, with our code and decision beside (ruling 13)."""
    code = problem.reason.code
    status = 400 if code == "REQ-MEDIA-TYPE" and hdrs.CONTENT_ENCODING not in request.headers else status_of(code)
    told_in = language(request)
    message = sentence(code, dict(problem.reason.facts), told_in)
    members = why(problem.reason, status, told_in) | problem.extra
    members |= {"decision": problem.decision, "request_id": request[REQUEST_ID]}
    response = web.json_response(ticket.error(code, status, message, members), status=status)
    headers(response, status, problem.decision)
    response.headers.update(problem.headers)
    return response


async def reads_info(request: web.Request) -> web.Response:
    """GET /reads/service-info (GA4GH service-info 1.0)."""
    return _info(request, "reads")


async def variants_info(request: web.Request) -> web.Response:
    """GET /variants/service-info (GA4GH service-info 1.0)."""
    return _info(request, "variants")


async def get_reads(request: web.Request) -> web.Response:
    """GET: reads of a region, or all of them."""
    return await _ticket(request, "reads", by_query("reads", request.query.items()))


async def post_reads(request: web.Request) -> web.Response:
    """POST: reads of many regions."""
    return await _ticket(request, "reads", None)


async def get_variants(request: web.Request) -> web.Response:
    """GET: variants of a region, or all of them."""
    return await _ticket(request, "variants", by_query("variants", request.query.items()))


async def post_variants(request: web.Request) -> web.Response:
    """POST: variants of many regions."""
    return await _ticket(request, "variants", None)


async def get_filtered(request: web.Request) -> web.StreamResponse:
    """GET: the records of a ticket without those who must be left out, made as they leave."""
    broker, object = request.app[BROKER], ObjectId(request.match_info["id"])
    opened = await open_filtered(broker.world, await ticket_of(request, broker, object), object)
    if not isinstance(opened, Filtered):
        raise refusal(request, opened)
    response = web.StreamResponse(headers={hdrs.CACHE_CONTROL: "private, no-store"})
    response.content_type = "application/octet-stream"
    response.headers["X-Audit-Receipt"] = opened.opened.receipt
    row = opened.opened.object
    chunks = broker.regions.filtered(opened.repository, row, opened.cuts, opened.left_out)
    return await send_made(request, broker, opened.opened, chunks, response)


async def get_sealed(request: web.Request) -> web.StreamResponse:
    """GET: the regions of a ticket as a Crypt4GH file, whole or in ranges of that."""
    broker, object = request.app[BROKER], ObjectId(request.match_info["id"])
    access = await ticket_of(request, broker, object)
    shown = told(request, await show_sealed(broker.world, access, object))
    try:
        content = await content_of_regions(broker.regions, broker.envelopes, shown)
    except SourceBrokenError as broken:
        log.warning("source.broken", object=object, why=str(broken))
        raise Problem("SRV-SOURCE") from None
    if is_known(request, content):
        return unchanged(content)
    asked, response = planned(request, content)
    opened = await open_delivery(broker.world, access, object, (), content.form, made=asked.spans)
    if not isinstance(opened, Opened):
        raise refusal(request, opened)
    response.headers["X-Audit-Receipt"] = opened.receipt
    return await send(request, broker, opened, asked, response)


async def _ticket(request: web.Request, kind: DataType, asked: Asked | Reason | None) -> web.Response:
    """`asked`: None where the body says it. Who asks is known before anything that they say is read."""
    broker, who = request.app[BROKER], await caller_for_data(request)
    if asked is None:
        asked = by_body(kind, await _json(request), queried=bool(request.query_string))
    object = ObjectId(request.match_info["id"])
    try:
        answer = await ask_for_regions(broker.world, broker.regions, who, object, kind, asked)
    except SourceBrokenError as broken:
        log.warning("source.broken", object=object, why=str(broken))
        raise Problem("SRV-SOURCE") from None
    if isinstance(answer, Reason):
        problem = Problem.of(answer)
        if answer.code == "SRV-STAGING":  # htsget knows no 202, and its clients try again after a 503
            problem.headers[hdrs.RETRY_AFTER] = dict(answer.facts)["seconds"]
        raise problem
    if not isinstance(answer, RegionTicket):
        raise refused(answer, language(request))
    return _rendered(broker.world.issuer, answer)


def _rendered(issuer: str, answer: RegionTicket) -> web.Response:
    access = answer.ticket.access
    scheme = "Bearer" if access.jkt is None else "DPoP"  # a client that cannot prove its key sees at once why
    sent = {"Authorization": f"{scheme} {answer.ticket.token}"}
    if answer.plan is None:
        body = ticket.sealed_ticket(answer.format, f"{issuer}{SEALED}/{encode(access.object)}", sent)
    elif access.left_out is None:
        body = ticket.ticket(answer.plan, answer.format, f"{issuer}/data/{encode(access.object)}", sent)
    else:
        body = ticket.filtered_ticket(answer.plan, answer.format, f"{issuer}{FILTERED}/{encode(access.object)}", sent)
    response = web.json_response(body, content_type=ticket.MEDIA_TYPE)
    response.headers["X-Audit-Receipt"] = answer.ticket.receipt
    headers(response, 200, access.decision)
    return response


async def _json(request: web.Request) -> Any:
    """The body's JSON value; None where there is no body. Problem: media type, size, or no JSON."""
    sent = await raw(request, MAX_BODY)
    if not sent:
        return None
    media = request.headers.get(hdrs.CONTENT_TYPE, "").partition(";")[0].strip().lower()
    if media != "application/json":
        raise Problem("REQ-MEDIA-TYPE", wanted="application/json")
    try:
        return strict_json.loads(sent, MAX_BODY)
    except strict_json.StrictJsonError as wrong:
        raise Problem("REQ-MALFORMED", problem=str(wrong)) from None


def _info(request: web.Request, kind: DataType) -> web.Response:
    broker = request.app[BROKER]
    issuer = broker.world.issuer
    return web.json_response(
        ticket.service_info(
            kind,
            service_id=f"org.ga4gh.access-broker.htsget.{kind}",
            name=f"GA4GH access broker: htsget {kind}",
            version=broker.version,
            url=issuer,
            operator="Operator of this broker",
        )
    )
