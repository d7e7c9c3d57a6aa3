"""What does a Digital Use Conditions profile look like? (specs: DUO section 4; GA4GH DUC 1.0.0)

The published schema checks no condition at all and misnames members; read is what schemas/duc-profile.schema.json
describes, and the spellings of DUC's own README. Strict: ValueError names the member that cannot be read.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from math import isfinite

from broker.core.duo.foreign import items, members, text, word
from broker.core.duo.ontology import curie
from broker.core.duo.terms import MAX_TERMS
from broker.core.duo.vocabulary import ENTRIES, canonical_code

OBLIGATORY, PERMITTED, FORBIDDEN, NO_REQUIREMENT = "Obligatory", "Permitted", "Forbidden", "No Requirement"
WHOLE, PART = "Whole of asset", "Part of asset"
UNSTATED_FORBIDDEN = "All unstated conditions are Forbidden"
UNSTATED_PERMITTED = "All unstated conditions are Permitted"

MAX_CONDITIONS = 2000
"""One code may be said once for each of its values."""
_RULES = {one.casefold(): one for one in (OBLIGATORY, PERMITTED, FORBIDDEN, NO_REQUIREMENT)} | {"obligated": OBLIGATORY}
_SCOPES = {one.casefold(): one for one in (WHOLE, PART)}
_MODES = {one.casefold(): one for one in (UNSTATED_FORBIDDEN, UNSTATED_PERMITTED)}
_TEXTS = ("profileId", "profileVersion", "profileName", "ducVersion", "creationDate", "lastUpdated", "language")
_PROFILE = frozenset({*_TEXTS, "permissionMode", "assets", "conditions"})
_ASSET = frozenset({"assetName", "assetDescription", "assetReferences", "assetURI"})
_SLOTS = {"label": "Label", "uri": "Uri", "value": "Value"}
_SYNONYMS = {"conditionTerm": ("conditionTerm",), "conditionParameter": ("conditionParameter", "conditionDetail")}
_CONDITION = frozenset({"rule", "scope"}) | {
    stem + end for stems in _SYNONYMS.values() for stem in stems for end in ("", *_SLOTS.values())
}
_LABELS = {entry.label: entry.code for entry in ENTRIES.values()}


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """One condition. `code`: the DUO code that it names, or nothing. `value`, `uri`, `named`: of its parameter."""

    where: str
    label: str
    code: str
    rule: str
    whole: bool
    value: str | int | float | None
    uri: str | None
    named: str | None

    @property
    def given(self) -> bool:
        """Has it a parameter?"""
        return self.value is not None or self.uri is not None or self.named is not None

    @property
    def wording(self) -> str:
        """The whole of it, for a person."""
        detail = next((str(one) for one in (self.value, self.uri, self.named) if one is not None), "")
        part = "" if self.whole else " (part of the data)"
        return f"{self.rule}{part}: {self.label}" + (f" ({detail})" if detail else "")


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """A profile as it stands. `open`: what it does not state is permitted."""

    title: str
    open: bool
    conditions: tuple[Condition, ...]


def read_form(raw: object) -> Profile:
    """The profile that a JSON value is. ValueError for anything that cannot be read."""
    profile = members("", raw, _PROFILE)
    for name in _TEXTS:
        if name in profile:
            text(name, profile[name])
    mode = word("permissionMode", profile.get("permissionMode", UNSTATED_FORBIDDEN), _MODES)
    titles = [*_assets(profile), str(profile.get("profileName", ""))]
    written = items("conditions", profile.get("conditions"), MAX_CONDITIONS)
    if not written:
        raise ValueError("conditions: none")
    return Profile(
        title=titles[0],
        open=mode == UNSTATED_PERMITTED,
        conditions=tuple(_condition(where, one) for where, one in written),
    )


def _assets(profile: Mapping[str, object]) -> Iterator[str]:
    for where, raw in items("assets", profile.get("assets", []), MAX_TERMS):
        asset = members(where, raw, _ASSET)
        for name in ("assetDescription", "assetURI"):
            if name in asset:
                text(f"{where}.{name}", asset[name])
        for place, one in items(f"{where}.assetReferences", asset.get("assetReferences", []), MAX_TERMS):
            text(place, one)
        yield text(f"{where}.assetName", asset.get("assetName"))


def _condition(where: str, raw: object) -> Condition:
    written = members(where, raw, _CONDITION)
    term, parameter = (_slots(where, written, name) for name in _SYNONYMS)
    label, uri = (
        text(f"{where}.conditionTerm.{name}", term[name]) if name in term else "" for name in ("label", "uri")
    )
    if not label and not uri:
        raise ValueError(f"{where}.conditionTerm.label: missing")
    if "value" in term:
        raise ValueError(f"{where}.conditionTerm.value: no such member")
    named, about = (
        text(f"{where}.conditionParameter.{name}", parameter[name]) if name in parameter else None
        for name in ("label", "uri")
    )
    code = _code(label, uri)
    return Condition(
        where=where,
        label=label or (ENTRIES[code].label if code else uri),
        code=code,
        rule=word(f"{where}.rule", written.get("rule"), _RULES),
        whole=word(f"{where}.scope", written.get("scope"), _SCOPES) == WHOLE,
        value=_value(f"{where}.conditionParameter.value", parameter.get("value")),
        uri=curie(about) if about else None,
        named=named,
    )


def _slots(where: str, written: Mapping[str, object], name: str) -> dict[str, object]:
    """`{label, uri, value}`, whether written inside one object or beside each other."""
    found: dict[str, object] = {}
    for stem in _SYNONYMS[name]:
        given = written.get(stem)
        inside = (
            {"label": given} if isinstance(given, str) else members(f"{where}.{stem}", given or {}, frozenset(_SLOTS))
        )
        beside = {slot: written[stem + end] for slot, end in _SLOTS.items() if stem + end in written}
        for slot, value in (*inside.items(), *beside.items()):
            if found.setdefault(slot, value) != value:
                raise ValueError(f"{where}.{stem}: said twice")
    return found


def _value(where: str, raw: object) -> str | int | float | None:
    if raw is None or (isinstance(raw, int | float) and not isinstance(raw, bool) and isfinite(raw)):
        return raw
    if isinstance(raw, str):
        return text(where, raw)
    raise ValueError(f"{where}: neither a text nor a number")


def _code(label: str, uri: str) -> str:
    """The DUO code that term and label agree on, or nothing."""
    by_label = _LABELS.get(label.casefold().strip()) or canonical_code(label)
    by_uri = canonical_code(uri)
    if not uri:
        return by_label if by_label in ENTRIES else ""
    agree = by_label not in ENTRIES or by_label == by_uri
    return by_uri if by_uri in ENTRIES and agree else ""
