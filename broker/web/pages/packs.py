"""Pages of the policy packs: those in force, and those that somebody writes and a second person puts in force.

What may be done by whom is asked of flows/propose_packs.py; no page has a rule of its own. Putting rules in force
takes a sign-in of the last minutes.
"""

import asyncio
from difflib import unified_diff
from typing import Any

from aiohttp import web
from multidict import MultiDict

from broker.core.decision.causes import Cause, Concerning, in_order
from broker.core.decision.other_law import EFFECTS, Difference
from broker.core.ids import PersonId
from broker.core.jurisdiction.rulebook import Rulebook
from broker.core.outcome import Reason
from broker.core.reasons import title
from broker.core.reasons.language import EVERY_WORD, Tongue
from broker.core.rows import Consultation, Document, PackProposal
from broker.core.rows.documents import document_id
from broker.flows import consultations
from broker.flows import propose_packs as flow
from broker.flows.propose_packs import Looked
from broker.flows.simulate_packs import MOST, Simulation
from broker.flows.world import Caller
from broker.web import forms
from broker.web.bodies import form_body
from broker.web.errors import Problem
from broker.web.languages import language
from broker.web.pack_proposals import looked, sets_of, try_out
from broker.web.pages import searching
from broker.web.pages.consulting import read_asked
from broker.web.pages.here import page, signed_in
from broker.web.pages.judged import in_words, named
from broker.web.pages.wording import worded
from broker.web.recent import recently
from broker.web.state import BROKER

_FORM_BYTES = 1024 * 1024
"""Two texts of `MOST_CHARACTERS`, as a form writes them."""
_ENDED = 20
"""Proposals that are over and are still listed."""
_FIRST, _PAGE = 20, 100
"""Lines of a cause that are shown beside the others, and of one alone."""
_DAYS = 14
"""For how long people are asked, where nothing else is said."""
_CHECKED = "checked"
"""In the address of one that was saved as it was begun: what is wrong with it was asked for."""
_COMPARED = 2_000
"""Lines of a text that is compared with another."""


async def listed(request: web.Request) -> web.Response:
    """GET /admin/packs: the packs in force, and what is under way."""
    return await _listed(request, await signed_in(request))


async def begun(request: web.Request) -> web.Response:
    """POST /admin/packs: begin a proposal, from a pack in force or of a new one."""
    who = await signed_in(request)
    form = forms.own(request, await form_body(request))
    done = await flow.begin(request.app[BROKER].world, sets_of(request), who, form.get("pack", "").strip())
    if isinstance(done, Reason):
        return await _listed(request, who, _told(done, request))
    raise web.HTTPSeeOther(f"/admin/packs/{done.id}")


async def show(request: web.Request) -> web.Response:
    """GET /admin/packs/{proposal}: the text, what is wrong with it, what it changes, and what can be done."""
    who = await signed_in(request)
    return await _shown(request, who)


async def acted(request: web.Request) -> web.Response:
    """POST /admin/packs/{proposal}: save, propose, try, put in force, or give up."""
    who = await signed_in(request)
    form = forms.own(request, await form_body(request, _FORM_BYTES))
    do = form.get("do", "")
    if do == "simulate":
        return await _begin_trial(request, who, form.get("at", "").strip()[:40])
    if do == "activate":
        await recently(request, who)
    done = await _step(request, who, do, form)
    if isinstance(done, Reason):
        typed, asking = form if do in ("save", "propose") else None, form if do == "consult" else None
        return await _shown(request, who, wrong=_told(done, request), typed=typed, asking=asking)
    if not isinstance(done, PackProposal):
        raise web.HTTPSeeOther(f"/consultations/{done.id}")
    raise web.HTTPSeeOther(request.path + (f"?{_CHECKED}=yes" if do == "save" and done.version == 1 else ""))


async def effects(request: web.Request) -> web.Response:
    """GET /admin/packs/{proposal}/effects: who would gain and lose; the causes, or all lines of one."""
    who = await signed_in(request)
    return _effects(request, who, await looked(request, who))


async def _begin_trial(request: web.Request, who: Caller, at: str) -> web.Response:
    """Shown at once where it is over by then: the next request may reach another process, which knows nothing of it."""
    found = await looked(request, who)
    begun = await try_out(request, who, found, at)
    if isinstance(begun, Reason):
        return await _shown(request, who, wrong=_told(begun, request))
    made = request.app[BROKER].administration.trials.of(found.tried.digest)
    if made is not None and made.over:
        return _effects(request, who, found)
    raise web.HTTPSeeOther(f"{request.path}/effects")


def _effects(request: web.Request, who: Caller, found: Looked) -> web.Response:
    made, start = request.app[BROKER].administration.trials.of(found.tried.digest), searching.place(request)
    causes = made.effects.worst_first() if made is not None else []
    said = request.query.get("cause", "")
    alone = int(said) if said.isascii() and said.isdecimal() and len(said) < 6 else None  # noqa: PLR2004 (no more causes)
    if alone is not None and alone >= len(causes):
        raise Problem("REQ-NOT-FOUND")
    first, most = (0, _FIRST) if alone is None else (start, _PAGE)
    tongue = Tongue(language(request))
    values = {
        "row": found.row,
        "made": made,
        "sound": found.tried.rules is not None,
        "counts": [(effect, made.effects.counted()[effect]) for effect in EFFECTS] if made is not None else [],
        "versions": _versions(made) if made is not None else [],
        "touched": len(made.effects.touched()) if made is not None else 0,
        "causes": [
            _cause(n, cause, each, first, most, tongue)
            for n, (cause, each) in enumerate(causes)
            if alone in (None, n)
        ],
        "alone": alone,
        "start": first,
        "following": first + most,
        "most": MOST,
        "cut": made is not None and made.effects.kept >= MOST,
    }  # fmt: skip
    return page(request, who, "admin_pack_effects.html", values)


async def _step(
    request: web.Request, who: Caller, do: str, form: MultiDict[str]
) -> PackProposal | Consultation | Reason:
    world, sets, id = request.app[BROKER].world, sets_of(request), request.match_info["proposal"]
    said = form.get("seen", "")
    seen = frozenset({int(said[:9])}) if said.isascii() and said.isdecimal() else frozenset[int]()
    match do:
        case "save" | "propose":
            texts = {name: form.get(name, "") for name in ("text", "cases", "ground")}
            kept = await flow.write(world, who, id, seen, **texts)
            if isinstance(kept, Reason) or do == "save":
                return kept
            return await flow.propose(world, sets, who, id, {kept.version})
        case "activate":
            return await flow.activate(world, sets, who, id, form.get("files", ""))
        case "consult":
            return await consultations.ask(world, sets, who, id, await read_asked(form, world))
        case "withdraw":
            return await flow.withdraw(world, who, id, seen)
        case _:
            return Reason(code="REQ-INVALID", facts=(("problem", "do: no such step"),))


async def _listed(request: web.Request, who: Caller, wrong: str | None = None) -> web.Response:
    broker = request.app[BROKER]
    found = await flow.proposals(broker.world, who)
    if isinstance(found, Reason):
        raise Problem.of(found)
    rules = broker.snapshots.current().rulebook
    ids = {document_id("pack", pack.id, pack.version): pack.id for pack in rules.packs.values()}
    since = {ids[row.id]: row.since async for row in broker.world.rows.each(Document, list(ids)[:500])}
    by = {(row.pack, row.release): row for row in found if row.state == "activated"}
    values = {
        "packs": [
            {"pack": pack, "since": since.get(pack.id), "proposal": by.get((pack.id, pack.version))}
            for pack in rules.packs.values()
        ],
        "open": [row for row in found if row.state in flow.OPEN],
        "ended": [row for row in found if row.state not in flow.OPEN][:_ENDED],
        "may": flow.may_write(who),
        "settled": (await sets_of(request).held()).settled,
        "wrong": wrong,
    }  # fmt: skip
    return page(request, who, "admin_packs.html", values, status=409 if wrong else 200)


async def _shown(
    request: web.Request,
    who: Caller,
    wrong: str | None = None,
    typed: MultiDict[str] | None = None,
    asking: MultiDict[str] | None = None,
) -> web.Response:
    found = await looked(request, who)
    row, rules = found.row, found.tried.rules
    over = row.state not in flow.OPEN
    changed = [] if over else await asyncio.to_thread(_changed, found)
    linked = request.app[BROKER].snapshots.current().ever_linked(who.person.id)
    world = request.app[BROKER].world
    values = {
        "row": row,
        "asked": [one for one in await consultations.of_pack(world, row.pack) if one.proposal == row.id],
        "asking": asking if asking is not None else {},
        "days": world.consultation_days or _DAYS,
        "may": flow.may_write(who),
        "own": bool(linked & row.authors),
        "outdated": found.outdated and not over,
        "problems": () if over else found.problems,
        "untouched": row.version == 1 and wrong is None and _CHECKED not in request.query,
        "release": rules.packs[row.pack].version if rules is not None and row.pack in rules.packs else None,
        "files": found.tried.digest,
        "changed": changed,
        "fields": _fields(typed, row),
        "kept": row if typed is not None and typed.get("seen") != str(row.version) and _differs(typed, row) else None,
        "open": row.state in flow.OPEN,
        "most": flow.MOST_CHARACTERS,
        "wrong": wrong,
        "left": await flow.is_left(world, row),
        "called": _called(request, who, row),
    }
    return page(request, who, "admin_pack.html", values, status=409 if wrong else 200)


def _differs(typed: MultiDict[str], row: PackProposal) -> bool:
    """Does something else stand there than was typed? What this very form has saved nobody else wrote."""
    kept = _fields(None, row)
    return any(kept[name].split() != text.split() for name, text in _fields(typed, row).items())


def _called(request: web.Request, who: Caller, row: PackProposal) -> dict[PersonId, str]:
    """Whoever had a hand in it, as its reader says it. To look up a name is on record."""
    tongue = Tongue(language(request))
    people = [*(one.by for one in row.written), *(one for one in (row.proposed_by, row.ended_by) if one is not None)]
    return {one: tongue.word("together.you" if one == who.person.id else "packs.another") for one in people}


def _fields(typed: MultiDict[str] | None, row: PackProposal) -> dict[str, str]:
    """What the form shows: what was typed just now, or else what is kept."""
    if typed is not None:
        return {name: typed.get(name, "") for name in ("ground", "text", "cases")}
    return {"ground": row.ground, "text": row.text, "cases": row.cases}


def _changed(found: Looked) -> list[dict[str, Any]]:
    """Both files, line by line, against those in force."""
    told = []
    for name, before, after in zip(("text", "cases"), found.before, (found.row.text, found.row.cases), strict=True):
        old, new = before.splitlines(), after.splitlines()
        long = max(len(old), len(new)) > _COMPARED
        lines = [] if long else list(unified_diff(old, new, "", "", n=2, lineterm=""))[2:]
        told.append({"name": name, "lines": "\n".join(lines), "long": long})
    return told


def _versions(made: Simulation) -> list[tuple[str, str, str]]:
    """Which packs differ: id, version now, version then."""
    before, after = made.before, made.after
    names = {name for name, _ in {*before.digests.items()} ^ {*after.digests.items()}}
    return [(name, _version(before, name), _version(after, name)) for name in sorted(names)]


def _version(rules: Rulebook, pack: str) -> str:
    return rules.packs[pack].version if pack in rules.packs else ""


def _cause(number: int, cause: Cause, each: Concerning, first: int, most: int, tongue: Tongue) -> dict[str, Any]:
    lines = in_order(each.lines)
    return {
        "number": number,
        "effect": cause.effect,
        "said": _said(lines[0], tongue) if lines else [(line, "") for line in (cause.outcomes, *cause.rules) if line],
        "count": each.count,
        "persons": len(each.persons),
        "lines": [(one, _because(one, tongue)) for one in lines[first : first + most]],
        "more": len(lines) > first + most,
    }


def _said(one: Difference, tongue: Tongue) -> list[tuple[str, str]]:
    """What all lines of a cause share, a sentence each: the answers, the rules with their codes, papers, conditions."""
    now, then = (tongue.word(f"outcome.{said.outcome.name}") for said in (one.before, one.after))
    told = [(tongue.word("packs.becomes" if now != then else "packs.stays", before=now, after=then), "")]
    for reason in one.why:
        where = f" ({reason.norm.source} {reason.norm.rule})" if reason.norm is not None else ""
        told.append((title(reason.code, tongue.language), f"{reason.code}{where}"))
    missing = [_fact(name, tongue) for name in one.after.missing]
    came = [tongue.duty(name) for name in sorted(set(one.after.obligations) - set(one.before.obligations))]
    went = [tongue.duty(name) for name in sorted(set(one.before.obligations) - set(one.after.obligations))]
    parts = (("packs.missing", "; ", missing), ("packs.came", " ", came), ("packs.went", " ", went))
    return [*told, *((tongue.word(key, what=between.join(these)), "") for key, between, these in parts if these)]


def _because(one: Difference, tongue: Tongue) -> str:
    """What the rules read of this one, in words; which papers they want is told of the cause."""
    facts = [each for reason in one.why for each in reason.facts if each[0] != "evidence"]
    return "; ".join(f"{_fact(name, tongue)}: {in_words(name, value, tongue)}" for name, value in facts)


def _fact(name: str, tongue: Tongue) -> str:
    if name in ("have", "need"):
        return tongue.word("packs." + name)
    return tongue.thing("evidence", name) if f"evidence.{name}" in EVERY_WORD else named(name, tongue)


def _told(no: Reason, request: web.Request) -> str:
    return worded(no, language(request))
