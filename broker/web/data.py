"""The byte endpoint: GET and HEAD of one object with ranges (RFC 9110 section 14), behind a data ticket."""

import asyncio
from collections.abc import AsyncIterator

import structlog
from aiohttp import hdrs, web

from broker.core.ids import ObjectId
from broker.core.outcome import Reason
from broker.core.ranges import Multipart, Ranges, Span, Unsatisfiable, content_range, unsatisfied, wanted
from broker.core.rows import DrsObject
from broker.core.snapshot import Snapshot
from broker.flows.deliver import End, Opened, Shown, close_delivery, open_delivery, show, still_permitted
from broker.flows.use_data import TICKET_TYPE, Refused
from broker.ports import OpenFile, SourceBrokenError
from broker.web.callers import access_token
from broker.web.errors import Problem
from broker.web.middleware import ENTROPY
from broker.web.state import BROKER, Broker
from broker.web.streams import Stream
from broker.web.telling import refused

log = structlog.get_logger(__name__)
_MAX_TICKET = 4096


async def head(request: web.Request) -> web.StreamResponse:
    """HEAD: as GET would answer, without the bytes."""
    broker, object = request.app[BROKER], ObjectId(request.match_info["object_id"])
    shown = await show(broker.world, await _ticket(request, broker, object), object)
    row = _told(shown).object
    response = web.StreamResponse(headers=_headers(row))
    response.content_length = row.size
    return response


async def get(request: web.Request) -> web.StreamResponse:
    """GET: the whole object, or ranges of it."""
    broker, object = request.app[BROKER], ObjectId(request.match_info["object_id"])
    access = await _ticket(request, broker, object)
    shown = _told(await show(broker.world, access, object))
    spans, multipart, response = _planned(request, shown.object)
    first, last = min((s.first for s in spans), default=0), max((s.last for s in spans), default=-1)
    opened = await open_delivery(broker.world, access, object, first, last)
    if not isinstance(opened, Opened):
        raise _refusal(opened)
    response.headers["X-Audit-Receipt"] = opened.receipt
    return await _send(request, broker, opened, spans, multipart, response)


def _planned(request: web.Request, row: DrsObject) -> tuple[tuple[Span, ...], Multipart | None, web.StreamResponse]:
    """Which spans will be sent, and the response's head."""
    asked = wanted(request.headers.get(hdrs.RANGE), request.headers.get(hdrs.IF_RANGE), etag=etag(row), size=row.size)
    headers = _headers(row)
    if isinstance(asked, Unsatisfiable):
        problem = Problem("REQ-RANGE", problem=asked.why)
        problem.headers[hdrs.CONTENT_RANGE] = unsatisfied(row.size)
        raise problem
    if not isinstance(asked, Ranges):
        response = web.StreamResponse(headers=headers)
        response.content_length = row.size
        return ((Span(0, row.size - 1),) if row.size else ()), None, response
    if len(asked.spans) == 1:
        span = asked.spans[0]
        response = web.StreamResponse(
            status=206, headers={**headers, hdrs.CONTENT_RANGE: content_range(span, row.size)}
        )
        response.content_length = span.length
        return asked.spans, None, response
    boundary = request.app[ENTROPY].random(16).hex()
    frame = Multipart(spans=asked.spans, size=row.size, media_type=row.mime_type, boundary=boundary)
    response = web.StreamResponse(status=206, headers={**headers, hdrs.CONTENT_TYPE: frame.content_type})
    response.content_length = frame.length
    return asked.spans, frame, response


async def _send(
    request: web.Request,
    broker: Broker,
    opened: Opened,
    spans: tuple[Span, ...],
    multipart: Multipart | None,
    response: web.StreamResponse,
) -> web.StreamResponse:
    """The bytes. Whatever happens, the delivery is closed in the record, with what was handed over."""
    transport = request.transport
    if not isinstance(transport, asyncio.Transport):
        transport = None
    if transport is None:
        await close_delivery(broker.world, opened, "incomplete", 0)
        raise ConnectionResetError("the client has gone")

    def permitted(snapshot: Snapshot) -> bool:
        return still_permitted(opened, snapshot, broker.world.clock.now())

    stream = Stream(transport, permitted)
    end: End = "incomplete"
    try:
        with broker.streams.running(stream, broker.snapshots.current, opened.until):
            async with broker.sources.open(opened.root, opened.object.path, opened.object.size) as file:
                await response.prepare(request)
                async for chunk, counts in _chunks(file, spans, multipart):
                    await response.write(chunk)
                    stream.given(len(chunk) if counts else 0)
            await response.write_eof()
        end = "complete"
    except SourceBrokenError as broken:
        log.warning("source.broken", object=opened.object.id, why=str(broken))
        stream.settle()
        transport.abort()
        raise ConnectionResetError("the source broke") from None
    finally:
        if end != "complete":
            stream.settle()
        await close_delivery(broker.world, opened, "cut" if stream.was_cut else end, stream.sent)
    return response


async def _chunks(
    file: OpenFile, spans: tuple[Span, ...], multipart: Multipart | None
) -> AsyncIterator[tuple[bytes, bool]]:
    """What goes onto the wire; True: bytes of the object."""
    for span in spans:
        if multipart is not None:
            yield multipart.head(span), False
        async for chunk in file.read(span.first, span.last):
            yield chunk, True
    if multipart is not None:
        yield multipart.tail, False


def etag(row: DrsObject) -> str:
    """A strong entity tag: one id has one content, so its digest names the bytes (ruling 25)."""
    return f'"{row.checksums["sha-256"]}"'


def _headers(row: DrsObject) -> dict[str, str]:
    return {
        hdrs.CONTENT_TYPE: row.mime_type,
        hdrs.ACCEPT_RANGES: "bytes",
        hdrs.ETAG: etag(row),
        hdrs.CACHE_CONTROL: "private, no-store",
        hdrs.CONTENT_DISPOSITION: f'attachment; filename="{row.name}"',
    }


async def _ticket(request: web.Request, broker: Broker, object: ObjectId) -> str:
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


def _told(shown: Shown | Refused | Reason) -> Shown:
    if isinstance(shown, Shown):
        return shown
    raise _refusal(shown)


def _refusal(no: Refused | Reason) -> Problem:
    return refused(no) if isinstance(no, Refused) else Problem.of(no)
