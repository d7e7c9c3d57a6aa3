"""Administration over HTTP: /api/v1/issuers, /api/v1/clients and /api/v1/idps, each with the same verbs.

A row is named in a path by its id, percent-encoded, or by its `ref`, which every answer holds; an identity provider
also by its slug. Changes need `If-Match`; secrets go in and never come out, but for the one that is made here, once.
"""

import json
from typing import Any, cast

from aiohttp import hdrs, web
from pydantic import Field, RootModel

from broker.core.administration import (
    SORTS,
    Managed,
    Noun,
    Sort,
    has_name,
    keeps_secret,
    makes_secret,
    may_read,
    ref,
    secret_of,
    shown,
)
from broker.core.outcome import Reason
from broker.core.passport.keys import THUMBPRINT
from broker.core.plain import plain
from broker.core.rows import IdentityProvider
from broker.core.time import rfc3339
from broker.flows.administer import (
    MOST_GROUND,
    Actor,
    Step,
    change,
    forbidden,
    made_secret,
    move,
    new_secret,
    register,
)
from broker.flows.inspect import inspect
from broker.flows.issuer_keys import expel, refetch
from broker.ports import FormError
from broker.web import once
from broker.web.bodies import Wire, json_body
from broker.web.callers import actor
from broker.web.errors import Problem
from broker.web.paging import page
from broker.web.state import BROKER, Broker
from broker.web.versions import etag, expected, is_known

MAX_BODY = 256 * 1024
"""Bytes of a row: pinned keys and long lists of values."""


class Said(RootModel[dict[str, Any]]):
    """A row in the form of a catalogue file's part."""


class Sample(Wire):
    """What to look at besides the row."""

    sample: str | None = Field(default=None, max_length=32 * 1024)
    """A visa of this issuer, to be judged as if it had come with a request."""


class Ground(Wire):
    """Why it is suspended or resumed. Left out: nothing is said."""

    ground: str | None = Field(default=None, min_length=1, max_length=MOST_GROUND)


class Expelled(Wire):
    thumbprint: str = Field(pattern=THUMBPRINT)
    ground: str = Field(min_length=1, max_length=2_000)


async def list_rows(request: web.Request) -> web.Response:
    """Those of one sort that the caller may see, in order of id; a page at a time."""
    broker, sort = request.app[BROKER], _sort(request)
    who = await actor(request, f"{sort.noun}:read")
    seen = [row async for row in broker.world.rows.scan(sort.kind) if may_read(who.roles, sort, row.id)]
    if not seen and not may_read(who.roles, sort, ""):
        raise Problem.of(forbidden(sort))
    rows, after = page(request, seen)
    return web.json_response({sort.noun: [_shown(broker, row) for row in rows], "next_page_token": after})


async def get_row(request: web.Request) -> web.Response:
    """One of them, with its version as ETag."""
    broker, sort = request.app[BROKER], _sort(request)
    row = await _readable(request, sort)
    if is_known(request, row.version):
        return web.Response(status=304, headers={hdrs.ETAG: etag(row.version)})
    return _answer(broker, row)


async def post_row(request: web.Request) -> web.Response:
    """Register one. A client that authenticates by a secret and is sent without one gets it in this answer, once."""
    broker, sort = request.app[BROKER], _sort(request)
    who = await actor(request, f"{sort.noun}:write")
    said = (await json_body(request, Said, MAX_BODY)).root
    secret: str | None = None
    stored: str | None = None
    if makes_secret(sort, said):
        secret, stored = made_secret(broker.world)
    made = await register(broker.world, who, sort.noun, _row(broker, sort, said, stored), broker.administration.mode)
    return _told(request, made, status=201, secret=secret)


async def put_row(request: web.Request) -> web.Response:
    """Another version of the whole row. Its state stays; a secret that is not sent stays too."""
    broker, sort = request.app[BROKER], _sort(request)
    who = await actor(request, f"{sort.noun}:write")
    before = await _named(request, sort, who)
    versions = expected(request)
    said = (await json_body(request, Said, MAX_BODY)).root
    row = _row(broker, sort, said, secret_of(before) if keeps_secret(before, said) else None)
    if row.id != before.id:
        raise Problem("REQ-INVALID", problem="the body names another row than the address")
    if said.get("status", before.status) != before.status:
        raise Problem("REQ-INVALID", problem="status: suspend, resume and DELETE change it")
    return _told(request, await change(broker.world, who, sort.noun, row, versions, broker.administration.mode))


async def delete_row(request: web.Request) -> web.Response:
    """Remove one for good: the row stays, `removed`, and everything that rests on it ends now."""
    who, row = await _movable(request)
    return await _moved(request, who, row, Step(verb="remove", expected=expected(request)))


async def suspend(request: web.Request) -> web.Response:
    """Suspend one: everything that rests on it stops now, running downloads too. Twice is once.

    A body with the `ground` is not needed: whoever must stop something need not say why first.
    """
    who, row = await _movable(request)
    ground = (await json_body(request, Ground)).ground if request.body_exists else None
    return await _moved(request, who, row, Step(verb="suspend", ground=ground))


async def resume(request: web.Request) -> web.Response:
    """Let a suspended one work again. Twice is once. A body with the `ground` is not needed."""
    who, row = await _movable(request)
    ground = (await json_body(request, Ground)).ground if request.body_exists else None
    return await _moved(request, who, row, Step(verb="resume", ground=ground))


async def test_row(request: web.Request) -> web.Response:
    """Fetch and check what a registered one publishes: what would be accepted, and why not. Changes nothing."""
    broker, sort = request.app[BROKER], _sort(request)
    row = await _readable(request, sort, "write")
    given = await json_body(request, Sample) if request.body_exists else Sample()
    report = await inspect(broker.world, broker.administration.tools, row, given.sample)
    return web.json_response(report.told())


async def test_form(request: web.Request) -> web.Response:
    """The same for a row that is not registered: the body is the row. Changes nothing."""
    broker, sort = request.app[BROKER], _sort(request)
    who = await actor(request, f"{sort.noun}:write")
    said = (await json_body(request, Said, MAX_BODY)).root
    sample = said.pop("sample", None)
    row = _row(broker, sort, said, "0" * 64 if makes_secret(sort, said) else None)
    refused = who.may_have(sort, row, await broker.world.rows.get(sort.kind, row.id))
    if refused is not None:
        raise Problem.of(refused)
    report = await inspect(broker.world, broker.administration.tools, row, sample if isinstance(sample, str) else None)
    return web.json_response(report.told())


async def post_secret(request: web.Request) -> web.Response:
    """A new secret for a client, shown in this answer and nowhere else; the one before it is worth nothing now."""
    broker, sort = request.app[BROKER], _sort(request)
    who = await actor(request, f"{sort.noun}:write")
    row = await _named(request, sort, who)
    made = await new_secret(broker.world, who, row.id, expected(request))
    if isinstance(made, Reason):
        raise Problem.of(made)
    return _told(request, made[0], secret=made[1])


async def issuer_health(request: web.Request) -> web.Response:
    """How a visa issuer is doing: its addresses and keys, what was refused and why, since this process began."""
    row = await _readable(request, _sort(request))
    found = next((one for one in request.app[BROKER].issuers.reports() if one.iss == row.id), None)
    return web.json_response({"id": row.id, "status": row.status, "health": plain(found)})


async def provider_health(request: web.Request) -> web.Response:
    """How a home identity provider is doing: its discovery document and its keys, since this process began."""
    row = await _readable(request, _sort(request))
    found = request.app[BROKER].idps.health([row] if isinstance(row, IdentityProvider) else [])
    return web.json_response({"id": row.id, "status": row.status, "health": plain(found[0] if found else None)})


async def refresh_keys(request: web.Request) -> web.Response:
    """Ask all addresses of a visa issuer for its keys now, and believe the answers."""
    broker, sort = request.app[BROKER], _sort(request)
    who = await actor(request, f"{sort.noun}:write")
    row = await _named(request, sort, who)
    found = await refetch(broker.world, who, broker.issuers, row.id)
    return web.json_response({"id": row.id, "status": row.status, "health": plain(found)})


async def expel_key(request: web.Request) -> web.Response:
    """Withdraw a key of a visa issuer, for good and now: its tokens count for nothing, running downloads are cut."""
    broker, sort = request.app[BROKER], _sort(request)
    who = await actor(request, f"{sort.noun}:write")
    row = await _named(request, sort, who)
    body = await json_body(request, Expelled)
    done = await expel(broker.world, who, broker.issuers, row.id, body.thumbprint, body.ground)
    if isinstance(done, Reason):
        raise Problem.of(done)
    return web.json_response({"id": done.id, "since": rfc3339(done.since)}, status=201)


async def _movable(request: web.Request) -> tuple[Actor, Managed]:
    sort = _sort(request)
    who = await actor(request, f"{sort.noun}:write")
    return who, await _named(request, sort, who)


async def _moved(request: web.Request, who: Actor, row: Managed, step: Step) -> web.Response:
    broker, sort = request.app[BROKER], _sort(request)
    return _told(request, await move(broker.world, who, sort.noun, row.id, step, broker.administration.mode))


def _sort(request: web.Request) -> Sort:
    """Which sort the address is about: /api/v1/<noun>/…"""
    return SORTS[cast("Noun", request.path.split("/")[3])]


async def _find(request: web.Request, sort: Sort) -> Managed | None:
    """The row that the path names."""
    name = request.match_info["name"]
    rows = request.app[BROKER].world.rows
    found = await rows.get(sort.kind, name)
    if found is not None:
        return found
    async for row in rows.scan(sort.kind):
        if has_name(row, name):
            return row
    return None


async def _named(request: web.Request, sort: Sort, who: Actor) -> Managed:
    """The row that the path names, for who may change it. To others it looks the same whether it exists or not."""
    row = await _find(request, sort)
    if not who.may_write(sort, row.id if row is not None else request.match_info["name"]):
        raise Problem.of(forbidden(sort))
    if row is None:
        raise Problem("REQ-NOT-FOUND")
    return row


async def _readable(request: web.Request, sort: Sort, right: str = "read") -> Managed:
    who = await actor(request, f"{sort.noun}:{right}")
    row = await _find(request, sort)
    id = row.id if row is not None else request.match_info["name"]
    if not (may_read(who.roles, sort, id) if right == "read" else who.may_write(sort, id)):
        raise Problem.of(forbidden(sort))
    if row is None:
        raise Problem("REQ-NOT-FOUND")
    return row


def _row(broker: Broker, sort: Sort, said: dict[str, Any], secret: str | None) -> Managed:
    try:
        return broker.administration.forms.read(sort.kind, said, secret=secret)
    except FormError as wrong:
        fields = [{"field": field, "problem": problem} for field, problem in wrong.faults]
        first = fields[0]
        raise Problem(
            "REQ-INVALID", extra={"fields": fields}, problem=f"{first['field']}: {first['problem']}"
        ) from None


def _told(
    request: web.Request, done: Managed | Reason, *, status: int = 200, secret: str | None = None
) -> web.Response:
    if isinstance(done, Reason):
        raise Problem.of(done)
    broker = request.app[BROKER]
    if secret is not None:
        once.without(request, json.dumps(_shown(broker, done)).encode())
    return _answer(broker, done, status=status, secret=secret)


def _answer(broker: Broker, row: Managed, *, status: int = 200, secret: str | None = None) -> web.Response:
    headers = {hdrs.ETAG: etag(row.version), hdrs.CACHE_CONTROL: "no-store"}
    if status == 201:  # noqa: PLR2004 (RFC 9110: created)
        noun = next(sort.noun for sort in SORTS.values() if sort.kind is type(row))
        headers[hdrs.LOCATION] = f"/api/v1/{noun}/{ref(row.id)}"
    shown = _shown(broker, row) | ({"client_secret": secret} if secret is not None else {})
    return web.json_response(shown, status=status, headers=headers)


def _shown(broker: Broker, row: Managed) -> dict[str, Any]:
    return shown(row, broker.administration.forms.write(row))


ADDRESSES = (
    ("GET", "", list_rows),
    ("POST", "", post_row),
    ("POST", "/test", test_form),
    ("GET", "/{name}", get_row),
    ("PUT", "/{name}", put_row),
    ("DELETE", "/{name}", delete_row),
    ("POST", "/{name}/test", test_row),
    ("POST", "/{name}/suspend", suspend),
    ("POST", "/{name}/resume", resume),
)
"""What can be done with every sort of row that is administered (core/administration.py)."""
