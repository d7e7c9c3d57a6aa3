"""DUC profiles in and out: what each condition means, and that nothing is ever allowed that was not."""

import json
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from broker.core.duo.duc import read_profile
from broker.core.duo.duc_export import write_profile
from broker.core.duo.duc_form import MAX_CONDITIONS, UNSTATED_FORBIDDEN, UNSTATED_PERMITTED
from broker.core.duo.match import Verdict, match
from broker.core.duo.terms import MAX_TERMS, Term, parse_terms
from broker.core.duo.vocabulary import ENTRIES, RS, canonical_code
from broker.core.purpose import Purpose
from tests.core.duo.duo_world import CANCER, MELANOMA, ONTOLOGY, ROOT, asking, coded, likely, purposes

SCHEMA = json.loads((ROOT / "schemas" / "duc-profile.schema.json").read_text("utf-8"))
OBO = "http://purl.obolibrary.org/obo/"
NOT_SPOKEN_OF = ["NPU", "NCU"]
few = settings(max_examples=60)


def iri(written: str) -> str:
    return OBO + canonical_code(written).replace(":", "_")


def one(code: str, rule: str = "Permitted", scope: str = "Whole of asset", **parameter: Any) -> dict[str, Any]:
    said: dict[str, Any] = {"conditionTerm": {"uri": iri(code)}, "rule": rule, "scope": scope}
    return said | ({"conditionParameter": parameter} if parameter else {})


def profile(*conditions: Any, **members: Any) -> dict[str, Any]:
    return {"conditions": list(conditions)} | members


SILENT = [one("NPU", "No Requirement"), one("NCU", "No Requirement"), one("DUO:0000031", "No Requirement")]
"""What a profile says so that nothing is forbidden for not being spoken of."""
MONTH = {"label": "Month", "uri": OBO + "UO_0000035"}
DISEASE = {"uri": OBO + "MONDO_0004992", "label": "cancer"}

MEANINGS: list[tuple[dict[str, Any], list[Any]]] = [
    (one("GRU"), ["GRU"]),
    (one("HMB", "Obligatory"), ["HMB"]),
    (one("DS", **DISEASE), [{"code": "DS", "diseases": [CANCER]}]),
    (one("DS", value="MONDO:0004992"), [{"code": "DS", "diseases": [CANCER]}]),
    (one("DS", label="cancer"), [{"code": "DS", "diseases": ["cancer"]}]),
    (one("CC"), ["CC"]),
    (one("GRU-CC"), ["GRU", "CC"]),
    (one("RU"), ["RU"]),
    (one("TS", "Obligatory", value=12, **MONTH), [{"code": "TS", "months": 12}]),
    (one("TS", "Obligatory", value="12", label="months"), [{"code": "TS", "months": 12}]),
    (one("TS", "Obligatory", value=2, uri=OBO + "UO_0000036"), [{"code": "TS", "months": 24}]),
    (one("TS", "Obligatory", value=1.5, **MONTH), [{"code": "TS", "months": 1}]),
    (one("MOR", "Obligatory", value="2027-06-30"), [{"code": "MOR", "date": "2027-06-30"}]),
    (one("GS", "Obligatory", value="EU"), [{"code": "GS", "regions": ["EU"]}]),
    (one("PS", "Obligatory", value="P-1"), [{"code": "PS", "projects": ["P-1"]}]),
    (one("US", "Obligatory", value="i|a"), [{"code": "US", "users": ["i|a"]}]),
    (one("IS", "Obligatory", uri="https://ror.org/1"), [{"code": "IS", "institutions": ["https://ror.org/1"]}]),
    (one("COL", "Obligatory", label="Ada"), [{"code": "COL", "text": "Ada"}]),
    (one("RS", "Obligatory", label="oncology"), [{"code": "RS", "text": "oncology"}]),
    (one("RS", "Obligatory", uri=iri("DUO:0000033")), [{"code": "RS", "research_types": ["DUO:0000033"]}]),
    (one("NPU", "Obligatory"), ["NPU"]),
    (one("NPU", "Permitted"), ["NPU"]),
    (one("NPU", "No Requirement"), []),
    (one("DUO:0000031", "Forbidden"), ["NMDS"]),
    (one("DUO:0000033", "Forbidden"), ["NPOA"]),
    (one("DUO:0000033", "Permitted"), ["POA"]),
    (one("DUO:0000037", "Permitted"), ["HMB"]),
    (one("DUO:0000038", "Permitted"), []),
    (one("DUO:0000038", "Obligatory"), ["GSO"]),
    (one("DUO:0000040", "Permitted", **DISEASE), [{"code": "DS", "diseases": [CANCER]}]),
]


@pytest.mark.parametrize(("condition", "wanted"), MEANINGS, ids=lambda value: json.dumps(value).replace(OBO, ""))
def test_what_a_condition_means(condition: dict[str, Any], wanted: list[Any]) -> None:
    found = read_profile(profile(condition, permissionMode=UNSTATED_PERMITTED))
    assert found.terms == parse_terms(wanted)


FOR_A_PERSON: list[dict[str, Any]] = [
    one("HMB", "Forbidden"),
    one("NPU", "Forbidden"),
    one("RU", "Forbidden"),
    one("CC", "Obligatory"),
    one("GRU", scope="Part of asset"),
    one("NPU", "Obligatory", scope="Part of asset"),
    one("DUO:0000017", "Obligatory"),
    one("DUO:0000032", "Forbidden"),
    one("DUO:0000036", "Obligatory"),
    one("TS", "Obligatory", value=12),
    one("TS", "Obligatory", value=12, uri=OBO + "UO_0000033"),
    one("TS", "Obligatory", **MONTH),
    one("TS", "Obligatory", value="a year", **MONTH),
    one("TS", "Obligatory", value=10**9, **MONTH),
    one("MOR", "Obligatory", value="next year"),
    one("GRU-CC", value="x"),
    {"conditionTerm": {"label": "Fees"}, "rule": "Obligatory", "scope": "Whole of asset"},
    {
        "conditionTerm": {"label": "Fees", "uri": "https://example.org/fees"},
        "rule": "Forbidden",
        "scope": "Whole of asset",
    },
    {"conditionTerm": {"label": "HMB", "uri": iri("GRU")}, "rule": "Permitted", "scope": "Whole of asset"},
]


@pytest.mark.parametrize("condition", FOR_A_PERSON, ids=lambda value: json.dumps(value).replace(OBO, ""))
def test_what_no_code_says_is_kept_in_words_and_never_permitted(condition: dict[str, Any]) -> None:
    found = read_profile(profile(one("GRU"), *SILENT, condition))
    (note,) = [note for note in found.notes if note.where.startswith("conditions[4]")]
    assert note.says
    assert any(term.code == RS and term.text for term in found.terms)
    assert match(found.terms, asking(), ONTOLOGY).verdict is Verdict.REVIEW
    assert match(read_profile(profile(one("GRU"), *SILENT)).terms, asking(), ONTOLOGY).verdict is Verdict.PERMIT


FEES = {"conditionTerm": {"label": "Fees"}, "rule": "Obligatory", "scope": "Whole of asset"}


@pytest.mark.parametrize(
    ("condition", "said"),
    [
        (FEES, "Obligatory: Fees"),
        (FEES | {"conditionParameter": {"value": 10}}, "Obligatory: Fees (10)"),
        (FEES | {"conditionParameter": {"value": 10, "label": "euro"}}, "Obligatory: Fees (10)"),
        (FEES | {"conditionParameter": {"label": "euro"}}, "Obligatory: Fees (euro)"),
        (FEES | {"conditionParameter": {"uri": OBO + "UO_0000035", "label": "month"}}, "Obligatory: Fees (UO:0000035)"),
        (FEES | {"conditionTerm": {"uri": "https://e.example/fees"}}, "Obligatory: https://e.example/fees"),
        (one("HMB", "Forbidden"), "Forbidden: health or medical or biomedical research"),
        (
            one("NPU", "Obligatory", scope="Part of asset"),
            "Obligatory (part of the data): not for profit organisation use only",
        ),
    ],
    ids=str,
)
def test_the_words_that_are_kept_say_all_of_it(condition: dict[str, Any], said: str) -> None:
    found = read_profile(profile(one("GRU"), *SILENT, condition))
    assert [term.text for term in found.terms if term.text] == [said]


def test_as_many_conditions_as_are_read_and_no_more_codes_than_a_data_set_may_have() -> None:
    silent = [one("NPU", "No Requirement")] * (MAX_CONDITIONS - 1)
    assert len(read_profile(profile(one("NRES"), *silent)).terms) == 1
    assert len(read_profile(profile(*[one("NRES")] * MAX_TERMS)).terms) == MAX_TERMS
    with pytest.raises(ValueError, match=f"more than {MAX_TERMS} codes"):
        read_profile(profile(*[one("NRES")] * (MAX_TERMS + 1)))


@pytest.mark.parametrize(
    ("conditions", "wanted"),
    [
        ([one("GS", value="EU"), one("GS", value="CH")], [{"code": "GS", "regions": ["EU", "CH"]}]),
        (
            [one("GS", "Obligatory", value="EU"), one("GS", "Obligatory", value="FR")],
            [{"code": "GS", "regions": ["EU"]}, {"code": "GS", "regions": ["FR"]}],
        ),
        (
            [one("GS", value="EU"), one("GS")],
            [{"code": "GS", "regions": ["EU"], "text": "and one that is not named"}],
        ),
        (
            [one("RS", uri=iri("DUO:0000033")), one("RS", value="x")],
            [{"code": "RS", "research_types": ["DUO:0000033"], "text": "x"}],
        ),
        (
            [one("DS", value=CANCER), one("DS", value=MELANOMA), one("DS")],
            [{"code": "DS", "diseases": [CANCER, MELANOMA]}, "DS"],
        ),
    ],
)
def test_what_is_permitted_one_by_one_is_one_code_and_what_is_obligatory_binds_each_time(
    conditions: list[Any], wanted: list[Any]
) -> None:
    found = read_profile(profile(*conditions, permissionMode=UNSTATED_PERMITTED))
    assert set(found.terms) == set(parse_terms(wanted))


def test_a_disease_that_is_obligatory_beside_another_is_for_a_person() -> None:
    found = read_profile(profile(one("DS", value=CANCER), one("DS", "Obligatory", value=MELANOMA), *SILENT))
    asked = asking(kinds=["disease"], diseases=[CANCER])
    assert match(found.terms, asked, ONTOLOGY).verdict is Verdict.REVIEW


@pytest.mark.parametrize(
    ("permission", "added"), [("NRES", []), ("GRU", NOT_SPOKEN_OF), ("HMB", [*NOT_SPOKEN_OF, "NMDS"])]
)
@pytest.mark.parametrize("mode", [{}, {"permissionMode": UNSTATED_FORBIDDEN}])
def test_what_is_not_spoken_of_is_forbidden(permission: str, added: list[str], mode: dict[str, str]) -> None:
    found = read_profile(profile(one(permission), **mode))
    assert [term.name for term in found.terms] == [permission, *added]
    assert len(found.notes) == len(added)
    assert [term.name for term in read_profile(profile(one(permission), *SILENT)).terms] == [permission]


@pytest.mark.parametrize(
    ("condition", "told"),
    [
        (one("TS", "Obligatory", value=1.5, **MONTH), ["conditions[3].conditionParameter.value"]),
        (one("TS", "Obligatory", value=12, **MONTH), []),
        (one("PUB", "Obligatory", value="within a year"), ["conditions[3].conditionParameter"]),
        (one("COL", "Obligatory", value="Ada"), []),
        (one("NPU", "Permitted"), ["conditions[3].rule"]),
        (one("NPU", "Obligatory"), []),
        (one("GS", "Obligatory", value="EU"), []),
        (one("GS", "Obligatory", value="Europe"), ["conditions[3].conditionParameter"]),
        (one("PS", "Obligatory", value="P-1"), ["conditions[3].conditionParameter"]),
        (one("CC", "Permitted"), []),
        (one("DUO:0000038", "Permitted"), ["conditions[3]"]),
    ],
    ids=str,
)
def test_what_was_read_more_narrowly_or_may_be_meant_otherwise_is_told(
    condition: dict[str, Any], told: list[str]
) -> None:
    found = read_profile(profile(*SILENT, condition, one("GRU")))
    assert [note.where for note in found.notes] == told


def test_a_disease_in_words_is_told() -> None:
    in_words, by_term = (read_profile(profile(one("DS", label=said), *SILENT)) for said in ("a cancer", CANCER))
    assert [note.where for note in in_words.notes] == ["conditions[0].conditionParameter"]
    assert by_term.notes == ()


def test_a_forbidden_restriction_is_not_taken_for_spoken_of() -> None:
    found = read_profile(profile(one("GRU"), one("NPU", "Forbidden")))
    assert match(found.terms, asking(organisation="for_profit"), ONTOLOGY).verdict is Verdict.DENY


def test_a_mode_alone_permits_nothing() -> None:
    found = read_profile(profile(one("NPU", "Obligatory"), permissionMode=UNSTATED_PERMITTED))
    assert {note.where for note in found.notes} == {"conditions", "permissionMode"}
    assert match(found.terms, asking(), ONTOLOGY).verdict is Verdict.REVIEW


@pytest.mark.parametrize(
    "condition",
    [
        {"conditionTermLabel": "GRU", "rule": "Permitted", "scope": "Whole of asset"},
        {"conditionTermUri": iri("GRU"), "rule": "permitted", "scope": "whole of Asset"},
        {"conditionTerm": "General Research Use", "rule": "Permitted", "scope": "Whole of asset"},
        {
            "conditionTerm": {"label": "general research use", "uri": None},
            "rule": "Obligated",
            "scope": "Whole of asset",
        },
    ],
)
def test_other_spellings_are_read(condition: dict[str, Any]) -> None:
    assert read_profile(profile(condition, *SILENT)).terms == (Term(code=canonical_code("GRU")),)


@pytest.mark.parametrize("stem", ["conditionParameter", "conditionDetail"])
def test_other_spellings_of_a_parameter_are_read(stem: str) -> None:
    condition = one("TS", "Obligatory") | {stem: "month", f"{stem}Value": 12}
    assert Term(code=canonical_code("TS"), months=12) in read_profile(profile(condition)).terms


GRU = one("GRU")
BROKEN: list[tuple[Any, str]] = [
    ([], "the document: not an object"),
    ({}, "conditions: not a list"),
    (profile(), "conditions: none"),
    (profile(*[GRU] * (MAX_CONDITIONS + 1)), f"conditions: not a list of at most {MAX_CONDITIONS}"),
    (profile(GRU, colour="red"), "colour: no such member"),
    (profile(GRU, permissionMode="All"), "permissionMode: none of"),
    (profile(GRU, profileName=7), "profileName: not a text"),
    (profile(GRU, assets=[{}]), r"assets\[0\].assetName: not a text"),
    (profile(GRU, assets=[{"assetName": "a", "assetURI": 1}]), r"assets\[0\].assetURI"),
    (profile(GRU, assets=[{"assetName": "a", "assetReferences": [1]}]), r"assets\[0\].assetReferences\[0\]"),
    (profile(GRU, 7), r"conditions\[1\]: not an object"),
    (profile({"rule": "Permitted", "scope": "Whole of asset"}), r"conditions\[0\].conditionTerm.label: missing"),
    (profile(GRU | {"rule": "Maybe"}), r"conditions\[0\].rule: none of Obligatory"),
    (profile({name: GRU[name] for name in ("conditionTerm", "rule")}), r"conditions\[0\].scope: none of"),
    (profile(GRU | {"rules": "x"}), r"conditions\[0\].rules: no such member"),
    (profile(GRU | {"conditionTerm": {"name": "x"}}), r"conditions\[0\].conditionTerm.name: no such member"),
    (profile(GRU | {"conditionTermValue": "x"}), r"conditions\[0\].conditionTerm.value: no such member"),
    (profile(GRU | {"conditionTermUri": iri("HMB")}), r"conditions\[0\].conditionTerm: said twice"),
    (profile(GRU | {"conditionParameter": {"value": True}}), r"conditions\[0\].conditionParameter.value: neither"),
    (profile(GRU | {"conditionParameter": {"value": " "}}), r"conditions\[0\].conditionParameter.value: not a text"),
    (profile(GRU | {"conditionParameter": {"value": float("inf")}}), r"conditionParameter.value: neither"),
    (profile(GRU | {"conditionParameter": {"uri": 1}}), r"conditions\[0\].conditionParameter.uri: not a text"),
]


@pytest.mark.parametrize(("raw", "said"), BROKEN, ids=[said for _, said in BROKEN])
def test_what_cannot_be_read_is_refused_and_named(raw: Any, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        read_profile(raw)


def valid(raw: Mapping[str, Any]) -> bool:
    return Draft202012Validator(SCHEMA).is_valid(raw)


@pytest.mark.parametrize(("raw", "said"), BROKEN, ids=[said for _, said in BROKEN])
def test_the_schema_refuses_what_the_reader_refuses(raw: Any, said: str) -> None:
    if "neither" not in said and "not a text" not in said:  # infinity is no JSON, and blanks are text to a schema
        assert not valid(raw)


def test_the_schema_takes_what_is_written_here() -> None:
    for condition in (*[condition for condition, _ in MEANINGS], *FOR_A_PERSON):
        assert valid(profile(condition)), condition


def again(terms: tuple[Term, ...]) -> tuple[Term, ...]:
    written = write_profile("a dataset", terms)
    assert valid(json.loads(json.dumps(written))), written
    return read_profile(written).terms


SAYABLE = [["GRU"], ["HMB", "CC", "NMDS"], ["NRES"], ["POA", "NPUNCU"], ["HMB", "NPU", "IRB", "PUB", "RTN", "GSO"],
    [{"code": "DS", "diseases": [CANCER, MELANOMA]}, {"code": "COL", "text": "Ada"}, "NPOA"],
    ["GRU", {"code": "GS", "regions": ["EU", "CH"]}, {"code": "TS", "months": 6}, {"code": "MOR", "date": "2027-06-30"}],
    ["GRU", {"code": "US", "users": ["i|a"]}, {"code": "PS", "projects": ["P 1", "P-2"]}, {"code": "IS", "institutions": ["u"]}],
    ["GRU", {"code": "RS", "research_types": ["DUO:0000033", "DUO:0000037"]}],
    ["GRU", {"code": "RS", "text": "only on Tuesdays"}], ["GRU", "GS"], ["GRU", "TS"],
]  # fmt: skip


@pytest.mark.parametrize("terms", SAYABLE, ids=map(str, SAYABLE))
def test_codes_come_back_as_they_were(terms: list[Any]) -> None:
    assert set(again(parse_terms(terms))) == set(parse_terms(terms))


def test_a_kind_of_research_is_said_as_its_term() -> None:
    returned = again(parse_terms(["GRU", {"code": "RS", "research_types": ["ancestry"]}]))
    assert Term(code=RS, research_types=frozenset({"DUO:0000033"})) in returned


def test_what_stands_on_a_code_that_cannot_have_it_is_said_in_words() -> None:
    strays = [
        {"code": "NPU", "months": 3, "text": "hospitals"},
        {"code": "HMB", "diseases": [CANCER]},
        "XYZ",
        "DUO:0000037",
    ]
    said = {term.text for term in again(parse_terms(strays)) if term.text}
    assert said == {
        "Obligatory: NPU: hospitals",
        "Obligatory: NPU with months",
        "Obligatory: HMB with diseases",
        "Obligatory: not a data use code: XYZ",
        "Obligatory: not a data use code: DUO:0000037",
    }


def test_what_cannot_be_said_is_not_written() -> None:
    lists = [{"code": "GS", "regions": ["EU", "CH"]}, {"code": "GS", "regions": ["FR", "CH"]}]
    with pytest.raises(ValueError, match="GS: two lists"):
        write_profile("x", parse_terms(["GRU", *lists]))
    with pytest.raises(ValueError, match="no code"):
        write_profile("x", ())


@few
@given(terms=coded, purpose=st.one_of(purposes, likely))
def test_there_and_back_never_widens(terms: tuple[Term, ...], purpose: Purpose) -> None:
    try:
        returned = again(terms)
    except ValueError:
        return
    assert match(returned, purpose, ONTOLOGY).verdict >= match(terms, purpose, ONTOLOGY).verdict


_condition = st.builds(
    lambda code, rule, scope, parameter: one(code, rule, scope, **parameter),
    st.sampled_from(sorted(ENTRIES)),
    st.sampled_from(["Obligatory", "Permitted", "Permitted", "Forbidden", "No Requirement"]),
    st.sampled_from(["Whole of asset"] * 4 + ["Part of asset"]),
    st.sampled_from(
        [{}, {}, DISEASE, {"value": "EU"}, {"value": "FR"}, MONTH | {"value": 12}, {"value": "2027-06-30"}]
    ),
)
_profiles = st.builds(
    lambda permission, more, mode: profile(
        one(permission, value=CANCER) if permission == "DS" else one(permission), *more, **mode
    ),
    st.sampled_from(["GRU", "HMB", "DS", "NRES", "POA"]),
    st.lists(st.one_of(_condition, st.sampled_from(SILENT)), max_size=5),
    st.sampled_from([{}, {"permissionMode": UNSTATED_FORBIDDEN}, {"permissionMode": UNSTATED_PERMITTED}]),
)


@few
@given(raw=_profiles, purpose=st.one_of(purposes, likely))
def test_a_profile_read_and_written_again_means_no_more(raw: dict[str, Any], purpose: Purpose) -> None:
    terms = read_profile(raw).terms
    try:
        returned = again(terms)
    except ValueError:
        return
    assert match(returned, purpose, ONTOLOGY).verdict >= match(terms, purpose, ONTOLOGY).verdict


@few
@given(raw=_profiles, more=_condition, purpose=st.one_of(purposes, likely))
def test_one_more_condition_that_forbids_or_is_for_a_part_never_widens(
    raw: dict[str, Any], more: dict[str, Any], purpose: Purpose
) -> None:
    if more["rule"] != "Forbidden" and more["scope"] == "Whole of asset":
        more = more | {"rule": "Forbidden"}
    narrower = raw | {"conditions": [*raw["conditions"], more]}
    before, after = (match(read_profile(one).terms, purpose, ONTOLOGY).verdict for one in (raw, narrower))
    assert after >= before
