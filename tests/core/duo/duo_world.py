"""What the DUO tests share: the demo ontology, a purpose that nothing is wrong with, and strategies."""

import json
from pathlib import Path
from typing import Any

from hypothesis import strategies as st

from broker.adapters.ontology import load_ontology
from broker.core.duo.match import Match, match
from broker.core.duo.terms import Term, parse_terms
from broker.core.duo.vocabulary import ENTRIES, RS, TermKind, canonical_code
from broker.core.purpose import Kind, Purpose, purpose_json, read_purpose
from broker.core.time import Day

ROOT = Path(__file__).parents[3]
DEMO = ROOT / "config" / "ontology" / "mondo-demo.obo"
ONTOLOGY = load_ontology(DEMO)
CASES: list[dict[str, Any]] = json.loads((ROOT / "tests" / "cases" / "duo_cases.json").read_bytes())["cases"]

CANCER, MELANOMA, ALZHEIMER, NOWHERE = "MONDO:0004992", "MONDO:0005105", "MONDO:0004975", "MONDO:9999999"
PLAIN: dict[str, Any] = {
    "organisation": "non_profit",
    "commercial": False,
    "clinical_care": False,
    "genetic_data": True,
    "kinds": ["hmb"],
    "countries": ["FR"],
    "sensitive": [],
}


def asking(**members: Any) -> Purpose:
    """The plain purpose with `members` changed; None takes one away."""
    return read_purpose(PLAIN | members)


def judged(terms: list[Any], today: Day | None = None, **members: Any) -> Match:
    """Match `terms`, as JSON, against the plain purpose with `members` changed."""
    return match(parse_terms(terms), asking(**members), ONTOLOGY, today)


def codes(found: Match) -> list[str]:
    return [reason.code for reason in found.reasons]


_parameters: dict[str, st.SearchStrategy[Any]] = {
    "diseases": st.frozensets(st.sampled_from([CANCER, MELANOMA, ALZHEIMER, NOWHERE]), max_size=2),
    "regions": st.frozensets(st.sampled_from(["EU", "EEA", "GB", "Atlantis"]), max_size=2),
    "users": st.frozensets(st.sampled_from(["i|a", "i|b"]), max_size=2),
    "projects": st.frozensets(st.sampled_from(["P-1", "P-2"]), max_size=2),
    "institutions": st.frozensets(st.sampled_from(["u1", "u2"]), max_size=2),
    "research_types": st.frozensets(st.sampled_from(["hmb", "ancestry", "oncology"]), max_size=2),
    "text": st.sampled_from([None, "words"]),
    "date": st.sampled_from([None, Day(2027, 6, 30)]),
    "months": st.sampled_from([None, -1, 0, 6, 12]),
}


def _term(code: str) -> st.SearchStrategy[Term]:
    own = sorted(ENTRIES[code].parameters) if code in ENTRIES else []
    return st.builds(Term, code=st.just(code), **{name: _parameters[name] for name in own})


def of_kind(*kinds: TermKind) -> list[str]:
    return sorted(code for code, entry in ENTRIES.items() if entry.kind in kinds)


any_code = st.sampled_from([*ENTRIES, "XYZ"]).flatmap(_term)
modifier = st.sampled_from(of_kind(TermKind.MODIFIER)).flatmap(_term)
permission = st.sampled_from(of_kind(TermKind.PERMISSION)).flatmap(_term)
coded = st.tuples(permission, st.lists(modifier, max_size=3)).map(lambda found: (found[0], *found[1]))

_PLAINLY: dict[str, dict[str, Any]] = {
    "DUO:0000007": {"diseases": frozenset({CANCER})},
    "DUO:0000022": {"regions": frozenset({"EU"})},
    "DUO:0000024": {"date": Day(2027, 6, 30)},
    "DUO:0000025": {"months": 12},
    "DUO:0000026": {"users": frozenset({"i|a"})},
    "DUO:0000027": {"projects": frozenset({"P-1"})},
    "DUO:0000028": {"institutions": frozenset({"u1"})},
}


def _plain_term(code: str) -> Term:
    return Term(code=code, **_PLAINLY.get(code, {}))


plainly_coded = st.tuples(
    st.sampled_from(["GRU", "GRU", "HMB", "HMB", "DS", "POA", "NRES"]).map(
        lambda one: _plain_term(canonical_code(one))
    ),
    st.lists(st.sampled_from([code for code in of_kind(TermKind.MODIFIER) if code != RS]).map(_plain_term), max_size=2),
).map(lambda found: (found[0], *found[1]))
"""Codes with all that they need: one permission, a few modifiers."""

_maybe = st.sampled_from([None, True, False])
purposes = st.fixed_dictionaries(
    {
        "organisation": st.sampled_from([None, "non_profit", "for_profit"]),
        "commercial": _maybe,
        "clinical_care": _maybe,
        "genetic_data": _maybe,
        "kinds": st.lists(st.sampled_from([kind.value for kind in Kind]), unique=True, max_size=3),
        "diseases": st.lists(st.sampled_from([CANCER, MELANOMA, ALZHEIMER, NOWHERE]), unique=True, max_size=2),
        "countries": st.lists(st.sampled_from(["FR", "NO", "US", "XX"]), unique=True, max_size=2),
        "project": st.sampled_from([None, "P-1", "P-9"]),
        "institution": st.sampled_from([None, "u1", "u9"]),
        "user": st.sampled_from([None, "i|a", "i|z"]),
        "duration_months": st.sampled_from([None, 6, 24]),
        "agreements": st.fixed_dictionaries(
            {
                "publish": _maybe,
                "return_data": _maybe,
                "collaborate": st.sampled_from([None, "recorded", "refused", "pending"]),
                "no_publication_before": st.sampled_from([None, "2027-01-01", "2028-01-01"]),
            }
        ),
        "evidence": st.fixed_dictionaries(
            {"ethics_approval": st.sampled_from([None, "verified", "supplied", "expired", "refused"])}
        ),
        "sensitive": st.lists(st.sampled_from(["paediatric", "migration"]), unique=True, max_size=1),
    }
).map(read_purpose)


def _named(written: dict[str, Any]) -> Purpose:
    """Disease research names its disease."""
    return read_purpose(written | {"diseases": [MELANOMA] if "disease" in written["kinds"] else []})


likely = st.fixed_dictionaries(
    {
        "organisation": st.sampled_from(["non_profit", "non_profit", "for_profit"]),
        "commercial": st.just(value=False),
        "clinical_care": st.just(value=False),
        "genetic_data": st.just(value=True),
        "kinds": st.sampled_from([["disease"], ["hmb"], ["ancestry"], ["disease", "genetic"], ["hmb", "genetic"]]),
        "countries": st.sampled_from([["FR"], ["FR"], ["US"]]),
        "project": st.just("P-1"),
        "institution": st.just("u1"),
        "user": st.just("i|a"),
        "duration_months": st.sampled_from([None, 6]),
        "agreements": st.just(
            {"publish": True, "return_data": True, "collaborate": "recorded", "no_publication_before": "2028-01-01"}
        ),
        "evidence": st.just({"ethics_approval": "verified"}),
        "sensitive": st.just([]),
    }
).map(_named)
"""Purposes that answer what is asked: many of them are permitted."""


def wider(purpose: Purpose, **more: list[str]) -> Purpose:
    """`purpose` with more kinds or diseases."""
    written = purpose_json(purpose)
    for name, values in more.items():
        written[name] = sorted({*written.get(name, []), *values})
    return read_purpose(written)
