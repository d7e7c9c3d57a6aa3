"""Consultations about changes of the rules, over the API: all read, who is asked comments, who writes rules answers."""

from typing import Annotated, Any

from aiohttp import hdrs, web
from pydantic import Field

from broker.core.consultations import MOST_DAYS, MOST_TEXT
from broker.core.ids import SubjectRef
from broker.core.outcome import Reason
from broker.core.rows import Comment, Consultation
from broker.core.time import rfc3339
from broker.flows import consultations as flow
from broker.flows.consultations import MOST_COMMUNITIES, Asked
from broker.flows.world import World
from broker.web.bodies import Wire, json_body
from broker.web.callers import caller
from broker.web.errors import Problem
from broker.web.pack_proposals import sets_of
from broker.web.paging import page
from broker.web.state import BROKER

_Text = Annotated[str, Field(min_length=1, max_length=MOST_TEXT)]
_Ref = Annotated[str, Field(min_length=1, max_length=255)]


class AskedBody(Wire):
    proposal: Annotated[str, Field(max_length=64)]
    days: Annotated[int, Field(ge=1, le=MOST_DAYS)]
    communities: list[_Ref] = Field(default_factory=list, max_length=MOST_COMMUNITIES)
    public: bool = True
    ground: _Text


class SaidBody(Wire):
    """`community`: for which the caller speaks; left out: for themselves."""

    text: _Text
    objects: bool = False
    community: _Ref | None = None


class AnswerBody(Wire):
    text: _Text


class ResultBody(Wire):
    result: _Text


async def list_consultations(request: web.Request) -> web.Response:
    """GET /consultations: those that are open; with `pack`, all about one."""
    pack = request.query.get("pack")
    rows = await (flow.open_ones(_world(request)) if pack is None else flow.of_pack(_world(request), pack))
    return web.json_response({"consultations": [in_short(row) for row in rows]})


async def get_consultation(request: web.Request) -> web.Response:
    """GET /consultations/{consultation}: the text, what was said to it, and what was answered, a page at a time."""
    found = await flow.read(_world(request), request.match_info["consultation"])
    if isinstance(found, Reason):
        raise Problem.of(found)
    comments, following = page(request, found.comments)
    told = in_short(found.row) | {"current": found.current, "text": found.row.text}
    return web.json_response(told | {"comments": [_comment(one) for one in comments], "next": following})


async def post_consultation(request: web.Request) -> web.Response:
    """POST /consultations: ask people about a proposal as it is written now."""
    who, body = await caller(request), await json_body(request, AskedBody)
    refs = tuple(map(SubjectRef, body.communities))
    asked = Asked(days=body.days, communities=refs, public=body.public, ground=body.ground)
    made = await flow.ask(_world(request), sets_of(request), who, body.proposal, asked)
    if isinstance(made, Reason):
        raise Problem.of(made)
    response = web.json_response(in_short(made), status=201)
    response.headers[hdrs.LOCATION] = f"{request.path}/{made.id}"
    return response


async def post_said(request: web.Request) -> web.Response:
    """POST /consultations/{consultation}/comments: comment, or object."""
    who, body = await caller(request), await json_body(request, SaidBody)
    side = SubjectRef(body.community) if body.community is not None else None
    id = request.match_info["consultation"]
    return _made(await flow.comment(_world(request), who, id, body.text, objects=body.objects, side=side), 201)


async def post_comment_answer(request: web.Request) -> web.Response:
    """POST /consultations/comments/{comment}/answer: answer it, once; for who may write rules."""
    who, body = await caller(request), await json_body(request, AnswerBody)
    return _made(await flow.answer(_world(request), who, request.match_info["comment"], body.text))


async def post_consultation_closing(request: web.Request) -> web.Response:
    """POST /consultations/{consultation}/closing: end it, when its time is over and every objection has an answer."""
    who, body = await caller(request), await json_body(request, ResultBody)
    made = await flow.close(_world(request), who, request.match_info["consultation"], body.result)
    if isinstance(made, Reason):
        raise Problem.of(made)
    return web.json_response(in_short(made))


def in_short(row: Consultation) -> dict[str, Any]:
    return {
        "id": row.id,
        "pack": row.pack,
        "release": row.release,
        "digest": row.digest,
        "ground": row.ground,
        "state": row.state,
        "opened": rfc3339(row.opened),
        "until": rfc3339(row.until),
        "closed": rfc3339(row.closed) if row.closed is not None else None,
        "result": row.result or None,
        "public": row.public,
        "communities": len(row.communities),
    }


def _comment(one: Comment) -> dict[str, Any]:
    """As everybody reads it: as what somebody spoke, never who."""
    return {
        "id": one.id,
        "as": "community" if one.side is not None else "person",
        "objects": one.objects,
        "text": one.text,
        "at": rfc3339(one.at),
        "answer": one.answer or None,
        "answered": rfc3339(one.answered) if one.answered is not None else None,
    }


def _made(made: Comment | Reason, status: int = 200) -> web.Response:
    if isinstance(made, Reason):
        raise Problem.of(made)
    return web.json_response(_comment(made), status=status)


def _world(request: web.Request) -> World:
    return request.app[BROKER].world


ADDRESSES = (
    ("POST", "/consultations", post_consultation),
    ("POST", "/consultations/{consultation}/comments", post_said),
    ("POST", "/consultations/comments/{comment}/answer", post_comment_answer),
    ("POST", "/consultations/{consultation}/closing", post_consultation_closing),
)
"""Below /api/v1, for people with an access token; part of the one table of routes.py."""
