"""/api/v1/objects/{object_id}/availability: are the bytes of an object at hand? Said by repository staff."""

from aiohttp import web

from broker.core.ids import ObjectId
from broker.core.outcome import Reason
from broker.core.rows import DrsObject
from broker.core.rows.catalogue import Availability
from broker.core.time import Seconds, parse_rfc3339, rfc3339
from broker.flows.stage_objects import say_availability
from broker.web.bodies import Wire, json_body
from broker.web.callers import actor
from broker.web.errors import Problem
from broker.web.state import BROKER


class AvailabilityBody(Wire):
    availability: Availability
    ready: str | None = None
    """RFC 3339 instant: when the bytes are expected to be there."""


async def post_availability(request: web.Request) -> web.Response:
    """Say whether the bytes are there, are being brought, or must be brought first; and when they are expected."""
    who = await actor(request, "objects:write")
    body = await json_body(request, AvailabilityBody)
    object = ObjectId(request.match_info["object_id"])
    made = await say_availability(request.app[BROKER].world, who, object, body.availability, _instant(body.ready))
    if isinstance(made, Reason):
        raise Problem.of(made)
    return web.json_response(_shown(made))


def _instant(said: str | None) -> Seconds | None:
    try:
        return parse_rfc3339(said) if said is not None else None
    except ValueError:
        raise Problem("REQ-INVALID", problem="ready: a date or an instant (RFC 3339)") from None


def _shown(row: DrsObject) -> dict[str, object]:
    told: dict[str, object] = {"object": row.id, "availability": row.availability, "version": row.version}
    return told if row.ready is None else {**told, "ready": rfc3339(row.ready)}
