"""The byte endpoint: GET and HEAD of one object behind a data ticket, with ranges and preconditions (RFC 9110 13, 14).

Digests of the whole are told beforehand (RFC 9530), so that a client knows what it has when it has all of it.
"""

import re
from urllib.parse import quote

import structlog
from aiohttp import hdrs, web

from broker.core.ids import ObjectId
from broker.core.outcome import Reason
from broker.core.preconditions import answer, digest_field
from broker.core.ranges import Multipart, Ranges, Span, Unsatisfiable, content_range, unsatisfied, wanted
from broker.flows.content import Content, content_of
from broker.flows.deliver import Opened, Shown, close_delivery, open_delivery, show
from broker.flows.handing_on import seconds_unseen
from broker.flows.use_data import TICKET_TYPE, Refused
from broker.ports.sources import SourceBrokenError
from broker.web.callers import access_token
from broker.web.edge import EDGE, is_proxy
from broker.web.errors import Problem
from broker.web.languages import language
from broker.web.middleware import ENTROPY
from broker.web.sending import Wanted, send
from broker.web.state import BROKER, Broker
from broker.web.telling import refused

log = structlog.get_logger(__name__)
_MAX_TICKET = 4096
_ENDLESS = 10**18
"""Bytes of a file as who has a ticket for parts knows it: where it ends makes no difference to what they are told."""
_PLAIN_RANGE = re.compile(r"bytes=(?:[0-9]{1,15}-[0-9]{0,15}|-[0-9]{1,15})")
_CONDITIONS = ("If-Match", "If-None-Match", "If-Range", "If-Modified-Since", "If-Unmodified-Since")
_OF_THE_PART = ("Content-Length", "Content-Range", "Content-Digest")


async def head(request: web.Request) -> web.StreamResponse:
    """HEAD: as GET would answer, without the bytes. A ticket for parts gives no whole, so nothing is told of it."""
    broker, object = request.app[BROKER], ObjectId(request.match_info["object_id"])
    shown = told(request, await show(broker.world, await ticket_of(request, broker, object), object))
    if shown.access.ranges is not None:
        raise Problem("REQ-RANGE", problem="the ticket is for parts, each by a GET of its range")
    content = await _content(broker, shown)
    if is_known(request, content):
        return unchanged(content)
    response = web.StreamResponse(headers=_headers(content))
    response.content_length = content.size
    return response


async def get(request: web.Request) -> web.StreamResponse:
    """GET: the whole object, or ranges of it."""
    broker, object = request.app[BROKER], ObjectId(request.match_info["object_id"])
    access = await ticket_of(request, broker, object)
    shown = told(request, await show(broker.world, access, object))
    content = await _content(broker, shown)
    if is_known(request, content):
        return unchanged(content)
    asked, response = planned(request, content, whole=shown.access.ranges is None)
    length = sum(span.length for span in asked.spans)
    handed_on = shown.access.ranges is None and _by_nginx(request)  # nginx would say how long the whole is
    unseen = seconds_unseen(shown, content, length, broker.snapshots.current()) if handed_on else 0
    opened = await open_delivery(broker.world, access, object, asked.spans, content.form, unseen)
    if not isinstance(opened, Opened):
        raise refusal(request, opened)
    response.headers["X-Audit-Receipt"] = opened.receipt
    if unseen:
        return await _handed_on(request, shown, opened, content, response)
    return await send(request, broker, opened, asked, response)


def planned(request: web.Request, content: Content, *, whole: bool = True) -> tuple[Wanted, web.StreamResponse]:
    """Which spans will be sent, and the response's head. `whole`: may they hear how long all of it is?"""
    size, shown = content.size, content.size if whole else None
    said, condition = request.headers.get(hdrs.RANGE), request.headers.get(hdrs.IF_RANGE)
    asked = wanted(said, condition, etag=etag(content), size=size if whole else _ENDLESS)
    headers = _headers(content)
    if isinstance(asked, Unsatisfiable):
        problem = Problem("REQ-RANGE", problem=asked.why)
        if whole:
            problem.headers[hdrs.CONTENT_RANGE] = unsatisfied(size)
        raise problem
    spans: tuple[Span, ...]
    multipart = None
    if not isinstance(asked, Ranges):
        spans, status = ((Span(0, size - 1),) if size else ()), 200
    elif len(asked.spans) == 1:
        spans, status = asked.spans, 206
        headers[hdrs.CONTENT_RANGE] = content_range(spans[0], shown)
    else:
        boundary = request.app[ENTROPY].random(16).hex()
        spans, status = asked.spans, 206
        multipart = Multipart(spans=spans, size=shown, media_type=content.media_type, boundary=boundary)
        headers[hdrs.CONTENT_TYPE] = multipart.content_type
    if status == 200 and content.sha256 is not None:  # noqa: PLR2004 (RFC 9110: all of it)
        headers["Content-Digest"] = digest_field(content.sha256)
    response = web.StreamResponse(status=status, headers=headers)
    response.content_length = multipart.length if multipart is not None else sum(span.length for span in spans)
    return Wanted(content=content, spans=spans, multipart=multipart), response


def _by_nginx(request: web.Request) -> bool:
    """Does a proxy of ours ask that can send files, for something that it reads just as we do?

    A whole file or one plain range, and no condition: nginx knows nothing of our entity tags.
    """
    edge = request.app[EDGE]
    plain = _PLAIN_RANGE.fullmatch(request.headers.get(hdrs.RANGE, "bytes=0-")) is not None
    odd = any(name in request.headers for name in _CONDITIONS)
    return bool(edge.files) and is_proxy(request.remote, edge.proxies) and plain and not odd


async def _handed_on(
    request: web.Request, shown: Shown, opened: Opened, content: Content, response: web.StreamResponse
) -> web.Response:
    """Nothing but a head: nginx sends the file, and says in its log how that ended."""
    try:
        async with content.open():
            pass
    except SourceBrokenError as broken:
        log.warning("source.broken", object=opened.object.id, why=str(broken))
        await close_delivery(request.app[BROKER].world, opened, "incomplete", 0)
        raise Problem("SRV-SOURCE") from None
    kept = {name: value for name, value in response.headers.items() if name not in _OF_THE_PART}
    place = f"{request.app[EDGE].files}/{quote(shown.repository.id)}/{quote(opened.object.path)}"
    return web.Response(headers={**kept, "X-Accel-Redirect": place, "X-Delivery": opened.delivery.id})


def etag(content: Content) -> str:
    """A strong entity tag: one form of one id has one content (ruling 25)."""
    return f'"{content.tag}"'


def is_known(request: web.Request, content: Content) -> bool:
    """Has the client these very bytes already? Problem 412 if it asks for those of another content."""
    said = {name: request.headers.getall(name, None) for name in (hdrs.IF_MATCH, hdrs.IF_NONE_MATCH)}
    match, other = (",".join(fields) if fields is not None else None for fields in said.values())
    found = answer(match, other, etag(content))
    if found == "not that content":
        raise Problem("REQ-OTHER-CONTENT")
    return found == "the same still"


def unchanged(content: Content) -> web.Response:
    """304: nothing leaves, so nothing is on record but the decision that it may be told."""
    kept = (hdrs.ETAG, hdrs.CACHE_CONTROL, "Repr-Digest")
    return web.Response(status=304, headers={name: value for name, value in _headers(content).items() if name in kept})


def _headers(content: Content) -> dict[str, str]:
    digest = {"Repr-Digest": digest_field(content.sha256)} if content.sha256 is not None else {}
    return digest | {
        hdrs.CONTENT_TYPE: content.media_type,
        hdrs.ACCEPT_RANGES: "bytes",
        hdrs.ETAG: etag(content),
        hdrs.CACHE_CONTROL: "private, no-store",
        hdrs.CONTENT_DISPOSITION: f'attachment; filename="{content.name}"',
    }


async def _content(broker: Broker, shown: Shown) -> Content:
    try:
        return await content_of(broker.sources, broker.envelopes, shown)
    except SourceBrokenError as broken:
        log.warning("source.broken", object=shown.object.id, why=str(broken))
        raise Problem("SRV-SOURCE") from None


async def ticket_of(request: web.Request, broker: Broker, object: ObjectId) -> str:
    """The id of the access that the ticket stands for. Tickets come in the header and nowhere else.

    One that is bound to a key needs a proof of that key with every request, as access tokens do (RFC 9449).
    """
    shown = access_token(request)
    if shown is None:
        raise Problem("AUTH-NO-CREDENTIALS")
    claims = broker.verifier.reader.read(shown.token, TICKET_TYPE) if len(shown.token) <= _MAX_TICKET else None
    ours = claims is not None and claims.get("aud") == f"{broker.world.issuer}/data"
    if claims is None or not ours or claims.get("obj") != object or not isinstance(claims.get("jti"), str):
        raise Problem("AUTH-TICKET-INVALID")
    if not isinstance(claims.get("exp"), int) or broker.world.clock.now() >= claims["exp"]:
        raise Problem("AUTH-TICKET-EXPIRED")
    bound, now = claims.get("cnf"), broker.world.clock.now()
    jkt = str(bound.get("jkt")) if isinstance(bound, dict) else None
    unproved = await broker.verifier.proofs.at_resource(shown, jkt, now, nonce=False)
    if unproved is not None:
        raise Problem(unproved.code)
    return str(claims["jti"])


def told(request: web.Request, shown: Shown | Refused | Reason) -> Shown:
    if isinstance(shown, Shown):
        return shown
    raise refusal(request, shown)


def refusal(request: web.Request, no: Refused | Reason) -> Problem:
    return refused(no, language(request)) if isinstance(no, Refused) else Problem.of(no)
