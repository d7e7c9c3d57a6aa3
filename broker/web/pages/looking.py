"""The public page "What may I use for my purpose?": a purpose, and what the rules of each dataset say to it."""

from collections.abc import Sequence
from typing import Any

from aiohttp import web
from multidict import MultiDict

from broker.core.outcome import Outcome
from broker.core.purpose import Modality, Purpose
from broker.core.reasons import sentence
from broker.core.reasons.language import Language
from broker.flows.look_ahead import MOST, Ahead, look_ahead
from broker.flows.pre_check import PreCheck, pre_check
from broker.flows.world import Caller
from broker.web import forms
from broker.web.bodies import form_body, listed
from broker.web.languages import language
from broker.web.pages import searching
from broker.web.pages.here import page, signed_in, visitor
from broker.web.pages.paper_form import CHOICES, KINDS, QUESTIONS, Fields, fields, purpose
from broker.web.pages.picking import all_settled, picked, source
from broker.web.pages.render import asking
from broker.web.state import BROKER

_REASONS = 3
"""Sentences of one answer (EXPLAIN section 5, rule 2)."""
_NOTHING = Purpose()


async def what_for(request: web.Request) -> web.Response:
    """GET /use: the form; with a purpose, the answers. Nobody's name is asked for, and nothing is kept."""
    return await _shown(request, await visitor(request))


async def for_me(request: web.Request) -> web.Response:
    """POST /use: what holds for who is signed in, about the datasets that are shown; one entry for all of them."""
    who = await signed_in(request)
    forms.own(request, await form_body(request))
    return await _shown(request, who, recorded=True)


async def _shown(request: web.Request, who: Caller | None, *, recorded: bool = False) -> web.Response:
    broker, told_in = request.app[BROKER], language(request)
    typed = fields(MultiDict(request.query), told_in)
    finding = request.query.get("do") == "find"
    wanted, start = searching.asked(request), searching.place(request)
    wrong, found, count, mine = "", tuple[Ahead, ...](), 0, None
    settled, open_words = all_settled(request, who, typed, ["diseases"])
    typed = typed if finding and open_words else settled
    try:
        stated = purpose(typed)
    except ValueError as problem:
        stated, wrong = _NOTHING, str(problem)
    wrong = wrong or ("" if finding else open_words)
    if not wrong and not open_words and _says_something(stated):
        fits = searching.found(request, who, wanted)
        count = len(fits)
        ids = [row.id for row in fits[start : start + MOST]]
        found = await look_ahead(broker.world, stated, ids)
        if recorded and who is not None:
            checked = await pre_check(broker.world, who, stated, ids)
            mine = checked if isinstance(checked, PreCheck) else None
    values = {
        "typed": typed,
        "diseases": picked("diseases", source(request, who, "diseases"), typed),
        "chosen": listed(typed.get("countries", "")),
        "q": request.query.get("q", "")[: searching.LONGEST],
        "wrong": wrong,
        "kinds": KINDS,
        "choices": CHOICES,
        "questions": QUESTIONS,
        "answers": _of_person(found, mine, told_in) if mine is not None else [_told(one, told_in) for one in found],
        "decision": mine.id if mine is not None else "",
        "again": request.path_qs,
        "example": any(one.said.example for one in found),
        "count": count,
        "looked": not wrong and not open_words and _says_something(stated),
        "first": start + 1,
        "last": start + len(found),
        "following": _address(typed, request, start + MOST) if start + MOST < count else None,
    }
    return asking(page(request, who, "use.html", values, status=400 if wrong else 200))


def _says_something(stated: Purpose) -> bool:
    """Was anything but the way of access answered? To an open form no rule has an answer."""
    return stated not in {Purpose(modality=way) for way in Modality}


def _told(one: Ahead, told_in: Language) -> dict[str, Any]:
    reasons = [] if one.said.outcome.permits else one.said.reasons[:_REASONS]
    return {
        "id": one.dataset.id,
        "title": one.dataset.title,
        "outcome": one.said.outcome.name,
        "why": [sentence(reason.code, dict(reason.facts), told_in) for reason in reasons],
        "other_way": one.said.outcome is Outcome.ALTERNATIVE,
        "days": one.answer_days,
        "no": one.said.outcome is Outcome.DENY,
    }


def _of_person(found: Sequence[Ahead], mine: PreCheck, told_in: Language) -> list[dict[str, Any]]:
    """The answers for one person, the best first; each reason without facts, for they belong to many datasets."""
    by_id = {one.dataset.id: one for one in found}
    told = []
    for one in sorted(mine.told, key=lambda one: one.outcome):
        codes = () if one.outcome.permits else one.codes[:_REASONS]
        said = {
            "outcome": one.outcome.name,
            "why": [sentence(code, language=told_in) for code in codes],
            "other_way": one.outcome is Outcome.ALTERNATIVE,
            "no": one.outcome is Outcome.DENY,
        }
        told.append(_told(by_id[one.dataset], told_in) | said)
    return told


def _address(typed: Fields, request: web.Request, start: int) -> str:
    said = {name: value for name, value in typed.items() if isinstance(value, str)}
    lists = [("kinds", kind) for kind in typed.get("kinds", ())]
    query = MultiDict([*said.items(), *lists, ("q", request.query.get("q", "")), ("from", str(start))])
    return str(request.rel_url.with_path("/use").with_query(query))
