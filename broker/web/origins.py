"""The place of origin is heard on a request across a border, over the API; and how that is told, for every door."""

from typing import Annotated, Any

from aiohttp import web
from pydantic import Field

from broker.core.access.origin import MOST_TEXT, Window
from broker.core.ids import RequestId
from broker.core.origins import told_side
from broker.core.outcome import Reason
from broker.core.time import Seconds, rfc3339
from broker.flows.origin_words import say
from broker.web.bodies import Wire, json_body
from broker.web.callers import caller
from broker.web.errors import Problem
from broker.web.state import BROKER


class CommentBody(Wire):
    """`side`: for whom: `community:<ref>` or `origin:<country>`, one of those that were asked."""

    side: Annotated[str, Field(min_length=1, max_length=300)]
    objects: bool = False
    text: Annotated[str, Field(min_length=1, max_length=MOST_TEXT)]


async def post_comment(request: web.Request) -> web.Response:
    """POST /requests/{request}/comments: who speaks for the place of origin comments, or objects."""
    who, body = await caller(request), await json_body(request, CommentBody)
    world, id = request.app[BROKER].world, RequestId(request.match_info["request"])
    made = await say(world, who, id, body.side, body.text, objects=body.objects)
    if isinstance(made, Reason):
        raise Problem.of(made)
    told = origin_json(made.origin, world.clock.now(), body.side)
    return web.json_response({"id": made.id, "version": made.version, "origin": told}, status=201)


def origin_json(window: Window | None, now: Seconds, mine: str = "") -> dict[str, Any] | None:
    """What both sides read of it: the clock, what was said, and how it stands; never who said it.

    The pseudonym of a community is told to nobody but who speaks for it (`mine`), as on pages.
    """
    if window is None:
        return None
    return {
        "standing": window.standing(now).value,
        "since": rfc3339(window.since),
        "until": rfc3339(window.until),
        "sides": [told_side(one, mine) for one in window.sides],
        "silent": [told_side(one, mine) for one in sorted(window.silent())],
        "words": [
            {"side": told_side(one.side, mine), "objects": one.objects, "text": one.text, "at": rfc3339(one.at)}
            for one in window.words
        ],
        "answer": window.answer,
    }


ADDRESSES = (("POST", "/requests/{request}/comments", post_comment),)
"""Below /api/v1; part of the one table of routes.py."""
