"""Can the codes themselves be relied on? (specs: DUO data trap 6 and the contradictions under section 3.2)

Faults of the coding are for a person, and never widen anything: REVIEW, and the data owner is told.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from functools import lru_cache

from broker.core.duo.modifiers import Rule, rules_for
from broker.core.duo.opinion import Opinion, listed, notice, review
from broker.core.duo.terms import Term
from broker.core.duo.vocabulary import (
    CATEGORIES,
    CC,
    DS,
    ENTRIES,
    MOR,
    NPOA,
    NRES,
    POA,
    PUB,
    RS,
    RTN,
    RU,
    TermKind,
)

_AFTERWARDS = frozenset({CC, MOR, PUB, RTN})
"""Modifiers that do not restrict the use itself, and so may stand beside "no restriction on use"."""

_PARAMETERS = ("diseases", "regions", "users", "projects", "institutions", "research_types", "date", "months")


@dataclass(frozen=True, slots=True, kw_only=True)
class Codes:
    """The terms of one dataset, sorted out once. `faults`: what is wrong with them, whatever the purpose.

    `permissions`: one term a code. `rules`: every modifier's, with its term. `care`: does CC stand?
    """

    faults: tuple[Opinion, ...]
    permissions: tuple[Term, ...]
    permission_codes: frozenset[str]
    rules: tuple[tuple[Rule, Term], ...]
    care: bool


@lru_cache(maxsize=4096)
def read_codes(terms: tuple[Term, ...]) -> Codes:
    """`terms`, sorted out. Remembered, since a dataset's codes are asked about again and again."""
    codes = frozenset(term.code for term in terms)
    permissions = _merged(term for term in terms if term.kind is TermKind.PERMISSION)
    modifiers = [term for term in terms if term.kind is TermKind.MODIFIER]
    return Codes(
        faults=(
            *_permissions(codes),
            *_contradictions(codes),
            *(fault for term in terms for fault in (*_usable(term), *_parameters(term))),
        ),
        permissions=tuple(permissions.values()),
        permission_codes=frozenset(permissions),
        rules=tuple((rule, term) for term in modifiers for rule in rules_for(term)),
        care=CC in codes and RU not in codes,  # "research use only" takes clinical care away again
    )


def _merged(permissions: Iterable[Term]) -> dict[str, Term]:
    """The permission of each code. Several DS terms are one with several diseases."""
    found: dict[str, Term] = {}
    for term in permissions:
        before = found.get(term.code, term)
        found[term.code] = replace(before, diseases=before.diseases | term.diseases)
    return found


def _permissions(codes: frozenset[str]) -> Iterator[Opinion]:
    found = [code for code in codes if _kind(code) is TermKind.PERMISSION]
    if not found:
        yield review("DUO-NO-PERMISSION")
    elif len(found) > 1:
        yield review("DUO-TWO-PERMISSIONS", codes=_names(found))


def _contradictions(codes: frozenset[str]) -> Iterator[Opinion]:
    pairs = [{POA, NPOA}, {CC, RU}]
    limits = {code for code in codes if _kind(code) is TermKind.MODIFIER} - _AFTERWARDS
    if NRES in codes and limits:
        pairs.append({NRES, *limits})
    yield from (review("DUO-CONTRADICTION", codes=_names(pair)) for pair in pairs if pair <= codes)


def _usable(term: Term) -> Iterator[Opinion]:
    if term.code in CATEGORIES:
        yield notice("DUO-CODE-IGNORED", code=term.code)
    elif term.kind is TermKind.OBSOLETE:
        yield review("DUO-CODE-OBSOLETE", code=term.name)
    elif term.kind not in {TermKind.PERMISSION, TermKind.MODIFIER}:
        yield review("DUO-CODE-UNKNOWN", code=term.name[:100])


def _parameters(term: Term) -> Iterator[Opinion]:
    """A parameter that the code cannot have, or words that no rule reads, mean a limit that we would miss."""
    entry = ENTRIES.get(term.code)
    if entry is None:
        return
    for name in _PARAMETERS:
        value = getattr(term, name)
        if value is not None and value != frozenset() and name not in entry.parameters:
            yield review("DUO-PARAMETER-STRAY", code=term.name, parameter=name)
    if term.code == DS and not term.diseases:
        yield review("DUO-PARAMETER-MISSING", code=term.name, parameter="diseases")
    if term.text and "text" not in entry.parameters and term.code != RS:
        yield review("DUO-FREE-TEXT", code=term.name)


def _kind(code: str) -> TermKind:
    entry = ENTRIES.get(code)
    return entry.kind if entry is not None else TermKind.UNKNOWN


def _names(codes: set[str] | list[str]) -> str:
    return listed(Term(code=code).name for code in codes)
