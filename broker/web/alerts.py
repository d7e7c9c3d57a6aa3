"""Unusual uses over the API: the same flow as the page, for programs of those who answer for the data."""

from typing import Annotated, Any

from aiohttp import web
from pydantic import Field

from broker.core.outcome import Reason
from broker.core.rows import Alert
from broker.core.time import rfc3339
from broker.flows.alerts import LONGEST, SeenAlert, alerts, close
from broker.web.bodies import Wire, json_body
from broker.web.callers import caller
from broker.web.errors import Problem
from broker.web.state import BROKER


class ClosingBody(Wire):
    ground: Annotated[str, Field(min_length=1, max_length=LONGEST)]


async def list_alerts(request: web.Request) -> web.Response:
    """GET /alerts: uses beyond a limit of data for which the caller answers; what is open first, the latest first."""
    found = await alerts(request.app[BROKER].world, await caller(request))
    return web.json_response({"alerts": [_seen(one) for one in found]})


async def post_what_it_was(request: web.Request) -> web.Response:
    """POST /alerts/{alert}/closing: say what it was. A grant that rests stays at rest."""
    who, body = await caller(request), await json_body(request, ClosingBody)
    done = await close(request.app[BROKER].world, who, request.match_info["alert"], body.ground)
    if isinstance(done, Reason):
        raise Problem.of(done)
    return web.json_response(_alert(done))


ADDRESSES = (("GET", "/alerts", list_alerts), ("POST", "/alerts/{alert}/closing", post_what_it_was))
"""Part of the one table of routes.py."""


def _seen(one: SeenAlert) -> dict[str, Any]:
    may = ["close"] if one.may and one.alert.state == "open" else []
    return {**_alert(one.alert), "title": one.title, "may": may}


def _alert(row: Alert) -> dict[str, Any]:
    """Whose use it was is told where the grant is; who closed it is in the record."""
    return {
        "id": row.id,
        "grant": row.grant,
        "dataset": row.dataset,
        "rule": row.rule,
        "found": row.found,
        "limit": row.limit,
        "countries": list(row.countries),
        "held": row.held,
        "raised": rfc3339(row.raised),
        "state": row.state,
        "closed": rfc3339(row.closed) if row.closed is not None else None,
        "ground": row.ground,
    }
