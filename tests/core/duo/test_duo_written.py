"""A DUC profile as it is written, member by member, and what its form takes and refuses."""

from typing import Any

import pytest

from broker.core.duo.duc import read_profile
from broker.core.duo.duc_export import write_profile
from broker.core.duo.ontology import curie
from broker.core.duo.terms import parse_terms
from tests.core.duo.duo_world import CANCER
from tests.core.duo.test_duo_duc import OBO, again, iri, one, profile

Condition = tuple[str, str, str, dict[str, Any] | None]
"""Label, local name of its term or nothing, rule, parameter."""
NPU: Condition = ("not for profit organisation use only", "DUO_0000045", "No Requirement", None)
NCU: Condition = ("non-commercial use only", "DUO_0000046", "No Requirement", None)
METHODS: Condition = ("method development", "DUO_0000031", "No Requirement", None)
SILENT = [NPU, NCU, METHODS]
GS, DS = ("geographical restriction", "DUO_0000022"), ("disease specific research", "DUO_0000007")


def _disease(name: str, rule: str = "Permitted") -> Condition:
    return (*DS, rule, {"value": name, "uri": OBO + name.replace(":", "_", 1)})


WRITTEN: list[tuple[list[Any], list[Condition]]] = [
    (["NRES"], [("no restriction", "DUO_0000004", "Permitted", None), *SILENT]),
    (["RU"], [("obsolete research use only", "DUO_0000014", "Obligatory", None), *SILENT]),
    (["CC", "NPUNCU"], [
        ("clinical care use", "DUO_0000043", "Permitted", None),
        ("not for profit, non commercial use only", "DUO_0000018", "Obligatory", None),
        METHODS,
    ]),
    (["NPU", "NMDS"], [(*NPU[:2], "Obligatory", None), ("no general methods research", "DUO_0000015", "Obligatory", None), NCU]),
    ([{"code": "GS", "regions": ["EU"]}], [(*GS, "Obligatory", {"value": "EU"}), *SILENT]),
    ([{"code": "GS", "regions": ["EU", "CH"]}], [(*GS, "Permitted", {"value": one}) for one in ("CH", "EU")] + SILENT),
    ([{"code": "GS", "regions": ["EU"]}, {"code": "GS", "regions": ["FR"]}], [(*GS, "Obligatory", {"value": one}) for one in ("EU", "FR")] + SILENT),
    (["GS"], [(*GS, "Obligatory", None), *SILENT]),
    ([{"code": "DS", "diseases": [CANCER]}], [_disease(CANCER), *SILENT]),
    ([{"code": "DS", "diseases": ["DOID:162"]}], [_disease("DOID:162"), *SILENT]),
    ([{"code": "DS", "diseases": ["MONDO:1:2"]}], [_disease("MONDO:1:2"), *SILENT]),
    ([{"code": "DS", "diseases": ["a cancer"]}], [(*DS, "Permitted", {"value": "a cancer"}), *SILENT]),
    ([{"code": "GS", "regions": ["GAZ:00000448"]}], [(*GS, "Obligatory", {"value": "GAZ:00000448", "uri": OBO + "GAZ_00000448"}), *SILENT]),
    ([{"code": "TS", "months": 6}], [("time limit on use", "DUO_0000025", "Obligatory", {"label": "month", "uri": OBO + "UO_0000035", "value": 6}), *SILENT]),
    ([{"code": "MOR", "date": "2027-06-30"}], [("publication moratorium", "DUO_0000024", "Obligatory", {"value": "2027-06-30"}), *SILENT]),
    ([{"code": "COL", "text": "Ada"}], [("collaboration required", "DUO_0000020", "Obligatory", {"value": "Ada"}), *SILENT]),
    ([{"code": "RS", "text": "tea"}], [("research specific restrictions", "DUO_0000012", "Obligatory", {"value": "tea"}), *SILENT]),
    (["RS"], [("research specific restrictions", "DUO_0000012", "Obligatory", None), *SILENT]),
    ([{"code": "NPU", "text": "hospitals", "regions": ["EU"], "research_types": ["hmb"], "date": "2027-06-30", "months": 3}], [
        (*NPU[:2], "Obligatory", None),
        *[(f"NPU{said}", "", "Obligatory", None) for said in (": hospitals", " with regions", " with research types", " with date", " with months")],
        NCU, METHODS,
    ]),
]  # fmt: skip


@pytest.mark.parametrize(("terms", "conditions"), WRITTEN, ids=[str(terms) for terms, _ in WRITTEN])
def test_what_is_written_for_each_code(terms: list[Any], conditions: list[Condition]) -> None:
    assert write_profile("A cohort", parse_terms(terms)) == {
        "ducVersion": "1.0.0",
        "profileName": "A cohort",
        "permissionMode": "All unstated conditions are Forbidden",
        "language": "eng",
        "assets": [{"assetName": "A cohort"}],
        "conditions": [
            {
                "conditionTerm": {"label": label} | ({"uri": OBO + local} if local else {}),
                "rule": rule,
                "scope": "Whole of asset",
            }
            | ({"conditionParameter": parameter} if parameter else {})
            for label, local, rule, parameter in conditions
        ],
    }


def test_a_data_set_with_an_address_is_written_with_it() -> None:
    written = write_profile("A cohort", parse_terms(["GRU"]), "https://e.example/d/1")
    assert written["assets"] == [{"assetName": "A cohort", "assetURI": "https://e.example/d/1"}]


def test_two_places_that_hold_together_come_back_as_two() -> None:
    terms = parse_terms(["GRU", {"code": "GS", "regions": ["EU"]}, {"code": "GS", "regions": ["FR"]}])
    assert set(again(terms)) == set(terms)


TEXTS = ("profileId", "profileVersion", "profileName", "ducVersion", "creationDate", "lastUpdated", "language")


@pytest.mark.parametrize("name", TEXTS)
def test_every_text_of_a_profile_is_taken_and_nothing_else_in_its_place(name: str) -> None:
    assert read_profile(profile(one("NRES"), **{name: "x"})).notes == ()
    with pytest.raises(ValueError, match=f"^{name}: not a text"):
        read_profile(profile(one("NRES"), **{name: 7}))


@pytest.mark.parametrize(
    ("members", "said"),
    [
        ({"permissionMode": "x"}, "permissionMode: none of All unstated conditions are Forbidden, All unstated conditions are Permitted"),
        ({"assets": "x"}, "assets: not a list of at most 100"),
        ({"assets": [{"assetName": "a", "assetDescription": 7}]}, "assets[0].assetDescription: not a text of 1 to 2000 characters"),
        ({"assets": [{"assetName": "a", "assetURI": 7}]}, "assets[0].assetURI: not a text of 1 to 2000 characters"),
    ],
    ids=str,
)  # fmt: skip
def test_what_a_profile_cannot_be_is_named_in_full(members: dict[str, Any], said: str) -> None:
    with pytest.raises(ValueError, match=r"not a|none of") as wrong:
        read_profile(profile(one("NRES"), **members))
    assert str(wrong.value) == said


@pytest.mark.parametrize(
    ("members", "title"),
    [
        ({"assets": [{"assetName": "a", "assetDescription": "d", "assetURI": "u"}], "profileName": "p"}, "a"),
        ({"profileName": "p"}, "p"),
        ({}, ""),
    ],
    ids=str,
)
def test_a_profile_is_called_as_its_data(members: dict[str, Any], title: str) -> None:
    assert read_profile(profile(one("NRES"), **members)).title == title


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        *((f"{scheme}://purl.obolibrary.org/obo/MONDO_0004992", CANCER) for scheme in ("http", "https")),
        *((f"{scheme}://www.orpha.net/ORDO/Orphanet_586", "Orphanet:586") for scheme in ("http", "https")),
        *((f"{scheme}://omim.org/entry/219700", "OMIM:219700") for scheme in ("http", "https")),
        *((f"{scheme}://identifiers.org/omim/219700", "OMIM:219700") for scheme in ("http", "https")),
        ("https://www.omim.org/entry/219700", "OMIM:219700"),
        *((f"{name}:586", "Orphanet:586") for name in ("ORPHA", "ORPHANET", "ORDO", "Orphanet")),
        *((f"{name}:219700", "OMIM:219700") for name in ("MIM", "OMIM")),
        (iri("GRU"), "DUO:0000042"),
        ("http://purl.obolibrary.org/obo/MONDO_1_2", "MONDO:1_2"),
        ("cancer", "cancer"),
    ],
)
def test_each_way_of_writing_a_term_is_that_term(written: str, meant: str) -> None:
    assert curie(written) == meant
