"""The page to change an issuer, a home organisation or an application by the fields in which one is added.

The first step shows what would be otherwise and what is found when it is looked at; the second makes that change, and
no other, by the flow of every change. What was changed meanwhile is told, and stays, except where somebody typed.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any

from aiohttp import web
from multidict import MultiDict

from broker.core.administration import Managed, Noun, secret_of
from broker.core.administration import shown as declared_of
from broker.core.ids import DatasetId
from broker.core.outcome import Reason
from broker.core.passport.trust import covered
from broker.core.reasons.language import EVERY_WORD, Tongue
from broker.core.rows import Dataset, VisaIssuer
from broker.flows.administer import change, forbidden, kept
from broker.flows.inspect import inspect
from broker.flows.world import Caller
from broker.ports import FormError
from broker.web import forms
from broker.web.bodies import form_body
from broker.web.errors import Problem
from broker.web.languages import language
from broker.web.pages.adding import Looked, faults_shown
from broker.web.pages.adding_fields import Declared
from broker.web.pages.administering import FORM_BYTES, actor_of, readable, short, sort_of, told
from broker.web.pages.changing_fields import fields_of, held_in, merged, patched, typed_in, was_in
from broker.web.pages.found import changes_shown, field_shown, found_shown
from broker.web.pages.here import page, signed_in
from broker.web.pages.recent import sign_in_before_typing
from broker.web.recent import recently
from broker.web.state import BROKER

_NAMED = 50
"""Datasets that are called by name, of those that come or go."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What the fields say, and what stood there when the form was given out; `version`: the row's at that time."""

    typed: Mapping[str, Any]
    was: Mapping[str, Any]
    version: str


async def shown(request: web.Request) -> web.Response:
    """GET /admin/{noun}/{name}/change: the fields, with what holds."""
    who = await signed_in(request)
    row = await _changeable(request, who)
    if (again := await sign_in_before_typing(request, who)) is not None:
        return again
    held = held_in(sort_of(request).noun, _declared(request, row))
    return _form(request, who, row, Wanted(typed=held, was=held, version=str(row.version)))


async def changed(request: web.Request) -> web.Response:
    """POST /admin/{noun}/{name}/change: look at what would be otherwise (`look`), then change it (`agree`)."""
    who, form = await signed_in(request), await form_body(request, FORM_BYTES)
    row = await _changeable(request, who)
    forms.own(request, form)
    await recently(request, who)
    broker, noun = request.app[BROKER], sort_of(request).noun
    wanted = _wanted(noun, form, held_in(noun, _declared(request, row)))
    looked = await _looked(request, who, row, wanted)
    if isinstance(looked, Reason):
        return _form(request, who, row, wanted, wrong=told(looked, request))
    if form.get("do") == "agree" and looked.row is None and not looked.faults:  # twice is once: it is so already
        raise web.HTTPSeeOther(request.path.removesuffix("/change"))
    if looked.row is None or form.get("do") != "agree":
        return _form(request, who, row, wanted, looked=looked)
    if form.get("seen") != looked.seen:
        return _form(request, who, row, wanted, looked=looked, wrong=Tongue(language(request)).word("add.changed"))
    done = await change(
        broker.world, actor_of(who), noun, looked.row, frozenset({row.version}), broker.administration.mode
    )
    if isinstance(done, Reason):
        return _form(request, who, row, wanted, looked=looked, wrong=told(done, request))
    raise web.HTTPSeeOther(request.path.removesuffix("/change"))


async def _changeable(request: web.Request, who: Caller) -> Managed:
    """The row, for who may write it, unless it is removed for good."""
    row = await readable(request, who)
    if not actor_of(who).may_write(sort_of(request), row.id):
        raise Problem.of(forbidden(sort_of(request)))
    if row.status == "removed":
        raise Problem("REQ-STATE", state="removed for good")
    return row


def _declared(request: web.Request, row: Managed) -> Declared:
    found: Declared = declared_of(row, request.app[BROKER].administration.forms.write(row))["declared"]
    return found


def _wanted(noun: Noun, form: MultiDict[str], held: Mapping[str, Any]) -> Wanted:
    was, typed = was_in(noun, form.get("was", ""), held), typed_in(noun, form, held)
    return Wanted(typed=merged(was, typed, held), was=was, version=form.get("version", ""))


async def _looked(request: web.Request, who: Caller, row: Managed, wanted: Wanted) -> Looked | Reason:
    """What would be, and what is found of it; a Reason: they may not change that. There is no row without a change."""
    broker, sort = request.app[BROKER], sort_of(request)
    before = _declared(request, row)
    said = patched(sort.noun, before, wanted.typed)
    if said == before:
        return Looked(said=said)
    try:
        read = broker.administration.forms.read(sort.kind, said, secret=secret_of(row))
    except FormError as wrong:
        return Looked(said=said, faults=tuple(wrong.faults))
    after = kept(read, row)
    refused = actor_of(who).may_have(sort, after, row)
    if refused is not None:
        return refused
    return Looked(said=said, row=after, report=await inspect(broker.world, broker.administration.tools, after))


def _form(
    request: web.Request,
    who: Caller,
    row: Managed,
    wanted: Wanted,
    *,
    looked: Looked | None = None,
    wrong: str | None = None,
) -> web.Response:
    noun, tongue = sort_of(request).noun, Tongue(language(request))
    held = held_in(noun, _declared(request, row))
    faults = faults_shown(fields_of(noun), looked.faults if looked is not None else (), tongue)
    after = looked.row if looked is not None else None
    stale = wanted.version != str(row.version)
    values = {
        "noun": noun,
        "one": short(row),
        "version": row.version,
        "was": json.dumps(held, ensure_ascii=False),
        "fields": fields_of(noun),
        "typed": wanted.typed,
        "stale": stale,
        "meanwhile": _meanwhile(noun, wanted.was, held, tongue) if stale else [],
        "changes": changes_shown(_declared(request, row), _declared(request, after), tongue) if after else [],
        "nothing": looked is not None and after is None and not faults,
        "opens": _opens(request, row, after) if after else [],
        "found": found_shown(looked.report, tongue) if looked is not None and after is not None else None,
        "seen": looked.seen if looked is not None and after is not None else None,
        "faults": faults,
        "wrong_fields": {one["field"] for one in faults},
        "wrong": wrong,
    }
    return page(request, who, "admin_change.html", values, status=400 if wrong or faults else 200)


def _meanwhile(noun: Noun, was: Mapping[str, Any], held: Mapping[str, Any], tongue: Tongue) -> list[dict[str, Any]]:
    """What somebody else changed since the form was given out, field by field."""
    return [
        {
            "name": tongue.word(own if (own := f"declared.{one.name}") in EVERY_WORD else f"add.{noun}.{one.name}"),
            "before": field_shown(was[one.name], tongue),
            "after": field_shown(held[one.name], tongue),
        }
        for one in fields_of(noun)
        if was[one.name] != held[one.name]
    ]


def _opens(request: web.Request, before: Managed, after: Managed) -> list[dict[str, Any]]:
    """The datasets here that an issuer could open from now on, and those that it could open no longer.

    All are counted: who widens a scope knows how far. Hidden ones are not named.
    """
    if not isinstance(before, VisaIssuer) or not isinstance(after, VisaIssuer):
        return []
    found = []
    broker = request.app[BROKER]
    snapshot = broker.snapshots.current()
    every = broker.searched.ids(snapshot)
    for word, new, old in (("comes", after.trust, before.trust), ("goes", before.trust, after.trust)):
        if set(new.values) <= set(old.values):
            continue
        which = covered(new.values, every) - covered(old.values, every)
        rows = (snapshot.get(Dataset, DatasetId(id)) for id in sorted(which))
        listed = (row.id for row in rows if row is not None and row.existence == "listed")
        found.append({"word": word, "n": len(which), "ids": list(islice(listed, _NAMED))})
    return found
