"""What is owed under a grant, over HTTP: told with every grant, and recorded as done."""

from typing import Any

from aiohttp import web
from pydantic import Field

from broker.core.ids import GrantId
from broker.core.outcome import Reason
from broker.core.rows.obligations import Obligation
from broker.core.time import Seconds, rfc3339
from broker.flows.decide_request import duty_json
from broker.flows.obligations import fulfil
from broker.web.bodies import Wire, json_body
from broker.web.callers import caller
from broker.web.errors import Problem
from broker.web.state import BROKER


class FulfilmentBody(Wire):
    """A reference to what shows that it was done; never the document."""

    proof: str = Field(min_length=1, max_length=500)


async def post_fulfilment(request: web.Request) -> web.Response:
    """POST /grants/{id}/obligations/{obligation}: record as done what was owed."""
    who, body = await caller(request), await json_body(request, FulfilmentBody)
    world, match = request.app[BROKER].world, request.match_info
    done = await fulfil(world, who, GrantId(match["grant"]), match["obligation"], body.proof)
    if isinstance(done, Reason):
        raise Problem.of(done)
    return web.json_response(owed_json(done, world.clock.now()))


def owed_json(duty: Obligation, now: Seconds) -> dict[str, Any]:
    """An obligation with what was recorded of it so far."""
    told: dict[str, Any] = {**duty_json(duty), "overdue": duty.overdue(now)}
    if duty.at is not None:
        told["recorded"] = {"at": rfc3339(duty.at), "by": duty.role, "proof": duty.proof}
    return told
