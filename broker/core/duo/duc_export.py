"""How does a dataset say its codes as a Digital Use Conditions profile? (specs: DUO section 4)

Written so that `duc.py` reads the same codes back: a single value is obligatory, several are permitted one by one,
and a profile whose unstated conditions are forbidden says where nothing is required.
"""

from collections.abc import Iterable, Iterator
from typing import Any

from broker.core.duo import vocabulary as duo
from broker.core.duo.duc import LISTS, METHODS, MONTH
from broker.core.duo.duc_form import NO_REQUIREMENT, OBLIGATORY, PERMITTED, UNSTATED_FORBIDDEN, WHOLE
from broker.core.duo.limits import INVESTIGATIONS
from broker.core.duo.ontology import curie
from broker.core.duo.terms import Term
from broker.core.duo.vocabulary import ENTRIES, TermKind

_OBO = "http://purl.obolibrary.org/obo/"
_TYPES = {kind.value: code for code, kind in INVESTIGATIONS.items()}
_SAYABLE = frozenset({TermKind.PERMISSION, TermKind.MODIFIER, TermKind.OBSOLETE})
_VOCABULARIES = ("MONDO:", "DOID:", "DUO:", "GAZ:")


def write_profile(title: str, terms: Iterable[Term], uri: str = "") -> dict[str, Any]:
    """The profile of a dataset called `title`. ValueError for codes that DUC cannot say without allowing more."""
    every = tuple(dict.fromkeys(terms))
    _assert_sayable(every)
    conditions = [condition for term in every for condition in _conditions(term)]
    stated = {term.code for term in every}
    conditions += [_one(code, NO_REQUIREMENT) for code in _silent(stated)]
    asset = {"assetName": title} | ({"assetURI": uri} if uri else {})
    return {
        "ducVersion": "1.0.0",
        "profileName": title,
        "permissionMode": UNSTATED_FORBIDDEN,
        "language": "eng",
        "assets": [asset],
        "conditions": conditions,
    }


def _assert_sayable(terms: tuple[Term, ...]) -> None:
    for code, name in LISTS.items():
        several = [term for term in terms if term.code == code and len(getattr(term, name)) > 1]
        if len(several) > 1:
            raise ValueError(f"{several[0].name}: two lists of alternatives that hold together; make them one")
    if not terms:
        raise ValueError("no code at all")


def _silent(stated: set[str]) -> Iterator[str]:
    """Restrictions that a reader would add if they were not spoken of."""
    if duo.NPUNCU not in stated:
        yield from (code for code in (duo.NPU, duo.NCU) if code not in stated)
    if duo.NMDS not in stated:
        yield METHODS


def _conditions(term: Term) -> Iterator[dict[str, Any]]:
    entry = ENTRIES.get(term.code)
    if entry is None or entry.kind not in _SAYABLE:
        yield _words(f"not a data use code: {term.name}")
        return
    allows = entry.kind is TermKind.PERMISSION or term.code == duo.CC
    parameters = list(_parameters(term))
    several = term.code in LISTS and len(parameters) > 1
    rule = PERMITTED if allows or several else OBLIGATORY
    yield from (_one(term.code, rule, parameter) for parameter in parameters)
    if not parameters and (term.code != duo.RS or not term.text):
        yield _one(term.code, rule)
    yield from _strays(term)


def _parameters(term: Term) -> Iterator[dict[str, Any]]:
    """What the code itself reads."""
    if term.code == duo.DS:
        yield from (_named(disease) for disease in sorted(term.diseases))
    elif term.code == duo.RS:
        yield from (_named(_TYPES.get(one, one)) for one in sorted(term.research_types))
    elif term.code in LISTS:
        yield from (_named(one) for one in sorted(getattr(term, LISTS[term.code])))
    elif term.code == duo.TS and term.months is not None:
        yield {"label": "month", "uri": _iri(MONTH), "value": term.months}
    elif term.code == duo.MOR and term.date is not None:
        yield {"value": term.date.isoformat()}
    elif term.code == duo.COL and term.text is not None:
        yield {"value": term.text}


def _strays(term: Term) -> Iterator[dict[str, Any]]:
    """What stands on the code beside that: for a person, there as here."""
    if term.code == duo.RS and term.text is not None:
        yield _one(duo.RS, OBLIGATORY, {"value": term.text})
    elif term.text is not None and term.code != duo.COL:
        yield _words(f"{term.name}: {term.text}")
    own = ENTRIES[term.code].parameters
    for name in (*LISTS.values(), "diseases", "date", "months"):
        if name not in own and getattr(term, name) not in (None, frozenset()):
            yield _words(f"{term.name} with {name.replace('_', ' ')}")


def _named(value: str) -> dict[str, Any]:
    name = curie(value)
    return {"uri": _iri(name), "value": name} if name.startswith(_VOCABULARIES) else {"value": value}


def _iri(name: str) -> str:
    return _OBO + name.replace(":", "_", 1)


def _words(text: str) -> dict[str, Any]:
    return {"conditionTerm": {"label": text}, "rule": OBLIGATORY, "scope": WHOLE}


def _one(code: str, rule: str, parameter: dict[str, Any] | None = None) -> dict[str, Any]:
    found: dict[str, Any] = {
        "conditionTerm": {"label": ENTRIES[code].label, "uri": _iri(code)},
        "rule": rule,
        "scope": WHOLE,
    }
    return found | ({"conditionParameter": parameter} if parameter else {})
