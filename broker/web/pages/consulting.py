"""A consultation about a change of the rules: for everybody to read, for who is asked to comment, for who writes the
rules to answer and to close. What may be done by whom is asked of flows/consultations.py.
"""

from collections.abc import Mapping, Sequence
from itertools import accumulate
from typing import Any

from aiohttp import web
from multidict import MultiDict

from broker.core.consultations import MOST_DAYS, MOST_TEXT, can, unanswered
from broker.core.ids import SubjectRef
from broker.core.outcome import Reason
from broker.core.rows import Comment, Role
from broker.core.time import Seconds, day_of
from broker.flows import consultations as flow
from broker.flows.community import ROLE, SCOPE, speaks_for
from broker.flows.consultations import Asked, Read
from broker.flows.propose_packs import may_write
from broker.flows.world import Caller, World
from broker.web import forms
from broker.web.bodies import form_body
from broker.web.errors import Problem
from broker.web.languages import language
from broker.web.pages import searching
from broker.web.pages.here import page, signed_in, visitor
from broker.web.pages.wording import worded
from broker.web.state import BROKER

_FORM_BYTES = 64 * 1024
_PAGE, _CHARACTERS = 50, 40_000
"""Comments that are shown at once, and how long they may be together: a page is read over slow lines too."""


async def show(request: web.Request) -> web.Response:
    """GET /consultations/{consultation}: the text, what was said to it, and what was answered."""
    return await _shown(request, await visitor(request))


async def acted(request: web.Request) -> web.Response:
    """POST /consultations/{consultation}: comment, object, answer, or close; which, `do` says."""
    who = await signed_in(request)
    form = forms.own(request, await form_body(request, _FORM_BYTES))
    done = await _step(request, who, form)
    if isinstance(done, Reason):
        return await _shown(request, who, worded(done, language(request)), form)
    raise web.HTTPSeeOther(request.path_qs)


async def _step(request: web.Request, who: Caller, form: MultiDict[str]) -> object:
    world, id = request.app[BROKER].world, request.match_info["consultation"]
    match form.get("do", ""):
        case "comment":
            side = SubjectRef(form["side"]) if form.get("side") else None
            objects = form.get("kind") == "objection"
            return await flow.comment(world, who, id, form.get("text", ""), objects=objects, side=side)
        case "answer":
            return await flow.answer(world, who, form.get("comment", ""), form.get("answer", ""))
        case "close":
            return await flow.close(world, who, id, form.get("result", ""))
        case _:
            return Reason(code="REQ-INVALID", facts=(("problem", "do: no such step"),))


async def read_asked(form: MultiDict[str], world: World) -> Asked:
    """What the form on the page of a proposal says about whom to ask: a community by the name of who speaks for it, for
    its pseudonym is told to nobody else.
    """
    days, named = form.get("days", ""), await _by_authority(world)
    lines = (" ".join(line.split()) for line in form.get("communities", "").splitlines())
    refs = [named.get(line.casefold(), line) for line in lines if line]
    return Asked(
        days=int(days) if days.isascii() and days.isdecimal() and len(days) <= len(str(MOST_DAYS)) else 0,
        communities=[SubjectRef(ref) for ref in refs],
        public=form.get("public") == "yes",
        ground=form.get("asked_ground", ""),
    )


async def _by_authority(world: World) -> Mapping[str, str]:
    """The communities for which somebody speaks, by the name of their authority; of two of one name neither."""
    found: dict[str, set[str]] = {}
    now = world.clock.now()
    async for role in world.rows.scan(Role):
        if role.role == ROLE and role.holds(now) and role.scope.startswith(SCOPE):
            ref = role.scope.removeprefix(SCOPE)
            for row in world.snapshots.current().about(SubjectRef(ref)):
                said = row.consent.community
                found.setdefault(" ".join(said.authority.casefold().split()) if said else "", set()).add(ref)
    return {name: next(iter(refs)) for name, refs in found.items() if name and len(refs) == 1}


def last_day(until: Seconds) -> str:
    """The day with whose end, or in which, the time is over."""
    return day_of(Seconds(until - 1)).isoformat()


async def _shown(
    request: web.Request,
    who: Caller | None,
    wrong: str | None = None,
    typed: MultiDict[str] | None = None,
) -> web.Response:
    world = request.app[BROKER].world
    found = await flow.read(world, request.match_info["consultation"])
    if isinstance(found, Reason):
        raise Problem.of(found)
    now, row, start = world.clock.now(), found.row, searching.place(request)
    shown = _at_once(found.comments[start : start + _PAGE])
    writes = who is not None and may_write(who)
    values: dict[str, Any] = {
        "row": row,
        **_standing(found, now),
        "comments": shown,
        "count": len(found.comments),
        "start": start,
        "following": start + len(shown) if start + len(shown) < len(found.comments) else None,
        "sides": _sides(found, who),
        "open": can(row, "comment", now) is None,
        "answers": writes and can(row, "answer", now) is None,
        "closes": writes and can(row, "close", now) is None,
        "typed": typed if typed is not None else {},
        "most": MOST_TEXT,
        "wrong": wrong,
    }
    return page(request, who, "consultation.html", values, status=409 if wrong else 200)


def _at_once(comments: Sequence[Comment]) -> Sequence[Comment]:
    """As many as fit on a page; one at least."""
    sizes = accumulate(len(one.text) + len(one.answer) for one in comments)
    return comments[: max(1, sum(size <= _CHARACTERS for size in sizes))]


def _standing(found: Read, now: Seconds) -> dict[str, Any]:
    row = found.row
    over = can(row, "comment", now) is not None
    return {
        "state": "closed" if row.state == "closed" else "over" if over else "open",
        "day": day_of(row.closed).isoformat() if row.closed is not None else last_day(row.until),
        "stale": not found.current,
        "objections": sum(one.objects for one in found.comments),
        "unanswered": unanswered(found.comments),
    }


def _sides(found: Read, who: Caller | None) -> list[str]:
    """For whom the visitor may speak: the communities that are asked, and themselves (empty)."""
    if who is None:
        return []
    mine = sorted(speaks_for(who) & set(found.row.communities))
    return [*mine, *([""] if found.row.public else [])]
