"""Single facts, single words, and the order of what is told: what whole questions do not show."""

import pytest

from broker.core.jurisdiction.facts import WORDS, FactValue, derive, grounds, well_formed
from broker.core.jurisdiction.judge import judge
from tests.core.jurisdiction.jurisdiction_world import NOW, shipped_book

KNOWN = {
    "data.identifiability": {"identified", "pseudonymised", "anonymous"},
    "request.modality": {"download", "stream", "tre_remote", "code_to_data", "aggregate"},
    "request.consideration": {"none", "cost_recovery", "fee", "license", "other_value"},
    "request.ai_use": {"none", "training", "model_release", "generative_release"},
}


@pytest.mark.parametrize("fact", KNOWN)
def test_a_fact_with_a_closed_list_takes_its_words_and_no_other(fact: str) -> None:
    assert WORDS[fact] == KNOWN[fact]
    assert all(well_formed({fact: word}) == {fact: word} for word in KNOWN[fact])
    assert well_formed({fact: "perhaps"}) == {}


def test_the_facts_with_a_closed_list_are_these() -> None:
    assert set(WORDS) == set(KNOWN)


@pytest.mark.parametrize("number", [0, 1, 2])
def test_a_number_counts_from_nought(number: int) -> None:
    assert well_formed({"data.n_sequenced": number}) == {"data.n_sequenced": number}


@pytest.mark.parametrize("number", [-1, True, 1.0, "1"])
def test_what_is_no_whole_number_is_unknown(number: object) -> None:
    assert well_formed({"data.n_sequenced": number}) == {}


def test_a_fact_that_nobody_knows_does_not_hide_the_next_one() -> None:
    assert well_formed({"moon.phase": "full", "data.n_sequenced": 3}) == {"data.n_sequenced": 3}


def test_what_derived_facts_rest_on() -> None:
    assert set(grounds("derived.personal_access_countries")) == {
        "request.modality",
        "data.storage_country",
        "recipient.country",
        "recipient.individual_location",
        "request.processing_country",
    }
    assert grounds("evidence") == ("evidence",)


def test_code_that_goes_to_the_data_is_seen_nowhere_else() -> None:
    stated = {"request.modality": "code_to_data", "data.storage_country": "DE", "request.processing_country": "DE"}
    assert derive(stated)["derived.personal_access_countries"] == ("DE",)


def test_every_fact_that_is_not_stated_is_told_by_its_name() -> None:
    missing = judge(shipped_book(), {"request.modality": "download"}, NOW).missing_facts
    assert {"data.origin_countries", "data.controller_country"} <= set(missing)
    assert all(name.split(".")[0] in {"data", "request", "recipient", "evidence"} for name in missing)


def test_of_what_is_pending_the_pending_is_told_first() -> None:
    stated: dict[str, FactValue] = {
        "data.origin_countries": ("BR",), "data.controller_country": "BR",
        "data.storage_country": "BR", "recipient.country": "US", "recipient.individual_location": "US",
        "request.processing_country": "US", "request.modality": "tre_remote", "request.purpose_flags": (),
        "recipient.suspended": False, "recipient.security_level": 3, "data.community_governed": False,
        "data.repository_class": "institutional", "data.regimes_declared": (), "evidence": (),
    }  # fmt: skip
    answer = judge(shipped_book(), stated, NOW)
    assert answer.reasons[0].code == "JUR-BR-SCC-NEEDED"
    assert len(answer.reasons) > 1
