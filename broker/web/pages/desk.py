"""The committee's pages: what lies on the desk, by clock, and an application with all that one may do with it."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Literal

from aiohttp import web
from multidict import MultiDict

from broker.core.access.life import Command
from broker.core.access.parts import OF_APPLICANTS, Part
from broker.core.access.states import State
from broker.core.access.votes import tally
from broker.core.decision.answerers import COMMITTEE, may_answer
from broker.core.decision.explanation.written import STATES
from broker.core.grants import life
from broker.core.ids import DatasetId, DecisionId, RequestId, ReviewId
from broker.core.origins import SEATED
from broker.core.outcome import Outcome, Reason
from broker.core.reasons.language import Tongue
from broker.core.rows import Grant, Request
from broker.core.rows.applications import Assessment
from broker.core.time import FOREVER, day_of, parse_rfc3339
from broker.flows import decide_request
from broker.flows.applications.correct import reopen
from broker.flows.applications.desk import Desk, at_desk, inbox, requests
from broker.flows.applications.review import (
    Said,
    assess,
    confirm,
    endorse,
    give_back,
    invite,
    put_off,
    remark,
    step_aside,
    vote,
)
from broker.flows.applications.similar import similar
from broker.flows.decide_request import NotPossible
from broker.flows.find_people import called
from broker.flows.origin_words import voice
from broker.flows.tell_decision import tell_decision
from broker.flows.traces import explained_to_committee
from broker.flows.world import Caller, World
from broker.web import forms
from broker.web.bodies import form_body
from broker.web.called import name_of
from broker.web.errors import Problem
from broker.web.languages import language
from broker.web.pages.applying import papers_shown, people_shown, review_shown
from broker.web.pages.here import page, signed_in
from broker.web.pages.judged import fair, judged
from broker.web.pages.originating import origin_shown, spoken
from broker.web.pages.render import scripted
from broker.web.pages.wording import worded
from broker.web.state import BROKER

_FORM_BYTES = 128 * 1024
SIDES = ("risk_of_use", "risk_of_non_use", "benefit", "to_whom")
"""What an assessment says."""
_TEXT = 20_000
_NAME = 255
"""Characters of the name of a question."""


async def listed(request: web.Request) -> web.Response:
    """GET /reviews: what waits for one's committees, or for oneself; the most urgent first."""
    who, snapshot = await signed_in(request), request.app[BROKER].snapshots.current()
    waiting = inbox(who, snapshot)
    shown = [{"title": one.application.paper.title, **review_shown(one, snapshot, request)} for one in waiting]
    return page(request, who, "reviews.html", {"rows": shown, "terms": _terms(request, who)})


def _terms(request: web.Request, who: Caller) -> list[str]:
    """Until when somebody sits in which committee, where that ends."""
    tongue = Tongue(language(request))
    ending = sorted((role.ends, role.scope) for role in who.roles if role.role in SEATED and role.ends != FOREVER)
    return [
        tongue.word(
            "desk.term",
            committee=name_of(request, scope.removeprefix("committee:")),
            date=tongue.language.figures.day(day_of(ends)),
        )
        for ends, scope in ending
    ]


async def show(request: web.Request) -> web.Response:
    """GET /reviews/{review}: what the applicant wrote, what the rules say, what was said, and what one may do."""
    who = await signed_in(request)
    return await _shown(request, who, _seen(request, who))


async def acted(request: web.Request) -> web.Response:
    """POST /reviews/{review}: one step; which one, `do` says."""
    who = await signed_in(request)
    form = forms.own(request, await form_body(request, _FORM_BYTES))
    found = _seen(request, who)
    step = _STEPS.get(form.get("do", ""))
    if step is None:
        raise Problem("REQ-INVALID", problem="do: no such step")
    id = ReviewId(request.match_info["review"])
    done = await step(request.app[BROKER].world, who, id, form) if _short(form) else _TOO_LONG
    if isinstance(done, NotPossible | Reason):
        wrong = _told(done, request)
        return await _shown(request, who, _seen(request, who), wrong=wrong, typed=form)
    applies = found.parts & OF_APPLICANTS
    raise web.HTTPSeeOther(f"/applications/{found.application.id}" if applies else f"/reviews/{id}")


def _told(no: NotPossible | Reason, request: web.Request) -> str:
    """Why it was not done; where the rules forbid the committee's yes, all that they say."""
    told_in = language(request)
    if isinstance(no, Reason):
        empty = _EMPTY.get(dict(no.facts).get("problem", ""))
        tongue = Tongue(told_in)
        return tongue.word("apply.unsaid", question=tongue.word(empty)) if empty else worded(no, told_in)
    told: dict[str, str] = explained_to_committee(no.id, no.explanation, told_in)["audience_texts"]
    return told["dac"]


_CHOICE, _GROUND, _TEXT_UNSAID = "choice: yes, no or abstain", "ground: nothing is said", "text: nothing is said"
_UNTIL = "until: a day, for example 2027-01-31"
_EMPTY = {_CHOICE: "desk.vote", _GROUND: "desk.ground", _TEXT_UNSAID: "desk.text", _UNTIL: "desk.delay_until"}
"""What is not filled in, and what its field is called on the page."""
_TOO_LONG = Reason(code="REQ-TOO-LARGE", facts=(("limit", f"a text of more than {_TEXT} characters"),))


def _short(form: MultiDict[str]) -> bool:
    return all(len(value) <= _TEXT for value in form.values())


def _seen(request: web.Request, who: Caller) -> Desk:
    found = at_desk(who, ReviewId(request.match_info["review"]), Command.SEE, request.app[BROKER].snapshots.current())
    if isinstance(found, Reason):
        raise Problem.of(found)
    return found


async def _shown(
    request: web.Request, who: Caller, one: Desk, wrong: str | None = None, typed: MultiDict[str] | None = None
) -> web.Response:
    broker = request.app[BROKER]
    snapshot = broker.snapshots.current()
    asked = requests(one.review, snapshot)
    values = {
        "one": review_shown(one, snapshot, request),
        "paper": one.application.paper,
        "turn": one.application.turn,
        **papers_shown(one.application, (one,), who, request),
        "people": people_shown(one.application, snapshot),
        "asked": _marked([await _asked(request, who, each, one, typed) for each in asked]),
        "inside": one.inside,
        "idle": one.may <= {Command.SEE},
        "apart": one.apart,
        "aside": one.review.aside,
        "voting": one.committee.quorum > 1 or any(each.origin is not None and each.origin.objecting for each in asked),
        "votes": [vote for vote in one.review.votes if vote.turn == one.application.turn],
        "me": who.person.id,
        "quorum": one.committee.quorum,
        "committee": one.committee,
        "wrong": wrong,
        "names_of_sides": SIDES,
        "typed": typed or {},
    }
    return scripted(page(request, who, "review.html", values, status=409 if wrong else 200))


def _marked(asked: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """What waits first, and the first of each dataset marked: votes and assessments are about the dataset."""
    ordered = sorted(asked, key=lambda each: not each["open"])
    seen: set[str] = set()
    for each in ordered:
        each["first"] = each["dataset"] not in seen
        seen.add(each["dataset"])
    return ordered


async def _asked(
    request: web.Request, who: Caller, row: Request, one: Desk, typed: MultiDict[str] | None
) -> dict[str, Any]:
    """A dataset of it: what the rules say, which questions the committee may answer, and what it thinks."""
    id = DecisionId(row.decision or row.foresight)
    now, snapshot = request.app[BROKER].world.clock.now(), request.app[BROKER].snapshots.current()
    told = await tell_decision(request.app[BROKER].world, who, id, "committee", language(request))
    explanation = told["explanation"] if not isinstance(told, Reason) else None
    grant = snapshot.get(Grant, row.grant) if row.grant is not None else None
    count = tally(one.review.votes, row.dataset, one.application.turn, one.review.apart)
    return {
        "id": row.id,
        "dataset": row.dataset,
        "who": ", ".join(row.affiliations),
        "amends": row.instead_of is not None,
        "state": row.state.value,
        "ground": row.ground,
        "open": row.state is State.SUBMITTED,
        "says": explanation["audience_texts"]["dac"] if explanation is not None else "",
        "as_of": parse_rfc3339(told["at"]) if not isinstance(told, Reason) else None,
        "grant": row.grant,
        "life": life(grant, snapshot, now, inside=True) if grant is not None and one.inside else (),
        "judged": judged(explanation, snapshot.rulebook, Tongue(language(request))),
        "codes": _open_to_us(explanation),
        "cast": count.cast,
        "opinion": count.opinion(one.committee.quorum).value,
        "fair": fair(row, snapshot, request.app[BROKER].administration.figures.income),
        "similar": similar(row, snapshot) if one.inside else (),
        "origin": origin_shown(row.origin, now, voice(who, row, snapshot), typed),
        "sides": one.review.assessment(row.dataset, one.application.turn),
    }


def _open_to_us(explanation: Mapping[str, Any] | None) -> list[tuple[str, str]]:
    """The open questions that a committee answers, each with what is asked; what is met already asks nothing."""
    gates = explanation.get("gates", ()) if explanation is not None else ()
    asked = {
        each["code"]: each["sentence"]
        for gate in gates
        if gate["state"] != STATES[Outcome.PERMIT]
        for each in gate["why"]
        if each["answered_by"] is not None
    }
    return [(code, says) for code, says in asked.items() if may_answer(COMMITTEE, code)]


Step = Callable[[World, Caller, ReviewId, MultiDict[str]], Awaitable[object]]


async def _endorse(w: World, who: Caller, id: ReviewId, form: MultiDict[str]) -> object:
    return _unsaid(form, "ground") or await endorse(
        w, who, id, yes=form.get("answer") == "yes", ground=form.get("ground", "")
    )


async def _confirm(w: World, who: Caller, id: ReviewId, form: MultiDict[str]) -> object:
    return _unsaid(form, "ground") or await confirm(
        w, who, id, yes=form.get("answer") == "yes", ground=form.get("ground", "")
    )


async def _remark(w: World, who: Caller, id: ReviewId, form: MultiDict[str]) -> object:
    to: Literal["everybody", "committee"] = "committee" if form.get("to") == "committee" else "everybody"
    return _unsaid(form, "text") or await remark(w, who, id, Said(text=form["text"], about=_about(form), to=to))


def _about(form: MultiDict[str]) -> str | None:
    """The question of the papers that it is about; None: all of them."""
    return form.get("about", "")[:_NAME] or None


async def _vote(w: World, who: Caller, id: ReviewId, form: MultiDict[str]) -> object:
    choices: dict[str, Literal["yes", "no", "abstain"]] = {"yes": "yes", "no": "no", "abstain": "abstain"}
    choice = choices.get(form.get("choice", ""))
    if choice is None:
        return Reason(code="REQ-INVALID", facts=(("problem", _CHOICE),))
    dataset = DatasetId(form.get("dataset", ""))
    return _unsaid(form, "ground") or await vote(w, who, id, dataset, choice, form["ground"])


async def _assess(w: World, who: Caller, id: ReviewId, form: MultiDict[str]) -> object:
    said = {name: form.get(name, "").strip() for name in SIDES}
    return await assess(w, who, id, DatasetId(form.get("dataset", "")), Assessment(**said))


async def _delay(w: World, who: Caller, id: ReviewId, form: MultiDict[str]) -> object:
    try:
        until = parse_rfc3339(form.get("until", ""))
    except ValueError:
        return Reason(code="REQ-INVALID", facts=(("problem", _UNTIL),))
    return _unsaid(form, "ground") or await put_off(w, who, id, until, form["ground"])


async def _aside(w: World, who: Caller, id: ReviewId, form: MultiDict[str]) -> object:
    return _unsaid(form, "ground") or await step_aside(w, who, id, form["ground"])


async def _return(w: World, who: Caller, id: ReviewId, form: MultiDict[str]) -> object:
    return _unsaid(form, "text") or await give_back(w, who, id, [Said(text=form["text"], about=_about(form))])


async def _invite(w: World, who: Caller, id: ReviewId, form: MultiDict[str]) -> object:
    part: Literal[Part.REVIEWER, Part.DECIDER] = Part.DECIDER if form.get("part") == "decider" else Part.REVIEWER
    return await invite(w, who, id, await called(w, form.get("person", "")), part)


async def _decide(w: World, who: Caller, _: ReviewId, form: MultiDict[str]) -> object:
    id, answer = RequestId(form.get("request", "")), form.get("answer")
    if answer not in {"approve", "reject"}:
        return Reason(code="REQ-INVALID", facts=(("problem", "answer: approve or reject"),))
    if (unsaid := _unsaid(form, "ground")) is not None:
        return unsaid
    if answer == "reject":
        return await decide_request.reject(w, who, id, form["ground"])
    answers = {name.removeprefix("code:"): text for name, text in form.items() if name.startswith("code:") and text}
    return await decide_request.approve(w, who, id, form["ground"], answers)


async def _reopen(w: World, who: Caller, id: ReviewId, form: MultiDict[str]) -> object:
    return _unsaid(form, "ground") or await reopen(w, who, id, DatasetId(form.get("dataset", "")), form["ground"])


def _unsaid(form: MultiDict[str], name: str) -> Reason | None:
    if form.get(name, "").strip():
        return None
    return Reason(code="REQ-INVALID", facts=(("problem", f"{name}: nothing is said"),))


async def _comment(w: World, who: Caller, _: ReviewId, form: MultiDict[str]) -> object:
    return await spoken(w, who, form)


_STEPS: Mapping[str, Step] = {
    "comment": _comment,
    "endorse": _endorse,
    "confirm": _confirm,
    "remark": _remark,
    "assess": _assess,
    "delay": _delay,
    "vote": _vote,
    "step_aside": _aside,
    "return": _return,
    "invite": _invite,
    "decide": _decide,
    "reopen": _reopen,
}
