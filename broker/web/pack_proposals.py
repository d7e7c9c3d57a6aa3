"""Policy packs over the API: the same flow as the pages, for tools with which lawyers write and try them."""

from functools import partial
from typing import Annotated, Any

from aiohttp import hdrs, web
from pydantic import Field

from broker.core.decision.causes import because, in_order
from broker.core.outcome import Reason
from broker.core.rows import PackProposal
from broker.core.time import Seconds, parse_rfc3339, rfc3339
from broker.flows import propose_packs as flow
from broker.flows.propose_packs import MOST_CHARACTERS, MOST_GROUND, Looked
from broker.flows.simulate_packs import Simulation, run, simulation
from broker.flows.world import Caller
from broker.ports.packs import PackSets
from broker.web.bodies import Wire, json_body
from broker.web.callers import caller
from broker.web.errors import Problem
from broker.web.recent import recently
from broker.web.state import BROKER
from broker.web.versions import etag, expected

_BODY = 1024 * 1024
_WAIT = 2.0
"""Seconds after which an answer no longer waits for a simulation; it goes on."""
_Text = Annotated[str, Field(max_length=MOST_CHARACTERS)]


class Begun(Wire):
    pack: Annotated[str, Field(min_length=1, max_length=64)]


class Written(Wire):
    text: _Text
    cases: _Text
    ground: Annotated[str, Field(max_length=MOST_GROUND)] = ""


class Seen(Wire):
    files: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
    """The digest of the set that was looked at."""


class AsOf(Wire):
    at: Annotated[str, Field(max_length=40)] = ""
    """Another day or instant than now: when a law begins, for example."""


async def list_proposals(request: web.Request) -> web.Response:
    """GET /pack-proposals: packs that are written or proposed, and the last that were put in force or given up."""
    found = await flow.proposals(request.app[BROKER].world, await caller(request))
    if isinstance(found, Reason):
        raise Problem.of(found)
    return web.json_response({"proposals": [_short(row) for row in found]})


async def post_begun(request: web.Request) -> web.Response:
    """POST /pack-proposals: begin one, with the text of the pack in force, or of a new pack."""
    who, body = await caller(request), await json_body(request, Begun)
    done = await flow.begin(request.app[BROKER].world, sets_of(request), who, body.pack)
    return await _answer(request, who, done, status=201)


async def get_proposal(request: web.Request) -> web.Response:
    """GET /pack-proposals/{proposal}: its texts, what is wrong with them, and the digest of the set with it."""
    who = await caller(request)
    return _told(await looked(request, who))


async def put_proposal(request: web.Request) -> web.Response:
    """PUT /pack-proposals/{proposal}: other texts. One that was proposed is being written again."""
    who, seen = await caller(request), expected(request)
    body = await json_body(request, Written, _BODY)
    texts = {"text": body.text, "cases": body.cases, "ground": body.ground}
    done = await flow.write(request.app[BROKER].world, who, request.match_info["proposal"], seen, **texts)
    return await _answer(request, who, done)


async def post_proposed(request: web.Request) -> web.Response:
    """POST /pack-proposals/{proposal}/proposal: ask a second person to put it in force."""
    who, seen = await caller(request), expected(request)
    world, id = request.app[BROKER].world, request.match_info["proposal"]
    return await _answer(request, who, await flow.propose(world, sets_of(request), who, id, seen))


async def post_given_up(request: web.Request) -> web.Response:
    """POST /pack-proposals/{proposal}/withdrawal: give it up."""
    who, seen = await caller(request), expected(request)
    done = await flow.withdraw(request.app[BROKER].world, who, request.match_info["proposal"], seen)
    return await _answer(request, who, done)


async def post_activation(request: web.Request) -> web.Response:
    """POST /pack-proposals/{proposal}/activation: put the set in force that was looked at; for a second person."""
    who, body = await caller(request), await json_body(request, Seen)
    await recently(request, who)
    world, id = request.app[BROKER].world, request.match_info["proposal"]
    return await _answer(request, who, await flow.activate(world, sets_of(request), who, id, body.files))


async def post_simulation(request: web.Request) -> web.Response:
    """POST /pack-proposals/{proposal}/simulation: try it on every live grant and open request; 202 while it goes on."""
    who, body = await caller(request), await json_body(request, AsOf)
    found = await looked(request, who)
    begun = await try_out(request, who, found, body.at)
    if isinstance(begun, Reason):
        raise Problem.of(begun)
    return _simulated(request, found)


async def get_simulation(request: web.Request) -> web.Response:
    """GET /pack-proposals/{proposal}/simulation: who would gain and lose, as far as it has come."""
    return _simulated(request, await looked(request, await caller(request)))


def _simulated(request: web.Request, found: Looked) -> web.Response:
    made = request.app[BROKER].administration.trials.of(found.tried.digest)
    if made is None:
        raise Problem("REQ-NOT-FOUND")
    return web.json_response(_effects(made) | {"files": found.tried.digest}, status=200 if made.over else 202)


def _effects(made: Simulation) -> dict[str, Any]:
    effects = made.effects
    return {
        "at": rfc3339(made.at),
        "over": made.over,
        "judged": made.seen,
        "summary": effects.counted(),
        "datasets": {name: effects.counted(name) for name in effects.touched()},
        "causes": [
            {
                "effect": cause.effect,
                "outcomes": cause.outcomes,
                "rules": list(cause.rules),
                "duties": cause.duties,
                "count": concerned.count,
                "persons": len(concerned.persons),
                "lines": [
                    {
                        "kind": one.kind,
                        "id": one.id,
                        "person": one.person,
                        "institution": one.institution,
                        "country": one.country,
                        "dataset": one.dataset,
                        "because": because(one),
                    }
                    for one in in_order(concerned.lines)
                ],
            }
            for cause, concerned in effects.worst_first()
        ],
    }


async def _answer(request: web.Request, who: Caller, done: PackProposal | Reason, status: int = 200) -> web.Response:
    """The proposal as it is after a step; what was done is done, whatever becomes of the answer."""
    if isinstance(done, Reason):
        raise Problem.of(done)
    found = await flow.look(request.app[BROKER].world, sets_of(request), who, done.id)
    response = _told(found) if isinstance(found, Looked) else web.json_response(_short(done))
    response.set_status(status)
    if status == 201:  # noqa: PLR2004 (Created)
        response.headers[hdrs.LOCATION] = f"{request.path}/{done.id}"
    return response


def _told(found: Looked) -> web.Response:
    row = found.row
    told = _short(row) | {
        "ground": row.ground,
        "text": row.text,
        "cases": row.cases,
        "written": [{"by": one.by, "at": rfc3339(one.at), "digest": one.digest} for one in row.written],
        "files": row.files if row.state == "activated" else found.tried.digest,
        "problems": list(found.problems) if row.state in flow.OPEN else [],
        "outdated": found.outdated and row.state in flow.OPEN,
    }
    return web.json_response(told, headers={hdrs.ETAG: etag(row.version)})


def _short(row: PackProposal) -> dict[str, Any]:
    return {
        "id": row.id,
        "version": row.version,
        "pack": row.pack,
        "base": row.base or None,
        "state": row.state,
        "release": row.release or None,
        "begun": rfc3339(row.written[0].at),
        "proposed": _day(row.proposed),
        "proposed_by": row.proposed_by,
        "ended": _day(row.ended),
        "ended_by": row.ended_by,
    }


def _day(at: Seconds | None) -> str | None:
    return rfc3339(at) if at is not None else None


async def looked(request: web.Request, who: Caller) -> Looked:
    """The proposal that the address names. Problem for who may not look, or where there is none."""
    found = await flow.look(request.app[BROKER].world, sets_of(request), who, request.match_info["proposal"])
    if isinstance(found, Reason):
        raise Problem.of(found)
    return found


async def try_out(request: web.Request, who: Caller, found: Looked, at: str) -> Reason | None:
    """Begin to judge everybody by the set with the proposal, and wait a moment for it; why not, if not.

    `at`: as of which day or instant; empty: now.
    """
    broker, rules = request.app[BROKER], flow.to_try(who, found)
    if isinstance(rules, Reason):
        return rules
    try:
        when = parse_rfc3339(at) if at else None
    except ValueError:
        return Reason(code="REQ-INVALID", facts=(("problem", "at: a day, for example 2031-03-26"),))
    made = simulation(broker.world, rules, when)
    await broker.administration.trials.begin(found.tried.digest, made, partial(run, broker.world), _WAIT)
    return None


def sets_of(request: web.Request) -> PackSets:
    """Where sets of packs are kept. Problem where none can be written."""
    sets = request.app[BROKER].administration.sets
    if sets is None:
        raise Problem("REQ-NOT-FOUND")
    return sets


ADDRESSES = (
    ("GET", "/pack-proposals", list_proposals),
    ("POST", "/pack-proposals", post_begun),
    ("GET", "/pack-proposals/{proposal}", get_proposal),
    ("PUT", "/pack-proposals/{proposal}", put_proposal),
    ("POST", "/pack-proposals/{proposal}/proposal", post_proposed),
    ("POST", "/pack-proposals/{proposal}/activation", post_activation),
    ("POST", "/pack-proposals/{proposal}/withdrawal", post_given_up),
    ("GET", "/pack-proposals/{proposal}/simulation", get_simulation),
    ("POST", "/pack-proposals/{proposal}/simulation", post_simulation),
)
"""Below /api/v1; part of the one table of routes.py."""
