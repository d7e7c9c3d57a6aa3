"""The page of sanctions: every step that was taken; for who may, the next one, and to lift one.

What stops somebody takes no sign-in of the last minutes; what lets somebody in again does.
"""

from collections.abc import Mapping, Sequence
from typing import Any, cast, get_args

from aiohttp import web
from multidict import MultiDict

from broker.core.outcome import Reason
from broker.core.questions import NOTHING
from broker.core.reasons.language import Tongue
from broker.core.rows import Organisation, Person, Sanction
from broker.core.rows.sanctions import SanctionStep, TargetKind
from broker.core.time import Day, day_of, parse_rfc3339
from broker.flows import sanctions
from broker.flows.administer import Actor
from broker.flows.find_people import find_organisations, look_for
from broker.flows.world import Caller
from broker.web import forms
from broker.web.bodies import form_body
from broker.web.called import somebody
from broker.web.errors import Problem
from broker.web.languages import language
from broker.web.pages.here import page, signed_in
from broker.web.pages.running import homes
from broker.web.pages.wording import worded
from broker.web.recent import recently
from broker.web.sanctions import sanction_json
from broker.web.state import BROKER

STEPS, KINDS = get_args(SanctionStep), get_args(TargetKind)
_MOST = {"case": 64, "whom": 255, "ground": 2_000, "appeal": 500, "ends": 64, "once": 64}
"""Characters of each field."""
_CHOOSE = "whom: choose who is meant"
_NEEDED = {"whom": "admin.whom", "ground": "desk.ground", "appeal": "admin.appeal"}
"""What has to be said, and what it is called on the page."""


async def listed(request: web.Request) -> web.Response:
    """GET /admin/sanctions: every step that was taken; who may take or lift one finds the forms beside it."""
    return await _page(request, await signed_in(request))


async def acted(request: web.Request) -> web.Response:
    """POST /admin/sanctions: a step (`do` is `impose`), or one of the two roles that lift one."""
    who = await signed_in(request)
    form = forms.own(request, await form_body(request))
    if form.get("do") == "impose":
        choices = await _choices(request, who, form) if sanctions.may_impose(_actor(who)) else []
        if choices:
            return await _page(request, who, _invalid(_CHOOSE), form, choices)
        done = await _impose(request, who, form)
        if isinstance(done, Reason):
            return await _page(request, who, done, form)
        raise web.HTTPSeeOther("/admin/sanctions")
    await recently(request, who)
    ground = form.get("ground", "").strip()[: _MOST["ground"]]
    lift = sanctions.lift(request.app[BROKER].world, _actor(who), form.get("sanction", ""), ground) if ground else None
    done = await lift if lift is not None else _invalid(f"ground: {NOTHING}")
    if isinstance(done, Reason):
        return await _page(request, who, done, form)
    raise web.HTTPSeeOther("/admin/sanctions")


def _whom(form: MultiDict[str]) -> str:
    """The id that was chosen, as long as what was typed is what it was chosen for; else what was typed."""
    typed, chosen = form.get("whom", "").strip(), form.get("chosen", "")
    return chosen if chosen and form.get("meant", "").strip() == typed else typed


async def _choices(request: web.Request, who: Caller, form: MultiDict[str]) -> list[dict[str, Any]]:
    """Who may be meant, where what was typed is no id; nobody is sanctioned for having a name like another's."""
    world, said = request.app[BROKER].world, _whom(form)[: _MOST["whom"]]
    if form.get("kind") == "organisation":
        if await world.rows.get(Organisation, said) is not None:
            return []
        found = find_organisations(world.snapshots.current(), said)
        return [{"id": one.id, "name": one.name, "person": None} for one in found]
    if not said.strip() or await world.rows.get(Person, said) is not None:
        return []
    looked = await look_for(world, who, said, form.get("home", ""))
    if isinstance(looked, Reason):
        raise Problem.of(looked)
    return [{"id": one.person, "name": one.name, "person": one} for one in looked.found]


async def _impose(request: web.Request, who: Caller, form: MultiDict[str]) -> Sanction | Reason:
    said = {name: form.get(name, "").strip() for name in _MOST} | {"whom": _whom(form)}
    step, kind = form.get("step", ""), form.get("kind", "")
    if step not in STEPS or kind not in KINDS:
        return _invalid("step, kind: one of those of the form")
    if long := [name for name, most in _MOST.items() if len(said[name]) > most]:
        return Reason(code="REQ-TOO-LARGE", facts=(("limit", f"{long[0]}: {_MOST[long[0]]} characters"),))
    if missing := [name for name in _NEEDED if not said[name]]:
        return _invalid(f"{missing[0]}: {NOTHING}")
    try:
        ends = parse_rfc3339(said["ends"])
    except ValueError:
        return _invalid("ends: a day, for example 2027-01-31")
    wanted = sanctions.Wanted(
        case=said["case"] or None, step=cast("SanctionStep", step), kind=cast("TargetKind", kind), whom=said["whom"],
        ground=said["ground"], ends=ends, appeal=said["appeal"], urgent=form.get("urgent") == "yes",
        once=said["once"] or None,
    )  # fmt: skip
    return await sanctions.impose(request.app[BROKER].world, _actor(who), wanted)


async def _page(
    request: web.Request,
    who: Caller,
    no: Reason | None = None,
    typed: MultiDict[str] | None = None,
    choices: Sequence[dict[str, Any]] = (),
) -> web.Response:
    world = request.app[BROKER].world
    if not sanctions.may_read(_actor(who)):
        raise Problem("AUTH-NOT-YOURS", roles="admin, legal_officer, auditor")
    now = world.clock.now()
    tongue = Tongue(language(request))
    rows = [sanction_json(one, now) | {"called": _called(request, one)} async for one in world.rows.scan(Sanction)]
    values: dict[str, Any] = {
        "rows": rows[::-1],
        "wrong": _wrong(no, tongue) if no is not None else None,
        "may": sanctions.may_impose(_actor(who)),
        "typed": typed if typed is not None and typed.get("do") == "impose" else {},
        "lifting": typed if typed is not None and typed.get("do") != "impose" else {},
        "once": typed["once"] if typed is not None and typed.get("once") else sanctions.blank_id(world),
        "cases": _cases(rows, tongue),
        "steps": STEPS,
        "kinds": KINDS,
        "choices": choices,
        "homes": homes(request),
        "looks": who.has_role("admin", "service"),
    }
    return page(request, who, "admin_sanctions.html", values, status=409 if no is not None else 200)


def _wrong(no: Reason, tongue: Tongue) -> str:
    """Why the step was not taken; a field that is empty by what it is called on the page."""
    name, _, rest = dict(no.facts).get("problem", "").partition(": ")
    if dict(no.facts).get("problem") == _CHOOSE:
        return tongue.word("people.first")
    if rest != NOTHING:
        return worded(no, tongue.language)
    return tongue.word("apply.unsaid", question=tongue.word(_NEEDED[name]).partition(":")[0])


def _cases(rows: Sequence[Mapping[str, Any]], tongue: Tongue) -> list[dict[str, Any]]:
    """Each case by its newest step, the newest first. `alike`: another reads the same, but for its number."""
    newest = list({one["case"]: one for one in rows}.values())[::-1]
    read = [(one["step"], one["called"], tongue.language.figures.day(_day(one["begins"]))) for one in newest]
    return [
        {"case": one["case"], "step": step, "called": called, "day": day, "alike": read.count((step, called, day)) > 1}
        for one, (step, called, day) in zip(newest, read, strict=True)
    ]


def _day(said: str) -> Day:
    return day_of(parse_rfc3339(said))


def _called(request: web.Request, one: Sanction) -> str:
    if one.kind == "person":
        return somebody(request, one.whom, Tongue(language(request)))
    row = request.app[BROKER].snapshots.current().get(Organisation, one.whom)
    return row.name if row is not None else one.whom


def _actor(who: Caller) -> Actor:
    return Actor(person=who.person, roles=who.roles)


def _invalid(problem: str) -> Reason:
    return Reason(code="REQ-INVALID", facts=(("problem", problem),))
