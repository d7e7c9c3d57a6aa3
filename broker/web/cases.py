"""Questions, challenges and complaints over HTTP: /api/v1/complaints without credentials, /api/v1/me/questions for
participants, /api/v1/cases for those who answer.
"""

import json
from typing import Annotated, Any, Literal

from aiohttp import web
from pydantic import Field

from broker.core.access.cases import CaseKind, Outcome, due
from broker.core.ids import DatasetId, RequestId
from broker.core.outcome import Reason
from broker.core.rows import Case
from broker.core.time import Seconds, rfc3339
from broker.flows import cases
from broker.flows.cases import Seen
from broker.web.bodies import Wire, json_body
from broker.web.callers import caller
from broker.web.errors import Problem
from broker.web.once import begin, without
from broker.web.state import BROKER

Text = Annotated[str, Field(min_length=1, max_length=20_000)]


class ComplaintBody(Wire):
    text: Text
    about: str = Field(default="", max_length=255)


class KeyBody(Wire):
    key: str = Field(min_length=1, max_length=100)


class ChallengeBody(Wire):
    kind: Literal["reconsideration", "appeal"]
    text: Text


class QuestionBody(Wire):
    text: Text
    dataset: str = Field(min_length=1, max_length=255)


class CaseAnswer(Wire):
    """`outcome`: of a challenge or complaint; a question has none."""

    outcome: Outcome | None = None
    answer: Text


async def post_complaint(request: web.Request) -> web.Response:
    """POST /complaints: say what is wrong, without credentials. `key` lets whoever has it read how it stands."""
    await begin(request, "anybody")
    body = await json_body(request, ComplaintBody)
    made = await cases.complain(request.app[BROKER].world, None, body.about, body.text)
    if isinstance(made, Reason):
        raise Problem.of(made)
    row, key = made
    without(request, json.dumps(_case(row)).encode())  # the key is told once, and kept nowhere
    return web.json_response(_case(row) | {"key": key}, status=201)


async def post_follow(request: web.Request) -> web.Response:
    """POST /complaints/{case}: how it stands, for whoever has its key."""
    body = await json_body(request, KeyBody)
    found = cases.follow(request.app[BROKER].world, request.match_info["case"], body.key)
    if isinstance(found, Reason):
        raise Problem.of(found)
    return web.json_response(_case(found))


async def post_challenge(request: web.Request) -> web.Response:
    """POST /requests/{request}/challenges: ask for another look at a no, by somebody else than who gave it."""
    who, body = await caller(request), await json_body(request, ChallengeBody)
    id, kind = RequestId(request.match_info["request"]), CaseKind(body.kind)
    made = await cases.challenge(request.app[BROKER].world, who, id, kind, body.text)
    return _told(made, status=201)


async def post_question(request: web.Request) -> web.Response:
    """POST /me/questions: a participant asks whoever decides about data that hold theirs."""
    who, body = await caller(request), await json_body(request, QuestionBody)
    return _told(await cases.ask(request.app[BROKER].world, who, DatasetId(body.dataset), body.text), status=201)


async def list_cases(request: web.Request) -> web.Response:
    """GET /cases: what one opened, and what one may answer; the oldest first."""
    who, broker = await caller(request), request.app[BROKER]
    found = cases.listed(who, broker.snapshots.current())
    return web.json_response({"cases": [_seen(one) for one in found]})


async def post_acknowledgement(request: web.Request) -> web.Response:
    """POST /cases/{case}/acknowledgement: say that it was read and is looked into."""
    who = await caller(request)
    return _told(await cases.acknowledge(request.app[BROKER].world, who, request.match_info["case"]))


async def post_answer(request: web.Request) -> web.Response:
    """POST /cases/{case}/answer: answer it. What is upheld, the committee must answer anew."""
    who, body = await caller(request), await json_body(request, CaseAnswer)
    world, id = request.app[BROKER].world, request.match_info["case"]
    return _told(await cases.answer(world, who, id, body.outcome, body.answer))


async def post_withdrawal(request: web.Request) -> web.Response:
    """POST /cases/{case}/withdrawal: take it back."""
    who = await caller(request)
    return _told(await cases.take_back(request.app[BROKER].world, who, request.match_info["case"]))


def _told(made: Case | Reason, status: int = 200) -> web.Response:
    if isinstance(made, Reason):
        raise Problem.of(made)
    return web.json_response(_case(made), status=status)


def _seen(one: Seen) -> dict[str, Any]:
    return _case(one.case) | {"may": sorted(command.value for command in one.may)}


def _case(row: Case) -> dict[str, Any]:
    """Who opened it and who answered it is told to nobody."""
    owed = due(row.kind, row.stage, row.opened)
    return {
        "id": row.id,
        "kind": row.kind.value,
        "about": row.about,
        "text": row.text,
        "opened": rfc3339(row.opened),
        "stage": row.stage.value,
        "due": rfc3339(owed) if owed is not None else None,
        "acknowledged": _at(row.acknowledged),
        "answered": _at(row.answered),
        "outcome": row.outcome,
        "answer": row.answer,
    }


def _at(at: Seconds | None) -> str | None:
    return rfc3339(at) if at is not None else None
