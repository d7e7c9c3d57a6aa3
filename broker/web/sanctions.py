"""Sanctions over HTTP: /api/v1/sanctions. Who may: `admin` and `legal_officer` of the service; the auditor reads."""

from typing import Any, Literal

from aiohttp import web
from pydantic import Field

from broker.core.outcome import Reason
from broker.core.rows import Sanction
from broker.core.time import Seconds, parse_rfc3339, rfc3339
from broker.flows import sanctions
from broker.flows.administer import Actor
from broker.flows.sanctions import Wanted
from broker.web.bodies import Wire, json_body
from broker.web.callers import caller
from broker.web.errors import Problem
from broker.web.paging import page
from broker.web.state import BROKER


class SanctionBody(Wire):
    """A step of the ladder; the one before it in the same case comes first, unless it is urgent."""

    case: str | None = Field(default=None, max_length=64)
    """Left out: it opens a case."""
    step: Literal["warn", "suspend_person", "suspend_institution", "publish", "notify_funder"]
    kind: Literal["person", "organisation"]
    whom: str = Field(min_length=1, max_length=255)
    """The person's `sub` here, or the id of the organisation."""
    ground: str = Field(min_length=1, max_length=2_000)
    ends: str = Field(max_length=64)
    """RFC 3339."""
    appeal: str = Field(min_length=1, max_length=500)
    """Where and until when it can be challenged."""
    urgent: bool = False


class LiftBody(Wire):
    ground: str = Field(min_length=1, max_length=2_000)


async def list_sanctions(request: web.Request) -> web.Response:
    """GET /sanctions: every step that was taken, in order of id; a page at a time."""
    broker = request.app[BROKER]
    if not sanctions.may_read(await _actor(request)):
        raise Problem("AUTH-NOT-YOURS", roles="admin, legal_officer, auditor")
    seen = [row async for row in broker.world.rows.scan(Sanction)]
    rows, after = page(request, seen)
    now = broker.world.clock.now()
    return web.json_response({"sanctions": [sanction_json(row, now) for row in rows], "next_page_token": after})


async def post_sanction(request: web.Request) -> web.Response:
    """POST /sanctions: take a step. A suspension ends every use at once."""
    who, body = await _actor(request), await json_body(request, SanctionBody)
    world = request.app[BROKER].world
    try:
        ends = parse_rfc3339(body.ends)
    except ValueError as wrong:
        raise Problem("REQ-INVALID", problem=f"ends: {wrong}") from None
    done = await sanctions.impose(world, who, Wanted(**body.model_dump(exclude={"ends"}), ends=ends))
    return _answer(done, world.clock.now(), 201)


async def post_lift(request: web.Request) -> web.Response:
    """POST /sanctions/{sanction}/lift: one of the two roles that lift it."""
    who, body = await _actor(request), await json_body(request, LiftBody)
    world = request.app[BROKER].world
    done = await sanctions.lift(world, who, request.match_info["sanction"], body.ground)
    return _answer(done, world.clock.now(), 200)


async def _actor(request: web.Request) -> Actor:
    """A person; no service sanctions anybody."""
    who = await caller(request)
    return Actor(person=who.person, roles=who.roles)


def _answer(done: Sanction | Reason, now: Seconds, status: int) -> web.Response:
    if isinstance(done, Reason):
        raise Problem.of(done)
    return web.json_response(sanction_json(done, now), status=status)


def sanction_json(row: Sanction, now: Seconds) -> dict[str, Any]:
    """A sanction as it is told: in which role somebody acted, and not who."""
    return {
        "id": row.id,
        "case": row.case,
        "step": row.step,
        "kind": row.kind,
        "whom": row.whom,
        "ground": row.ground,
        "begins": rfc3339(row.begins),
        "ends": rfc3339(row.ends),
        "appeal": row.appeal,
        "role": row.role,
        "holds": row.holds(now),
        "lifts": [{"role": one.role, "at": rfc3339(one.at), "ground": one.ground} for one in row.lifts],
    }
