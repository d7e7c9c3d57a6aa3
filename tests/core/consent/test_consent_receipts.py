"""What a receipt says: sentences of the registry, short ones, counts, and nobody's name."""

import json
from dataclasses import replace
from typing import Any, get_args

import pytest

from broker.core.consent.answers import KEYS
from broker.core.consent.model import LimitWhat, Withdrawal, WithdrawalKind
from broker.core.consent.reading import read_version
from broker.core.consent.receipt import (
    UNKNOWN_THINGS,
    Around,
    Decider,
    Reached,
    receipt,
    sentences,
    withdrawal_receipt,
)
from broker.core.consent.withdrawal import CONSEQUENCES
from broker.core.consent.writing import version_hash
from broker.core.duo.vocabulary import ENTRIES
from broker.core.purpose import Modality
from broker.core.reasons import REASONS
from broker.core.reasons.words import WORDS
from broker.core.time import Seconds, rfc3339
from tests.core.consent.consent_world import NOW, record
from tests.core.consent.test_consent_fhir import VERSIONS
from tests.core.consent.test_consent_importing import LIMIT
from tests.core.consent.test_consent_records import FULL

MOST_WORDS = 20
AROUND = Around(
    broker="https://broker.example",
    deciders=(Decider(dataset="d", title="Hearts", committee="DAC", contact="https://c", governance="https://g"),),
    rules=(("eu-gdpr-ch5", "1.0"),),
    withdraw="https://broker.example/api/v1/me/consents/withdrawal",
    form={"harms_and_benefits": "paragraph 5"},
)


def short(text: str) -> bool:
    return all(len(one.split()) <= MOST_WORDS for one in text.replace("?", ".").split(". "))


def test_every_sentence_is_of_the_registry_and_short() -> None:
    seen = set()
    for version in VERSIONS:
        for line in sentences(version):
            seen.add(line["code"])
            assert line["code"] in REASONS
            assert short(line["sentence"]), line["sentence"]
    assert len(seen) > 10
    assert not [code for code, spec in REASONS.items() if code.startswith("RGT-") and not short(spec.subject)]


@pytest.mark.parametrize("code", list(ENTRIES))
def test_every_permission_and_condition_can_be_said_shortly(code: str) -> None:
    said = [line["sentence"] for line in sentences(record(scope={"permissions": [code], "modifiers": [code]}))]
    assert all(map(short, said)), said


def test_every_answer_has_words_and_silence_is_said() -> None:
    assert {f"answer.{row.key}" for row in KEYS} <= WORDS.keys()
    assert {f"by.way.{way}" for way in Modality} <= WORDS.keys()
    told = [
        line["sentence"] for line in sentences(record(scope={"permissions": ["GRU"], "answers": {"linkage": "deny"}}))
    ]
    assert "You said no to linking with other records." in told
    assert "You were never asked about training of AI models." in told
    assert "Your data may be used for general research use." in told


def test_a_long_list_is_counted_and_an_empty_one_said() -> None:
    many = {"hosting": ["AT", "BE", "CH", "DE", "ES", "FR", "GB"], "modalities": [], "recipient_countries": ["DE"]}
    told = [line["sentence"] for line in sentences(record(scope={"permissions": ["GRU"], "answers": many}))]
    assert "Your data may be kept and used only in the 7 that your record lists." in told
    assert "Your list allows nobody and no place for now." in told
    assert "Only researchers in DE may use your data." in told


def test_a_receipt_says_who_decides_by_which_rules_and_how_to_withdraw() -> None:
    told = receipt(read_version(FULL), AROUND, NOW)
    assert told["party_identification"]["decided_by"][0]["committee"] == "DAC"
    assert told["pii_processing"]["rules_in_force"] == [{"pack": "eu-gdpr-ch5", "version": "1.0"}]
    assert told["pii_processing"]["withdrawal_method"]["address"] == AROUND.withdraw
    assert told["pii_processing"]["privacy_notice"]["sha256"] == "ab"
    assert told["pii_processing"]["privacy_notice"]["harms_and_benefits"] == "paragraph 5"
    assert told["event"]["withdrawal"] == "no_further_access"
    assert json.loads(json.dumps(told)) == told


def lines(kind: WithdrawalKind, *limits: Any, count: int | None = 3) -> dict[str, dict[str, Any]]:
    withdrawal = Withdrawal(kind=kind, approved_limits=limits)
    found = withdrawal_receipt(
        withdrawal, NOW, [Reached(thing=one, count=count) for one in CONSEQUENCES], {"published": "4.2"}
    )
    return {line["thing"]: line for line in found}


def test_what_was_reached_is_counted_dated_and_explained() -> None:
    told = lines("no_further_use", LIMIT)
    assert told["stream_running"]["by"] == "2026-06-01T00:00:02Z"
    assert (told["downloaded"]["count"], told["downloaded"]["by"]) == (3, "2026-07-01T00:00:00Z")
    assert told["downloaded"]["why"]["code"] == "RGT-CANNOT-RECALL"
    assert (
        told["published"]["sentence"]
        == "Results already published cannot be taken back, as you were told in paragraph 4.2 of the form that you signed."
    )
    assert told["aggregate_result"]["code"] == "RGT-W-LIMIT-MISSING"


@pytest.mark.parametrize("kind", get_args(WithdrawalKind))
def test_what_nobody_counts_says_so(kind: WithdrawalKind) -> None:
    told = lines(kind, count=None)
    assert all(line["why"]["code"] == "RGT-UNKNOWN-HERE" and "count" not in line for line in told.values())


def test_a_contact_withdrawal_sets_no_deadline() -> None:
    assert not [line for line in lines("no_further_contact").values() if "by" in line]


def test_limits_are_of_things_that_the_table_lists() -> None:
    assert set(get_args(LimitWhat)) <= set(CONSEQUENCES)


def test_a_receipt_holds_the_record_and_where_it_came_from_member_by_member() -> None:
    """People keep it, and show it to others: its form changes only on purpose, and then has another schema."""
    version = read_version(FULL)
    told = receipt(version, AROUND, NOW)
    assert {name: value for name, value in told.items() if name not in ("sentences", "pii_processing")} == {
        "schema_version": "urn:ga4gh-access-broker:consent-receipt:1",
        "receipt_id": "c-71f0/3",
        "record_id": "c-71f0",
        "record_sha256": version_hash(version),
        "pii_principal_id": "sub_9t2k",
        "issued_at": "2026-06-01T00:00:00Z",
        "party_identification": {
            "custodian": "org-7",
            "broker": "https://broker.example",
            "decided_by": [
                {
                    "dataset": "d", "title": "Hearts", "committee": "DAC", "contact": "https://c",
                    "governance": "https://g",
                }
            ],
            "grantor": {"kind": "guardian", "ref": "g-1", "valid_to": "2026-12-31", "scope_of_authority": "research"},
        },
        "event": {
            "event_time": "2026-03-02T00:00:00Z",
            "event_state": "withdrawn",
            "valid_from": "2026-03-01T00:00:00Z",
            "valid_until": "2027-03-01T12:00:00Z",
            "withdrawal": "no_further_access",
        },
    }  # fmt: skip
    assert told["sentences"] == [*sentences(version)]
    processing = told["pii_processing"]
    assert processing["privacy_notice"].keys() >= {"id", "version", "sha256", "harms_and_benefits"}
    assert {name: value for name, value in processing.items() if name != "privacy_notice"} == {
        "language": "fr",
        "purposes": [{"code": "DUO:0000007", "diseases": ["MONDO:0005015"]}],
        "conditions": [{"code": "DUO:0000045"}],
        "answers": {"linkage": "deny", "topic:cloning": "ask"},
        "lawful_basis": {"type": "ethics_waiver", "instrument": "decision 7", "approval_ref": "EC-7"},
        "processing_locations": ["FR"],
        "geographic_restrictions": [],
        "processing_method": ["download"],
        "rules_in_force": [{"pack": "eu-gdpr-ch5", "version": "1.0"}],
        "withdrawal_method": {"method": "POST", "address": AROUND.withdraw, "reason": "never required"},
    }


def test_a_receipt_has_no_member_without_a_word() -> None:
    told = receipt(record(), replace(AROUND, form={}), NOW)
    assert told["pii_processing"].keys() == {
        "purposes", "conditions", "answers", "lawful_basis", "rules_in_force", "withdrawal_method",
    }  # fmt: skip
    assert told["event"].keys() == {"event_time", "event_state", "valid_from"}


ALWAYS = ["RGT-WHO-DECIDES", "RGT-ANY-TIME", "RGT-MORE-LATER", "RGT-LOG-KEPT"]


@pytest.mark.parametrize(
    ("members", "first"),
    [
        ({}, []),
        ({"status": "suspended"}, ["RGT-PAUSED"]),
        ({"status": "superseded"}, ["RGT-NOT-IN-FORCE"]),
        ({"status": "entered_in_error"}, ["RGT-NOT-IN-FORCE"]),
        ({"status": "withdrawn", "withdrawal": {"kind": "no_further_access"}}, ["RGT-W-NO-NEW-DATA"]),
        ({"status": "active", "withdrawal": {"kind": "no_further_contact"}}, ["RGT-W-CONTACT-ONLY"]),
        (
            {"status": "suspended", "withdrawal": {"kind": "no_further_access"}},
            ["RGT-PAUSED", "RGT-W-NO-NEW-DATA"],
        ),
    ],
    ids=str,
)
def test_sentences_say_what_holds_what_for_each_answer_and_who_decides(
    members: dict[str, Any], first: list[str]
) -> None:
    said = {"linkage": "permit", "recontact": "deny", "commercial_use": "ask"}
    scope = {"permissions": ["GRU", "HMB"], "modifiers": ["NPU"], "answers": said}
    told = [line["code"] for line in sentences(record(scope=scope, **members))]
    words = {"permit": "RGT-YES", "deny": "RGT-NO", "ask": "RGT-ASK"}
    of_answers = [words.get(said.get(row.key, ""), "RGT-NOT-ASKED") for row in KEYS]
    assert told == [*first, "RGT-FOR", "RGT-FOR", "RGT-CONDITION", *of_answers, *ALWAYS]


@pytest.mark.parametrize("members", [{}, {"withdrawal": {"kind": "no_further_use"}}], ids=str)
def test_who_took_back_everything_is_told_that_and_not_what_they_once_allowed(members: dict[str, Any]) -> None:
    gone = record(status="withdrawn", scope={"permissions": ["GRU"], "answers": {"linkage": "permit"}}, **members)
    assert [line["code"] for line in sentences(gone)] == ["RGT-W-STOP", *ALWAYS]


SIX = ["AT", "BE", "CH", "DE", "ES", "FR"]


def test_up_to_six_countries_are_named() -> None:
    told = {line["code"]: line["sentence"] for line in sentences(record(scope={"answers": {"hosting": SIX}}))}
    assert told["RGT-ONLY-IN"] == "Your data may be kept and used only in AT, BE, CH, DE, ES, FR."
    more = {line["code"]: line["sentence"] for line in sentences(record(scope={"answers": {"hosting": [*SIX, "GB"]}}))}
    assert "the 7 that your record lists" in more["RGT-ONLY-IN"]


COPIES = ("downloaded", "derivative")


def test_of_what_stops_it_is_said_what_is_done_by_when_and_what_nobody_can_call_back() -> None:
    told = lines("no_further_use", LIMIT)
    for thing, line in told.items():
        assert line["action"] == CONSEQUENCES[thing].action
        assert line["by"] == rfc3339(Seconds(NOW + CONSEQUENCES[thing].within))
        assert ("why" in line) is (thing in COPIES)
    assert {line["code"] for line in told.values()} == {"RGT-W-STOP", "RGT-W-LIMIT", "RGT-W-LIMIT-MISSING"}
    assert not [line for line in lines("no_further_access").values() if "why" in line]


def test_what_no_ledger_counts_is_what_left_the_data_behind() -> None:
    assert set(UNKNOWN_THINGS) == {"model_trained", "aggregate_result", "published"}
