"""People who apply together, and applications that are amended, over HTTP (/api/v1/applications, /api/v1/joining)."""

from typing import Any

from aiohttp import web
from pydantic import Field

from broker.core.ids import ApplicationId, DatasetId, PersonId
from broker.core.rows import Application
from broker.core.rows.applications import Paper
from broker.core.time import rfc3339
from broker.flows.applications.hand_in import MOST_DATASETS
from broker.flows.applications.together import asked_by, bring, join, part
from broker.flows.applications.turns import amend
from broker.flows.world import World
from broker.web.applications import PAPERS, Id, PaperBody, handed_in, paper_of, papers
from broker.web.bodies import Wire, json_body
from broker.web.callers import caller
from broker.web.reviews import or_problem
from broker.web.state import BROKER


class AmendmentBody(PaperBody):
    """The papers as they are to be; `datasets`: what is asked for besides."""

    datasets: list[Id] = Field(default_factory=list, max_length=MOST_DATASETS)


class CodeBody(Wire):
    code: str = Field(min_length=1, max_length=100)


async def post_amendment(request: web.Request) -> web.Response:
    """POST /applications/{application}/amendments: ask for more, or for another use. What was approved holds."""
    who, body = await caller(request), await json_body(request, AmendmentBody, PAPERS)
    more = [DatasetId(one) for one in body.datasets]
    done = or_problem(await amend(_world(request), who, _id(request), paper_of(request, body), more))
    return web.json_response(await handed_in(request, done), status=201)


async def post_code(request: web.Request) -> web.Response:
    """POST /applications/{application}/codes: a code by which one person joins. It is shown once."""
    made = or_problem(await bring(_world(request), await caller(request), _id(request)))
    return web.json_response({"code": made.code, "ends": rfc3339(made.ends)}, status=201)


async def post_look(request: web.Request) -> web.Response:
    """POST /joining/look: what one would join with this code."""
    who, body = await caller(request), await json_body(request, CodeBody)
    found = or_problem(await asked_by(_world(request), who, body.code))
    return web.json_response(_joining(found.application, found.paper))


async def post_join(request: web.Request) -> web.Response:
    """POST /joining: apply together with whoever gave the code. Twice is once."""
    who, body = await caller(request), await json_body(request, CodeBody)
    joined = or_problem(await join(_world(request), who, body.code))
    where = {"Location": f"/api/v1/applications/{joined.id}"}
    return web.json_response(_joining(joined, joined.paper), status=201, headers=where)


async def delete_person(request: web.Request) -> web.Response:
    """DELETE /applications/{application}/people/{person}: leave, or go on without somebody; grants of theirs end."""
    person = PersonId(request.match_info["person"])
    or_problem(await part(_world(request), await caller(request), _id(request), person))
    return web.Response(status=204)


def _joining(row: Application, paper: Paper) -> dict[str, Any]:
    return {"application": row.id, **papers(paper)}


def _world(request: web.Request) -> World:
    return request.app[BROKER].world


def _id(request: web.Request) -> ApplicationId:
    return ApplicationId(request.match_info["application"])
