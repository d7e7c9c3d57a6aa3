"""Findings about participants over HTTP: what a researcher reports, and the desk of who keeps the data."""

from typing import Annotated, Any, Literal

from aiohttp import web
from pydantic import Field

from broker.core.access.results import ResultCommand
from broker.core.consent.returning import Actionable, Onset
from broker.core.ids import GrantId
from broker.core.outcome import Reason
from broker.core.rows import ResultReport
from broker.core.rows.results import as_told
from broker.core.time import Seconds, rfc3339
from broker.flows import results
from broker.flows.results import LONGEST, LONGEST_NAME, SeenResult
from broker.web.bodies import Wire, json_body
from broker.web.callers import caller
from broker.web.errors import Problem
from broker.web.state import BROKER

Text = Annotated[str, Field(min_length=1, max_length=LONGEST)]


class ResultBody(Wire):
    """`subject`: the participant as the data name them."""

    subject: Annotated[str, Field(min_length=1, max_length=LONGEST_NAME)]
    text: Text
    onset: Onset = "unknown"
    actionable: Actionable = "unknown"


class ResultStepBody(Wire):
    """`onset`, `actionable`: of `validate`. `approval`: of `allow`, the reference."""

    step: Literal["validate", "forward", "allow", "close"]
    text: Annotated[str, Field(max_length=LONGEST)] = ""
    onset: Onset | None = None
    actionable: Actionable | None = None
    approval: Annotated[str, Field(max_length=LONGEST_NAME)] = ""


async def post_result(request: web.Request) -> web.Response:
    """POST /grants/{grant}/findings: report one about a participant to the custodian; what comes of it is not told."""
    who, body = await caller(request), await json_body(request, ResultBody)
    found = results.Found(**body.model_dump())
    made = await results.report(request.app[BROKER].world, who, GrantId(request.match_info["grant"]), found)
    return _told(made, status=201)


async def list_own(request: web.Request) -> web.Response:
    """GET /me/findings: what one reported in the last weeks; the latest first."""
    found = await results.own(request.app[BROKER].world, await caller(request))
    return web.json_response({"findings": [_own(one) for one in found]})


async def post_retraction(request: web.Request) -> web.Response:
    """POST /me/findings/{finding}/retraction: it was wrong."""
    who = await caller(request)
    return _told(await results.retract(request.app[BROKER].world, who, request.match_info["finding"]))


async def list_desk(request: web.Request) -> web.Response:
    """GET /findings: what waits for the caller as custodian or ethics committee, and what is over."""
    found = await results.desk(request.app[BROKER].world, await caller(request))
    return web.json_response({"findings": [_seen(one) for one in found]})


async def post_result_step(request: web.Request) -> web.Response:
    """POST /findings/{finding}/steps: make sure of it, hand it on, let it go on, or close it."""
    who, body = await caller(request), await json_body(request, ResultStepBody)
    step = results.Step(**(body.model_dump(exclude={"step"}) | {"command": ResultCommand(body.step)}))
    made = await results.take(request.app[BROKER].world, who, request.match_info["finding"], step)
    if isinstance(made, Reason):
        raise Problem.of(made)
    return web.json_response({"id": made.id, "stage": made.stage.value, "why": made.why})


def _told(made: ResultReport | Reason, status: int = 200) -> web.Response:
    if isinstance(made, Reason):
        raise Problem.of(made)
    return web.json_response(_own(made), status=status)


def _own(row: ResultReport) -> dict[str, Any]:
    told = as_told(row)
    return told | {"reported": rfc3339(row.reported), "retracted": _time(row.retracted)}


def _seen(one: SeenResult) -> dict[str, Any]:
    """As the desk sees it. Who reported it is not told: the grant says under whose permission it was found."""
    row = one.report
    return {
        "id": row.id,
        "dataset": row.dataset,
        "grant": row.grant,
        "subject": row.subject,
        "text": one.text,
        "onset": row.onset,
        "actionable": row.actionable,
        "checked": {"onset": row.checked_onset, "actionable": row.checked_actionable},
        "reported": rfc3339(row.reported),
        "retracted": _time(row.retracted),
        "stage": row.stage.value,
        "why": row.why,
        "approval": row.approval,
        "says": {"route": one.says.route.value, "why": one.says.why},
        "taken": [{"step": each.command.value, "text": each.text, "at": rfc3339(each.at)} for each in row.taken],
        "may": sorted(command.value for command in one.may),
    }


def _time(at: Seconds | None) -> str | None:
    return rfc3339(at) if at is not None else None


ADDRESSES = (
    ("POST", "/grants/{grant}/findings", post_result),
    ("GET", "/me/findings", list_own),
    ("POST", "/me/findings/{finding}/retraction", post_retraction),
    ("GET", "/findings", list_desk),
    ("POST", "/findings/{finding}/steps", post_result_step),
)
"""Part of the one table of routes.py."""
