"""Which DUO terms does a dataset carry, and with which parameters? (specs: DUO section 1, data traps 5 and 6)

A term is stored as its CURIE and its parameters, never as `DS-MONDO:…`. Input may be a CURIE, an IRI or a
shorthand. A code that nobody knows is kept as it was written: matching sends it to a person.
"""

import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime

from broker.core.duo.vocabulary import CC, ENTRIES, GRU, GRU_CC, TermKind, canonical_code
from broker.core.time import Day

MAX_TERMS = 100
"""Terms of one dataset or consent."""
MAX_ITEMS = 1000
"""Values of one parameter, for example the users of a `US` term."""
MAX_TEXT = 2000
"""Characters of a code or of one parameter value."""


_DAY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_SETS = frozenset({"diseases", "regions", "users", "projects", "institutions", "research_types"})
_MEMBERS = _SETS | {"code", "disease", "text", "date", "months"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Term:
    """One DUO code with its parameters, as a dataset, a consent or a grant carries it.

    `diseases`: MONDO CURIEs. `regions`: ISO 3166-1 alpha-2 or a group of core/duo/regions.py. `users`:
    `iss|sub`. `months`: whole months. An empty member was not given.
    """

    code: str
    diseases: frozenset[str] = frozenset()
    regions: frozenset[str] = frozenset()
    users: frozenset[str] = frozenset()
    projects: frozenset[str] = frozenset()
    institutions: frozenset[str] = frozenset()
    research_types: frozenset[str] = frozenset()
    text: str | None = None
    date: Day | None = None
    months: int | None = None

    @property
    def kind(self) -> TermKind:
        """UNKNOWN for a code that DUO does not list."""
        entry = ENTRIES.get(self.code)
        return TermKind.UNKNOWN if entry is None else entry.kind

    @property
    def name(self) -> str:
        """The shorthand where there is one, for people: `HMB`."""
        entry = ENTRIES.get(self.code)
        return entry.shorthand or self.code if entry is not None else self.code


def public(term: Term) -> Term:
    """The term without the persons whom it names: who may use data is not for everybody to read."""
    return replace(term, users=frozenset()) if term.users else term


def parse_terms(raw: object) -> tuple[Term, ...]:
    """The terms of a JSON list. ValueError names the place and the member, never the value."""
    if not isinstance(raw, list | tuple) or len(raw) > MAX_TERMS:
        raise ValueError(f"DUO codes: not a list of at most {MAX_TERMS}")
    return tuple(term for place, one in enumerate(raw) for term in _parse_at(place, one))


def _parse_at(place: int, raw: object) -> tuple[Term, ...]:
    try:
        return parse_term(raw)
    except ValueError as error:
        raise ValueError(f"DUO code {place + 1}: {error}") from None


def parse_term(raw: object) -> tuple[Term, ...]:
    """One code, or an object `{code, …parameters}`; two terms for the obsolete GRU-CC (GRU and CC).

    ValueError for an unknown member or a value of the wrong type; an unknown *code* is no error (see above).
    """
    members: Mapping[str, object] = {"code": raw} if isinstance(raw, str) else _object(raw)
    unknown = members.keys() - _MEMBERS
    if unknown:
        raise ValueError(f"unknown member {min(unknown)[:40]!r}")
    code = canonical_code(_text("code", members.get("code")))
    sets = {name: _strings(name, members[name]) for name in _SETS if members.get(name) is not None}
    if members.get("disease") is not None:
        sets["diseases"] = sets.get("diseases", frozenset()) | {_text("disease", members["disease"])}
    text = members.get("text")
    term = Term(
        code=code,
        text=None if text is None else _text("text", text),
        date=_date(members.get("date")),
        months=_months(members.get("months")),
        **sets,
    )
    return (Term(code=GRU), Term(code=CC)) if term == Term(code=GRU_CC) else (term,)


def _object(raw: object) -> Mapping[str, object]:
    if not isinstance(raw, Mapping) or not all(isinstance(key, str) for key in raw):
        raise ValueError("neither a code nor an object")
    return raw


def _text(name: str, value: object) -> str:
    if not isinstance(value, str) or not value.strip() or len(value) > MAX_TEXT:
        raise ValueError(f"{name}: not a text of 1 to {MAX_TEXT} characters")
    return value


def _strings(name: str, value: object) -> frozenset[str]:
    if not isinstance(value, list | tuple | frozenset) or len(value) > MAX_ITEMS:
        raise ValueError(f"{name}: not a list of at most {MAX_ITEMS}")
    return frozenset(_text(name, one) for one in value)


def _date(value: object) -> Day | None:
    if value is None or (isinstance(value, Day) and not isinstance(value, datetime)):
        return value
    if isinstance(value, str) and _DAY.fullmatch(value):
        with suppress(ValueError):
            return Day.fromisoformat(value)
    raise ValueError("date: not an ISO 8601 date, YYYY-MM-DD")


def _months(value: object) -> int | None:
    if value is not None and type(value) is not int:
        raise ValueError("months: not a whole number")
    return value
