"""A researcher's pages: drafts, the form, what would be answered, and how far each committee is."""

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlencode

from aiohttp import hdrs, web
from multidict import MultiDict

from broker.core.grants import life
from broker.core.ids import ApplicationId, DatasetId
from broker.core.outcome import Reason
from broker.core.questions import ANSWERS
from broker.core.reasons.language import Tongue
from broker.core.rows import Application, Grant
from broker.core.rows.applications import Paper, Remark
from broker.core.rows.revocation import Step
from broker.core.snapshot import Snapshot
from broker.flows.applications import drafts
from broker.flows.applications.desk import Desk, desks, requests
from broker.flows.applications.hand_in import MOST_DATASETS, blank_id, hand_in, take_back
from broker.flows.applications.questions import questions
from broker.flows.request_access import foresee, is_participant
from broker.flows.world import Caller
from broker.web import forms
from broker.web.bodies import form_body, listed
from broker.web.called import disease_of
from broker.web.errors import Problem
from broker.web.languages import language
from broker.web.pages.here import page, signed_in, visitor
from broker.web.pages.originating import origin_shown
from broker.web.pages.paper_form import (
    ASKED,
    CHOICES,
    KINDS,
    PICKED,
    QUESTIONS,
    TOPICS,
    Fields,
    fields,
    paper,
    purpose,
    typed_of,
)
from broker.web.pages.papers import of_all, told, what_is_wrong
from broker.web.pages.picking import all_settled, picked, source
from broker.web.pages.render import asking
from broker.web.pages.wording import worded
from broker.web.state import BROKER
from broker.web.telling import foreseen

FORM_BYTES = 256 * 1024
_CHECKED = 5
"""Datasets that are looked at beforehand at once; the others are told of after handing in."""


async def mine(request: web.Request) -> web.Response:
    """GET /applications: one's own, and one's drafts."""
    who, broker = await signed_in(request), request.app[BROKER]
    snapshot = broker.snapshots.current()
    kept = [(id, await drafts.read(broker.world, who, id)) for id in await drafts.listed(broker.world, who)]
    values = {
        "drafts": [
            {"id": id, "title": one["value"].get("title", "")} for id, one in kept if not isinstance(one, Reason)
        ],
        "rows": [
            shown(row, desks(who, row.id, snapshot), who, request) for row in snapshot.applications_of(who.person.id)
        ],
        "applies": is_participant(who) is None,
    }
    return page(request, who, "applications.html", values)


async def new(request: web.Request) -> web.Response:
    """GET /applications/new: an empty form, a draft of one's own, or a copy of an application of one's own.

    `page`: what a form's answer has in its address; opened anew, it leads to the draft that was kept from there.
    """
    who, broker = await signed_in(request), request.app[BROKER]
    if (refused := is_participant(who)) is not None:  # before they write a page, not after
        raise Problem.of(refused)
    typed: Fields = {"datasets": request.query.get("dataset", "")[:255]}
    draft, copied = request.query.get("draft"), request.query.get("copy")
    before = await drafts.written_on(broker.world, who, request.query.get("page", ""))
    if before is not None:
        raise web.HTTPSeeOther(f"/applications/new?{urlencode({'draft': before})}")
    if draft is not None:
        kept = await drafts.read(broker.world, who, draft)
        if isinstance(kept, Reason):
            raise Problem.of(kept)
        typed = dict(kept["value"])
    elif copied is not None:
        typed = _copy(who, ApplicationId(copied), request)
    seen = drafts.mark_of(typed) if draft is not None else ""
    response = form_page(request, who, typed, draft=draft, copied=copied, seen=seen)
    if draft is None and copied is None:
        # An empty form may be kept by the browser: the back button then leads to the very one that was sent, which
        # is one application, and not to a new one that the browser fills with what was typed in the old one.
        response.headers[hdrs.CACHE_CONTROL] = "private, no-cache"
    return response


async def written(request: web.Request) -> web.Response:
    """POST /applications/new: save it, ask what would be answered, hand it in, or delete the draft."""
    who, broker, form = await visitor(request), request.app[BROKER], await form_body(request, FORM_BYTES)
    typed, draft, copied = fields(form, language(request)), form.get("draft") or None, form.get("copied") or None
    if not forms.is_own(request, form) or who is None:
        return shown_again(request, who, typed, draft=draft, copied=copied, **_tab(form))
    if form.get("do") == "delete":
        await drafts.delete(broker.world, who, draft or "")
        raise web.HTTPSeeOther("/applications")
    if form.get("do") in ("submit", "check", "find"):
        around = {"draft": draft, "copied": copied, **_tab(form)}
        typed, again = names_settled(request, who, typed, form, PICKED, around)
        if again is not None:
            return again
    if form.get("do") == "submit":
        return await _hand_in(request, who, typed, draft, copied, form.get("once"))
    return await _save(request, who, typed, draft, copied, form)


async def _save(
    request: web.Request, who: Caller, typed: Fields, draft: str | None, copied: str | None, form: MultiDict[str]
) -> web.Response:
    world, seen, once = request.app[BROKER].world, form.get("seen"), form.get("once", "")
    try:
        kept = await drafts.save(world, who, draft, typed, frozenset({seen}) if seen else None, once)
        if isinstance(kept, Reason) and kept.code == "REQ-STALE":  # another window: both are kept, each for itself
            kept = await drafts.save(world, who, None, typed, page=once)
    except ValueError:
        kept = Reason(code="REQ-TOO-LARGE", facts=(("limit", "a draft of more than 64 KiB"),))
    if isinstance(kept, Reason):
        return form_page(request, who, typed, draft=draft, copied=copied, wrong=said(kept, request))
    if form.get("do") == "check":
        return await _checked(request, who, typed, kept, copied)
    apart = draft is not None and kept != draft
    return form_page(
        request, who, typed, draft=kept, copied=copied, saved=True, apart=apart, seen=drafts.mark_of(typed)
    )


def names_settled(
    request: web.Request,
    who: Caller,
    typed: Fields,
    form: MultiDict[str],
    names: Sequence[str],
    around: Mapping[str, Any],
) -> tuple[Fields, web.Response | None]:
    """`typed` with whole names taken for what they name; and the form again, if somebody only looked for something, or
    words are left that are no whole name.
    """
    if form.get("do") == "find":
        return typed, form_page(request, who, typed, **around)
    after, problem = all_settled(request, who, typed, names)
    return after, form_page(request, who, after, wrong=problem, **around) if problem else None


async def show(request: web.Request) -> web.Response:
    """GET /applications/{application}: one's own, with what was said and answered."""
    return await shown_application(request)


async def shown_application(request: web.Request, wrong: str | None = None) -> web.Response:
    """The page of one's own application. `wrong`: what could not be done with it."""
    who, row, seen = await own(request)
    values = {"one": shown(row, seen, who, request), **papers_shown(row, seen, who, request), "wrong": wrong}
    return page(request, who, "application.html", values, status=409 if wrong else 200)


async def taken_back(request: web.Request) -> web.Response:
    """POST /applications/{application}/withdrawal: take it back."""
    who, row, _ = await own(request)
    forms.own(request, await form_body(request))
    done = await take_back(request.app[BROKER].world, who, row.id)
    if isinstance(done, Reason):
        raise Problem.of(done)
    raise web.HTTPSeeOther(f"/applications/{row.id}")


async def _hand_in(
    request: web.Request, who: Caller, typed: Fields, draft: str | None, copied: str | None, once: str | None
) -> web.Response:
    papers, world = read_paper(typed), request.app[BROKER].world
    if isinstance(papers, str):
        return form_page(request, who, typed, draft=draft, copied=copied, wrong=papers)
    wanted = [DatasetId(one) for one in listed(typed.get("datasets", ""))]
    before = ApplicationId(copied) if copied is not None else None
    done = await hand_in(world, who, wanted, papers, before, once)
    if isinstance(done, Reason):
        return form_page(request, who, typed, draft=draft, copied=copied, wrong=said(done, request))
    if draft is not None:
        await drafts.delete(world, who, draft)
    raise web.HTTPSeeOther(f"/applications/{done.application.id}")


async def _checked(request: web.Request, who: Caller, typed: Fields, draft: str, copied: str | None) -> web.Response:
    told, wanted = [], [DatasetId(one) for one in listed(typed.get("datasets", ""))[:_CHECKED]]
    try:
        asked = purpose(typed)
    except ValueError as wrong:
        return form_page(request, who, typed, draft=draft, copied=copied, wrong=str(wrong))
    for dataset in wanted:
        found = await foresee(request.app[BROKER].world, who, dataset, asked)
        if isinstance(found, Reason):
            return form_page(request, who, typed, draft=draft, copied=copied, wrong=said(found, request))
        told.append({"dataset": dataset, "text": foreseen(found, language(request))["audience_texts"]["researcher"]})
    return form_page(request, who, typed, draft=draft, copied=copied, saved=True, told=told, seen=drafts.mark_of(typed))


def _tab(form: MultiDict[str]) -> dict[str, str]:
    """What one window's form carries besides what was typed."""
    return {name: form[name] for name in ("once", "seen") if form.get(name)}


def shown_again(request: web.Request, who: Caller | None, typed: Fields, **more: Any) -> web.Response:
    """The sign-in is over, or is a new one: nothing is done, and nothing that was typed is lost."""
    wrong = Tongue(language(request)).word("apply.expired")
    return form_page(request, who, typed, wrong=wrong, **more)


def form_page(
    request: web.Request, who: Caller | None, typed: Fields, of: Sequence[DatasetId] = (), **more: Any
) -> web.Response:
    """The form, with the questions that the chosen data need, or those of `of`."""
    world = request.app[BROKER].world
    chosen, places = (
        listed(text) if isinstance(text := typed.get(name), str) else [] for name in ("datasets", "countries")
    )
    asked = questions(world, who, map(DatasetId, (*of, *chosen)), typed)
    tag = language(request).tag
    values = {
        "shown": {one.name for one in asked} if asked else None,
        "added": [
            {
                "name": f"{ASKED}{one.name}",
                "words": one.words.get(tag, one.words.get("en", one.name)),
                "choices": one.schema.get("enum", ()),
            }
            for one in asked
            if one.feeds == ANSWERS
        ],
        "once": blank_id(world, world.clock.now()),
        "seen": "",
        "typed": typed,
        "pickers": {name: picked(name, source(request, who, name), typed) for name in PICKED},
        "chosen": places,
        "choices": CHOICES,
        "kinds": KINDS,
        "topics": TOPICS,
        "questions": QUESTIONS,
        "draft": None,
        "copied": None,
        "mended": None,
        "amended": None,
        "begun": False,
        "threads": {},
        "answered": False,
        "wrong": None,
        "saved": False,
        "apart": False,
        "told": [],
        "most": MOST_DATASETS,
    } | more
    values["wrong"] = what_is_wrong(values["wrong"], Tongue(language(request))) if values["wrong"] else None
    response = page(request, who, "apply.html", values, status=400 if values["wrong"] else 200)
    return asking(response) if who is not None else response


async def own(request: web.Request) -> tuple[Caller, Application, tuple[Desk, ...]]:
    who, snapshot = await signed_in(request), request.app[BROKER].snapshots.current()
    row = snapshot.get(Application, ApplicationId(request.match_info["application"]))
    if row is None or who.person.id not in row.people:
        raise Problem("REQ-NOT-FOUND")
    return who, row, desks(who, row.id, snapshot)


def _copy(who: Caller, id: ApplicationId, request: web.Request) -> Fields:
    snapshot = request.app[BROKER].snapshots.current()
    row = snapshot.get(Application, id)
    if row is None or who.person.id not in row.people:
        raise Problem("REQ-NOT-FOUND")
    asked = [each.dataset for one in desks(who, id, snapshot) for each in requests(one.review, snapshot)]
    return typed_of(row.paper) | {"datasets": "\n".join(dict.fromkeys(asked))}


def read_paper(typed: Fields) -> Paper | str:
    """The papers, or which field is not as it must be."""
    try:
        return paper(typed)
    except ValueError as wrong:
        return str(wrong)


def said(reason: Reason, request: web.Request) -> str:
    """Why it was not done; what a question of the form is about, in its words."""
    if reason.code == "REQ-INVALID":
        return what_is_wrong(dict(reason.facts).get("problem", ""), Tongue(language(request)))
    return worded(reason, language(request))


def shown(row: Application, seen: tuple[Desk, ...], who: Caller, request: web.Request) -> dict[str, Any]:
    snapshot = request.app[BROKER].snapshots.current()
    may = frozenset().union(*(one.may for one in seen)) if seen else frozenset()
    return {
        "id": row.id,
        "title": row.paper.title,
        "turn": row.turn,
        "may": sorted(one.value for one in may),
        "people": people_shown(row, request.app[BROKER].snapshots.current(), who),
        "reviews": [review_shown(one, snapshot, request) for one in seen],
        "lives": _lives(seen, who, request),
    }


def _lives(seen: Sequence[Desk], who: Caller, request: web.Request) -> dict[str, tuple[Step, ...]]:
    """By request of one's own, what became of the grant that it brought."""
    broker = request.app[BROKER]
    now, snapshot = broker.world.clock.now(), broker.snapshots.current()
    rows = [row for one in seen for row in requests(one.review, snapshot) if row.person == who.person.id]
    held = ((row.id, snapshot.get(Grant, row.grant)) for row in rows if row.grant is not None)
    return {id: life(grant, snapshot, now, inside=False) for id, grant in held if grant is not None}


def papers_shown(row: Application, seen: Sequence[Desk], who: Caller, request: web.Request) -> dict[str, Any]:
    """The papers as they are, with what they were in the turn before, and what may be read of what was said."""
    tongue, before = Tongue(language(request)), row.papers[-2] if row.turn > 1 else None
    remarks = [each for one in seen for each in remarks_for(one)]
    snapshot = request.app[BROKER].snapshots.current()
    datasets = [each.dataset for one in seen for each in requests(one.review, snapshot)]
    needed = questions(request.app[BROKER].world, who, datasets, typed_of(row.paper))
    asked = frozenset(one.name for one in needed)
    papers = told(
        row.paper,
        before,
        remarks,
        tongue,
        lambda code: disease_of(request, code),
        asked,
        own=who.person.id in row.people,
    )
    changed = [one["label"] for one in papers if one["before"] is not None]
    if before is not None:
        members = (("datasets", "desk.asked"), ("people", "together.title"))
        changed += [tongue.word(word) for name, word in members if getattr(before, name) != getattr(row.paper, name)]
    return {"papers": papers, "changed": ", ".join(changed), "attached": row.attached, "of": row.id}


def remarks_for(one: Desk) -> list[Remark]:
    """What was said, as far as who looks may read it."""
    return [each for each in one.review.remarks if each.to == "everybody" or one.inside]


def people_shown(row: Application, snapshot: Snapshot, who: Caller | None = None) -> list[dict[str, Any]]:
    """Who applies, by the homes that their sign-in stated: names of people are not known here."""
    homes = {row.person: row.affiliations} | {one.person: one.affiliations for one in row.together}
    return [
        {
            "id": person,
            "homes": _homes(homes[person], snapshot),
            "applicant": person == row.person,
            "you": who is not None and person == who.person.id,
        }
        for person in row.people
    ]


def _homes(affiliations: Sequence[str], snapshot: Snapshot) -> str:
    """The institutions by their names, where they are registered, with what was stated."""
    names = [one.name for one in snapshot.organisations(each.partition("@")[2] for each in affiliations)]
    stated = ", ".join(affiliations)
    return f"{', '.join(names)} ({stated})" if names else stated


def review_shown(one: Desk, snapshot: Any, request: web.Request) -> dict[str, Any]:
    """An application before one committee, for templates; what was said, as far as who looks may read it."""
    now, days = request.app[BROKER].world.clock.now(), one.committee.answer_days
    asked = requests(one.review, snapshot)
    return {
        "id": one.review.id,
        "committee": one.committee.name,
        "stage": one.review.stage.value,
        "due": one.review.clock.due(one.review.stage, days),
        "late": one.review.clock.late(one.review.stage, days, now),
        "requests": asked,
        "origins": [(each, origin_shown(each.origin, now)) for each in asked if each.origin is not None],
        "remarks": of_all(remarks_for(one)),
        "may": sorted(command.value for command in one.may),
    }
