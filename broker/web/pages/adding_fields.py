"""The fields in which somebody who knows no JSON describes an issuer, a home organisation or an application.

Each is a name, a kind and what it becomes in the form of a catalogue file; every rule is asked there.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Literal

from multidict import MultiDict

from broker.core.administration import Noun
from broker.core.oidc.device import GRANT_TYPE as DEVICE
from broker.core.oidc.own_tokens import OPENID, PASSPORT_SCOPE
from broker.core.oidc.service_scopes import GRANT_TYPE as CLIENT_CREDENTIALS
from broker.core.oidc.service_scopes import SERVICE_SCOPES

Declared = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """One field. `lines`: one value on each line. `ticks`: any of `options`; `choice`: one of them.

    `secret`: asked for only by who has seen what was found, and never shown again. `explained`: a sentence stands
    below it.
    """

    name: str
    kind: Literal["line", "lines", "tick", "ticks", "choice", "secret"] = "line"
    options: tuple[str, ...] = ()
    explained: bool = False


_BY_SECRET = "client_secret"  # noqa: S105 (the name of a way)
"""As the provider's document offers: the row says no more of it."""
_INTERNAL = Field(name="internal", kind="tick", explained=True)
"""What a row may say by name and no address can: that it is ours (core/inspection.address_fault)."""
_PERSONAL = ("profile", "eduperson_scoped_affiliation", PASSPORT_SCOPE)

FIELDS: Mapping[Noun, tuple[Field, ...]] = MappingProxyType({
    "issuers": (
        Field(name="issuer"),
        _INTERNAL,
        Field(name="jku", kind="lines"),
        Field(name="values", kind="lines"),
        Field(name="may_link", kind="tick"),
        Field(name="is_broker", kind="tick"),
    ),
    "idps": (
        Field(name="issuer"),
        _INTERNAL,
        Field(name="name"),
        Field(name="slug"),
        Field(name="audience", kind="choice", options=("researcher", "participant")),
        Field(name="scopes", kind="lines"),
        Field(name="client_id"),
        Field(name="token_auth", kind="choice", options=(_BY_SECRET, "private_key_jwt")),
        Field(name="client_secret", kind="secret"),
    ),
    "clients": (
        Field(name="name"),
        Field(name="id"),
        Field(name="auth_method", kind="choice", options=("client_secret_basic", "private_key_jwt", "none")),
        Field(name="jwks_uri"),
        _INTERNAL,
        Field(name="redirect_uris", kind="lines"),
        Field(name="device", kind="tick"),
        Field(name="lasting", kind="tick"),
        Field(name="scopes", kind="ticks", options=_PERSONAL),
        Field(name="services", kind="ticks", options=tuple(SERVICE_SCOPES)),
    ),
})  # fmt: skip
"""In the order in which they are asked for."""


def typed_in(noun: Noun, form: MultiDict[str]) -> dict[str, Any]:
    """What was typed and ticked, field by field, to be shown again; never a secret."""
    return {one.name: typed_of(one, form) for one in FIELDS[noun] if one.kind != "secret"}


def typed_of(one: Field, form: MultiDict[str]) -> Any:
    """What was typed in one field, or ticked."""
    if one.kind == "tick":
        return form.get(one.name) == "yes"
    if one.kind == "ticks":
        return [word for word in one.options if word in form.getall(one.name, [])]
    said = form.get(one.name, "").strip()
    return said if one.kind != "choice" else said if said in one.options else one.options[0]


def declared(noun: Noun, typed: Mapping[str, Any]) -> Declared:
    """What was typed, in the form of a catalogue file."""
    return _DECLARED[noun](typed)


def _issuer(typed: Mapping[str, Any]) -> Declared:
    return {
        "issuer": typed["issuer"],
        "jku": lines(typed["jku"]),
        "values": lines(typed["values"]),
        "may_link": typed["may_link"],
        "is_broker": typed["is_broker"],
        "discovery": typed["is_broker"] and not typed["jku"],
        "internal": typed["internal"],
    }


def _provider(typed: Mapping[str, Any]) -> Declared:
    plain = ("issuer", "internal", "name", "slug", "audience", "client_id")
    by_key = {"token_auth": typed["token_auth"]} if typed["token_auth"] != _BY_SECRET else {}
    return {name: typed[name] for name in plain} | {"scopes": lines(typed["scopes"])} | by_key


def _client(typed: Mapping[str, Any]) -> Declared:
    back = lines(typed["redirect_uris"])
    people = [*(["authorization_code"] if back else []), *([DEVICE] if typed["device"] else [])]
    lasting = ["refresh_token"] if people and typed["lasting"] else []
    return {
        "id": typed["id"],
        "name": typed["name"],
        "auth_method": typed["auth_method"],
        "redirect_uris": back,
        "grant_types": [*people, *lasting, *([CLIENT_CREDENTIALS] if typed["services"] else [])],
        "scopes": [*([OPENID, *typed["scopes"]] if people else []), *typed["services"]],
        "internal": typed["internal"],
    } | ({"jwks_uri": typed["jwks_uri"]} if typed["jwks_uri"] else {})


def lines(text: str) -> list[str]:
    """One value on each line; lines with nothing on them are none."""
    return [line.strip() for line in text.splitlines() if line.strip()]


_DECLARED: Mapping[Noun, Callable[[Mapping[str, Any]], Declared]] = {
    "issuers": _issuer,
    "idps": _provider,
    "clients": _client,
}
