"""The page of a community's authority: what it decided, what that governs, who asks, who uses it, and its next word.

In plain words, without codes. No page has a rule of its own; a yes takes a sign-in of the last minutes.
"""

from collections.abc import Mapping
from datetime import date
from typing import Any, get_args

from aiohttp import web
from multidict import MultiDict

from broker.core.consent.choices import waits
from broker.core.consent.decisions import Said, agrees
from broker.core.consent.model import CommunityWord
from broker.core.equity import SMALL
from broker.core.outcome import Reason
from broker.core.purpose import purpose_json
from broker.core.rows import ConsentRow
from broker.core.time import Seconds
from broker.flows.community import ROLE, Asked, communities, decide
from broker.flows.consultations import open_ones
from broker.flows.world import Caller
from broker.web import forms
from broker.web.bodies import form_body
from broker.web.errors import Problem
from broker.web.languages import language
from broker.web.pages.here import page, signed_in
from broker.web.pages.originating import origin_shown, spoken
from broker.web.pages.wording import worded
from broker.web.recent import recently
from broker.web.state import BROKER

_FORM_BYTES = 32 * 1024
LONGEST = 2_000
"""Characters of what a community is to get."""
_WORDS: tuple[CommunityWord, ...] = get_args(CommunityWord)


async def home(request: web.Request) -> web.Response:
    """GET /community: the communities for which the visitor speaks."""
    return await _home(request, await signed_in(request))


async def decided(request: web.Request) -> web.Response:
    """POST /community: yes, no, or not decided; with the version that the form was made of."""
    who = await signed_in(request)
    form = forms.own(request, await form_body(request, _FORM_BYTES))
    if form.get("do") == "comment":
        return await _commented(request, who, form)
    said, seen = _said(form), form.get("seen", "")
    if not seen.isascii() or not seen.isdecimal():
        raise Problem("REQ-INVALID", problem="seen: no such version")
    if isinstance(said, Reason):
        return await _home(request, who, form, said)
    if said.word == "approved":
        await recently(request, who)
    versions = frozenset({int(seen[:9])})
    done = await decide(request.app[BROKER].world, who, form.get("record", ""), versions, said)
    if isinstance(done, Reason):
        return await _home(request, who, form, done)
    raise web.HTTPSeeOther("/community?said=yes")


async def _commented(request: web.Request, who: Caller, form: MultiDict[str]) -> web.Response:
    """Something said to one request, for the place of origin."""
    done = await spoken(request.app[BROKER].world, who, form)
    if isinstance(done, Reason):
        return await _home(request, who, form, done)
    raise web.HTTPSeeOther("/community?said=comment")


def _said(form: Mapping[str, str]) -> Said | Reason:
    word = next((each for each in _WORDS if each == form.get("word")), None)
    if word is None:
        return _unreadable("word: approved, refused or undecided")
    try:
        review_on = date.fromisoformat(form.get("review_on", "")) if form.get("review_on") else None
    except ValueError:
        return _unreadable("review_on: a day, for example 2027-06-30")
    benefit = form.get("benefit_terms", "").strip()
    if len(benefit) > LONGEST:
        return _unreadable(f"benefit_terms: {LONGEST} characters at most")
    return Said(word=word, local_only=form.get("local_only") == "yes", review_on=review_on, benefit_terms=benefit)


def _unreadable(problem: str) -> Reason:
    return Reason(code="REQ-INVALID", facts=(("problem", problem),))


async def _home(
    request: web.Request, who: Caller, typed: MultiDict[str] | None = None, wrong: Reason | None = None
) -> web.Response:
    """`wrong`: why what was typed could not be done."""
    broker = request.app[BROKER]
    now = broker.world.clock.now()
    found = communities(who, broker.snapshots.current(), now)
    if not found:
        raise Problem("AUTH-NOT-YOURS", roles=ROLE)
    consulted = await open_ones(broker.world)
    values = {
        "found": [
            {
                "one": one,
                "consulted": [row for row in consulted if one.ref in row.communities],
                "name": _name(one.records) or one.ref,
                "records": [_record(chain, now, typed) for chain in one.records],
                "asked": [_asked(each, now, typed) for each in one.asked],
            }
            for one in found
        ],
        "small": SMALL,
        "longest": LONGEST,
        "wrong": worded(wrong, language(request)) if wrong is not None else None,
        "done": request.query.get("said") if wrong is None else None,
    }
    return page(request, who, "community.html", values, status=409 if wrong is not None else 200)


def _name(records: tuple[tuple[ConsentRow, ...], ...]) -> str:
    words = (chain[-1].consent.community for chain in records)
    return next((word.authority for word in words if word is not None and word.authority), "")


def _record(chain: tuple[ConsentRow, ...], now: Seconds, typed: MultiDict[str] | None) -> dict[str, Any]:
    """One decision; in its form what was typed, if that could not be done."""
    newest = chain[-1].consent
    word = newest.community
    mine = typed if typed is not None and typed.get("record") == newest.consent_id else None
    return {
        "id": newest.consent_id,
        "seen": newest.version,
        "since": newest.effective_from,
        "word": word,
        "holds": word is not None and agrees(word, now),
        "rests": newest.status != "active",
        "open": word is not None and newest.status == "active" and not waits(newest, now),
        "history": [
            {"at": row.consent.effective_from, "word": row.consent.community.decision, "here": row.by != "source"}
            for row in reversed(chain)
            if row.consent.community is not None
        ],
        "local_only": mine.get("local_only") == "yes" if mine is not None else bool(word and word.local_only),
        "review_on": mine.get("review_on", "") if mine is not None else (word.review_on if word else None) or "",
        "benefit_terms": mine.get("benefit_terms", "") if mine is not None else word.benefit_terms if word else "",
    }


def _asked(one: Asked, now: Seconds, typed: MultiDict[str] | None) -> dict[str, Any]:
    told = purpose_json(one.purpose)
    return {
        "title": one.title, "lay": one.lay, "kinds": told.get("kinds", ()),
        "diseases": told.get("diseases", ()), "way": str(one.purpose.modality),
        "since": one.since, "benefit": one.benefit, "origin": origin_shown(one.window, now, one.voice, typed),
    }  # fmt: skip
