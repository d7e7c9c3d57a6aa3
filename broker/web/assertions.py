"""What sources assert of people (/api/v1/assertions), the terms that a person accepts, and the visas that they hold."""

from typing import Any, Literal

from aiohttp import web
from pydantic import Field

from broker.core.outcome import Reason
from broker.core.passport.assertions import Stated
from broker.core.rows import Assertion, Session
from broker.core.time import Seconds, parse_rfc3339, rfc3339
from broker.flows import assertions
from broker.flows.assertions import About
from broker.web.bodies import Wire, json_body
from broker.web.callers import actor, caller
from broker.web.errors import Problem
from broker.web.paging import page
from broker.web.releasing import described
from broker.web.state import BROKER
from broker.web.versions import etag, expected, is_known

By = Literal["self", "peer", "system", "so", "dac"]
Conditions = list[list[dict[str, str]]]
SCOPE = "visas:push"
"""What a service in its own name needs, besides the role."""


class Said(Wire):
    """What can be corrected."""

    value: str = Field(min_length=1, max_length=255)
    by: By | None = None
    asserted: str | None = None
    ends: str
    conditions: Conditions | None = None
    extra: dict[str, Any] = Field(default_factory=dict)
    evidence: str = Field(default="", max_length=64)


class NewAssertion(Said):
    iss: str = Field(max_length=255)
    sub: str = Field(max_length=255)
    type: str = Field(max_length=255)
    source: str = Field(max_length=255)


class Terms(Wire):
    url: str = Field(max_length=255)
    sha256: str = Field(min_length=64, max_length=64)


async def post_assertion(request: web.Request) -> web.Response:
    """POST /assertions: a source says something of somebody; visas are minted from it."""
    who, body = await actor(request, SCOPE), await json_body(request, NewAssertion)
    w = request.app[BROKER].world
    about = About(iss=body.iss, sub=body.sub, evidence=body.evidence)
    said = Stated(type=body.type, source=body.source, **_changes(body, w.clock.now()))
    return _told(await assertions.make(w, who, about, said), status=201)


async def list_assertions(request: web.Request) -> web.Response:
    """GET /assertions: what the sources that the caller administers say, in order of id; a page at a time."""
    who, broker = await actor(request, SCOPE), request.app[BROKER]
    rows, after = page(
        request, [row async for row in broker.world.rows.scan(Assertion) if assertions.may_see(who, row)]
    )
    return web.json_response({"assertions": [_row(row) for row in rows], "next_page_token": after})


async def get_assertion(request: web.Request) -> web.Response:
    """GET /assertions/{id}: one of them."""
    who, broker = await actor(request, SCOPE), request.app[BROKER]
    row = broker.snapshots.current().get(Assertion, request.match_info["assertion"])
    about = row is not None and await assertions.is_about(broker.world, who, row.iss, row.sub)
    if row is None or not (about or assertions.may_see(who, row)):
        raise Problem("REQ-NOT-FOUND")
    if is_known(request, row.version):
        return web.Response(status=304, headers={"ETag": etag(row.version)})
    return _told(row)


async def put_assertion(request: web.Request) -> web.Response:
    """PUT /assertions/{id}: correct it, in the version that `If-Match` names."""
    who, body = await actor(request, SCOPE), await json_body(request, Said)
    w, id = request.app[BROKER].world, request.match_info["assertion"]
    changes = _changes(body, w.clock.now()) | {"evidence": body.evidence}
    if body.asserted is None:
        del changes["asserted"]
    return _told(await assertions.correct(w, who, id, expected(request), changes))


async def delete_assertion(request: web.Request) -> web.Response:
    """DELETE /assertions/{id}: it holds no longer, and neither do its visas. Twice is once."""
    who = await actor(request, SCOPE)
    w, id = request.app[BROKER].world, request.match_info["assertion"]
    done = await assertions.end(w, who, id, expected(request))
    if isinstance(done, Reason):
        raise Problem.of(done)
    return web.Response(status=204)


async def accept_terms(request: web.Request) -> web.Response:
    """POST /me/terms: accept the terms of use at `url`, in the very text that `sha256` names."""
    who, body = await caller(request), await json_body(request, Terms)
    return _told(await assertions.accept_terms(request.app[BROKER].world, who, body.url, body.sha256), status=201)


async def my_visas(request: web.Request) -> web.Response:
    """GET /me/visas: the visas that the caller holds, as far as they released them to the client that asks."""
    who, broker = await caller(request), request.app[BROKER]
    session = await broker.world.rows.get(Session, who.session or "")
    if session is None:
        raise Problem("AUTH-TOKEN-INVALID")
    held = [visa for visa in await described(request, who.person, session) if who.shows(visa["id"])]
    return web.json_response({"visas": held})


def _changes(body: Said, now: Seconds) -> dict[str, Any]:
    groups = None if body.conditions is None else tuple(tuple(group) for group in body.conditions)
    return {
        "value": body.value,
        "by": body.by,
        "asserted": now if body.asserted is None else _instant("asserted", body.asserted),
        "ends": _instant("ends", body.ends),
        "conditions": groups,
        "extra": body.extra,
    }


def _instant(name: str, text: str) -> Seconds:
    try:
        return parse_rfc3339(text)
    except ValueError:
        raise Problem("REQ-INVALID", problem=f"{name}: not an RFC 3339 time") from None


def _told(row: Assertion | Reason, status: int = 200) -> web.Response:
    if isinstance(row, Reason):
        raise Problem.of(row)
    return web.json_response(_row(row), status=status, headers={"ETag": etag(row.version)})


def _row(row: Assertion) -> dict[str, Any]:
    told = {
        "id": row.id,
        "version": row.version,
        "iss": row.iss,
        "sub": row.sub,
        "type": row.type,
        "value": row.value,
        "source": row.source,
        "by": row.by,
        "asserted": rfc3339(row.asserted),
        "ends": rfc3339(row.ends),
        "conditions": None if row.conditions is None else [[dict(c) for c in group] for group in row.conditions],
        "extra": dict(row.extra) or None,
        "evidence": row.evidence or None,
        "entered_by": row.entered_by or None,
        "ended": rfc3339(row.ended) if row.ended is not None else None,
    }
    return {name: value for name, value in told.items() if value is not None}
