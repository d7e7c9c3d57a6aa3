"""One's inbox over HTTP: what one was told, and what of it one has read."""

from aiohttp import web
from pydantic import Field

from broker.core.reasons.language import Tongue
from broker.core.time import rfc3339
from broker.flows.notices.inbox import inbox, mark_read
from broker.web.bodies import Wire, json_body
from broker.web.callers import caller
from broker.web.languages import language
from broker.web.state import BROKER


class ReadBody(Wire):
    """`notice`: up to which one read them."""

    notice: str = Field(min_length=1, max_length=100)


async def list_notices(request: web.Request) -> web.Response:
    """GET /me/notices: what happened that concerns one, the newest first; of the last months."""
    who, tongue = await caller(request), Tongue(language(request))
    rows = await inbox(request.app[BROKER].world, who)
    told = [
        {
            "id": one.notice.id,
            "at": rfc3339(one.notice.at),
            "what": one.notice.what,
            "about": one.notice.about,
            "topic": one.topic,
            "text": tongue.word(f"notice.{one.topic}"),
            "read": one.read,
        }
        for one in rows
    ]
    return web.json_response({"unread": sum(not one.read for one in rows), "notices": told})


async def post_read(request: web.Request) -> web.Response:
    """POST /me/notices/read: one has read everything up to this one. Twice is once; an unknown one marks nothing."""
    who, body = await caller(request), await json_body(request, ReadBody)
    await mark_read(request.app[BROKER].world, who, body.notice)
    return web.Response(status=204)
