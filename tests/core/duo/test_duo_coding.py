"""What is told of codes and of open questions, beside the verdict: which code, which member, which pair."""

import re
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

import pytest

from broker.core.duo.match import Match, Verdict
from broker.core.duo.opinion import listed
from broker.core.duo.terms import parse_terms, public
from tests.core.duo.duo_world import codes, judged


def told(found: Match, code: str) -> dict[str, str]:
    """The facts of the reason `code`, which must be among the reasons."""
    return dict(next(reason for reason in found.reasons if reason.code == code).facts)


STRAY: dict[str, dict[str, Any]] = {
    "diseases": {"diseases": ["MONDO:0004992"]},
    "regions": {"regions": ["EU"]},
    "users": {"users": ["i|a"]},
    "projects": {"projects": ["P-1"]},
    "institutions": {"institutions": ["u"]},
    "research_types": {"research_types": ["hmb"]},
    "date": {"date": "2027-06-30"},
    "months": {"months": 12},
}


@pytest.mark.parametrize("parameter", STRAY)
def test_a_parameter_that_a_code_cannot_have_is_told(parameter: str) -> None:
    found = judged([{"code": "GRU"} | STRAY[parameter]])
    assert found.verdict is Verdict.REVIEW
    assert told(found, "DUO-PARAMETER-STRAY") == {"code": "GRU", "parameter": parameter}


PAIRS: list[tuple[list[Any], set[str]]] = [
    (["POA", "NPOA"], {"POA", "NPOA"}),
    (["GRU", "CC", "RU"], {"CC", "RU"}),
    (["NRES", "NPU"], {"NRES", "NPU"}),
    (["NRES", "NPU", "NCU"], {"NRES", "NPU", "NCU"}),
]


@pytest.mark.parametrize(("dataset", "pair"), PAIRS)
def test_codes_that_contradict_each_other_are_told(dataset: list[Any], pair: set[str]) -> None:
    found = judged(dataset)
    assert found.verdict is not Verdict.PERMIT
    assert pair == set(told(found, "DUO-CONTRADICTION")["codes"].replace(" and ", ", ").split(", "))


@pytest.mark.parametrize("dataset", [["POA"], ["GRU", "NPOA"], ["GRU", "CC"], ["NRES", "CC"], ["GRU", "NPU"]])
def test_codes_that_go_together_contradict_nothing(dataset: list[Any]) -> None:
    assert "DUO-CONTRADICTION" not in codes(judged(dataset))


@pytest.mark.parametrize(
    ("dataset", "agreed"), [(["NRES", "RTN"], {"return_data": True}), (["NRES", "PUB"], {"publish": True})]
)
def test_a_duty_for_afterwards_does_not_limit_the_use(dataset: list[Any], agreed: dict[str, Any]) -> None:
    assert judged(dataset, agreements=agreed).verdict is Verdict.PERMIT


def test_a_ds_without_a_disease_is_told_once_for_the_code() -> None:
    found = judged(["DS"], kinds=["general"])
    assert told(found, "DUO-PARAMETER-MISSING") == {"code": "DS", "parameter": "diseases"}


OPEN: list[tuple[Any, dict[str, Any], str, dict[str, str], tuple[str, ...], tuple[str, ...]]] = [
    ("COL", {}, "DUO-COLLABORATION-MISSING", {}, ("purpose.agreements.collaborate",), ("collaborate",)),
    ("COL", {"agreements": {"collaborate": "pending"}}, "DUO-COLLABORATION-PENDING", {}, (), ("collaborate",)),
    ("PUB", {}, "DUO-PUBLISH-UNSTATED", {}, ("purpose.agreements.publish",), ("publish_results",)),
    ("RTN", {}, "DUO-RETURN-UNSTATED", {}, ("purpose.agreements.return_data",), ("return_results",)),
    ("IRB", {}, "DUO-ETHICS-MISSING", {}, ("purpose.evidence.ethics_approval",), ("keep_ethics_approval",)),
    ("MOR", {}, "DUO-PARAMETER-MISSING", {"code": "MOR", "parameter": "date"}, (), ()),
    ("TS", {}, "DUO-PARAMETER-MISSING", {"code": "TS", "parameter": "months"}, (), ()),
    ({"code": "TS", "months": 0}, {}, "DUO-CONTRADICTION", {"codes": "TS 0"}, (), ()),
    ("GS", {}, "DUO-PARAMETER-MISSING", {"code": "GS", "parameter": "regions"}, (), ()),
    ("US", {}, "DUO-PARAMETER-MISSING", {"code": "US", "parameter": "users"}, (), ()),
    ("PS", {}, "DUO-PARAMETER-MISSING", {"code": "PS", "parameter": "projects"}, (), ()),
    ("IS", {}, "DUO-PARAMETER-MISSING", {"code": "IS", "parameter": "institutions"}, (), ()),
    ({"code": "US", "users": ["i|a"]}, {}, "DUO-USER-UNSTATED", {}, ("purpose.user",), ()),
    ({"code": "PS", "projects": ["P"]}, {}, "DUO-PROJECT-UNSTATED", {}, ("purpose.project",), ()),
    ({"code": "IS", "institutions": ["u"]}, {}, "DUO-INSTITUTION-UNSTATED", {}, ("purpose.institution",), ()),
    ("NPU", {"organisation": None}, "DUO-ORGANISATION-UNSTATED", {"code": "NPU"}, ("purpose.organisation",), ()),
    ("NCU", {"commercial": None}, "DUO-COMMERCIAL-UNSTATED", {"code": "NCU"}, ("purpose.commercial",), ()),
    ("GSO", {"genetic_data": None, "kinds": ["genetic"]}, "DUO-GENETIC-UNSTATED", {}, ("purpose.genetic_data",), ()),
    ("GSO", {}, "DUO-GENETIC-UNSTATED", {}, ("purpose.kinds",), ()),
]


@pytest.mark.parametrize(("term", "asked", "code", "facts", "missing", "duties"), OPEN)
def test_an_open_question_says_what_it_waits_for(
    term: Any,
    asked: dict[str, Any],
    code: str,
    facts: dict[str, str],
    missing: tuple[str, ...],
    duties: tuple[str, ...],
) -> None:
    found = judged(["GRU", term], **asked)
    assert found.verdict is Verdict.REVIEW
    assert told(found, code) == facts
    assert (found.missing, found.obligations) == (missing, duties)


def test_one_month_is_a_limit_and_a_permit() -> None:
    found = judged(["GRU", {"code": "TS", "months": 1}], duration_months=1)
    assert (found.verdict, found.months, found.obligations) == (Verdict.PERMIT, 1, ("time_limit_months:1",))


def test_two_permissions_are_both_told() -> None:
    found = judged(["GRU", "HMB"])
    assert set(told(found, "DUO-TWO-PERMISSIONS")["codes"].replace(" and ", ", ").split(", ")) == {"GRU", "HMB"}


@pytest.mark.parametrize("kind", ["hmb", "disease", "genetic", "drug_development"])
def test_methods_within_health_research_are_mixed_where_methods_are_excluded(kind: str) -> None:
    found = judged(["HMB", "NMDS"], kinds=["methods", kind])
    assert (found.verdict, "DUO-METHODS-MIXED" in codes(found)) == (Verdict.REVIEW, True)


@pytest.mark.parametrize("kind", ["control", "age_category", "gender_category"])
def test_ways_of_working_are_no_health_research(kind: str) -> None:
    assert judged(["HMB", "NMDS"], kinds=["methods", kind]).verdict is Verdict.DENY


TYPES = {
    "DUO:0000031": "method development",
    "DUO:0000032": "population research",
    "DUO:0000033": "ancestry research",
    "DUO:0000034": "research on an age group",
    "DUO:0000035": "research on a gender",
    "DUO:0000036": "use as a control set",
    "DUO:0000037": "health research",
    "DUO:0000038": "genetic research",
    "DUO:0000039": "drug development",
    "DUO:0000040": "disease research",
    "oncology": "oncology",
}


@pytest.mark.parametrize("written", TYPES)
def test_a_research_type_is_told_in_words(written: str) -> None:
    found = judged(["GRU", {"code": "RS", "research_types": [written]}], kinds=["general"])
    assert told(found, "DUO-RESEARCH-TYPE-UNCLEAR") == {"allowed": TYPES[written]}


HEALTH, ANCESTRY = ["hmb", "disease", "drug_development"], ["ancestry"]


@pytest.mark.parametrize("asked", [*HEALTH, *ANCESTRY])
@pytest.mark.parametrize("stated", [*HEALTH, *ANCESTRY])
def test_only_health_and_ancestry_are_clearly_different(stated: str, asked: str) -> None:
    found = judged(["GRU", {"code": "RS", "research_types": [stated]}], kinds=[asked])
    assert found.verdict is (Verdict.REVIEW if (stated in HEALTH) is (asked in HEALTH) else Verdict.DENY)


def test_refusals_are_told_before_open_questions() -> None:
    found = judged(["GRU", "COL", "NCU"], commercial=True)
    assert codes(found) == ["DUO-COMMERCIAL-USE", "DUO-COLLABORATION-MISSING"]


def test_reasons_of_one_code_stand_in_the_order_of_their_facts() -> None:
    found = judged([{"code": "GRU", "months": 3, "date": "2027-06-30", "regions": ["EU"]}])
    assert [dict(reason.facts)["parameter"] for reason in found.reasons] == ["date", "months", "regions"]


def test_every_reason_names_the_release_of_duo() -> None:
    norms = {(reason.norm.source, reason.norm.version) for reason in judged(["GRU", "IRB"]).reasons if reason.norm}
    assert norms == {("duo", "2021-02-23")}


@pytest.mark.parametrize(("names", "shown"), [(4, 4), (5, 5), (6, 5), (7, 5)])
def test_of_many_names_five_are_shown_and_the_others_counted(names: int, shown: int) -> None:
    every = [f"n{number}" for number in range(names)]
    more = f" and {names - shown} more" if names > shown else ""
    assert listed(reversed(every)) == ", ".join(every[:shown]) + more


def test_topics_are_told_in_words() -> None:
    assert told(judged(["GRU"], sensitive=["single_gender"]), "DUO-SENSITIVE") == {"topics": "single gender"}


def test_no_country_stated_is_what_a_region_waits_for() -> None:
    assert judged(["GRU", {"code": "GS", "regions": ["EU"]}], countries=None).missing == ("purpose.countries",)


def test_a_research_type_without_any_says_so() -> None:
    assert told(judged(["GRU", "RS"]), "DUO-RESEARCH-TYPE-UNCLEAR") == {"allowed": "not stated"}


@pytest.mark.parametrize("length", [199, 200, 201])
def test_of_long_words_two_hundred_characters_are_told(length: int) -> None:
    found = judged(["GRU", {"code": "RS", "text": "x" * length}])
    assert told(found, "DUO-RESEARCH-TYPE-UNCLEAR") == {"allowed": "x" * min(length, 200)}


@pytest.mark.parametrize("length", [100, 101, 102])
def test_of_a_long_unknown_code_a_hundred_characters_are_told(length: int) -> None:
    assert told(judged(["GRU", "X" * length]), "DUO-CODE-UNKNOWN") == {"code": "X" * 100}


BOUND: list[tuple[dict[str, Any], dict[str, Any], tuple[str, ...]]] = [
    ({"code": "US", "users": ["i|a"]}, {"user": "i|a"}, ()),
    ({"code": "PS", "projects": ["P"]}, {"project": "P"}, ("only_for_project:P",)),
    ({"code": "IS", "institutions": ["u"]}, {"institution": "u"}, ("only_while_affiliated:u",)),
]


@pytest.mark.parametrize(("term", "asked", "duties"), BOUND)
def test_a_grant_is_bound_to_what_the_list_names(term: Any, asked: dict[str, Any], duties: tuple[str, ...]) -> None:
    found = judged(["GRU", term], **asked)
    assert (found.verdict, found.obligations) == (Verdict.PERMIT, duties)


GROUPS = {
    "EEA": {"AT", "BE", "BG", "CY", "CZ", "DE", "DK", "EE", "ES", "FI", "FR", "GR", "HR", "HU", "IE", "IS", "IT", "LI",
            "LT", "LU", "LV", "MT", "NL", "NO", "PL", "PT", "RO", "SE", "SI", "SK"},
    "European Economic Area": {"IS", "LI", "NO", "FR"},
    "European Union": {"AT", "BE", "FR", "SK"},
    "EFTA": {"CH", "IS", "LI", "NO"},
    "United Kingdom": {"GB"},
    "Nordic": {"DK", "FI", "IS", "NO", "SE"},
    "Benelux": {"BE", "LU", "NL"},
    "Worldwide": {"CN", "FR", "ZW"},
}  # fmt: skip


@pytest.mark.parametrize("group", GROUPS)
def test_a_group_has_its_members(group: str) -> None:
    inside = sorted(GROUPS[group])
    assert judged(["GRU", {"code": "GS", "regions": [group]}], countries=inside).verdict is Verdict.PERMIT


MISSING: list[tuple[list[Any], dict[str, Any], str]] = [
    (["GRU"], {"kinds": None}, "purpose.kinds"),
    (["HMB"], {"kinds": ["methods"]}, "purpose.kinds"),
    ([{"code": "DS", "diseases": ["MONDO:0004992"]}], {"kinds": ["disease"]}, "purpose.diseases"),
    (["GRU"], {"clinical_care": None}, "purpose.clinical_care"),
]


@pytest.mark.parametrize(("dataset", "asked", "member"), MISSING)
def test_what_the_permission_waits_for_is_told(dataset: list[Any], asked: dict[str, Any], member: str) -> None:
    found = judged(dataset, **asked)
    assert (found.verdict, found.missing) == (Verdict.REVIEW, (member,))


def test_a_permit_names_the_diseases_of_a_ds_and_of_nothing_else() -> None:
    diabetes = judged([{"code": "DS", "diseases": ["MONDO:0005015"]}], kinds=["disease"], diseases=["MONDO:0005148"])
    assert told(diabetes, "DUO-DS") == {"disease": "diabetes mellitus (MONDO:0005015)"}
    assert told(judged(["GRU"]), "DUO-GRU") == {}


def test_a_ds_that_names_no_disease_is_told_as_one() -> None:
    assert told(judged(["DS"], kinds=["drug_development"]), "DUO-DISEASE-NEEDED")["disease"] == "a disease"


@pytest.mark.parametrize("kind", ["genetic", "age_category", "gender_category"])
def test_what_goes_with_ancestry_goes_alone_nowhere_on_poa(kind: str) -> None:
    alone, beside = judged(["POA"], kinds=[kind]), judged(["POA"], kinds=["ancestry", kind])
    assert (alone.verdict, codes(alone)) == (Verdict.REVIEW, ["DUO-PURPOSE-UNCLEAR"])
    assert beside.verdict is Verdict.PERMIT


WRONG: dict[str, tuple[Any, str]] = {
    "no code": ({}, "DUO code 1: code: not a text of 1 to 2000 characters"),
    "a disease that is none": ({"code": "DS", "disease": 7}, "DUO code 1: disease: not a text of 1 to 2000 characters"),
    "words that are none": ({"code": "RS", "text": 7}, "DUO code 1: text: not a text of 1 to 2000 characters"),
    "names that are none": ({"code": "GRU", 7: "x"}, "DUO code 1: neither a code nor an object"),
    "a time": ({"code": "MOR", "date": datetime(2027, 6, 30, tzinfo=UTC)}, "DUO code 1: date: not an ISO 8601 date, YYYY-MM-DD"),
}  # fmt: skip


@pytest.mark.parametrize("what", WRONG)
def test_what_cannot_be_read_is_named(what: str) -> None:
    written, wrong = WRONG[what]
    with pytest.raises(ValueError, match=f"^{re.escape(wrong)}$"):
        parse_terms([written])


def test_a_day_may_be_given_as_one_and_persons_are_not_shown() -> None:
    (term,) = parse_terms([{"code": "MOR", "date": date(2027, 6, 30)}])
    assert term.date == date(2027, 6, 30)
    (named,) = parse_terms([{"code": "US", "users": ["i|a"]}])
    assert public(named) == replace(named, users=frozenset())
    assert public(term) == term


@pytest.mark.parametrize("code", ["DUO:0000031", "DUO:0000001", "DUO:0000017"])
def test_a_code_for_something_else_is_told_as_no_code(code: str) -> None:
    assert "DUO-CODE-UNKNOWN" in codes(judged(["GRU", code]))


@pytest.mark.parametrize("code", ["DUO:0000002", "DUO:0000003"])
def test_an_obsolete_heading_is_told_and_ignored(code: str) -> None:
    found = judged(["GRU", code])
    assert (found.verdict, "DUO-CODE-IGNORED" in codes(found)) == (Verdict.PERMIT, True)
