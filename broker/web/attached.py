"""Files beside an application (/api/v1/applications/{application}/files): the same flows and bounds as on its page.

A file is the body of the request, as it is; what it is, its bytes say. It is given out so that no browser runs it.
"""

from typing import Any
from urllib.parse import quote

from aiohttp import hdrs, web

from broker.core.attachments import LARGEST
from broker.core.ids import ApplicationId
from broker.core.rows.applications import Attached
from broker.core.time import rfc3339
from broker.flows.applications.attach import attach, attached, read, remove
from broker.web.bodies import raw
from broker.web.callers import caller
from broker.web.reviews import or_problem
from broker.web.state import BROKER

SANDBOX = "sandbox; default-src 'none'; frame-ancestors 'none'"
"""Whatever a file holds: no script, no form, no address of ours, no other page around it."""
_NAME = 1_000
"""Characters of a name that are looked at."""


async def list_files(request: web.Request) -> web.Response:
    """GET /applications/{application}/files: what is attached, for who applies and for who sees it at a committee."""
    who = await caller(request)
    found = or_problem(attached(request.app[BROKER].world, who, _of(request)))
    return web.json_response({"files": [_file(one) for one in found]})


async def post_file(request: web.Request) -> web.Response:
    """POST /applications/{application}/files: attach the body, called `name`; PDF, PNG, JPEG or plain text."""
    who, broker, id = await caller(request), request.app[BROKER], _of(request)
    name = request.query.get("name", "")[:_NAME]
    content = await raw(request, LARGEST)
    made = or_problem(await attach(broker.world, broker.scanner, who, id, name, content))
    location = {hdrs.LOCATION: f"/api/v1/applications/{id}/files/{made.id}"}
    return web.json_response(_file(made), status=201, headers=location)


async def get_file(request: web.Request) -> web.Response:
    """GET /applications/{application}/files/{file}: the bytes."""
    who, file = await caller(request), request.match_info["file"]
    return given_out(*or_problem(await read(request.app[BROKER].world, who, _of(request), file)))


async def delete_file(request: web.Request) -> web.Response:
    """DELETE /applications/{application}/files/{file}: remove it, and its bytes with it."""
    who, file = await caller(request), request.match_info["file"]
    or_problem(await remove(request.app[BROKER].world, who, _of(request), file))
    return web.Response(status=204)


def given_out(one: Attached, content: bytes) -> web.Response:
    """The bytes, to be saved and never shown as a page of ours."""
    headers = {
        hdrs.CONTENT_DISPOSITION: f"attachment; filename*=UTF-8''{quote(one.called, safe='')}",
        hdrs.CACHE_CONTROL: "no-store",
        "Content-Security-Policy": SANDBOX,
        "X-Content-Type-Options": "nosniff",
    }
    return web.Response(body=content, content_type=one.media, headers=headers)


def _of(request: web.Request) -> ApplicationId:
    return ApplicationId(request.match_info["application"])


def _file(one: Attached) -> dict[str, Any]:
    return {
        "id": one.id,
        "name": one.called,
        "media_type": one.media,
        "size": one.size,
        "sha256": one.sha256,
        "attached": rfc3339(one.at),
        "scanned": one.scanned,
        "turn": one.turn,
    }
