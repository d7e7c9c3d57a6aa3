"""GA4GH DRS 1.5.0, many objects at a time: each has its own answer, and a part that fails fails alone."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from aiohttp import web

from broker.core.drs import bulk
from broker.core.drs.bulk import Unresolved
from broker.core.drs.ways import EVERY, STORE, Way
from broker.core.ids import ObjectId
from broker.core.outcome import Reason
from broker.core.reasons.language import Language
from broker.flows.see_objects import is_for_all, see
from broker.flows.sign_address import Signed
from broker.flows.use_data import Waiting
from broker.flows.use_many import Answer, ask_each
from broker.flows.world import Caller
from broker.web.bodies import Wire, json_body
from broker.web.callers import access_token, caller_by_passports, caller_for_data
from broker.web.drs import asked, asker, by_body, handed, ticket_of
from broker.web.drs_shown import (
    BULK_BYTES,
    MAX_BULK,
    Json,
    authorizer,
    described,
    expanded,
    later,
    unresolved,
    way_of,
)
from broker.web.errors import Problem
from broker.web.languages import language
from broker.web.state import BROKER, Broker

RESOLVED, ADDRESSES = "resolved_drs_object", "resolved_drs_object_access_urls"
"""How the specification calls the lists: of objects and of authorizations, and of addresses."""


class OptionsBody(Wire):
    bulk_object_ids: list[str]


class ObjectsBody(Wire):
    bulk_object_ids: list[str]
    passports: list[str] | None = None


class AccessIds(Wire):
    bulk_object_id: str
    bulk_access_ids: list[str]


class AccessesBody(Wire):
    bulk_object_access_ids: list[AccessIds]
    passports: list[str] | None = None


async def options_objects(request: web.Request) -> web.Response:
    """OPTIONS /objects: what to show for each of many objects."""
    body = await json_body(request, OptionsBody, BULK_BYTES)
    broker, ids = request.app[BROKER], _distinct(body.bulk_object_ids)
    found, authorize = see(broker.world, None, ids), authorizer(broker)
    resolved = [authorize(one.row.id, one.row.dataset) for id in ids if (one := found[id]) is not None]
    return web.json_response(
        bulk.answer(RESOLVED, resolved, _missing(request, (id for id in ids if found[id] is None)))
    )


async def post_objects(request: web.Request) -> web.Response:
    """POST /objects: metadata of many objects, for anybody, or for who shows Passports or a token."""
    expand = expanded(request)
    body = await json_body(request, ObjectsBody, BULK_BYTES)
    broker, ids = request.app[BROKER], _distinct(body.bulk_object_ids)
    who = await caller_by_passports(request, body.passports) if body.passports else await _viewer(request, ids)
    found, authorize = see(broker.world, who, ids), authorizer(broker)
    resolved = [described(broker, one, authorize, expand=expand) for id in ids if (one := found[id]) is not None]
    return web.json_response(
        bulk.answer(RESOLVED, resolved, _missing(request, (id for id in ids if found[id] is None)))
    )


async def post_accesses(request: web.Request) -> web.Response:
    """POST /objects/access: addresses and tickets for many objects, each judged and recorded for itself; 202 while
    all of them are being brought.
    """
    body = await json_body(request, AccessesBody, BULK_BYTES)
    broker, pairs = request.app[BROKER], _pairs(body.bulk_object_access_ids)
    who, told_in = await by_body(request, body.passports), language(request)
    answers = {way: await _asked(broker, who, way, pairs) for way in EVERY}
    told = [_told(broker, id, access_id, answers, told_in) for id, access_id in pairs]
    failed = [one for one in told if isinstance(one, Unresolved)]
    wait = min((one.seconds for one in failed if one.seconds is not None), default=None)
    if wait is not None and all(one.seconds is not None for one in failed) and len(failed) == len(told):
        return later(wait)
    response = web.json_response(bulk.answer(ADDRESSES, [one for one in told if isinstance(one, dict)], failed))
    response.headers["Cache-Control"] = "no-store"
    if wait is not None:
        response.headers["Retry-After"] = str(wait)
    return response


async def _asked(
    broker: Broker, who: Caller, way: Way, pairs: Sequence[tuple[ObjectId, str]]
) -> dict[ObjectId, Answer | Signed]:
    """The answer to each object that was asked for in this way."""
    ids = [id for id, access_id in pairs if way_of(access_id) is way]
    asking = await asker(broker.world, who, way) if ids else who
    if isinstance(asking, Reason):
        return dict.fromkeys(ids, asking)
    if way is STORE:
        return {id: await asked(broker, asking, way, id) for id in dict.fromkeys(ids)}
    return dict(await ask_each(broker.world, asking, ids))


def _told(
    broker: Broker,
    id: ObjectId,
    access_id: str,
    answers: Mapping[Way, Mapping[ObjectId, Answer | Signed]],
    told_in: Language,
) -> Json | Unresolved:
    """What is told of one object and access id."""
    way = way_of(access_id)
    if way is None:
        return unresolved(id, Problem("REQ-NOT-FOUND"), told_in, access_id)
    answer = answers[way][id]
    if isinstance(answer, Waiting):
        late = unresolved(id, Problem("REQ-LATER", seconds=str(answer.seconds)), told_in, access_id)
        return replace(late, seconds=answer.seconds)
    try:
        given = answer if isinstance(answer, Signed) else ticket_of(answer, told_in)
    except Problem as problem:
        return unresolved(id, problem, told_in, access_id)
    where, receipt, decision = handed(broker, given)
    return {"drs_object_id": id, "drs_access_id": access_id, **where, "decision": decision, "receipt": receipt}


async def _viewer(request: web.Request, ids: Iterable[ObjectId]) -> Caller | None:
    """Who asks by token, where it matters what they may see."""
    world = request.app[BROKER].world
    if access_token(request) is None or all(is_for_all(world, id) for id in ids):
        return None
    return await caller_for_data(request)


def _distinct(ids: list[str]) -> list[ObjectId]:
    """What was asked for, each once; Problem for more than anybody may ask for at once."""
    if len(ids) > MAX_BULK:
        raise Problem("REQ-TOO-LARGE", limit=f"{len(ids)} objects; {MAX_BULK} at once are the most")
    return [ObjectId(id) for id in dict.fromkeys(ids)]


def _pairs(asked: list[AccessIds]) -> list[tuple[ObjectId, str]]:
    listed = [(one.bulk_object_id, way) for one in asked for way in one.bulk_access_ids]
    most = max(len(listed), len(asked))
    if most > MAX_BULK:
        raise Problem("REQ-TOO-LARGE", limit=f"{most} addresses; {MAX_BULK} at once are the most")
    return [(ObjectId(id), way) for id, way in dict.fromkeys(listed)]


def _missing(request: web.Request, ids: Iterable[ObjectId]) -> list[Unresolved]:
    told_in = language(request)
    return [unresolved(id, Problem("REQ-NOT-FOUND"), told_in) for id in ids]
