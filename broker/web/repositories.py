"""For repositories that serve their own bytes: the feed of what has ended, and reports of what left."""

import asyncio
from typing import Any, Literal

from aiohttp import web
from pydantic import Field

from broker.core.outcome import Reason
from broker.core.time import Seconds, parse_rfc3339
from broker.flows.repositories.feed import Page, read
from broker.flows.repositories.usage import MOST, Report, Reported, fits, report
from broker.web.asking import FEED, REPORT, often, repository
from broker.web.bodies import Wire, json_body
from broker.web.errors import Problem
from broker.web.state import BROKER, READY

LONGEST = 25
"""Seconds for which a repository may wait for news."""
LOOKS = 0.5
"""Seconds between two looks whether anything changed."""
WAITING, WAITING_EACH = 200, 2
"""Repositories' requests that may wait at once: all together, and each one's. One too many is told at once."""
_waiting: web.AppKey[dict[str, int]] = web.AppKey("waiting", dict)


class ReportPart(Wire):
    id: str = Field(min_length=1, max_length=100, pattern=r"^[A-Za-z0-9._:-]+$")
    decision: str = Field(min_length=1, max_length=100)
    object: str = Field(min_length=1, max_length=256)
    started: str = Field(max_length=40)
    ended: str = Field(max_length=40)
    bytes: int = Field(ge=0, le=2**53 - 1)
    end: Literal["complete", "incomplete", "cut", "unknown"]


class Reports(Wire):
    reports: list[ReportPart] = Field(min_length=1, max_length=MOST)


def set_up(app: web.Application) -> None:
    """Nobody waits yet."""
    app[_waiting] = {}


async def get_feed(request: web.Request) -> web.Response:
    """GET /feed?cursor=&wait=: the page after the cursor, signed; without one: from now on. `wait`: seconds."""
    asker = await repository(request, FEED)
    often(request, "feed", asker)
    wait = request.query.get("wait", "0")
    if not (wait.isascii() and wait.isdecimal() and int(wait[:6]) <= LONGEST):
        raise Problem("REQ-INVALID", problem=f"wait: whole seconds, at most {LONGEST}")
    page = await _page(request, asker)
    waiting = request.app[_waiting]
    full = sum(waiting.values()) >= WAITING or waiting.get(asker.client, 0) >= WAITING_EACH
    if page.quiet and int(wait) and "cursor" in request.query and not full:
        waiting[asker.client] = waiting.get(asker.client, 0) + 1
        try:
            page = await _news(request, asker, page, int(wait))
        finally:
            waiting[asker.client] -= 1
            if not waiting[asker.client]:
                del waiting[asker.client]
    headers = {"Cache-Control": "no-store", "Feed-Next": page.next}
    return web.Response(text=page.token, content_type="application/jwt", headers=headers)


async def _page(request: web.Request, asker: Any) -> Page:
    broker = request.app[BROKER]
    found = await read(broker.world, broker.audit, asker, request.query.get("cursor"))
    if isinstance(found, Reason):
        raise Problem.of(found)
    return found


async def _news(request: web.Request, asker: Any, page: Page, wait: int) -> Page:
    """The page once there is something in it, or its time is over."""
    snapshots, ready = request.app[BROKER].snapshots, request.app[READY]
    seen = snapshots.current()
    for _ in range(round(wait / LOOKS)):
        await asyncio.sleep(LOOKS)
        if ready.draining:
            break
        if (now := snapshots.current()) is not seen:
            seen, page = now, await _page(request, asker)
            if not page.quiet:
                break
    return page


async def post_usage(request: web.Request) -> web.Response:
    """POST /usage: downloads that the repository served. Each has its own result; sending it again changes nothing."""
    asker = await repository(request, REPORT)
    often(request, "usage", asker)
    body = await json_body(request, Reports)
    said = [_read(part) for part in body.reports]
    if len({one.name for one in said}) != len(said):
        raise Problem("REQ-INVALID", problem="reports: each id once")
    world = request.app[BROKER].world
    found = await asyncio.gather(*(report(world, asker, one) for one in said))
    return web.json_response({"results": [_result(one) for one in found]})


def _read(part: ReportPart) -> Report:
    try:
        started, ended = parse_rfc3339(part.started), parse_rfc3339(part.ended)
    except ValueError:
        raise Problem("REQ-INVALID", problem="started, ended: RFC 3339 instants") from None
    said = Report(
        name=part.id,
        decision=part.decision,
        object=part.object,
        started=Seconds(started),
        ended=Seconds(ended),
        bytes=part.bytes,
        end=part.end,
    )
    if not fits(said):
        raise Problem("REQ-INVALID", problem="a report's id is plain, and it does not end before it starts")
    return said


def _result(one: Reported) -> dict[str, str]:
    said = {"id": one.name, "result": one.result}
    if one.receipt is not None:
        said["receipt"] = one.receipt
    return said | ({"why": one.why} if one.why else {})
