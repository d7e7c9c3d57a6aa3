"""Pages of administration about what is there and what runs now: downloads and sessions to stop, data, health.

Stopping takes no sign-in of the last minutes, as everywhere on these pages.
"""

from operator import itemgetter
from typing import Any

from aiohttp import web
from multidict import MultiDict

from broker.core.jurisdiction.needs import needs
from broker.core.jurisdiction.rulebook import Rulebook, overdue, stops_on
from broker.core.outcome import Reason
from broker.core.reasons.language import Tongue
from broker.core.rows import Committee, Dataset, IdentityProvider, Repository
from broker.core.rows.revocation import What
from broker.core.safeguards import stigma_overdue, unrecorded
from broker.core.snapshot import Snapshot
from broker.core.time import Day, Seconds, day_of
from broker.flows.find_people import LONGEST, Looked, look_for, may_find
from broker.flows.revoke import revoke
from broker.flows.world import Caller
from broker.web import forms
from broker.web.bodies import form_body
from broker.web.errors import Problem
from broker.web.languages import language
from broker.web.pages import searching
from broker.web.pages.here import page, signed_in
from broker.web.pages.judged import named
from broker.web.pages.render import asking
from broker.web.pages.wording import worded
from broker.web.recording import WATCHED
from broker.web.state import BROKER, READY

_PAGE = 50
_SHOWN = 200
"""Downloads that are shown at once."""
_GROUND = 2_000
_SOON = 60 * 86_400
"""Seconds before its end in which a term of office is told of."""
_NOBODY = Looked(known=None, sessions=(), found=())
_STOPS: dict[str, What] = {"stop": "access", "end": "session"}


async def now(request: web.Request) -> web.Response:
    """GET /admin/running: the downloads of this process, health, and where to look for somebody's sessions."""
    return await _now(request, await _allowed(request))


async def acted(request: web.Request) -> web.Response:
    """POST /admin/running: look for somebody, which is on record; stop a download, or end a session, and all that
    rests on it. Whom somebody looks for stands in no address, and so in no history and no log of addresses.
    """
    who = await _allowed(request)
    form = forms.own(request, await form_body(request))
    if form.get("do") == "find":
        return await _found(request, who, form)
    what, value = _STOPS.get(form.get("do", "")), form.get("value", "")[:200]
    if what is None or not value:
        raise Problem("REQ-INVALID", problem="do, value: no such step")
    done = await revoke(request.app[BROKER].world, who, what, value, form.get("ground", "")[:_GROUND])
    if isinstance(done, Reason):
        return await _now(request, who, worded(done, language(request)))
    raise web.HTTPSeeOther("/admin/running")


async def _found(request: web.Request, who: Caller, form: MultiDict[str]) -> web.Response:
    said, home = form.get("person", "").strip()[:LONGEST], form.get("home", "")
    if not said:
        return await _now(request, who)
    done = await look_for(request.app[BROKER].world, who, said, home)
    if isinstance(done, Reason):
        raise Problem.of(done)
    return await _now(request, who, looked=done, asked=said, home=home)


async def data(request: web.Request) -> web.Response:
    """GET /admin/data: repositories, and of each dataset the facts and safeguards that nobody has stated."""
    who, broker = await _allowed(request), request.app[BROKER]
    snapshot, at = broker.snapshots.current(), broker.world.clock.now()
    tongue, start = Tongue(language(request)), searching.place(request)
    found = searching.every(request, searching.asked(request))
    values = {
        "q": request.query.get("q", "")[: searching.LONGEST],
        "repositories": [row async for row in broker.world.rows.scan(Repository)],
        "count": len(found),
        "rows": [_lacking(row, snapshot, at, tongue) for row in found[start : start + _PAGE]],
        "following": start + _PAGE if len(found) > start + _PAGE else None,
    }
    return asking(page(request, who, "admin_data.html", values))


async def _allowed(request: web.Request) -> Caller:
    """Who administers the service, or audits it; what they may stop, the flow decides."""
    who = await signed_in(request)
    if not (who.has_role("admin", "service") or who.has_role("auditor", "service")):
        raise Problem("AUTH-NOT-YOURS", roles="admin, auditor")
    return who


async def _now(
    request: web.Request,
    who: Caller,
    wrong: str | None = None,
    looked: Looked = _NOBODY,
    asked: str = "",
    home: str = "",
) -> web.Response:
    broker = request.app[BROKER]
    at, rules = broker.world.clock.now(), broker.snapshots.current().rulebook
    running = broker.streams.told()
    seats = await broker.administration.seats.of_today(broker.world)
    values = {
        "running": running[:_SHOWN],
        "count": len(running),
        "asked": asked,
        "looked": looked,
        "finds": may_find(who),
        "home": home,
        "homes": homes(request),
        "may": who.has_role("admin", "service"),
        "works": request.app[READY].ledger_writes(),
        "wait": round(request.app[WATCHED].longest_wait(), 1),
        "entries": await broker.audit.head(),
        "signed": broker.audit.first + (await broker.audit.published()).size,
        "terms": _ending(broker.snapshots.current(), at),
        "vacant": [(one.name, seats.governed.get(one.name, ())) for one in seats.vacant],
        "overdue": _overdue(rules, day_of(at)),
        "jobs": [
            {"word": "job." + one.name.partition(" ")[0], "of": one.name.partition(" ")[2], "one": one}
            for one in broker.administration.jobs.told()
        ],
        "wrong": wrong,
    }
    return page(request, who, "admin_running.html", values, status=409 if wrong else 200)


def homes(request: web.Request) -> list[tuple[str, str]]:
    """Home organisations at which an administrator may look for somebody: address and name."""
    rows = request.app[BROKER].snapshots.current().all(IdentityProvider)
    return sorted(
        ((one.id, one.name) for one in rows if one.audience != "participant" and one.status != "removed"),
        key=itemgetter(1),
    )


def _ending(snapshot: Snapshot, at: Seconds) -> list[tuple[Seconds, str]]:
    """Seats in committees whose term of office ends soon: when, and where."""
    seats = ((one, role) for one in snapshot.all(Committee) for role in snapshot.seats(f"committee:{one.id}", at))
    return sorted((role.ends, one.name) for one, role in seats if role.ends - at < _SOON)


def _overdue(rules: Rulebook, today: Day) -> list[tuple[str, str, str]]:
    """Packs whose review is due, since when, and from which day on they give no permit."""
    late = [pack for pack in rules.packs.values() if overdue(pack, today)]
    return [(pack.id, pack.review.next_review_due.isoformat(), stops_on(pack).isoformat()) for pack in late]


def _lacking(row: Dataset, snapshot: Snapshot, at: Seconds, tongue: Tongue) -> dict[str, Any]:
    packs = snapshot.rulebook.packs
    missing = [(need.fact, need.pack) for need in needs(snapshot.rulebook, row.facts, at)]
    return {
        "id": row.id,
        "title": row.title,
        "hidden": row.existence == "hidden",
        "facts": [(named(fact, tongue), pack, packs[pack].title if pack in packs else pack) for fact, pack in missing],
        "safeguards": [named(one.member, tongue) for one in unrecorded(row)],
        "stigma_late": stigma_overdue(row.safeguards, day_of(at)),
    }
