"""The AuthZEN Authorization API 1.0: evaluation, evaluations, the three searches, and what it says of itself.

A no is an answer (200); an error is that of the request (section 10). `X-Request-ID` comes back as it was sent. Who
answers is behind a port: our own decisions in every broker, the policy of the certification scenario in its test.
"""

import asyncio
from collections.abc import Awaitable, Mapping, Sequence
from functools import lru_cache
from typing import Any, Protocol, TypeVar

from aiohttp import hdrs, web

from broker.core import strict_json
from broker.core.authz.asked import (
    Asked,
    Entity,
    Fault,
    Search,
    Semantic,
    Wanted,
    read_evaluation,
    read_evaluations,
    read_search,
)
from broker.core.authz.scope import Asker
from broker.core.outcome import Reason
from broker.core.passport.limits import REQUEST_BYTES
from broker.core.reasons import sentence
from broker.flows.repositories.answering import answer, answer_all
from broker.flows.repositories.deciding import Answer, Desk
from broker.flows.repositories.searching import Found, search
from broker.flows.world import World
from broker.web.asking import ASK, often, repository
from broker.web.bodies import raw
from broker.web.errors import Problem, headers, status_of
from broker.web.languages import language
from broker.web.middleware import REQUEST_ID
from broker.web.state import BROKER

T = TypeVar("T")
MAX_BODY = REQUEST_BYTES + 1024 * 1024
"""Ten Passports, and a thousand questions about them."""
_SMALL = 16 * 1024
"""Bytes of a question that is remembered as it was read."""
BASE = "/access/v1"
_ENDPOINTS: Mapping[str, str] = {
    "access_evaluation_endpoint": f"{BASE}/evaluation",
    "access_evaluations_endpoint": f"{BASE}/evaluations",
    "search_subject_endpoint": f"{BASE}/search/subject",
    "search_resource_endpoint": f"{BASE}/search/resource",
    "search_action_endpoint": f"{BASE}/search/action",
}


class Pdp(Protocol):
    """Who answers questions."""

    async def answer(self, asker: Asker, asked: Asked) -> Answer: ...

    async def answer_all(
        self, asker: Asker, items: Sequence[Asked | Fault], semantic: Semantic
    ) -> Sequence[Answer | Fault] | Reason: ...

    async def search(self, asker: Asker, asked: Search) -> Found | Reason: ...


PDP: web.AppKey[Pdp] = web.AppKey("pdp", Pdp)


class OurDecisions:
    """The `Pdp` of a broker: the one decision function."""

    def __init__(self, world: World, desk: Desk) -> None:
        self._world, self._desk = world, desk

    async def answer(self, asker: Asker, asked: Asked) -> Answer:
        return await answer(self._world, self._desk, asker, asked)

    async def answer_all(
        self, asker: Asker, items: Sequence[Asked | Fault], semantic: Semantic
    ) -> Sequence[Answer | Fault] | Reason:
        return await answer_all(self._world, self._desk, asker, items, semantic, _all)

    async def search(self, asker: Asker, asked: Search) -> Found | Reason:
        return await search(self._world, self._desk, asker, asked, _all)


async def _all(waiting: Sequence[Awaitable[T]]) -> Sequence[T]:
    return await asyncio.gather(*waiting)


def error(request: web.Request, problem: Problem) -> web.Response:
    """A problem as the standard has it: a sentence. Our code is beside it, in a header."""
    code = problem.reason.code
    # The standard knows no 415: another media type is a bad request there.
    status = 400 if code == "REQ-MEDIA-TYPE" else status_of(code)
    response = web.Response(status=status, text=sentence(code, dict(problem.reason.facts), language(request)))
    headers(response, status, problem.decision)
    response.headers["Reason-Code"] = code
    response.headers.update(problem.headers)
    return _echoed(request, response)


async def configuration(request: web.Request) -> web.Response:
    """GET /.well-known/authzen-configuration: where to ask (section 9); signed too."""
    world = request.app[BROKER].world
    said: dict[str, Any] = {"policy_decision_point": world.issuer}
    said |= {name: f"{world.issuer}{path}" for name, path in _ENDPOINTS.items()}
    signed = await world.signer.sign("oidc-es256", "authzen-metadata+jwt", {"iss": world.issuer, **said})
    return _echoed(request, web.json_response(said | {"signed_metadata": signed}))


async def post_evaluation(request: web.Request) -> web.Response:
    """POST /access/v1/evaluation: one question."""
    asker = await repository(request, ASK)
    body = await _body(request)
    try:
        asked = _fit(_read_before(body) if len(body) <= _SMALL else _read(body))
    except strict_json.StrictJsonError as wrong:
        raise Problem("REQ-MALFORMED", problem=str(wrong)) from None
    return _told(request, await request.app[PDP].answer(asker, asked))


def _read(body: bytes) -> Asked | Fault:
    return read_evaluation(strict_json.loads(body, MAX_BODY))


_read_before = lru_cache(maxsize=1024)(_read)
"""A repository asks in the same bytes again and again; what they say never changes, and nobody changes it."""


async def post_evaluations(request: web.Request) -> web.Response:
    """POST /access/v1/evaluations: many questions; without any of its own it is a single one."""
    asker = await repository(request, ASK)
    asked = read_evaluations(await _json(request))
    if isinstance(asked, Fault):
        raise Problem("REQ-INVALID", problem=asked.problem)
    if isinstance(asked, Asked):
        return _told(request, await request.app[PDP].answer(asker, asked))
    found = await request.app[PDP].answer_all(asker, asked.items, asked.semantic)
    if isinstance(found, Reason):
        raise Problem.of(found)
    return _echoed(request, web.json_response({"evaluations": [_item_of_many(one) for one in found]}, headers=_FRESH))


async def post_subject_search(request: web.Request) -> web.Response:
    """POST /access/v1/search/subject: who may? Of those who hold a grant."""
    return await _search(request, "subject")


async def post_resource_search(request: web.Request) -> web.Response:
    """POST /access/v1/search/resource: which of this repository's datasets or objects?"""
    return await _search(request, "resource")


async def post_action_search(request: web.Request) -> web.Response:
    """POST /access/v1/search/action: in which ways?"""
    return await _search(request, "action")


_FRESH = {hdrs.CACHE_CONTROL: "no-store"}


async def _search(request: web.Request, wanted: Wanted) -> web.Response:
    asker = await repository(request, ASK)
    often(request, "search", asker)
    asked = _fit(read_search(await _json(request), wanted))
    found = await request.app[PDP].search(asker, asked)
    if isinstance(found, Reason):
        raise Problem.of(found)
    results: list[dict[str, str]] = [{"name": name} for name in found.results]
    if wanted != "action":
        looked_for: Entity = asked.subject if wanted == "subject" else asked.resource
        results = [{"type": looked_for.type, "id": name} for name in found.results]
    said = {"results": results, "page": {"next_token": found.next, "count": len(results)}}
    return _echoed(request, web.json_response(said, headers=_FRESH))


async def _body(request: web.Request) -> bytes:
    if request.headers.get(hdrs.CONTENT_TYPE, "").partition(";")[0].strip().lower() != "application/json":
        raise Problem("REQ-MEDIA-TYPE", wanted="application/json")
    return await raw(request, MAX_BODY)


async def _json(request: web.Request) -> Any:
    body = await _body(request)
    try:
        return strict_json.loads(body, MAX_BODY)
    except strict_json.StrictJsonError as wrong:
        raise Problem("REQ-MALFORMED", problem=str(wrong)) from None


def _fit(found: T | Fault) -> T:
    if isinstance(found, Fault):
        raise Problem("REQ-INVALID", problem=found.problem)
    return found


def _told(request: web.Request, found: Answer) -> web.Response:
    response = (
        web.Response(text=found.text, content_type="application/json")
        if found.text
        else web.json_response(_item(found))
    )
    headers(response, 200, found.decision)
    if found.receipt is not None:
        response.headers["X-Audit-Receipt"] = found.receipt
    return _echoed(request, response)


def _item(one: Answer | Fault) -> dict[str, Any]:
    if isinstance(one, Fault):
        return {"decision": False, "context": {"error": {"status": 400, "message": one.problem}}}
    return {"decision": one.permits, "context": one.context} if one.context else {"decision": one.permits}


def _item_of_many(one: Answer | Fault) -> dict[str, Any]:
    """One header cannot name the receipts of a batch: each answer has its own beside its reasons."""
    said = _item(one)
    if isinstance(one, Answer) and one.receipt is not None:
        said["context"] = one.context | {"receipt": one.receipt}
    return said


def _echoed(request: web.Request, response: web.Response) -> web.Response:
    """With the request's own id, unchanged (section 10.1.4), but for what no header can carry."""
    given = request.headers.get("X-Request-ID", "")
    response.headers["X-Request-ID"] = (
        given if given.isascii() and given.isprintable() and given else request[REQUEST_ID]
    )
    return response
