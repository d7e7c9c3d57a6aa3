"""A registered row in the fields by which one was added, and what a change of some of them makes of the row.

Only what somebody changed in a field is changed in the row; all else stays, whether a field could say it or not.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from multidict import MultiDict

from broker.core import strict_json
from broker.core.administration import Noun
from broker.core.oidc.device import GRANT_TYPE as DEVICE
from broker.core.oidc.own_tokens import OPENID
from broker.core.oidc.service_scopes import GRANT_TYPE as CLIENT_CREDENTIALS
from broker.web.pages.adding_fields import FIELDS, Declared, Field, lines, typed_of

Typed = Mapping[str, Any]

_NOT_CHANGED = frozenset({"issuer", "id", "audience", "token_auth", "auth_method", "client_secret"})
"""What a row is, who signs in there, and how it or we prove ourselves: that is another row, or another secret."""
_CODE = "authorization_code"
_LASTING = "refresh_token"
_MOST = 128 * 1024


def fields_of(noun: Noun) -> tuple[Field, ...]:
    """Those in which a row is changed."""
    return tuple(one for one in FIELDS[noun] if one.name not in _NOT_CHANGED)


def held_in(noun: Noun, declared: Declared) -> dict[str, Any]:
    """What the fields say of a row as it stands."""
    return {one.name: _normal(one, _held(one, declared)) for one in fields_of(noun)}


def _held(one: Field, declared: Declared) -> Any:
    match one.name:
        case "device":
            return DEVICE in declared["grant_types"]
        case "lasting":
            return _LASTING in declared["grant_types"]
        case "services":
            return declared["scopes"]
        case name if one.kind == "lines":
            return "\n".join(declared[name])
        case name:
            return declared.get(name) or ""


def _normal(one: Field, said: Any) -> Any:
    """The one form in which two readings of a field are compared: browsers and people end lines as they like."""
    if one.kind == "ticks":
        return [word for word in one.options if word in said]
    if one.kind == "tick":
        return bool(said)
    return "\n".join(lines(said)) if one.kind == "lines" else said.strip()


def typed_in(noun: Noun, form: MultiDict[str], held: Typed) -> dict[str, Any]:
    """What was typed and ticked. A text field that was not sent at all was not emptied."""
    return {
        one.name: held[one.name]
        if one.kind in ("line", "lines") and one.name not in form
        else _normal(one, typed_of(one, form))
        for one in fields_of(noun)
    }


def was_in(noun: Noun, sent: str, held: Typed) -> dict[str, Any]:
    """What stood in the fields when the form was given out, as it sends it back; what makes no sense: as it stands."""
    try:
        said = strict_json.loads(sent.encode(), _MOST)
    except (ValueError, TypeError):
        said = {}
    found = said if isinstance(said, dict) else {}
    return {
        one.name: _normal(one, found[one.name])
        if one.name in found and type(found[one.name]) is type(held[one.name])
        else held[one.name]
        for one in fields_of(noun)
    }


def merged(was: Typed, typed: Typed, held: Typed) -> dict[str, Any]:
    """What somebody wants who changed `was` to `typed` while the row came to `held`: theirs, where they changed it."""
    return {name: typed[name] if typed[name] != was[name] else held[name] for name in held}


def patched(noun: Noun, declared: Declared, wanted: Typed) -> Declared:
    """The row with what is `wanted` in its fields, in the form of a catalogue file."""
    held = held_in(noun, declared)
    differs = {name for name in held if wanted[name] != held[name]}
    said = dict(declared)
    for one in fields_of(noun):
        if one.name in differs and one.name in _AS_IT_IS[noun]:
            said[one.name] = lines(wanted[one.name]) if one.kind == "lines" else wanted[one.name]
    if "jwks_uri" in differs and not wanted["jwks_uri"]:
        del said["jwks_uri"]
    return said if noun != "clients" else said | _may(declared, held, wanted)


_AS_IT_IS: Mapping[Noun, frozenset[str]] = {
    "issuers": frozenset({"jku", "values", "may_link", "is_broker", "internal"}),
    "idps": frozenset({"name", "slug", "scopes", "client_id", "internal"}),
    "clients": frozenset({"name", "jwks_uri", "redirect_uris", "internal"}),
}
"""Fields that are members of a row by the same name."""


def _may(declared: Declared, held: Typed, wanted: Typed) -> Declared:
    """What an application may ask for and how, with what was ticked or unticked; the rest in its place."""
    grants, scopes = list(declared["grant_types"]), list(declared["scopes"])
    flags = {
        _CODE: (held["redirect_uris"], wanted["redirect_uris"]),
        DEVICE: (held["device"], wanted["device"]),
        _LASTING: (held["lasting"], wanted["lasting"]),
        CLIENT_CREDENTIALS: (held["services"], wanted["services"]),
    }
    for grant, (before, after) in flags.items():
        if bool(before) != bool(after):
            grants = _with(grants, grant, on=bool(after))
    people = {_CODE, DEVICE}
    if people & set(grants) and not people & set(declared["grant_types"]):
        scopes = _with(scopes, OPENID, on=True)
    for name in ("scopes", "services"):
        for word in _either(held[name], wanted[name]):
            scopes = _with(scopes, word, on=word in wanted[name])
    return {"grant_types": grants, "scopes": scopes}


def _with(words: list[str], word: str, *, on: bool) -> list[str]:
    rest = [one for one in words if one != word]
    return words if on and word in words else [*rest, word] if on else rest


def _either(some: Iterable[str], others: Iterable[str]) -> list[str]:
    """Those that are in one of the two alone."""
    return sorted(set(some) ^ set(others))
