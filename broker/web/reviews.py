"""Applications before their committees, over HTTP (/api/v1/reviews): read, discussed, voted on, answered, corrected."""

from typing import Annotated, Any, Literal, TypeVar

from aiohttp import web
from pydantic import Field

from broker.core.access.life import Command
from broker.core.access.parts import Part
from broker.core.access.votes import tally
from broker.core.ids import DatasetId, PersonId, ReviewId
from broker.core.outcome import Reason
from broker.core.plain import plain
from broker.core.rows import Review
from broker.core.rows.applications import Assessment, Remark
from broker.core.snapshot import Snapshot
from broker.core.time import parse_rfc3339, rfc3339
from broker.flows.applications.correct import reopen
from broker.flows.applications.desk import Desk, at_desk, inbox, requests
from broker.flows.applications.review import (
    Said,
    assess,
    confirm,
    endorse,
    give_back,
    invite,
    put_off,
    remark,
    step_aside,
    vote,
)
from broker.flows.world import World
from broker.web.bodies import Wire, json_body
from broker.web.callers import caller
from broker.web.errors import Problem
from broker.web.origins import origin_json
from broker.web.state import BROKER

T = TypeVar("T")
Text = Annotated[str, Field(min_length=1, max_length=20_000)]
Id = Annotated[str, Field(min_length=1, max_length=255)]


class RemarkBody(Wire):
    text: Text
    about: Id | None = None
    to: Literal["everybody", "committee"] = "everybody"


class ReturnBody(Wire):
    remarks: list[RemarkBody] = Field(min_length=1, max_length=50)


class EndorsementBody(Wire):
    endorse: bool
    ground: Text


class ConfirmationBody(Wire):
    confirm: bool
    ground: Text


class InvitationBody(Wire):
    person: Id
    part: Literal["reviewer", "decider"]


class VoteBody(Wire):
    dataset: Id
    choice: Literal["yes", "no", "abstain"]
    ground: Text


class AssessmentBody(Wire):
    """Both sides of a use: what may go wrong, what is lost without it, what it gives, and to whom."""

    dataset: Id
    risk_of_use: Text
    risk_of_non_use: Text
    benefit: Text
    to_whom: Text


class GroundBody(Wire):
    ground: Text


class DelayBody(GroundBody):
    until: str = Field(min_length=1, max_length=40)


class ReopeningBody(GroundBody):
    dataset: Id


async def list_reviews(request: web.Request) -> web.Response:
    """GET /reviews: what lies on the desks of one's committees, and where one was asked; the most urgent first."""
    who, snapshot = await caller(request), request.app[BROKER].snapshots.current()
    seen = inbox(who, snapshot)
    return web.json_response({"reviews": [review_json(one, request) for one in seen]})


async def get_review(request: web.Request) -> web.Response:
    """GET /reviews/{review}: an application before one committee, with what was said about it."""
    found = await _at(request, Command.SEE)
    return web.json_response(review_json(found, request))


async def post_confirmation(request: web.Request) -> web.Response:
    """POST /reviews/{review}/confirmation: the IT director says whether place and safeguards are as the papers say."""
    who, body = await caller(request), await json_body(request, ConfirmationBody)
    return await _done(request, await confirm(_world(request), who, _id(request), yes=body.confirm, ground=body.ground))


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


async def post_assessment(request: web.Request) -> web.Response:
    """POST /reviews/{review}/assessments: write down both sides of a use. Without it there is no answer."""
    who, body = await caller(request), await json_body(request, AssessmentBody)
    sides = Assessment(
        risk_of_use=body.risk_of_use, risk_of_non_use=body.risk_of_non_use, benefit=body.benefit, to_whom=body.to_whom
    )
    return await _done(request, await assess(_world(request), who, _id(request), DatasetId(body.dataset), sides), 201)


async def post_delay(request: web.Request) -> web.Response:
    """POST /reviews/{review}/delay: say by when the answer comes instead, and why. The applicant reads both."""
    who, body = await caller(request), await json_body(request, DelayBody)
    try:
        until = parse_rfc3339(body.until)
    except ValueError as wrong:
        raise Problem("REQ-INVALID", problem=f"until: {wrong}") from None
    return await _done(request, await put_off(_world(request), who, _id(request), until, body.ground))


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


def review_json(one: Desk, request: web.Request) -> dict[str, Any]:
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
        "confirmed": row.confirmed_by is not None if one.committee.confirmed else None,
        "parts": sorted(part.value for part in one.parts),
        "may": sorted(command.value for command in one.may),
        "requests": [
            {
                "id": each.id,
                "dataset": each.dataset,
                "person": each.person,
                "turn": each.turn,
                "instead_of": each.instead_of,
                "state": each.state.value,
                "decision": each.decision or each.foresight,
                "origin": origin_json(each.origin, now),
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
        "assessments": {dataset: plain(row.assessment(dataset, turn)) for dataset in sorted(datasets)},
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


def _world(request: web.Request) -> World:
    return request.app[BROKER].world


def _id(request: web.Request) -> ReviewId:
    return ReviewId(request.match_info["review"])


async def _at(request: web.Request, command: Command) -> Desk:
    who, snapshot = await caller(request), request.app[BROKER].snapshots.current()
    return or_problem(at_desk(who, _id(request), command, snapshot))


async def _done(request: web.Request, made: Review | Reason, status: int = 200) -> web.Response:
    or_problem(made)
    return web.json_response(review_json(await _at(request, Command.SEE), request), status=status)


def or_problem(found: T | Reason) -> T:
    if isinstance(found, Reason):
        raise Problem.of(found)
    return found


def _said(body: RemarkBody) -> Said:
    return Said(text=body.text, about=body.about, to=body.to)
