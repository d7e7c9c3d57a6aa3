"""Which facts count, and what follows from them."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from broker.core.jurisdiction.countries import COUNTRIES
from broker.core.jurisdiction.facts import (
    DERIVED,
    KINDS,
    STATED,
    FactValue,
    by_the_holder,
    derive,
    is_place,
    milder,
    unstated,
)
from broker.core.purpose import LADDER, Modality
from tests.core.jurisdiction.jurisdiction_world import HOME, QUESTIONS

ACCESS = {"recipient.country": "FR", "recipient.individual_location": "CN", "request.processing_country": "SG"}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("recipient.country", "UK"),
        ("recipient.country", "EU"),
        ("recipient.country", "cn"),
        ("recipient.country", "CHN"),
        ("recipient.country", False),
        ("recipient.country", ("CN",)),
        ("recipient.control_countries", ("CN", "XX")),
        ("recipient.control_countries", ["CN"]),
        ("recipient.control_countries", "CN"),
        ("recipient.suspended", 0),
        ("recipient.suspended", "no"),
        ("recipient.security_level", True),
        ("recipient.security_level", -1),
        ("recipient.security_level", "3"),
        ("recipient.security_level", 2.5),
        ("request.modality", "upload"),
        ("request.modality", ["download"]),
        ("request.consideration", "gift"),
        ("data.category", ""),
        ("data.category", None),
        ("evidence", ("scc.signed", 1)),
        ("evidence", ("",)),
        ("evidence", (["scc.signed"],)),
        ("recipient.nationality", "CN"),
        ("derived.personal_data_visible", False),
        ("derived.access_countries", ("DE",)),
    ],
)
def test_a_fact_without_its_form_is_unknown(name: str, value: object) -> None:
    assert derive({name: value}) == {}


@pytest.mark.parametrize("name", sorted(HOME))
def test_a_fact_with_its_form_is_kept(name: str) -> None:
    assert derive({name: HOME[name]})[name] == HOME[name]


def test_what_is_known_to_every_pack_is_about_conduct_and_place_never_about_birth() -> None:
    words = " ".join(KINDS)
    assert not any(word in words for word in ("citizen", "nationality", "ethnic", "race", "religion", "birth"))


@pytest.mark.parametrize("way", ["download", "stream", "tre_remote"])
def test_records_are_seen_where_recipient_person_and_computing_are(way: str) -> None:
    facts = derive({**ACCESS, "request.modality": way, "data.storage_country": "SG"})
    assert facts["derived.access_countries"] == ("FR", "CN", "SG")
    assert facts["derived.personal_access_countries"] == ("FR", "CN", "SG")
    assert facts["derived.personal_data_visible"] is True


@pytest.mark.parametrize("way", ["code_to_data", "aggregate"])
@pytest.mark.parametrize(("storage", "visible"), [("SG", False), ("DE", True), (None, True)])
def test_code_that_goes_to_the_data_shows_nobody_a_record(way: str, storage: str | None, *, visible: bool) -> None:
    stated = {**ACCESS, "request.modality": way, "data.storage_country": storage}
    facts = derive(stated)
    assert facts["derived.personal_data_visible"] is visible
    assert facts["derived.personal_access_countries"] == (("FR", "CN", "SG") if visible else ("SG",))
    assert facts["derived.access_countries"] == ("FR", "CN", "SG")


@pytest.mark.parametrize("way", ["code_to_data", "aggregate"])
def test_two_unknown_places_are_not_the_same_place(way: str) -> None:
    facts = derive({"request.modality": way})
    assert facts == {"request.modality": way, "derived.personal_data_visible": True}


@pytest.mark.parametrize("name", sorted(ACCESS))
def test_a_place_that_is_not_known_leaves_the_derived_places_unknown(name: str) -> None:
    stated = {**ACCESS, "request.modality": "download"}
    del stated[name]
    facts = derive(stated)
    assert not {"derived.access_countries", "derived.personal_access_countries"} & facts.keys()
    for derived in ("derived.access_countries", "derived.personal_access_countries"):
        assert unstated(derived, facts) == (name,)


def test_without_a_way_of_access_nothing_is_known_about_records() -> None:
    facts = derive(ACCESS)
    assert facts.keys() & DERIVED.keys() == {"derived.access_countries"}
    assert unstated("derived.personal_data_visible", facts) == ("request.modality",)
    assert unstated("recipient.country", facts) == ("recipient.country",)


@given(question=QUESTIONS)
@settings(max_examples=50)
def test_stating_more_never_changes_what_was_known(question: dict[str, FactValue]) -> None:
    known = derive(question)
    for name in question:
        fewer = derive({other: value for other, value in question.items() if other != name})
        for other, value in fewer.items():
            # Visibility is the one exception: until the place of storage is known, records count as seen.
            if other not in ("derived.personal_data_visible", "derived.personal_access_countries"):
                assert known[other] == value


@pytest.mark.parametrize("asked", LADDER)
def test_the_ladder_goes_from_the_asked_way_to_the_milder_ones(asked: Modality) -> None:
    assert milder({"request.modality": asked}) == LADDER[LADDER.index(asked) + 1 :]


def test_nobody_knows_what_is_milder_than_an_unknown_way() -> None:
    assert milder({}) == milder({"request.modality": "upload"}) == ()


@pytest.mark.parametrize(("way", "place"), [("stream", "SG"), ("tre_remote", "DE"), ("aggregate", "DE")])
def test_a_milder_way_is_offered_where_the_data_lie(way: str, place: str) -> None:
    asked = {"request.modality": "download", "request.processing_country": "SG", "data.storage_country": "DE"}
    assert by_the_holder(asked, way) == {
        "request.modality": way,
        "request.processing_country": place,
        "data.storage_country": "DE",
    }


def test_a_milder_way_has_no_place_where_nobody_knows_where_the_data_lie() -> None:
    asked = {"request.modality": "download", "request.processing_country": "SG"}
    assert by_the_holder(asked, "aggregate") == {"request.modality": "aggregate"}


@given(
    value=st.one_of(st.none(), st.booleans(), st.integers(), st.text(), st.lists(st.text()), st.binary(), st.floats())
)
@settings(max_examples=100)
def test_no_value_of_any_fact_is_an_error(value: object) -> None:
    for name in STATED:
        assert derive({name: value}).keys() <= {name, *DERIVED}


def test_countries_are_the_assigned_codes() -> None:
    assert len(COUNTRIES) == 249
    assert not {"UK", "EU", "EEA", "XK", "AN", "SU"} & COUNTRIES


def test_which_facts_name_countries() -> None:
    places = ("recipient.country", "data.origin_countries", "purpose.countries", "request.onward_transfer")
    others = ("recipient.institution_type", "purpose.project", "request.modality", "somebody.else")
    assert [is_place(one) for one in (*places, *others)] == [True] * 4 + [False] * 4
