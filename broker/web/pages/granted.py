"""Pages about grants: a researcher's own, a grant with all that one may do with it, and a committee's calendar."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from aiohttp import web
from multidict import MultiDict

from broker.core.access.grants import USED, GrantCommand, GrantPart, reminder
from broker.core.decision.answerers import COMMITTEE, may_answer
from broker.core.grants import ended
from broker.core.ids import DecisionId, GrantId
from broker.core.outcome import Reason
from broker.core.purpose import Modality
from broker.core.questions import NOTHING
from broker.core.reasons.language import Tongue
from broker.core.rows import Committee, Session
from broker.core.rows.reports import Told, latest
from broker.core.snapshot import Snapshot
from broker.core.time import Seconds
from broker.flows.committee_figures import ours
from broker.flows.decide_request import NotPossible
from broker.flows.grants.desk import Held, at_grant, ending, own, seats, waiting
from broker.flows.grants.end import close, stop
from broker.flows.grants.publish import publish, take_back
from broker.flows.grants.renew import ask_renewal, decline, extend
from broker.flows.grants.terms import accept, terms_now
from broker.flows.traces import explained, explained_to_committee
from broker.flows.visas import why_not_now
from broker.flows.world import Caller, World
from broker.web import forms
from broker.web.bodies import form_body
from broker.web.errors import Problem
from broker.web.languages import language
from broker.web.pages.citing import how_to_cite, shown_publications
from broker.web.pages.here import page, signed_in
from broker.web.pages.papers import what_is_wrong
from broker.web.pages.render import scripted
from broker.web.pages.wording import worded
from broker.web.state import BROKER

_FORM_BYTES = 256 * 1024
_TEXT = 20_000
_TOO_LONG = Reason(code="REQ-TOO-LARGE", facts=(("limit", f"a text of more than {_TEXT} characters"),))


async def mine(request: web.Request) -> web.Response:
    """GET /grants: one's own grants, with their ends and what is owed under them."""
    who, broker = await signed_in(request), request.app[BROKER]
    now = broker.world.clock.now()
    tongue = Tongue(language(request))
    rows = [_shown(one, now, tongue) for one in own(who, broker.snapshots.current(), now)]
    return page(request, who, "grants.html", {"rows": rows})


async def calendar(request: web.Request) -> web.Response:
    """GET /renewals: what waits for one's committees, and what ends soon."""
    who, broker = await signed_in(request), request.app[BROKER]
    now, snapshot = broker.world.clock.now(), broker.snapshots.current()
    tongue = Tongue(language(request))
    found = {"waiting": waiting(who, snapshot, now), "ending": ending(who, snapshot, now)}
    return page(
        request,
        who,
        "renewals.html",
        {"ours": ours(who, snapshot, now), "sits": seats(who, snapshot) != []}
        | {name: [_shown(one, now, tongue) for one in rows] for name, rows in found.items()},
    )


async def show(request: web.Request) -> web.Response:
    """GET /grants/{grant}: one grant, what its holder reported, and what one may do."""
    who = await signed_in(request)
    return await _one(request, who, _seen(request, who))


async def acted(request: web.Request) -> web.Response:
    """POST /grants/{grant}: one step; which one, `do` says."""
    who = await signed_in(request)
    form = forms.own(request, await form_body(request, _FORM_BYTES))
    _seen(request, who)
    step = _STEPS.get(form.get("do", ""))
    if step is None:
        raise Problem("REQ-INVALID", problem="do: no such step")
    id = GrantId(request.match_info["grant"])
    short = all(len(value) <= _TEXT for value in form.values())
    done = await step(request.app[BROKER].world, who, id, form) if short else _TOO_LONG
    if isinstance(done, NotPossible | Reason):
        return await _one(request, who, _seen(request, who), done, form)
    raise web.HTTPSeeOther(f"/grants/{id}")


def _seen(request: web.Request, who: Caller) -> Held:
    broker = request.app[BROKER]
    now = broker.world.clock.now()
    id = GrantId(request.match_info["grant"])
    found = at_grant(who, id, GrantCommand.SEE, broker.snapshots.current(), now)
    if isinstance(found, Reason):
        raise Problem.of(found)
    return found


async def _one(
    request: web.Request,
    who: Caller,
    one: Held,
    no: NotPossible | Reason | None = None,
    typed: Mapping[str, str] | None = None,
) -> web.Response:
    broker = request.app[BROKER]
    now = broker.world.clock.now()
    codes = [each.code for each in no.decision.reasons] if isinstance(no, NotPossible) else []
    values = {
        "one": _shown(one, now, Tongue(language(request))),
        "terms": terms_now(broker.world, one.grant, broker.snapshots.current(), now),
        "purpose": one.grant.purpose,
        "published": shown_publications(one.grant.dataset, latest(one.reports), broker.snapshots.current()),
        "cite": how_to_cite(one.grant.dataset, broker.snapshots.current()),
        "inside": GrantPart.HOLDER not in one.parts,
        "wrong": _told(no, request) if no is not None else None,
        "rests": await _why_not_now(request, who, one, now),
        "ended": ended(one.grant, broker.snapshots.current()),
        "contact": _contact(one.grant.committee, broker.snapshots.current()),
        "fetches": _commands(one, broker.world.issuer),
        "codes": [code for code in dict.fromkeys(codes) if may_answer(COMMITTEE, code)],
        "typed": typed or {},
    }
    return scripted(page(request, who, "grant.html", values, status=409 if no is not None else 200))


def _contact(committee: str, snapshot: Snapshot) -> str:
    row = snapshot.get(Committee, committee)
    return row.contact if row is not None else committee


def _commands(one: Held, issuer: str) -> str:
    """By which its holder gets the files; empty: by this grant there are none to get now."""
    gets = one.stage in USED and one.grant.purpose.modality in (Modality.DOWNLOAD, Modality.STREAM)
    return f"broker login {issuer}\nbroker get {one.grant.dataset}" if gets and GrantPart.HOLDER in one.parts else ""


async def _why_not_now(request: web.Request, who: Caller, one: Held, now: Seconds) -> str:
    """In words, for its holder: why a grant that is in force opens nothing at this moment. Empty: it does."""
    broker = request.app[BROKER]
    session = await broker.world.rows.get(Session, who.session or "") if GrantPart.HOLDER in one.parts else None
    if session is None or one.stage not in USED:
        return ""
    explanation = why_not_now(broker.world, one.grant, session, now)
    if explanation is None:
        return ""
    text: str = explained(DecisionId(""), explanation, language(request))["audience_texts"]["researcher"]
    return text


def _shown(one: Held, now: Seconds, tongue: Tongue) -> dict[str, Any]:
    grant = one.grant
    return {
        "id": grant.id,
        "dataset": grant.dataset,
        "committee": grant.committee,
        "holder": grant.person,
        "homes": grant.affiliations,
        "project": grant.purpose.project or "",
        "begins": grant.begins,
        "ends": grant.ends,
        "stage": one.stage.value,
        "reminder": reminder(grant.ends, now) if one.live else None,
        "waiting": one.waiting,
        "may": sorted(command.value for command in one.may),
        "owed": [(duty, tongue.duty(duty.text), duty.overdue(now)) for duty in grant.obligations],
        "reports": one.reports,
        "life": one.life,
    }


_UNSAID = f"ground: {NOTHING}"


def _told(no: NotPossible | Reason, request: web.Request) -> str:
    """Why it was not done; where the rules forbid the committee's yes, all that they say."""
    told_in = language(request)
    if isinstance(no, Reason):
        problem = dict(no.facts).get("problem", "")
        return what_is_wrong(problem, Tongue(told_in)) if problem == _UNSAID else worded(no, told_in)
    told: dict[str, str] = explained_to_committee(no.id, no.explanation, told_in)["audience_texts"]
    return told["dac"]


Step = Callable[[World, Caller, GrantId, MultiDict[str]], Awaitable[object]]


async def _renew(w: World, who: Caller, id: GrantId, form: MultiDict[str]) -> object:
    months = form.get("months", "").strip()
    if not months.isascii() or not months.isdigit() or len(months) > len("999"):
        return _invalid("months: a whole number")
    told = _report(form)
    return told if isinstance(told, Reason) else await ask_renewal(w, who, id, int(months), told)


async def _publish(w: World, who: Caller, id: GrantId, form: MultiDict[str]) -> object:
    return await publish(w, who, id, *(form.get(name, "") for name in ("doi", "title", "attribution")))


async def _take_back(w: World, who: Caller, id: GrantId, form: MultiDict[str]) -> object:
    return await take_back(w, who, id, form.get("doi", ""))


async def _accept(w: World, who: Caller, id: GrantId, form: MultiDict[str]) -> object:
    if form.get("accepted") != "yes":
        return _invalid("accepted: say that you accept them")
    return await accept(w, who, id)


async def _close(w: World, who: Caller, id: GrantId, form: MultiDict[str]) -> object:
    if form.get("attested") != "yes":
        return _invalid("attested: say that it is true")
    told = _report(form)
    return told if isinstance(told, Reason) else await close(w, who, id, told)


async def _suspend(w: World, who: Caller, id: GrantId, form: MultiDict[str]) -> object:
    return _unsaid(form) or await stop(w, who, id, GrantCommand.SUSPEND, form["ground"])


async def _resume(w: World, who: Caller, id: GrantId, form: MultiDict[str]) -> object:
    return _unsaid(form) or await stop(w, who, id, GrantCommand.RESUME, form["ground"])


async def _revoke(w: World, who: Caller, id: GrantId, form: MultiDict[str]) -> object:
    return _unsaid(form) or await stop(w, who, id, GrantCommand.REVOKE, form["ground"])


async def _answer(w: World, who: Caller, id: GrantId, form: MultiDict[str]) -> object:
    answer = form.get("answer")
    if answer not in {"extend", "decline"}:
        return _invalid("answer: extend or decline")
    if (unsaid := _unsaid(form)) is not None:
        return unsaid
    if answer == "decline":
        return await decline(w, who, id, form["ground"])
    answers = {name.removeprefix("code:"): text for name, text in form.items() if name.startswith("code:") and text}
    return await extend(w, who, id, form["ground"], answers)


def _report(form: MultiDict[str]) -> Told | Reason:
    """What the holder wrote. Why nothing is published yet is signed."""
    text = {name: form.get(name, "").strip() for name in ("summary", "incidents", "changes", "destroyed", "kept")}
    none_yet = form.get("none_yet", "").strip()
    if none_yet and form.get("none_signed") != "yes":
        return _invalid("none_signed: sign that nothing is published yet")
    return Told(publications=(), entered=(), taken_back=(), none_yet=none_yet, **text)


def _unsaid(form: MultiDict[str]) -> Reason | None:
    return None if form.get("ground", "").strip() else _invalid(_UNSAID)


def _invalid(problem: str) -> Reason:
    return Reason(code="REQ-INVALID", facts=(("problem", problem),))


_STEPS: Mapping[str, Step] = {
    "renew": _renew,
    "publish": _publish,
    "take_back": _take_back,
    "accept": _accept,
    "close": _close,
    "answer": _answer,
    "suspend": _suspend,
    "resume": _resume,
    "revoke": _revoke,
}
