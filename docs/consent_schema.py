# ruff: noqa: INP001 (beside the pages that it helps to write, not a package)
"""Which form does a file of consent records have? Of each record whatever `ConsentVersion` holds, by its types."""

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from dataclasses import MISSING, fields, is_dataclass
from datetime import date
from enum import EnumType
from typing import Any, Literal, NewType, get_args, get_origin, get_type_hints

from broker.core.consent.answers import WORDS
from broker.core.consent.members import MAX_MEMBERS, MAX_TEXT
from broker.core.consent.model import ConsentVersion
from broker.core.consent.record_files import MOST, SCHEMA
from broker.core.time import Seconds


def form_of_consents() -> dict[str, Any]:
    """The schema of a file of records."""
    record = _record(ConsentVersion, {"consent_id"})
    record["properties"]["supersedes"] = _object(
        {"consent_id": _TEXT, "version": {"type": "integer", "minimum": 0}}, "consent_id", "version"
    )
    record["properties"]["communication"]["properties"]["channel"] = {"const": "relay"}
    scope = record["properties"]["scope"]["properties"]
    lists = {name: scope.pop(name) for name in ("hosting", "modalities", "recipient_countries", "return_of_results")}
    for name in ("hosting", "recipient_countries"):
        lists[name]["items"] = {"type": "string", "pattern": "^[A-Z]{2}$"}
    scope["answers"] = {"type": "object", "properties": lists, "additionalProperties": {"enum": sorted(WORDS)}}
    for name in ("permissions", "modifiers"):
        scope[name]["items"] = {"anyOf": [_TEXT, scope[name]["items"]]}
        scope[name]["items"]["anyOf"][1]["properties"]["disease"] = _TEXT
    entry = _object({"datasets": {"type": "array", "items": _TEXT}, "consent": record}, "consent")
    head = {"$id": "urn:ga4gh-access-broker:schema:consents:1", "title": "Consent records"}
    members = {"schema": {"const": SCHEMA}, "consents": {"type": "array", "maxItems": MOST, "items": entry}}
    return head | _object(members, "schema", "consents")


_TEXT: Mapping[str, Any] = {"type": "string", "minLength": 1, "maxLength": MAX_TEXT}
_SIMPLE: Mapping[Any, Mapping[str, Any]] = {
    str: _TEXT,
    int: {"type": "integer", "minimum": 0},
    bool: {"type": "boolean"},
    date: {"type": "string", "format": "date", "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}$"},
    Seconds: {"type": "string", "description": "An RFC 3339 date, or an instant with a zone."},
}


def _record(kind: Any, optional: AbstractSet[str] = frozenset()) -> dict[str, Any]:
    """A dataclass of a consent record as an object; what has no default must be there, but for `optional`."""
    hints = get_type_hints(kind)
    members = {each.name: _typed(hints[each.name]) for each in fields(kind)}
    free = {each.name for each in fields(kind) if each.default is not MISSING or each.default_factory is not MISSING}
    return _object(members, *(name for name in members if name not in free | optional))


def _typed(hint: Any) -> dict[str, Any]:
    """The schema of one member by its type. KeyError for a type that no record has had before."""
    if is_dataclass(hint):
        return _record(hint)
    if isinstance(hint, NewType) and hint not in _SIMPLE:
        return _typed(hint.__supertype__)
    if isinstance(hint, EnumType):
        return {"enum": sorted(hint)}
    parts = [part for part in get_args(hint) if part is not type(None)]
    if get_origin(hint) is Literal:
        return {"enum": parts}
    if get_origin(hint) in (tuple, frozenset):
        return {"type": "array", "maxItems": MAX_MEMBERS, "items": _typed(parts[0])}
    if get_origin(hint) is Mapping:
        return {"type": "object"}
    return _typed(parts[0]) if parts else dict(_SIMPLE[hint])


def _object(properties: Mapping[str, Any], *required: str) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": dict(properties),
        "required": list(required),
        "additionalProperties": False,
    }
