"""Visas of other issuers that are brought to us (/api/v1/visas), and how the sources that we ask are doing."""

from typing import Any

from aiohttp import web
from pydantic import Field

from broker.core.administration import SORTS
from broker.core.outcome import Reason
from broker.core.passport.limits import PASSPORT_BYTES, VISA_BYTES
from broker.core.reasons import sentence
from broker.core.rows import VisaIssuer
from broker.core.time import rfc3339
from broker.flows import gather
from broker.flows.administer import Actor
from broker.web.bodies import Wire, json_body
from broker.web.callers import actor
from broker.web.errors import Problem, status_of
from broker.web.languages import language
from broker.web.state import BROKER

ROLE = "issuer_admin"


class Pushed(Wire):
    """Visas, as their issuers signed them."""

    ga4gh_passport_v1: list[str] = Field(min_length=1, max_length=gather.PUSHED_AT_ONCE)


async def post_visas(request: web.Request) -> web.Response:
    """POST /visas: bring visas about people, as their issuer signed them; an answer for each (207)."""
    who = await actor(request, "visas:push")
    body = await json_body(request, Pushed, PASSPORT_BYTES)
    broker, issuers = request.app[BROKER], _issuers(request, who)
    if not issuers:
        raise Problem("AUTH-NOT-YOURS", roles=f"{ROLE} of the issuer")
    if any(len(token) > VISA_BYTES for token in body.ga4gh_passport_v1):
        raise Problem("REQ-TOO-LARGE", limit=f"a visa of more than {VISA_BYTES} bytes")
    found = await gather.push(broker.world, broker.gathering, who.person, issuers, body.ga4gh_passport_v1)
    told = []
    for place, one in enumerate(found):
        if isinstance(one, Reason):
            fault = {"code": one.code, "detail": sentence(one.code, dict(one.facts), language(request))}
            told.append({"visa": place, "status": 400 if status_of(one.code) == 401 else status_of(one.code), **fault})  # noqa: PLR2004
        else:
            kept = {"id": gather.visa_id(one), "type": one.type, "value": one.value, "until": rfc3339(one.exp)}
            told.append({"visa": place, "status": 200, **kept})
    return web.json_response({"visas": told}, status=207)


async def delete_visas(request: web.Request) -> web.Response:
    """DELETE /visas?issuer=…&sub=…: take back what was brought about a subject of an issuer. Twice is once."""
    who, broker = await actor(request, "visas:push"), request.app[BROKER]
    issuer, sub = request.query.get("issuer", ""), request.query.get("sub", "")
    if issuer not in _issuers(request, who):
        raise Problem("AUTH-NOT-YOURS", roles=f"{ROLE} of the issuer")
    done = await gather.drop(broker.world, broker.gathering, who.person, issuer, sub)
    if isinstance(done, Reason):
        raise Problem.of(done)
    return web.Response(status=204)


async def visa_sources(request: web.Request) -> web.Response:
    """GET /visa-sources: when each permissions API last answered, and why it does not."""
    who, broker = await actor(request, "issuers:read"), request.app[BROKER]
    seen = _issuers(request, who)
    if not seen:
        raise Problem("AUTH-NOT-YOURS", roles=f"{ROLE} of an issuer")
    told = [_source(one) for one in broker.gathering.sources.health() if one.issuer in seen]
    return web.json_response({"sources": told})


def _source(one: Any) -> dict[str, Any]:
    age = None if one.age is None else int(one.age)
    members = {"issuer": one.issuer, "answered_seconds_ago": age, "error": one.error}
    return {name: value for name, value in members.items() if value is not None}


def _issuers(request: web.Request, who: Actor) -> frozenset[str]:
    """The issuers for which the caller, a person or a service in its own name, may speak."""
    rows = request.app[BROKER].snapshots.current().all(VisaIssuer)
    return frozenset(row.id for row in rows if who.may_write(SORTS["issuers"], row.id))
