"""An explanation is whole, says what was decided, and keeps its promises: each is applied here and evaluated."""

import json
from dataclasses import replace
from functools import cache
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from broker.core.decision import Decision, Explanation, Question, evaluate, explain
from broker.core.decision.evaluate import evaluate_each
from broker.core.decision.explanation.steps import applied
from broker.core.decision.explanation.texts import FIRST_SCREEN
from broker.core.ids import DecisionId
from broker.core.jurisdiction.facts import STATED
from broker.core.outcome import Outcome
from broker.core.purpose import LADDER, Kind, Modality
from broker.core.reasons import REASONS
from broker.core.rows.assurance import Demand, SignIn
from broker.core.snapshot import Snapshot
from broker.core.time import Seconds
from broker.flows.traces import explained
from tests import builders as b
from tests.core.decision import explained_worlds as worlds
from tests.core.decision.test_evaluate import CASES
from tests.core.jurisdiction.jurisdiction_world import NOW
from tests.core.jurisdiction.jurisdiction_world import questions as facts_at_random
from tests.fakes import START

SCHEMA = Draft202012Validator(json.loads((b.CONFIG.parent / "schemas/explanation.schema.json").read_text("utf-8")))
TERMS = "https://bank.example/terms"

ONE_THING = [(case[0], (b.question(**case[1]), b.snapshot(**case[2]))) for case in CASES]
TRAINED = "https://bank.example/training"
LOW = b.organisation(facts={**b.RECIPIENT_FACTS, "recipient.security_level": 1})
LOOSE = b.organisation(facts={**b.RECIPIENT_FACTS, "recipient.country": "FR"}, recourse=())
FRENCH = b.grant(purpose=replace(b.PURPOSE, countries=frozenset({"FR"})))
DEMANDS: list[tuple[str, worlds.World]] = [
    ("terms not accepted", (b.question(), b.snapshot(dataset=b.dataset(terms_of_use=TERMS)))),
    (
        "a sign-in too old, and terms",
        (
            b.question(sign_in=SignIn(acr=None, amr=("pwd",), at=Seconds(START - 999))),
            b.snapshot(dataset=b.dataset(terms_of_use=TERMS, assurance=Demand(amr=("mfa",), max_age=600))),
        ),
    ),
    ("no training", (b.question(), b.snapshot(dataset=b.dataset(training=TRAINED)))),
    ("terms and training", (b.question(), b.snapshot(dataset=b.dataset(terms_of_use=TERMS, training=TRAINED)))),
    ("a level that nobody showed", (b.question(), b.snapshot(dataset=b.dataset(security_level=2)))),
    ("a level above what is stated", (b.question(), b.snapshot(dataset=b.dataset(security_level=2), organisation=LOW))),
    ("nobody to act against", (b.question(location="FR"), b.snapshot(grant=FRENCH, organisation=LOOSE))),
    (
        "a level, nobody to act against, and terms",
        (
            b.question(location="FR"),
            b.snapshot(grant=FRENCH, organisation=LOOSE, dataset=b.dataset(security_level=2, terms_of_use=TERMS)),
        ),
    ),
    (
        "commercial and ancestry",
        (
            worlds.foreseen(replace(b.PURPOSE, commercial=True, kinds=frozenset({Kind.HMB, Kind.ANCESTRY}))),
            b.snapshot(),
        ),
    ),
]
EVERY = [*ONE_THING, *DEMANDS, *worlds.every()]
WORLDS = dict(EVERY)
Asked = tuple[Question, Snapshot, Decision, Explanation]


def told(question: Question, snapshot: Snapshot) -> tuple[Decision, Explanation]:
    decision = evaluate(question, snapshot)
    return decision, explain(question, decision, snapshot)


@cache
def of(name: str) -> Asked:
    return (*WORLDS[name], *told(*WORLDS[name]))


def every_way_at_once_is_what_asking_for_each_gives(asked: Asked) -> None:
    question, snapshot, *_ = asked
    each = evaluate_each(question, snapshot)
    assert {way: evaluate(replace(question, modality=way), snapshot) for way in LADDER} == each


def what_is_promised_appears(asked: Asked) -> None:
    question, snapshot, decision, explanation = asked
    keeps_its_word(question, snapshot, explanation)
    assert not (decision.permits and (explanation.changes or explanation.alternatives))


def keeps_its_word(question: Question, snapshot: Snapshot, explanation: Explanation) -> None:
    for way in explanation.alternatives:
        found = evaluate(replace(question, modality=way), snapshot).outcome
        assert found is explanation.ladder[way]
        assert found.permits
    for change in explanation.changes:
        found = evaluate(*applied(change.steps, question, snapshot, "rhine")).outcome
        assert found is change.outcome
        assert found.permits
        for step in change.steps:  # none to spare
            fewer = tuple(one for one in change.steps if one is not step)
            assert not evaluate(*applied(fewer, question, snapshot, "rhine")).outcome.permits


@pytest.mark.row("EXP-TRUE")
@given(facts_at_random(), st.sampled_from(["foresee", "approve"]))
def test_what_is_promised_appears_whatever_the_facts_are(facts: Any, stage: str) -> None:
    question, snapshot = worlds.asked_by_law(facts, NOW, stage)
    keeps_its_word(question, snapshot, told(question, snapshot)[1])


CHANGEABLE = {
    "evidence", "sign_in", "terms.accepted", "training", "recourse", "recipient.individual_location", "recipient.individual_residence",
    "recipient.security_level", "recipient.can_sign_scc", "recipient.dpf_certified", "recipient.dpf_uk_extension",
    "researcher_status", "grant", "request", "safeguards", "duties", "obligation", "task", "sealed",
}  # fmt: skip
"""Beside members of the purpose. A fact that nobody has stated yet may be stated."""
NEVER = {"purpose.organisation", "purpose.sensitive", "purpose.flags", "purpose.institution", "purpose.user"}


def nobody_is_told_to_be_somebody_else(asked: Asked) -> None:
    *_, decision, explanation = asked
    for step in (step for change in explanation.changes for step in change.steps):
        unstated = step.fact in STATED and step.fact not in decision.facts
        assert step.fact in CHANGEABLE or step.fact.startswith("purpose.") or unstated, step
        assert step.fact not in NEVER


def an_explanation_is_whole_and_is_the_verdict(asked: Asked) -> None:
    question, _, decision, explanation = asked
    record = json.loads(json.dumps(explained(DecisionId("dec_1"), explanation)))
    assert [error.message for error in SCHEMA.iter_errors(record)] == []
    assert Outcome[record["outcome"]].permits is decision.permits
    assert list(record["why_not"]) == [str(way) for way in LADDER]
    assert record["why_not"][str(question.modality)]["outcome"] == record["outcome"]
    assert all(rung["codes"] or Outcome[rung["outcome"]].permits for rung in record["why_not"].values())
    assert len(record["why"]) <= 3
    assert decision.permits or record["why"]
    assert {one["code"] for one in record["why"]} <= set(record["why_not"][str(question.modality)]["codes"])
    assert all(one["interest"] == REASONS[one["code"]].interest for one in record["why"])


def the_first_screen_is_short_and_answers_first(asked: Asked) -> None:
    *_, explanation = asked
    text = explained(DecisionId("dec_1"), explanation)["audience_texts"]["researcher"]
    assert len(text.split()) <= FIRST_SCREEN
    assert text.startswith(("Download: ", "Streaming: ", "Work in ", "Sending ", "Asking "))


OF_CODES = frozenset(str(row["id"]) for row in worlds.DUO_ROWS)
"""Four in five of the rows, and alike but for the purpose: they are not asked for every way, nor for every member."""
PROMISES = (what_is_promised_appears, nobody_is_told_to_be_somebody_else, the_first_screen_is_short_and_answers_first)
CHECKS = (*PROMISES, every_way_at_once_is_what_asking_for_each_gives, an_explanation_is_whole_and_is_the_verdict)


@pytest.mark.row("EXP-WHOLE", "EXP-TRUE", "EXP-HONEST", "EXP-WORDS")
@pytest.mark.parametrize("name", WORLDS)
def test_every_row_of_the_case_files(name: str) -> None:
    for check in PROMISES if name in OF_CODES else CHECKS:
        check(of(name))


def test_the_strictest_reason_is_first_and_names_its_rule_its_facts_and_what_nearly_fitted() -> None:
    world = {case[0]: case for case in CASES}["a US state university"]
    question = b.question(**world[1])
    organisation = replace(world[2]["organisation"], checked=Seconds(START - 86_400))
    snapshot = b.snapshot(**{**world[2], "organisation": organisation})
    first = explained(DecisionId("dec_1"), told(question, snapshot)[1])["why"][0]
    assert (first["code"], first["interest"], first["norm"]["pack"], first["norm"]["rule"]) == (
        "JUR-EU-NO-SAFEGUARD", "person", "eu-gdpr-ch5", "cannot-sign",
    )  # fmt: skip
    facts = {one["name"]: (one["value"], one["source"]) for one in first["facts"]}
    assert facts["recipient.can_sign_scc"] == (False, "institution registry, checked 2027-01-14")
    assert facts["recipient.country"] == ("US", "institution registry, checked 2027-01-14")
    assert {"adequate", "adequate-partial-us", "safeguards-in-place"} <= set(first["not_matched"])


@pytest.mark.row("EXP-HONEST")
def test_a_use_is_never_told_to_have_another_purpose() -> None:
    """Its purpose is the one that was approved; another one is another request."""
    for name, (question, _) in EVERY:
        if question.stage == "use":
            changes = of(name)[-1].changes
            assert not [step for change in changes for step in change.steps if step.fact.startswith("purpose.")]


@pytest.mark.row("EXP-TRUE")
def test_two_things_in_the_way_take_two_steps() -> None:
    question, snapshot = dict(DEMANDS)["a sign-in too old, and terms"]
    (change,) = told(question, snapshot)[1].changes
    assert [step.fact for step in change.steps] == ["sign_in", "terms.accepted"]
    question, snapshot = dict(DEMANDS)["terms and training"]
    (change,) = told(question, snapshot)[1].changes
    assert [step.fact for step in change.steps] == ["terms.accepted", "training"]
    question, snapshot = dict(DEMANDS)["commercial and ancestry"]
    (change,) = told(question, snapshot)[1].changes
    assert {(step.fact, step.value) for step in change.steps} == {
        ("purpose.commercial", False), ("purpose.kinds", ("ancestry",)),
    }  # fmt: skip


@pytest.mark.row("RUL-LATE-GATES")
@pytest.mark.parametrize(
    ("name", "wanted"),
    [
        ("no training", {"training"}),
        ("a level that nobody showed", {"evidence"}),
        ("a level above what is stated", {"recipient.security_level", "evidence"}),
        ("nobody to act against", {"recourse"}),
        ("a level, nobody to act against, and terms", {"terms.accepted", "evidence", "recourse"}),
    ],
)
def test_the_gates_that_come_last_are_helped_as_well(name: str, wanted: set[str]) -> None:
    """Each is asked by itself what moves it; what is told is needed, every step of it, and enough."""
    question, snapshot = dict(DEMANDS)[name]
    (change,) = told(question, snapshot)[1].changes
    assert {step.fact for step in change.steps} == wanted
    assert change.outcome.permits


APPEALS = [
    ("a US state university", "none", False),
    ("commercial use", "merits", True),
    ("no grant shown", "facts", False),
]


@pytest.mark.row("EXP-CHALLENGE")
@pytest.mark.parametrize(("name", "appeal", "dated"), APPEALS)
def test_a_notice_says_what_can_be_challenged_and_until_when(name: str, appeal: str, dated: bool) -> None:  # noqa: FBT001
    challenge = explained(DecisionId("dec_1"), told(*dict(ONE_THING)[name])[1])["challenge"]
    assert (challenge["appeal"], challenge["facts"]) == (appeal, "dac@bank.example")
    assert (challenge["until"], challenge["merits"]) == (
        ("2027-02-14T08:00:00Z", "dac@bank.example") if dated else (None, None)
    )
    assert [one["name"] for one in challenge["outside"]] == ["the data protection authority where the data holder is"]


@pytest.mark.row("EXP-CHALLENGE")
def test_a_states_rule_is_told_as_a_states_rule() -> None:
    question, snapshot = dict(worlds.every())["J27"]
    record = explained(DecisionId("dec_1"), told(question, snapshot)[1])
    assert (record["why"][0]["code"], record["why"][0]["interest"]) == ("JUR-US-202-303", "state")
    assert [one["who"] for one in record["challenge"]["outside"]] == ["US-DOJ"]
    assert [one["modality"] for one in record["you_can"]] == [str(Modality.AGGREGATE)]
