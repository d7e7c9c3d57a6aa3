"""What a receipt says: sentences of the registry, short ones, counts, and nobody's name."""

import json
from typing import Any, get_args

import pytest

from broker.core.consent.answers import KEYS
from broker.core.consent.model import LimitWhat, Withdrawal, WithdrawalKind
from broker.core.consent.reading import read_version
from broker.core.consent.receipt import Around, Decider, Reached, receipt, sentences, withdrawal_receipt
from broker.core.consent.withdrawal import CONSEQUENCES
from broker.core.duo.vocabulary import ENTRIES
from broker.core.purpose import Modality
from broker.core.reasons import REASONS
from broker.core.reasons.words import WORDS
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
    assert told["published"]["sentence"] == "Results already published cannot be taken back, as you were told in 4.2."
    assert told["aggregate_result"]["code"] == "RGT-W-LIMIT-MISSING"


@pytest.mark.parametrize("kind", get_args(WithdrawalKind))
def test_what_nobody_counts_says_so(kind: WithdrawalKind) -> None:
    told = lines(kind, count=None)
    assert all(line["why"]["code"] == "RGT-UNKNOWN-HERE" and "count" not in line for line in told.values())


def test_a_contact_withdrawal_sets_no_deadline() -> None:
    assert not [line for line in lines("no_further_contact").values() if "by" in line]


def test_limits_are_of_things_that_the_table_lists() -> None:
    assert set(get_args(LimitWhat)) <= set(CONSEQUENCES)
