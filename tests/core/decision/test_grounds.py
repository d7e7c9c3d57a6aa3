"""On which law a reason rests, what that law is for, and who may answer: read from the packs, in whole questions."""

import re
from dataclasses import replace
from functools import cache
from typing import Any

import pytest

from broker.adapters.languages import load_languages
from broker.core.consent.model import Withdrawal
from broker.core.decision import evaluate, explain
from broker.core.ids import DecisionId
from broker.core.outcome import Outcome
from broker.core.reasons import REASONS
from broker.flows.traces import explained
from tests import builders as b
from tests.core.decision import explained_worlds as worlds
from tests.core.jurisdiction.jurisdiction_world import shipped_book
from tests.fakes import START

SPANISH = load_languages(b.CONFIG / "texts")["es"]
BY_LAW = [str(row["id"]) for row in worlds.LAW_ROWS]


@cache
def world(name: str) -> worlds.World:
    return dict(worlds.every())[name]


def told(question: Any, snapshot: Any, **more: Any) -> dict[str, Any]:
    return explained(DecisionId("d"), explain(question, evaluate(question, snapshot), snapshot), **more)


@cache
def of(name: str) -> Any:
    question, snapshot = world(name)
    return explain(question, evaluate(question, snapshot), snapshot)


def row(name: str, **more: Any) -> dict[str, Any]:
    return explained(DecisionId("d"), of(name), **more)


def first(name: str) -> dict[str, Any]:
    (reason, *_) = row(name)["why"]
    return dict(reason)


@pytest.mark.row("EXP-GROUND")
def test_a_refusal_says_which_article_of_which_law_in_force_since_when_and_who_reviewed_the_pack() -> None:
    norm = first("J27")["norm"]
    assert norm["cite"].startswith("28 CFR 202.303")
    assert {name: norm["law"][name] for name in ("status", "since", "until", "review", "reviewed_on", "confidence")} == {
        "status": "in_force", "since": "2025-04-08", "until": None, "review": "example", "reviewed_on": None,
        "confidence": "medium",
    }  # fmt: skip
    assert norm["version"] == shipped_book().packs["us-doj-28cfr202"].version


def effect_of(norm: Any) -> str | None:
    rules = shipped_book().packs[norm["pack"]].rules
    return next((rule.effect for rule in rules if rule.id == norm["rule"]), None)


@pytest.mark.row("EXP-GROUND")
def test_a_refusal_by_law_says_its_aim_and_what_remains() -> None:
    refused = [
        one
        for name in BY_LAW
        for one in row(name)["why"]
        if one["gate"] == "jurisdiction" and row(name)["outcome"] in {"DENY", "ALTERNATIVE"} and one["norm"]
    ]
    deciding = [one for one in refused if effect_of(one["norm"]) in {"deny", "limit_modality"}]
    assert len(deciding) > 5
    assert all(one["proportionality"]["aim"].strip() for one in deciding)
    assert not any(one["proportionality"] for one in refused if one not in deciding)
    assert first("J27")["proportionality"]["alternatives"] == ["aggregate"]
    assert first("J05")["proportionality"] is None  # nothing is refused: papers are awaited


ANSWERED = [
    ("J14", {"by": "finding", "roles": ["committee_member", "legal_officer"], "days": 90}),
    ("J63", {"by": "finding", "roles": ["legal_officer"], "days": 90}),
    ("J66", {"by": "finding", "roles": ["legal_officer"], "days": 90}),
    ("J05", None),
    ("J27", None),
    ("J60", None),
]


@pytest.mark.row("EXP-GROUND")
@pytest.mark.parametrize(("name", "wanted"), ANSWERED, ids=[name for name, _ in ANSWERED])
def test_an_open_question_says_who_answers_and_a_refusal_that_nobody_does(name: str, wanted: Any) -> None:
    assert first(name)["answered_by"] == wanted


def test_a_question_to_a_community_is_the_communitys() -> None:
    facts = {**b.DATA_FACTS, "data.community_governed": True}
    (reason, *_) = told(worlds.foreseen(b.PURPOSE), worlds.world(*b.rows(dataset=b.dataset(facts=facts))))["why"]
    assert reason["code"] == "COM-APPROVAL-NEEDED"
    assert reason["answered_by"] == {"by": "record", "roles": ["community authority"], "days": None}


def test_who_answers_tells_nothing_of_participants() -> None:
    """Withdrawn, paused, or asked anew: whoever asks reads the same bytes."""
    then = {"effective_from": START, "recorded_at": START}
    gone = b.consent(b.PIA, 2, status="withdrawn", withdrawal=Withdrawal(kind="no_further_use"), **then)
    paused = b.consent(b.PIA, 2, status="suspended", **then)
    silent = replace(b.PURPOSE, linkage=True)
    for purpose in (b.PURPOSE, silent):
        asked = b.question(stage="approve", purpose=purpose, grants=(), object=None)
        assert told(asked, b.snapshot(x=gone)) == told(asked, b.snapshot(x=paused))


def test_no_sentence_promises_another_way() -> None:
    """What else would pass is found by evaluating: another gate may shut the very way that a sentence promised."""
    promise = re.compile(r"you can (send|work|use)|(remain|stay)s? open|available now|can be sent|route now")
    told = {code: spec.researcher.lower() for code, spec in REASONS.items() if code[:3] in {"JUR", "COM", "SEC", "GOV"}}
    assert not [code for code, sentence in told.items() if promise.search(sentence)]


CITED = re.compile(
    r"\bArts?\b|\bss?\d|\bCFR\b|\bAct\b|NOT-OD|Regulation|Recital|SI \d|Procedure|Provisions|Rules|CARE|WHO|Repository"
)
HEARSAY = re.compile(r"Burges|AZB|practitioner note|summary|Staunton|Adams|Digital Policy")


def test_the_ground_of_a_rule_is_the_law_and_not_who_wrote_about_it() -> None:
    for pack in shipped_book().packs.values():
        for rule in pack.rules:
            cite = f"{pack.sources[rule.basis.source].cite}: {rule.basis.pinpoint}"
            if rule.effect != "permit":
                assert CITED.search(cite), (pack.id, rule.id, cite)
                assert not HEARSAY.search(cite), (pack.id, rule.id, cite)


ID = re.compile(r"\b(?:data|recipient|request|evidence)\.[a-z_]+|\b[a-z]+_[a-z_]+\b")


@pytest.mark.row("EXP-GROUND")
@pytest.mark.parametrize("name", BY_LAW)
def test_no_text_has_an_id_where_a_word_belongs_or_two_full_stops(name: str) -> None:
    for language in ({}, {"language": SPANISH}):
        found = row(name, **language)
        for audience in ("researcher", "subject"):
            text = found["audience_texts"][audience]
            assert ".." not in text
            assert not ID.search(text), text
        assert len(found["audience_texts"]["researcher"].split()) <= 140  # Spanish is longer than the English screen
        assert all(len(one.split()) > 1 for one in found["conditions"])


@pytest.mark.row("EXP-GROUND")
def test_what_waits_is_not_told_as_refused() -> None:
    for name in BY_LAW:
        found = row(name)
        waits = Outcome[found["outcome"]] in {Outcome.PENDING, Outcome.REFER}
        assert ("It is not decided yet." in found["audience_texts"]["subject"]) is waits
