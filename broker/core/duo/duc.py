"""Which DUO codes does a Digital Use Conditions profile mean? (specs: DUO section 4)

A term without direction (a DUO investigation) gets it from the rule. A DUO code that has one already is taken as it
is if the rule agrees, and goes to a person if it is forbidden. What the profile does not state is forbidden unless
it says otherwise; and then, too, only a permission code permits.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from math import isfinite
from typing import Any

from broker.core.duo import vocabulary as duo
from broker.core.duo.duc_form import FORBIDDEN, NO_REQUIREMENT, OBLIGATORY, PERMITTED, Condition, Profile, read_form
from broker.core.duo.foreign import UNKNOWN_PLACE, Imported, Note, words
from broker.core.duo.ontology import curie
from broker.core.duo.regions import expand
from broker.core.duo.terms import MAX_TERMS, MAX_TEXT, Term, parse_term
from broker.core.duo.vocabulary import ENTRIES, TermKind

MONTH, YEAR = "UO:0000035", "UO:0000036"
_MOST = 100_000
"""Months or years that are read as a number."""
LISTS: Mapping[str, str] = {
    duo.GS: "regions",
    duo.US: "users",
    duo.PS: "projects",
    duo.IS: "institutions",
    duo.RS: "research_types",
}
"""Codes with alternatives: Permitted conditions of one code are one term, Obligatory ones are a term each."""
METHODS, ANCESTRY, GENETIC, BIOMEDICAL, DISEASE = (
    *("DUO:0000031", "DUO:0000033", "DUO:0000038", "DUO:0000037"),
    "DUO:0000040",
)
_ALLOWED = {BIOMEDICAL: duo.HMB, ANCESTRY: duo.POA, DISEASE: duo.DS}
_DEMANDED = _ALLOWED | {GENETIC: duo.GSO}
_BANNED = {METHODS: duo.NMDS, ANCESTRY: duo.NPOA}


def read_profile(raw: object) -> Imported:
    """The codes of a profile. ValueError names the member that cannot be read."""
    profile = read_form(raw)
    said = [part for condition in profile.conditions for part in _said(condition)]
    terms = _alternatives([part for part in said if isinstance(part, Term)], profile.conditions)
    notes = [part for part in said if isinstance(part, Note)]
    if len({term for term in terms if term.code == duo.DS}) > 1 and any(map(_demands_disease, profile.conditions)):
        terms.append(words("Obligatory for one disease beside others"))
        notes.append(Note("conditions", "a disease is obligatory beside another one: which use is meant?"))
    terms = _one_disease_code(terms)
    for term, note in _unstated(terms, profile):
        terms += [term] if term else []
        notes.append(note)
    if len(terms) > MAX_TERMS:
        raise ValueError(f"conditions: more than {MAX_TERMS} codes")
    return Imported(title=profile.title, terms=tuple(terms), notes=tuple(notes))


def _said(one: Condition) -> Iterator[Term | Note]:
    """One condition as codes, and what a person should know of it."""
    kind = ENTRIES[one.code].kind if one.code else TermKind.UNKNOWN
    if one.rule == NO_REQUIREMENT:
        return
    if not one.whole:
        yield from _kept(one, "holds for a part of the data only: split the dataset, or decide for all of it")
    elif kind is TermKind.INVESTIGATION:
        yield from _directed(one)
    elif kind in {TermKind.UNKNOWN, TermKind.ROOT}:
        yield from _kept(one, "no DUO code says this")
    elif one.rule == FORBIDDEN:
        yield from _kept(one, f"{one.label} has a direction of its own: what does it mean to forbid it?")
    elif one.code == duo.CC and one.rule == OBLIGATORY:
        yield from _kept(one, "DUO can allow clinical care, not demand it")
    else:
        if one.rule == PERMITTED and kind is TermKind.MODIFIER and one.code not in {*LISTS, duo.CC}:
            yield Note(f"{one.where}.rule", f"{one.label} restricts: read as binding")
        yield from _parsed(one.code, one)


def _kept(one: Condition, why: str) -> Iterator[Term | Note]:
    yield words(one.wording)
    yield Note(one.where, why)


def _directed(one: Condition) -> Iterator[Term | Note]:
    """A kind of research: what the rule makes of it."""
    table = {PERMITTED: _ALLOWED, OBLIGATORY: _DEMANDED, FORBIDDEN: _BANNED}[one.rule]
    if one.code in table:
        yield from _parsed(table[one.code], one)
    elif one.rule == PERMITTED:
        yield Note(one.where, f"{one.label} is allowed as far as the permission code allows it")
    else:
        yield from _kept(one, "no DUO code says this")


def _parsed(code: str, one: Condition) -> Iterator[Term | Note]:
    base = parse_term(code)
    if len(base) > 1 or not one.given:
        yield from base
        if one.given:
            yield from _kept(one, f"{one.label} takes no parameter")
        return
    (term,) = base
    yield from _with_parameter(term, one)


def _with_parameter(term: Term, one: Condition) -> Iterator[Term | Note]:
    written = str(one.value) if one.value is not None else one.uri
    if term.code == duo.DS and (written or one.named):
        disease = one.uri or (curie(str(one.value)) if one.value is not None else str(one.named))
        yield replace(term, diseases=frozenset({disease}))
        if ":" not in disease:
            yield Note(f"{one.where}.conditionParameter", "a disease in words: name its term")
    elif term.code == duo.RS:
        in_words = replace(term, text=str(one.value) if one.value is not None else one.named)
        yield replace(term, research_types=frozenset({one.uri})) if one.uri else in_words
    elif term.code in LISTS and written:
        values: dict[str, Any] = {LISTS[term.code]: frozenset({written})}
        yield replace(term, **values)
        if term.code != duo.GS:
            yield Note(f"{one.where}.conditionParameter", "compared letter by letter: is it the name that we use?")
        elif expand(written) is None:
            yield Note(f"{one.where}.conditionParameter", UNKNOWN_PLACE)
    elif term.code == duo.TS:
        yield from _months(term, one)
    elif term.code == duo.MOR:
        yield from _date(term, one)
    else:
        yield replace(term, text=written or one.named)
        if "text" not in ENTRIES[term.code].parameters:
            yield Note(f"{one.where}.conditionParameter", f"{one.label} has no such parameter: a person reads it")


def _months(term: Term, one: Condition) -> Iterator[Term | Note]:
    unit = {MONTH: 1, YEAR: 12}.get(one.uri or "") or {"month": 1, "months": 1, "year": 12, "years": 12}.get(
        (one.named or "").casefold() if not one.uri else ""
    )
    try:
        number = float(one.value) if one.value is not None else None
    except ValueError:
        number = None
    if unit is None or number is None or not isfinite(number) or abs(number) > _MOST:
        yield term
        yield from _kept(one, "not a number of months or years")
        return
    yield replace(term, months=int(number * unit // 1))
    if number * unit % 1:
        yield Note(f"{one.where}.conditionParameter.value", "rounded down to whole months")


def _date(term: Term, one: Condition) -> Iterator[Term | Note]:
    try:
        yield from parse_term({"code": term.code, "date": str(one.value)})
    except ValueError:
        yield term
        yield from _kept(one, "not a date, YYYY-MM-DD")


def _demands_disease(one: Condition) -> bool:
    return one.rule == OBLIGATORY and one.code in {duo.DS, DISEASE}


def _one_disease_code(terms: list[Term]) -> list[Term]:
    """Several diseases are one DS with all of them; a DS without a disease stays as it is."""
    named = [term for term in terms if term.code == duo.DS and term.diseases]
    if len(named) < 2:  # noqa: PLR2004 (nothing to join)
        return terms
    joined = Term(code=duo.DS, diseases=frozenset().union(*(term.diseases for term in named)))
    return [joined, *(term for term in terms if term not in named)]


def _alternatives(terms: list[Term], conditions: Iterable[Condition]) -> list[Term]:
    """Permitted conditions of one list code are one term with all their values."""
    for code in LISTS:
        pooled = {
            term
            for one in conditions
            if one.code == code and one.rule == PERMITTED and one.whole
            for term in _said(one)
            if isinstance(term, Term)
        }
        if len(pooled) > 1:
            terms = [term for term in terms if term not in pooled] + [_pool(code, pooled)]
    return terms


def _pool(code: str, pooled: set[Term]) -> Term:
    name = LISTS[code]
    every = frozenset().union(*(getattr(term, name) for term in pooled))
    texts = sorted(term.text for term in pooled if term.text)
    bare = any(not getattr(term, name) and not term.text for term in pooled)
    note = ["and one that is not named"] if bare else []
    values: dict[str, Any] = {name: every}
    return Term(code=code, text="; ".join([*texts, *note])[:MAX_TEXT] or None, **values)


def _unstated(terms: list[Term], profile: Profile) -> Iterator[tuple[Term | None, Note]]:
    """What is forbidden because the profile does not speak of it, as codes."""
    permissions = {term.code for term in terms if term.kind is TermKind.PERMISSION}
    if not permissions:
        yield None, Note("conditions", "no permission: a person must say what the data may be used for")
    if profile.open:
        yield None, Note("permissionMode", "allowed is only what a permission code says, not all that is unstated")
        return
    if duo.NRES in permissions:
        return
    stated = {one.code for one in profile.conditions if one.whole and one.rule != FORBIDDEN}
    if not stated & {duo.NPU, duo.NPUNCU}:
        yield Term(code=duo.NPU), Note("permissionMode", "for-profit organisations are not spoken of, so forbidden")
    if not stated & {duo.NCU, duo.NPUNCU}:
        yield Term(code=duo.NCU), Note("permissionMode", "commercial use is not spoken of, so forbidden")
    if duo.GRU not in permissions and not stated & {duo.NMDS, METHODS}:
        yield Term(code=duo.NMDS), Note("permissionMode", "method development is not spoken of, so forbidden")
