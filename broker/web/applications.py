"""Applications for data (/api/v1/applications, /me/drafts), as their applicants see them. Committees: reviews.py."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, TypeVar

from aiohttp import hdrs, web
from pydantic import Field

from broker.core.access.stated import marks_of, read_stated
from broker.core.applications import differences
from broker.core.ids import ApplicationId, DatasetId
from broker.core.outcome import Reason
from broker.core.purpose import purpose_json
from broker.core.questions import schema_of
from broker.core.rows import Application
from broker.core.rows.applications import Answer, Paper
from broker.core.time import Seconds, rfc3339
from broker.flows.applications import drafts
from broker.flows.applications.desk import Desk, desks
from broker.flows.applications.hand_in import MOST_DATASETS, HandedIn, hand_in, take_back
from broker.flows.applications.questions import questions
from broker.flows.applications.turns import hand_in_again
from broker.web.bodies import SMALL, Wire, json_body
from broker.web.callers import caller
from broker.web.errors import Problem
from broker.web.languages import language
from broker.web.reviews import or_problem, review_json
from broker.web.state import BROKER
from broker.web.telling import foreseen

_TEXT = 20_000
T = TypeVar("T")
Text = Annotated[str, Field(min_length=1, max_length=_TEXT)]
Id = Annotated[str, Field(min_length=1, max_length=255)]
_DRAFT_BYTES = 48 * 1024
"""A draft must fit where drafts are kept, with what is kept beside it."""
PAPERS = 4 * SMALL


class DraftBody(Wire):
    draft: dict[str, Any]


class PaperBody(Wire):
    title: str = Field(min_length=1, max_length=300)
    statement: Text
    lay: str = Field(default="", max_length=_TEXT)
    benefit: str = Field(default="", max_length=_TEXT)
    purpose: dict[str, Any]
    answers: dict[Id, Annotated[str, Field(max_length=_TEXT)]] = Field(default_factory=dict, max_length=100)
    """To the questions that the operator added to the form."""


class ApplicationBody(PaperBody):
    datasets: list[Id] = Field(min_length=1, max_length=MOST_DATASETS)
    copied_from: Id | None = None


async def list_drafts(request: web.Request) -> web.Response:
    """GET /me/drafts: one's own drafts, the one that was saved last at the end."""
    who, world = await caller(request), request.app[BROKER].world
    found = [(id, await drafts.read(world, who, id)) for id in await drafts.listed(world, who)]
    return web.json_response({"drafts": [_draft(id, one) for id, one in found if not isinstance(one, Reason)]})


async def post_draft(request: web.Request) -> web.Response:
    """POST /me/drafts: keep what somebody means to hand in, as it was typed. Nobody else sees it."""
    who, body = await caller(request), await json_body(request, DraftBody, _DRAFT_BYTES)
    id = or_problem(await drafts.save(request.app[BROKER].world, who, None, body.draft))
    return web.json_response({"id": id}, status=201, headers={"Location": f"/api/v1/me/drafts/{id}"})


async def get_draft(request: web.Request) -> web.Response:
    """GET /me/drafts/{draft}: one draft of one's own."""
    who, id = await caller(request), request.match_info["draft"]
    kept = or_problem(await drafts.read(request.app[BROKER].world, who, id))
    return web.json_response(_draft(id, kept), headers={hdrs.ETAG: f'"{drafts.mark_of(kept["value"])}"'})


async def put_draft(request: web.Request) -> web.Response:
    """PUT /me/drafts/{draft}: save it as it is now; with `If-Match`, only over the text that it names."""
    who, body = await caller(request), await json_body(request, DraftBody, _DRAFT_BYTES)
    said = [one.strip().strip('"') for one in request.headers.get(hdrs.IF_MATCH, "").split(",") if one.strip()]
    seen = frozenset(said) if said and "*" not in said else None
    id = or_problem(await drafts.save(request.app[BROKER].world, who, request.match_info["draft"], body.draft, seen))
    return web.json_response({"id": id}, headers={hdrs.ETAG: f'"{drafts.mark_of(body.draft)}"'})


async def delete_draft(request: web.Request) -> web.Response:
    """DELETE /me/drafts/{draft}: give it up. Twice is once."""
    await drafts.delete(request.app[BROKER].world, await caller(request), request.match_info["draft"])
    return web.Response(status=204)


async def get_form(request: web.Request) -> web.Response:
    """GET /forms/application: what is asked for these data (`dataset`, once each), as a JSON Schema."""
    who, world = await caller(request), request.app[BROKER].world
    wanted = [DatasetId(one) for one in request.query.getall("dataset", [])[:MOST_DATASETS]]
    found = questions(world, who, wanted, {})
    called = world.form.called if world.form is not None else ""
    return web.json_response({"form": called, "schema": schema_of(found)})


async def list_applications(request: web.Request) -> web.Response:
    """GET /applications: one's own, and those that one joined."""
    who, snapshot = await caller(request), request.app[BROKER].snapshots.current()
    own = snapshot.applications_of(who.person.id)
    return web.json_response(
        {"applications": [_application(row, desks(who, row.id, snapshot), request) for row in own]}
    )


async def post_application(request: web.Request) -> web.Response:
    """POST /applications: hand it in, for datasets of one or several committees."""
    who, body = await caller(request), await json_body(request, ApplicationBody, PAPERS)
    wanted = [DatasetId(one) for one in body.datasets]
    copied = ApplicationId(body.copied_from) if body.copied_from is not None else None
    done = or_problem(await hand_in(request.app[BROKER].world, who, wanted, paper_of(request, body), copied))
    told = await handed_in(request, done)
    return web.json_response(told, status=201, headers={"Location": f"/api/v1/applications/{done.application.id}"})


async def get_application(request: web.Request) -> web.Response:
    """GET /applications/{application}: the papers, and how far each committee is, as far as one takes part in it."""
    who, snapshot = await caller(request), request.app[BROKER].snapshots.current()
    seen = desks(who, ApplicationId(request.match_info["application"]), snapshot)
    if not seen:
        raise Problem("REQ-NOT-FOUND")
    return web.json_response(_application(seen[0].application, seen, request))


async def post_turn(request: web.Request) -> web.Response:
    """POST /applications/{application}/turns: hand it in again, after a committee gave it back."""
    who, body = await caller(request), await json_body(request, PaperBody, PAPERS)
    id = ApplicationId(request.match_info["application"])
    done = or_problem(await hand_in_again(request.app[BROKER].world, who, id, paper_of(request, body)))
    return web.json_response(await handed_in(request, done))


async def withdraw_application(request: web.Request) -> web.Response:
    """POST /applications/{application}/withdrawal: take it back from every committee that has not answered."""
    who, id = await caller(request), ApplicationId(request.match_info["application"])
    or_problem(await take_back(request.app[BROKER].world, who, id))
    return await get_application(request)


def paper_of(request: web.Request, body: PaperBody) -> Paper:
    try:
        purpose = read_stated(body.purpose, marks_of(request.app[BROKER].snapshots.current().rulebook))
    except ValueError as wrong:
        raise Problem("REQ-INVALID", problem=f"purpose: {wrong}") from None
    answers = tuple(Answer(question=name, asked="", text=text) for name, text in body.answers.items())
    return Paper(
        title=body.title, statement=body.statement, lay=body.lay, benefit=body.benefit, purpose=purpose, answers=answers
    )


async def handed_in(request: web.Request, done: HandedIn) -> dict[str, Any]:
    who, snapshot = await caller(request), request.app[BROKER].snapshots.current()
    seen = desks(who, done.application.id, snapshot)
    said = [{"dataset": dataset, **foreseen(one, language(request))} for dataset, one in done.foreseen]
    return {**_application(done.application, seen, request), "foresight": said}


def _draft(id: str, kept: Mapping[str, Any]) -> dict[str, Any]:
    return {"id": id, "saved": rfc3339(Seconds(kept["saved"])), "draft": kept["value"]}


def _application(row: Application, seen: Sequence[Desk], request: web.Request) -> dict[str, Any]:
    changes = differences(row.papers[-2], row.papers[-1]) if row.turn > 1 else ()
    return {
        "id": row.id,
        "version": row.version,
        "turn": row.turn,
        "created": rfc3339(row.created),
        "copied_from": row.copied_from,
        **papers(row.paper),
        "before": [papers(one) for one in row.papers[:-1]],
        "changed": list(changes),
        "people": [{"person": one, "part": "accessor" if n else "applicant"} for n, one in enumerate(row.people)],
        "reviews": [review_json(one, request) for one in seen],
    }


def papers(paper: Paper) -> dict[str, Any]:
    return {
        "title": paper.title,
        "statement": paper.statement,
        "lay": paper.lay,
        "benefit": paper.benefit,
        "purpose": purpose_json(paper.purpose),
        "datasets": list(paper.datasets),
        "form": paper.form,
        "answers": [{"question": one.question, "asked": one.asked, "text": one.text} for one in paper.answers],
    }
