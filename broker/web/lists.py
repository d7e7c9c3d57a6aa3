"""Lists of /api/v1 that may be long: datasets, their files, requests, exceptions. A page at a time, in order of id.

Among a hundred thousand datasets others have their turn while somebody's list is made.
"""

from collections.abc import AsyncIterator
from typing import Any

from aiohttp import web

from broker.core.duo.terms import public
from broker.core.files import extent, files_after
from broker.core.ids import DatasetId
from broker.core.outcome import Gate
from broker.core.plain import plain
from broker.core.rows import Dataset, Request
from broker.core.snapshot import Snapshot
from broker.core.time import rfc3339
from broker.flows.decide_request import may_see
from broker.web.callers import caller
from broker.web.errors import Problem
from broker.web.paging import asked, following, page
from broker.web.state import BROKER
from broker.web.telling import request_json

_AT_ONCE = 500
"""Datasets that are looked at before others have their turn."""
_EXCEPTION = ("from", "until", "dataset", "code", "role")


async def list_datasets(request: web.Request) -> web.Response:
    """GET /datasets: what is listed, with its codes; `id`: that one alone. A page at a time."""
    broker, named = request.app[BROKER], request.query.get("id")
    snapshot = broker.snapshots.current()
    if named is None:
        rows = [found.row for found in broker.searched.of(snapshot)]
    else:
        one = snapshot.get(Dataset, DatasetId(named))
        rows = [one] if one is not None else []
    shown, after = page(request, rows, lambda row: row.existence == "listed")
    told = []
    for row in shown:
        told.append(_dataset(row, snapshot))
        await broker.world.clock.give_way()  # each may have many files
    return web.json_response({"datasets": told, "next_page_token": after})


async def list_objects(request: web.Request) -> web.Response:
    """GET /datasets/objects?dataset=…: the DRS objects of a dataset that is listed, a page at a time."""
    snapshot, id = request.app[BROKER].snapshots.current(), DatasetId(request.query.get("dataset", ""))
    row, (size, after) = snapshot.get(Dataset, id), asked(request)
    if row is None or row.existence != "listed":
        raise Problem("REQ-NOT-FOUND")
    found = files_after(snapshot, id, after, size + 1)
    told = [{"id": each.id, "name": each.name, "size": each.size} for each in found[:size]]
    return web.json_response({"objects": told, "next_page_token": following(found, size)})


async def list_requests(request: web.Request) -> web.Response:
    """GET /requests: one's own, and those that wait for one's committees, a page at a time."""
    who, broker = await caller(request), request.app[BROKER]
    snapshot = broker.snapshots.current()
    seen = {row.id: row for row in snapshot.requests_of(who.person.id)}
    async for row in _asked_for(request, snapshot, hidden=True):
        if may_see(who, row, snapshot):
            seen[row.id] = row
    shown, after = page(request, [seen[id] for id in sorted(seen)])
    now = broker.world.clock.now()
    return web.json_response(
        {"requests": [request_json(row, snapshot, now) for row in shown], "next_page_token": after}
    )


async def list_exceptions(request: web.Request) -> web.Response:
    """GET /exceptions: where people answered what the rules of law leave to people, and until when; nobody is named."""
    snapshot = request.app[BROKER].snapshots.current()
    approved = [row async for row in _asked_for(request, snapshot, hidden=False) if row.grant is not None]
    made = (one for row in approved for one in row.findings if one.gate is Gate.JURISDICTION)
    told = sorted((rfc3339(one.begins), rfc3339(one.ends), one.dataset, one.code, one.role) for one in made)
    return web.json_response({"exceptions": [dict(zip(_EXCEPTION, one, strict=True)) for one in told]})


async def _asked_for(request: web.Request, snapshot: Snapshot, *, hidden: bool) -> AsyncIterator[Request]:
    """Every request for data that are listed; and `hidden`, for those that are not."""
    broker = request.app[BROKER]
    for number, found in enumerate(broker.searched.of(snapshot)):
        if number % _AT_ONCE == 0:
            await broker.world.clock.give_way()
        if hidden or found.row.existence == "listed":
            for row in snapshot.requests_for(found.row.id):
                yield row


def _dataset(row: Dataset, snapshot: Snapshot) -> dict[str, Any]:
    files, size = extent(snapshot, row.id)
    return {
        "id": row.id,
        "title": row.title,
        "description": row.description,
        "committee": row.committee,
        "access": row.access,
        "duo": plain(tuple(public(term) for term in row.duo)),
        "files": files,
        "bytes": size,
    }
