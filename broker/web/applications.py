"""Applications for data (/api/v1/applications, /me/drafts, /reviews), from the draft to what the committee answers."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal, TypeVar

from aiohttp import web
from pydantic import Field

from broker.core.access.life import Command
from broker.core.access.parts import Part
from broker.core.access.votes import tally
from broker.core.applications import differences
from broker.core.ids import ApplicationId, DatasetId, PersonId, ReviewId
from broker.core.outcome import Reason
from broker.core.purpose import purpose_json, read_purpose
from broker.core.rows import Application, Review
from broker.core.rows.applications import Paper, Remark
from broker.core.snapshot import Snapshot
from broker.core.time import Seconds, rfc3339
from broker.flows.applications import drafts
from broker.flows.applications.correct import reopen
from broker.flows.applications.desk import Desk, at_desk, desks, inbox, requests
from broker.flows.applications.hand_in import MOST_DATASETS, HandedIn, hand_in, hand_in_again, take_back
from broker.flows.applications.review import Said, endorse, give_back, invite, remark, step_aside, vote
from broker.flows.world import World
from broker.web.bodies import SMALL, Wire, json_body
from broker.web.callers import caller
from broker.web.errors import Problem
from broker.web.languages import language
from broker.web.state import BROKER
from broker.web.telling import foreseen

_TEXT = 20_000
T = TypeVar("T")
Text = Annotated[str, Field(min_length=1, max_length=_TEXT)]
Id = Annotated[str, Field(min_length=1, max_length=255)]
_DRAFT_BYTES = 48 * 1024
"""A draft must fit where drafts are kept, with what is kept beside it."""
_PAPERS = 4 * SMALL


class DraftBody(Wire):
    draft: dict[str, Any]


class PaperBody(Wire):
    title: str = Field(min_length=1, max_length=300)
    statement: Text
    lay: str = Field(default="", max_length=_TEXT)
    benefit: str = Field(default="", max_length=_TEXT)
    purpose: dict[str, Any]


class ApplicationBody(PaperBody):
    datasets: list[Id] = Field(min_length=1, max_length=MOST_DATASETS)
    copied_from: Id | None = None


class RemarkBody(Wire):
    text: Text
    about: Id | None = None
    to: Literal["everybody", "committee"] = "everybody"


class ReturnBody(Wire):
    remarks: list[RemarkBody] = Field(min_length=1, max_length=50)


class EndorsementBody(Wire):
    endorse: bool
    ground: Text


class InvitationBody(Wire):
    person: Id
    part: Literal["reviewer", "decider"]


class VoteBody(Wire):
    dataset: Id
    choice: Literal["yes", "no", "abstain"]
    ground: Text


class GroundBody(Wire):
    ground: Text


class ReopeningBody(GroundBody):
    dataset: Id


async def list_drafts(request: web.Request) -> web.Response:
    """GET /me/drafts: one's own drafts, the one that was saved last at the end."""
    who, world = await caller(request), request.app[BROKER].world
    found = [(id, await drafts.read(world, who, id)) for id in await drafts.listed(world, who)]
    return web.json_response({"drafts": [_draft(id, one) for id, one in found if not isinstance(one, Reason)]})


async def post_draft(request: web.Request) -> web.Response:
    """POST /me/drafts: keep what somebody means to hand in, as it was typed. Nobody else sees it."""
    who, body = await caller(request), await json_body(request, DraftBody, _DRAFT_BYTES)
    id = _or_problem(await drafts.save(request.app[BROKER].world, who, None, body.draft))
    return web.json_response({"id": id}, status=201, headers={"Location": f"/api/v1/me/drafts/{id}"})


async def get_draft(request: web.Request) -> web.Response:
    """GET /me/drafts/{draft}: one draft of one's own."""
    who, id = await caller(request), request.match_info["draft"]
    return web.json_response(_draft(id, _or_problem(await drafts.read(request.app[BROKER].world, who, id))))


async def put_draft(request: web.Request) -> web.Response:
    """PUT /me/drafts/{draft}: save it as it is now."""
    who, body = await caller(request), await json_body(request, DraftBody, _DRAFT_BYTES)
    id = _or_problem(await drafts.save(request.app[BROKER].world, who, request.match_info["draft"], body.draft))
    return web.json_response({"id": id})


async def delete_draft(request: web.Request) -> web.Response:
    """DELETE /me/drafts/{draft}: give it up. Twice is once."""
    await drafts.delete(request.app[BROKER].world, await caller(request), request.match_info["draft"])
    return web.Response(status=204)


async def list_applications(request: web.Request) -> web.Response:
    """GET /applications: one's own."""
    who, snapshot = await caller(request), request.app[BROKER].snapshots.current()
    own = snapshot.applications_of(who.person.id)
    return web.json_response(
        {"applications": [_application(row, desks(who, row.id, snapshot), request) for row in own]}
    )


async def post_application(request: web.Request) -> web.Response:
    """POST /applications: hand it in, for datasets of one or several committees."""
    who, body = await caller(request), await json_body(request, ApplicationBody, _PAPERS)
    wanted = [DatasetId(one) for one in body.datasets]
    copied = ApplicationId(body.copied_from) if body.copied_from is not None else None
    done = _or_problem(await hand_in(request.app[BROKER].world, who, wanted, _paper(body), copied))
    told = await _handed_in(request, done)
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
    who, body = await caller(request), await json_body(request, PaperBody, _PAPERS)
    id = ApplicationId(request.match_info["application"])
    done = _or_problem(await hand_in_again(request.app[BROKER].world, who, id, _paper(body)))
    return web.json_response(await _handed_in(request, done))


async def withdraw_application(request: web.Request) -> web.Response:
    """POST /applications/{application}/withdrawal: take it back from every committee that has not answered."""
    who, id = await caller(request), ApplicationId(request.match_info["application"])
    _or_problem(await take_back(request.app[BROKER].world, who, id))
    return await get_application(request)


async def list_reviews(request: web.Request) -> web.Response:
    """GET /reviews: what lies on the desks of one's committees, and where one was asked; the most urgent first."""
    who, snapshot = await caller(request), request.app[BROKER].snapshots.current()
    seen = inbox(who, snapshot)
    return web.json_response({"reviews": [_review(one, request) for one in seen]})


async def get_review(request: web.Request) -> web.Response:
    """GET /reviews/{review}: an application before one committee, with what was said about it."""
    found = await _at(request, Command.SEE)
    return web.json_response(_review(found, request))


async def post_endorsement(request: web.Request) -> web.Response:
    """POST /reviews/{review}/endorsement: the signing official says whether the institution stands behind it."""
    who, body = await caller(request), await json_body(request, EndorsementBody)
    return await _done(request, await endorse(_world(request), who, _id(request), yes=body.endorse, ground=body.ground))


async def post_remark(request: web.Request) -> web.Response:
    """POST /reviews/{review}/remarks: say something about it, to everybody or among those who decide."""
    who, body = await caller(request), await json_body(request, RemarkBody)
    return await _done(request, await remark(_world(request), who, _id(request), _said(body)), status=201)


async def post_invitation(request: web.Request) -> web.Response:
    """POST /reviews/{review}/invitations: ask somebody for advice, or to decide in the committee's place."""
    who, body = await caller(request), await json_body(request, InvitationBody)
    part: Literal[Part.REVIEWER, Part.DECIDER] = Part.REVIEWER if body.part == "reviewer" else Part.DECIDER
    return await _done(
        request, await invite(_world(request), who, _id(request), PersonId(body.person), part), status=201
    )


async def post_vote(request: web.Request) -> web.Response:
    """POST /reviews/{review}/votes: say what one thinks of one dataset, and why. The last word counts."""
    who, body = await caller(request), await json_body(request, VoteBody)
    made = await vote(_world(request), who, _id(request), DatasetId(body.dataset), body.choice, body.ground)
    return await _done(request, made, status=201)


async def post_aside(request: web.Request) -> web.Response:
    """POST /reviews/{review}/aside: take no part in the decision, for an interest of one's own. Twice is once."""
    who, body = await caller(request), await json_body(request, GroundBody)
    return await _done(request, await step_aside(_world(request), who, _id(request), body.ground))


async def post_return(request: web.Request) -> web.Response:
    """POST /reviews/{review}/return: give it back, with what is to be mended."""
    who, body = await caller(request), await json_body(request, ReturnBody)
    return await _done(
        request, await give_back(_world(request), who, _id(request), [_said(one) for one in body.remarks])
    )


async def post_reopening(request: web.Request) -> web.Response:
    """POST /reviews/{review}/reopening: take an answer up again, to correct it. A yes ends with that."""
    who, body = await caller(request), await json_body(request, ReopeningBody)
    return await _done(request, await reopen(_world(request), who, _id(request), DatasetId(body.dataset), body.ground))


def _world(request: web.Request) -> World:
    return request.app[BROKER].world


def _id(request: web.Request) -> ReviewId:
    return ReviewId(request.match_info["review"])


async def _at(request: web.Request, command: Command) -> Desk:
    who, snapshot = await caller(request), request.app[BROKER].snapshots.current()
    return _or_problem(at_desk(who, _id(request), command, snapshot))


async def _done(request: web.Request, made: Review | Reason, status: int = 200) -> web.Response:
    _or_problem(made)
    return web.json_response(_review(await _at(request, Command.SEE), request), status=status)


def _or_problem(found: T | Reason) -> T:
    if isinstance(found, Reason):
        raise Problem.of(found)
    return found


def _paper(body: PaperBody) -> Paper:
    try:
        purpose = read_purpose(body.purpose)
    except ValueError as wrong:
        raise Problem("REQ-INVALID", problem=f"purpose: {wrong}") from None
    return Paper(title=body.title, statement=body.statement, lay=body.lay, benefit=body.benefit, purpose=purpose)


def _said(body: RemarkBody) -> Said:
    return Said(text=body.text, about=body.about, to=body.to)


async def _handed_in(request: web.Request, done: HandedIn) -> dict[str, Any]:
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
        **_papers(row.paper),
        "before": [_papers(one) for one in row.papers[:-1]],
        "changed": list(changes),
        "reviews": [_review(one, request) for one in seen],
    }


def _papers(paper: Paper) -> dict[str, Any]:
    return {
        "title": paper.title,
        "statement": paper.statement,
        "lay": paper.lay,
        "benefit": paper.benefit,
        "purpose": purpose_json(paper.purpose),
    }


def _review(one: Desk, request: web.Request) -> dict[str, Any]:
    """What those who take part read; of who sits in the committee, and of its votes, applicants learn nothing."""
    broker, row, inside = request.app[BROKER], one.review, one.inside
    now, days = broker.world.clock.now(), one.committee.answer_days
    due = row.clock.due(row.stage, days)
    told: dict[str, Any] = {
        "id": row.id,
        "application": row.application,
        "title": one.application.paper.title,
        "committee": row.committee,
        "stage": row.stage.value,
        "since": rfc3339(row.clock.since),
        "due": rfc3339(due) if due is not None else None,
        "late": row.clock.late(row.stage, days, now),
        "endorsed": row.endorsed_by is not None if one.committee.endorsed else None,
        "parts": sorted(part.value for part in one.parts),
        "may": sorted(command.value for command in one.may),
        "requests": [
            {
                "id": each.id,
                "dataset": each.dataset,
                "state": each.state.value,
                "decision": each.decision or each.foresight,
            }
            for each in requests(row, broker.snapshots.current())
        ],
        "remarks": [_remark(each, inside) for each in row.remarks if each.to == "everybody" or inside],
    }
    return told | _inside(one, broker.snapshots.current()) if inside else told


def _inside(one: Desk, snapshot: Snapshot) -> dict[str, Any]:
    row, turn = one.review, one.application.turn
    datasets = {each.dataset for each in requests(row, snapshot)}
    counts = {dataset: tally(row.votes, dataset, turn, row.apart) for dataset in sorted(datasets)}
    return {
        "quorum": one.committee.quorum,
        "votes": [
            {
                "person": each.person,
                "dataset": each.dataset,
                "choice": each.choice,
                "ground": each.ground,
                "turn": each.turn,
                "counts": each.turn == turn and each.person not in row.apart,
            }
            for each in row.votes
        ],
        "opinions": {dataset: count.opinion(one.committee.quorum).value for dataset, count in counts.items()},
        "invited": [{"person": each.person, "part": each.part.value} for each in row.invited],
        "aside": sorted(row.apart),
    }


def _remark(one: Remark, inside: bool) -> dict[str, Any]:  # noqa: FBT001 (a renderer of this file)
    told = {
        "id": one.id,
        "part": one.part.value,
        "text": one.text,
        "about": one.about,
        "to": one.to,
        "at": rfc3339(one.at),
        "turn": one.turn,
    }
    return told | ({"person": one.person} if inside else {})
