"""Our own API (/api/v1): datasets, pre-checks, requests, decisions, revocations."""

from typing import Annotated, Any, Literal

from aiohttp import web
from pydantic import Field

from broker.core.access.stated import marks_of, read_stated
from broker.core.decision.answering import Given
from broker.core.ids import ClientId, DatasetId, DecisionId, RequestId
from broker.core.outcome import Reason
from broker.core.purpose import Purpose
from broker.core.rows import Request, Session
from broker.core.rows.access import Finding
from broker.core.time import parse_rfc3339, rfc3339
from broker.flows import decide_request, pre_check, request_access
from broker.flows.attest import attest_location
from broker.flows.decide_request import Decided, NotPossible, may_see
from broker.flows.give_finding import give_finding
from broker.flows.oauth.authorize import forget
from broker.flows.revoke import revoke
from broker.flows.sign_out import sign_out
from broker.flows.tell_decision import tell_decision
from broker.flows.traces import explained_to_committee
from broker.web import cookies
from broker.web.bodies import Wire, json_body
from broker.web.callers import caller
from broker.web.errors import Problem
from broker.web.grants import grant_json
from broker.web.languages import language
from broker.web.state import BROKER
from broker.web.telling import foreseen, not_possible, pre_checked, request_json

_MANY_DATASETS = 4 * 1024 * 1024
"""Bytes of a body that names as many datasets as one pre-check may ask about."""

What = Literal["family", "session", "person", "grant", "visa", "key", "issuer", "token", "access"]


class Asking(Wire):
    dataset: str = Field(max_length=255)
    purpose: dict[str, Any]


class PreChecking(Wire):
    purpose: dict[str, Any]
    datasets: list[Annotated[str, Field(max_length=255)]] | None = None


class Submission(Asking):
    """`lay`: a summary in plain words; if it is approved, everybody reads it in the register."""

    statement: str = Field(min_length=1, max_length=20_000)
    benefit: str = Field(default="", max_length=20_000)
    lay: str = Field(default="", max_length=20_000)


class DecisionBody(Wire):
    decision: Literal["approve", "reject"]
    ground: str = Field(min_length=1, max_length=20_000)
    answers: dict[str, str] = Field(default_factory=dict)


class FindingBody(Wire):
    role: Literal["committee_member", "ethics_committee", "legal_officer"]
    code: str = Field(min_length=1, max_length=100)
    ground: str = Field(min_length=1, max_length=20_000)
    until: str | None = Field(default=None, max_length=40)
    consent_class: str | None = Field(default=None, min_length=1, max_length=255)
    form_sha256: str | None = Field(default=None, pattern="^[0-9a-f]{64}$")
    keys: list[str] = Field(default_factory=list, max_length=100)
    approval: str = Field(default="", max_length=255)


class RevocationBody(Wire):
    what: What
    value: str = Field(min_length=1, max_length=512)
    ground: str = Field(min_length=1, max_length=2_000)


class LocationBody(Wire):
    country: str = Field(min_length=2, max_length=2)


async def post_decision(request: web.Request) -> web.Response:
    """POST /decisions: how would a request be decided? Nothing is asked of anybody, everything is recorded."""
    who, body = await caller(request), await json_body(request, Asking)
    found = await request_access.foresee(
        request.app[BROKER].world, who, DatasetId(body.dataset), _purpose(request, body.purpose)
    )
    if isinstance(found, Reason):
        raise Problem.of(found)
    return web.json_response(foreseen(found, language(request)))


async def post_pre_check(request: web.Request) -> web.Response:
    """POST /pre-checks: which of these datasets, or of all that are listed, would a purpose be allowed on?"""
    who, body = await caller(request), await json_body(request, PreChecking, limit=_MANY_DATASETS)
    named = None if body.datasets is None else [DatasetId(id) for id in body.datasets]
    purpose = _purpose(request, body.purpose)
    found = await pre_check.pre_check(request.app[BROKER].world, who, purpose, named)
    if isinstance(found, Reason):
        raise Problem.of(found)
    return web.json_response(pre_checked(found, purpose, language(request)))


async def get_decision(request: web.Request) -> web.Response:
    """GET /decisions/{id}: why, from the trace, as `audience` may read it, in the language asked for."""
    who, id = await caller(request), DecisionId(request.match_info["decision"])
    told = await tell_decision(request.app[BROKER].world, who, id, request.query.get("audience"), language(request))
    if isinstance(told, Reason):
        raise Problem.of(told)
    return web.json_response(told)


async def post_request(request: web.Request) -> web.Response:
    """POST /requests: ask the committee."""
    who, body = await caller(request), await json_body(request, Submission)
    made = await request_access.submit(
        request.app[BROKER].world,
        who,
        DatasetId(body.dataset),
        _purpose(request, body.purpose),
        body.statement,
        body.benefit,
        body.lay,
    )
    if isinstance(made, Reason):
        raise Problem.of(made)
    row, found = made
    return web.json_response({**_told(request, row), "foresight": foreseen(found, language(request))}, status=201)


async def get_request(request: web.Request) -> web.Response:
    """GET /requests/{id}: one request."""
    who, snapshot = await caller(request), request.app[BROKER].snapshots.current()
    row = snapshot.get(Request, RequestId(request.match_info["request"]))
    if row is None or not may_see(who, row, snapshot):
        raise Problem("REQ-NOT-FOUND")
    return web.json_response(_told(request, row))


async def decide(request: web.Request) -> web.Response:
    """POST /requests/{id}/decision: a committee member says yes or no, with a ground."""
    who, body = await caller(request), await json_body(request, DecisionBody)
    world, id = request.app[BROKER].world, RequestId(request.match_info["request"])
    if body.decision == "reject":
        rejected = await decide_request.reject(world, who, id, body.ground)
        if isinstance(rejected, Reason):
            raise Problem.of(rejected)
        return web.json_response(_decided(request, rejected))
    decided = await decide_request.approve(world, who, id, body.ground, body.answers)
    if isinstance(decided, Reason):
        raise Problem.of(decided)
    if isinstance(decided, NotPossible):
        raise not_possible(decided, body.ground, language(request))
    return web.json_response(_decided(request, decided))


async def post_finding(request: web.Request) -> web.Response:
    """POST /requests/{id}/findings: who may answer an open question answers it, for a time, with a ground."""
    who, body = await caller(request), await json_body(request, FindingBody)
    id = RequestId(request.match_info["request"])
    try:
        ends = parse_rfc3339(body.until) if body.until is not None else None
    except ValueError as wrong:
        raise Problem("REQ-INVALID", problem=f"until: {wrong}") from None
    given = Given(
        code=body.code,
        ground=body.ground,
        ends=ends,
        consent_class=body.consent_class,
        keys=frozenset(body.keys),
        approval=body.approval,
        form=body.form_sha256,
    )
    made = await give_finding(request.app[BROKER].world, who, id, body.role, given)
    if isinstance(made, Reason):
        raise Problem.of(made)
    return web.json_response(_finding(made), status=201)


async def withdraw_request(request: web.Request) -> web.Response:
    """POST /requests/{id}/withdrawal: the researcher takes it back."""
    who = await caller(request)
    row = await request_access.withdraw(request.app[BROKER].world, who, RequestId(request.match_info["request"]))
    if isinstance(row, Reason):
        raise Problem.of(row)
    return web.json_response(_told(request, row))


async def me(request: web.Request) -> web.Response:
    """GET /me: what the broker knows of the caller for now, as far as they released it to the client that asks."""
    who = await caller(request)
    released = who.affiliations if "eduperson_scoped_affiliation" in who.scopes else ()
    return web.json_response(
        {
            "sub": who.person.id,
            "affiliations": list(released),
            "location": who.location,
            "roles": [{"role": role.role, "scope": role.scope} for role in who.roles],
            "participant": who.person.subject,
        }
    )


async def put_location(request: web.Request) -> web.Response:
    """PUT /me/location: attest where one is, for the rest of the session (ruling 5)."""
    who, body = await caller(request), await json_body(request, LocationBody)
    world = request.app[BROKER].world
    session = await world.rows.get(Session, who.session or "")
    if session is None or who.person.subject is not None:
        raise Problem("AUTH-NOT-YOURS", roles="researcher")
    done = await attest_location(world, who.person, session, body.country)
    if isinstance(done, Reason):
        raise Problem.of(done)
    return web.json_response({"location": done.location})


async def end_session(request: web.Request) -> web.Response:
    """DELETE /me/session: sign out. Every token, ticket and download of this sign-in ends with it."""
    who = await caller(request)
    world = request.app[BROKER].world
    session = await world.rows.get(Session, who.session or "")
    if session is None:
        raise Problem("AUTH-TOKEN-INVALID")
    await sign_out(world, who.person, session.id)
    response = web.Response(status=204)
    cookies.clear_session(request, response)
    return response


async def forget_client(request: web.Request) -> web.Response:
    """DELETE /me/remembered/{client}: be asked again what this client may have. Twice is once."""
    who = await caller(request)
    refused = await forget(request.app[BROKER].oauth, who.person, ClientId(request.match_info["client"]))
    if refused is not None:
        raise Problem(refused.code)
    return web.Response(status=204)


async def post_revocation(request: web.Request) -> web.Response:
    """POST /revocations: end a right now; running downloads that rest on it are cut."""
    who, body = await caller(request), await json_body(request, RevocationBody)
    row = await revoke(request.app[BROKER].world, who, body.what, body.value, body.ground)
    if isinstance(row, Reason):
        raise Problem.of(row)
    return web.json_response({"id": row.id, "since": rfc3339(row.since)}, status=201)


def _purpose(request: web.Request, raw: dict[str, Any]) -> Purpose:
    try:
        return read_stated(raw, marks_of(request.app[BROKER].snapshots.current().rulebook))
    except ValueError as wrong:
        raise Problem("REQ-INVALID", problem=f"purpose: {wrong}") from None


def _finding(made: Finding) -> dict[str, Any]:
    """What was answered, by whom in which role, and until when; never which person."""
    told: dict[str, Any] = {"code": made.code, "role": made.role, "ground": made.ground}
    told |= {"from": rfc3339(made.begins), "until": rfc3339(made.ends)}
    if made.consent_class is not None:
        told |= {"consent_class": made.consent_class, "approval": made.approval, "keys": sorted(made.keys)}
        told["form_sha256"] = made.form
    return told


def _told(request: web.Request, row: Request) -> dict[str, Any]:
    broker = request.app[BROKER]
    return request_json(row, broker.snapshots.current(), broker.world.clock.now())


def _decided(request: web.Request, done: Decided) -> dict[str, Any]:
    told = {
        **_told(request, done.request),
        "decision": done.id,
        "explanation": explained_to_committee(done.id, done.explanation, language(request), done.request.ground),
    }
    if done.grant is not None:
        told["granted"] = grant_json(done.grant, request.app[BROKER].world.clock.now())
    return told
