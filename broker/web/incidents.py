"""Incidents over HTTP: what everybody reads of, what somebody reports, and the steps that follow."""

from typing import Annotated, Any, Literal

from aiohttp import web
from pydantic import Field

from broker.core.access.incidents import Breach, IncidentCommand
from broker.core.ids import DatasetId, GrantId
from broker.core.outcome import Reason
from broker.core.rows import Incident
from broker.core.time import parse_rfc3339, rfc3339
from broker.flows import incidents
from broker.flows.incidents import MOST_FROZEN, SeenIncident
from broker.web.bodies import Wire, json_body
from broker.web.callers import caller
from broker.web.errors import Problem
from broker.web.state import BROKER

Text = Annotated[str, Field(min_length=1, max_length=20_000)]
Id = Annotated[str, Field(min_length=1, max_length=255)]


class IncidentBody(Wire):
    dataset: Id
    text: Text
    noticed: str = Field(max_length=40)
    breach: Breach = "other"


class FreezeBody(Wire):
    grants: list[Id] = Field(min_length=1, max_length=MOST_FROZEN)
    text: Text


class StepBody(Wire):
    step: Literal["investigate", "decide", "inform", "publish"]
    text: Text


async def list_published(request: web.Request) -> web.Response:
    """GET /incidents: what was published, the latest first. Nobody is named by the broker."""
    found = incidents.published(request.app[BROKER].snapshots.current())
    return web.json_response({"incidents": [public(row) for row in found]})


async def list_mine(request: web.Request) -> web.Response:
    """GET /me/incidents: what one reported, and what one deals with; the oldest first."""
    who, snapshot = await caller(request), request.app[BROKER].snapshots.current()
    return web.json_response({"incidents": [_seen(one) for one in incidents.listed(who, snapshot)]})


async def post_incident(request: web.Request) -> web.Response:
    """POST /incidents: say what went wrong with data, and when it was noticed."""
    who, body = await caller(request), await json_body(request, IncidentBody)
    try:
        noticed = parse_rfc3339(body.noticed)
    except ValueError as wrong:
        raise Problem("REQ-INVALID", problem=f"noticed: {wrong}") from None
    world, dataset = request.app[BROKER].world, DatasetId(body.dataset)
    made = await incidents.report(world, who, dataset, body.text, noticed, body.breach)
    return await _told(request, made, status=201)


async def post_freeze(request: web.Request) -> web.Response:
    """POST /incidents/{incident}/freeze: suspend grants that may be involved; what runs is cut."""
    who, body = await caller(request), await json_body(request, FreezeBody)
    world, grants = request.app[BROKER].world, [GrantId(one) for one in body.grants]
    return await _told(request, await incidents.freeze(world, who, request.match_info["incident"], grants, body.text))


async def post_step(request: web.Request) -> web.Response:
    """POST /incidents/{incident}/steps: look into it, decide, say who was told, publish; in this order."""
    who, body = await caller(request), await json_body(request, StepBody)
    world, id = request.app[BROKER].world, request.match_info["incident"]
    return await _told(request, await incidents.take(world, who, id, IncidentCommand(body.step), body.text))


async def _told(request: web.Request, made: Incident | Reason, status: int = 200) -> web.Response:
    if isinstance(made, Reason):
        raise Problem.of(made)
    who, snapshot = await caller(request), request.app[BROKER].snapshots.current()
    one = incidents.seen(who, made, snapshot)
    if one is None:
        raise Problem("REQ-NOT-FOUND")
    return web.json_response(_seen(one), status=status)


def _seen(one: SeenIncident) -> dict[str, Any]:
    """The steps are told as what they were; who took them is in the row, and not told."""
    row = one.incident
    return {
        "id": row.id,
        "dataset": row.dataset,
        "breach": row.breach,
        "text": row.text,
        "noticed": rfc3339(row.noticed),
        "reported": rfc3339(row.reported),
        "stage": row.stage.value,
        "frozen": list(row.frozen) if IncidentCommand.FREEZE in one.may else None,
        "taken": [{"step": each.command.value, "text": each.text, "at": rfc3339(each.at)} for each in row.taken]
        if one.may - {IncidentCommand.SEE}
        else [],
        "may": sorted(command.value for command in one.may),
    }


def public(row: Incident) -> dict[str, Any]:
    """What everybody reads of a published incident."""
    return {
        "id": row.id,
        "dataset": row.dataset,
        "breach": row.breach,
        "reported": rfc3339(row.reported),
        "text": row.said(IncidentCommand.PUBLISH),
    }
