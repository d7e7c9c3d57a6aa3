"""The pages to add an issuer, a home organisation or an application: look first, then say that it is to be added.

What is added is what was seen: whoever agrees names the digest of it, everything is fetched again, and what differs
by then is shown anew. Nothing is fetched but by the guarded client (flows/inspect.py); the rules are the flow's.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from aiohttp import web
from multidict import MultiDict

from broker.core import strict_json
from broker.core.administration import Managed, Sort, makes_secret, without_secrets
from broker.core.inspection import address_fault
from broker.core.outcome import Reason
from broker.core.plain import digest, plain
from broker.core.reasons.language import Tongue
from broker.core.rows import IdentityProvider, VisaIssuer
from broker.flows.administer import made_secret, register
from broker.flows.inspect import Report, inspect, keys_of
from broker.flows.world import Caller
from broker.ports import FormError
from broker.web import forms
from broker.web.bodies import form_body
from broker.web.languages import language
from broker.web.pages.adding_fields import FIELDS, Declared, Field, declared, typed_in
from broker.web.pages.administering import FORM_BYTES, actor_of, may_add, show_row, sort_of, told
from broker.web.pages.found import found_shown
from broker.web.pages.here import page, signed_in
from broker.web.pages.recent import sign_in_before_typing
from broker.web.recent import recently
from broker.web.state import BROKER

_NO_SECRET = "0" * 64
"""In the place of a secret while somebody only looks."""
_NOTHING = Report(findings=())
_ASKED_AS: Mapping[str, str] = {
    "grant_types": "redirect_uris",
    "secret_sha256": "auth_method",
    "jwks, jwks_uri": "jwks_uri",
    "private_key_jwt": "jwks_uri",
    "issuer": "internal",
}
"""Members that have no field in the form, and the field that they come from."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Looked:
    """What the fields describe, and what was found of it. `faults`: by field; there is no row where there are any."""

    said: Declared
    row: Managed | None = None
    report: Report = _NOTHING
    faults: tuple[tuple[str, str], ...] = ()

    @property
    def seen(self) -> str:
        """The digest of what somebody agrees to: the row, the keys that it has now, and what speaks against it."""
        keys = sorted(one.thumbprint for one in self.report.keys if not one.why)
        against = [(one.about, one.code, one.subject) for one in self.report.findings if one.level != "ok"]
        row = plain(without_secrets(self.row)) if self.row is not None else None
        return digest({"row": row, "keys": keys, "against": sorted(map(list, against))})


async def new(request: web.Request) -> web.Response:
    """GET /admin/{noun}: the form to add one."""
    who = await signed_in(request)
    may_add(request, who)
    if (again := await sign_in_before_typing(request, who)) is not None:
        return again
    return _form(request, who, typed_in(sort_of(request).noun, MultiDict()))


async def added(request: web.Request) -> web.Response:
    """POST /admin/{noun}: look at what it publishes (`look`), then add it (`agree`); or a whole row at once."""
    who, form = await signed_in(request), await form_body(request, FORM_BYTES)
    may_add(request, who)
    forms.own(request, form)
    await recently(request, who)
    typed = typed_in(sort_of(request).noun, form)
    if form.get("do") not in ("look", "agree"):
        return await _at_once(request, who, form)
    looked = await _looked(request, typed)
    if looked.row is None or not looked.report.passes or form.get("do") == "look":
        return _form(request, who, typed, looked=looked)
    if form.get("seen") != looked.seen:
        return _form(request, who, typed, looked=looked, wrong=Tongue(language(request)).word("add.changed"))
    return await _agreed(request, who, typed, looked, form.get("client_secret", "").strip())


async def _looked(request: web.Request, typed: Mapping[str, Any]) -> Looked:
    broker, sort = request.app[BROKER], sort_of(request)
    tools, said, before = broker.administration.tools, declared(sort.noun, typed), _NOTHING
    row = _read(request, sort, said, _NO_SECRET)
    if isinstance(row, VisaIssuer | IdentityProvider) and (fault := address_fault(row.id, internal=row.internal)):
        return Looked(said=said, faults=(("issuer", fault),))
    if isinstance(row, VisaIssuer) and not row.trust.jku:
        before, jku = await keys_of(tools, row.id, internal=row.internal)
        if jku is None:
            return Looked(said=said, report=before, faults=(("jku", ""),))
        said |= {"jku": [jku]}
        row = _read(request, sort, said, _NO_SECRET)
    if isinstance(row, FormError):
        return Looked(said=said, report=before, faults=tuple(row.faults))
    found = await inspect(broker.world, tools, row)
    return Looked(said=said, row=row, report=replace(found, findings=(*before.findings, *found.findings)))


async def _agreed(
    request: web.Request, who: Caller, typed: Mapping[str, Any], looked: Looked, secret: str
) -> web.Response:
    broker, sort = request.app[BROKER], sort_of(request)
    made, stored = made_secret(broker.world) if makes_secret(sort, looked.said) else (None, secret)
    row = _read(request, sort, looked.said, stored)
    if isinstance(row, FormError):
        return _form(request, who, typed, looked=replace(looked, faults=tuple(row.faults)))
    done = await register(broker.world, actor_of(who), sort.noun, row, broker.administration.mode)
    if isinstance(done, Reason):
        return _form(request, who, typed, looked=looked, wrong=told(done, request))
    return await show_row(request, who, done, secret=made)


def _read(request: web.Request, sort: Sort, said: Declared, secret: str) -> Managed | FormError:
    """The row, by the code that reads catalogue files. `secret`: for one that has one."""
    by_secret = makes_secret(sort, said) or (sort.noun == "idps" and "token_auth" not in said)
    try:
        return request.app[BROKER].administration.forms.read(
            sort.kind, said, secret=(secret if by_secret else "") or None
        )
    except FormError as wrong:
        return wrong


async def _at_once(request: web.Request, who: Caller, form: MultiDict[str]) -> web.Response:
    """The whole row as JSON, for what the fields do not carry."""
    broker, sort, typed = request.app[BROKER], sort_of(request), form.get("row", "")
    fields = typed_in(sort.noun, MultiDict())
    try:
        said = strict_json.loads(typed.encode(), FORM_BYTES)
        secret, stored = made_secret(broker.world) if makes_secret(sort, said) else (None, None)
        made = broker.administration.forms.read(sort.kind, said, secret=stored)
    except FormError as wrong:
        faults = "; ".join(f"{field}: {problem}" for field, problem in wrong.faults)
        return _unread(request, who, typed, faults)
    except (ValueError, TypeError, AttributeError) as wrong:
        return _unread(request, who, typed, str(wrong))
    if form.get("do") == "test":
        report = await inspect(broker.world, broker.administration.tools, made)
        return _form(request, who, fields, row=typed, looked=Looked(said=said, row=made, report=report))
    done = await register(broker.world, actor_of(who), sort.noun, made, broker.administration.mode)
    if isinstance(done, Reason):
        return _form(request, who, fields, row=typed, wrong=told(done, request))
    return await show_row(request, who, done, secret=secret)


def _unread(request: web.Request, who: Caller, row: str, exactly: str) -> web.Response:
    """A row as JSON that cannot be read. `exactly`: what a program says of it, for who helps."""
    wrong = Tongue(language(request)).word("add.wrong_row")
    fields = typed_in(sort_of(request).noun, MultiDict())
    return _form(request, who, fields, row=row, wrong=wrong, exactly=exactly)


def _form(
    request: web.Request,
    who: Caller,
    typed: Mapping[str, Any],
    *,
    row: str = "",
    looked: Looked | None = None,
    wrong: str | None = None,
    exactly: str = "",
) -> web.Response:
    noun, tongue = sort_of(request).noun, Tongue(language(request))
    faults = faults_shown(FIELDS[noun], looked.faults if looked is not None else (), tongue)
    agreeable = looked is not None and looked.row is not None and looked.report.passes and not row
    shown = looked.report if looked is not None and (looked.report.findings or looked.row is not None) else None
    values = {
        "noun": noun,
        "fields": [one for one in FIELDS[noun] if one.kind != "secret" or agreeable],
        "typed": typed,
        "faults": faults,
        "wrong_fields": {one["field"] for one in faults},
        "row": row,
        "found": found_shown(shown, tongue),
        "seen": looked.seen if looked is not None and agreeable else None,
        "wrong": wrong,
        "exactly": exactly,
    }
    return page(request, who, "admin_new.html", values, status=400 if wrong or faults else 200)


def faults_shown(fields: Iterable[Field], found: tuple[tuple[str, str], ...], tongue: Tongue) -> list[dict[str, str]]:
    """By field of the form what it should be, and what exactly was found wrong."""
    names = {one.name for one in fields}
    exactly: dict[str, list[str]] = {}
    for member, problem in found:
        name = member.partition(".")[0]
        exactly.setdefault(name if name in names else _ASKED_AS.get(name, ""), []).append(problem)
    return [
        {
            "field": name,
            "says": tongue.word("add.wrong." + name if name else "add.wrong_elsewhere"),
            "exactly": "; ".join(filter(None, said)),
        }
        for name, said in exactly.items()
    ]
