"""Reading codes: CURIE, IRI, shorthand, obsolete ones, and what no reader may guess."""

import pytest

from broker.core.duo.terms import MAX_ITEMS, MAX_TERMS, MAX_TEXT, Term, parse_term, parse_terms
from broker.core.duo.vocabulary import CATEGORIES, ENTRIES, Entry, TermKind, canonical_code
from broker.core.plain import plain
from broker.core.time import Day


def test_the_table_has_all_39_terms_of_the_release() -> None:
    counted = {kind: sum(entry.kind is kind for entry in ENTRIES.values()) for kind in TermKind}
    assert counted == {
        TermKind.PERMISSION: 5,
        TermKind.MODIFIER: 18,
        TermKind.INVESTIGATION: 10,
        TermKind.ROOT: 2,
        TermKind.OBSOLETE: 4,
        TermKind.UNKNOWN: 0,
    }
    assert ENTRIES.keys() >= CATEGORIES


@pytest.mark.parametrize("entry", ENTRIES.values(), ids=lambda entry: entry.code)
def test_every_spelling_of_a_term_is_one_term(entry: Entry) -> None:
    local = entry.code.replace(":", "_")
    spellings = [entry.code, local, f"http://purl.obolibrary.org/obo/{local}", f" {entry.code} "]
    spellings += [entry.shorthand, entry.shorthand.lower()] if entry.shorthand else []
    assert {canonical_code(spelling) for spelling in spellings} == {entry.code}


@pytest.mark.parametrize(
    "written", ["http://purl.obolibrary.org/obo/DUO_00000044", "DUO:00000044", "DUO:0000044", "NPOA"]
)
def test_the_mistyped_iri_of_npoa_is_npoa(written: str) -> None:
    assert canonical_code(written) == "DUO:0000044"


@pytest.mark.parametrize(
    "written",
    ["DS-MONDO:0004992", "DUO:42", "DUO:00000042", "http://evil.example/DUO_0000042", "DUO:٠٠٠٠٠٤٢", "GRU CC"],
)
def test_what_is_no_code_stays_as_written_and_unknown(written: str) -> None:
    (term,) = parse_term(written)
    assert term.kind is TermKind.UNKNOWN


def test_obsolete_gru_cc_is_read_as_two_terms() -> None:
    assert parse_terms(["GRU-CC"]) == (Term(code="DUO:0000042"), Term(code="DUO:0000043"))


def test_parameters_are_read_into_their_types() -> None:
    (term,) = parse_term({"code": "MOR", "date": "2027-06-30", "months": None, "users": None, "text": None})
    assert term == Term(code="DUO:0000024", date=Day(2027, 6, 30))
    (term,) = parse_term({"code": "DS", "disease": "MONDO:1", "diseases": ["MONDO:2", "MONDO:2"]})
    assert term == Term(code="DUO:0000007", diseases=frozenset({"MONDO:1", "MONDO:2"}))
    assert parse_term(plain(term)) == (term,), "what is stored is read back"


@pytest.mark.parametrize(
    ("raw", "named"),
    [
        ({"code": "HMB", "diseses": []}, "diseses"),
        ({"diseases": []}, "code"),
        ({"code": ""}, "code"),
        ({"code": "x" * (MAX_TEXT + 1)}, "code"),
        ({"code": 7}, "code"),
        (7, "object"),
        ({7: "HMB"}, "object"),
        ({"code": "DS", "diseases": "MONDO:0004992"}, "diseases"),
        ({"code": "DS", "diseases": [7]}, "diseases"),
        ({"code": "US", "users": ["u"] * (MAX_ITEMS + 1)}, "users"),
        ({"code": "MOR", "date": "2027-W01-1"}, "date"),
        ({"code": "MOR", "date": "2027-02-30"}, "date"),
        ({"code": "MOR", "date": 20270630}, "date"),
        ({"code": "TS", "months": "12"}, "months"),
        ({"code": "TS", "months": True}, "months"),
        ({"code": "TS", "months": 12.0}, "months"),
    ],
)
def test_a_value_of_the_wrong_type_is_an_error_that_names_the_member(raw: object, named: str) -> None:
    with pytest.raises(ValueError, match=named):
        parse_term(raw)


def test_the_limits_hold_at_n_and_break_at_n_plus_one() -> None:
    assert len(parse_terms(["HMB"] * MAX_TERMS)) == MAX_TERMS
    with pytest.raises(ValueError, match=str(MAX_TERMS)):
        parse_terms(["HMB"] * (MAX_TERMS + 1))
    assert parse_term({"code": "US", "users": [f"u{n}" for n in range(MAX_ITEMS)], "text": "t" * MAX_TEXT})
    with pytest.raises(ValueError, match="text"):
        parse_term({"code": "US", "text": "t" * (MAX_TEXT + 1)})


def test_an_error_says_which_code_and_never_its_value() -> None:
    with pytest.raises(ValueError, match="code 2: months") as caught:
        parse_terms(["HMB", {"code": "TS", "months": "secret"}])
    assert "secret" not in str(caught.value)
