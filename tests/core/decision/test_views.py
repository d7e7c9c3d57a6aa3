"""What each of those who may ask reads of a decision of long ago, and what is kept from them."""

from dataclasses import replace
from typing import Any

import pytest

from broker.core.consent.model import Withdrawal
from broker.core.decision import evaluate, explain
from broker.core.decision.explanation import views
from broker.core.decision.explanation.people import named
from broker.core.ids import DatasetId
from broker.core.outcome import Outcome
from broker.core.purpose import Modality
from broker.core.reasons.language import ENGLISH, Language
from broker.core.reasons.words import WORDS
from broker.core.time import Seconds
from tests import builders as b
from tests.core.decision import explained_worlds as worlds
from tests.fakes import START

GONE = b.consent(
    b.PIA, 2, status="withdrawn", withdrawal=Withdrawal(kind="no_further_use"), effective_from=START, recorded_at=START
)
PAUSED = b.consent(b.PIA, 2, status="suspended", effective_from=START, recorded_at=START)
SILENT = replace(b.PURPOSE, linkage=True)


def body(world: Any = None, *, told: bool = True, **asked: Any) -> dict[str, Any]:
    """The trace of a decision. `told`: was it explained when it was made?"""
    question, snapshot = b.question(**asked), b.snapshot(**(world or {}))
    decision = evaluate(question, snapshot)
    explanation = explain(question, decision, snapshot) if told else None
    row: Any = worlds.traced(question, decision, explanation, snapshot).row
    return dict(row.body)


def codes(record: Any) -> list[str]:
    return [one["code"] for one in record["why"]]


def consent_of(record: Any) -> dict[str, Any]:
    (found,) = (one for one in record["gates"] if one["gate"] == "consent")
    return dict(found)


PERMIT, LEFT_OUT = body(), body({"x": GONE})
APPROVED: dict[str, Any] = {"stage": "approve", "purpose": b.PURPOSE, "grants": (), "object": None}


def test_a_permit_is_explained_on_demand_as_it_was_given() -> None:
    found = views.researcher("dec_1", body(told=False), ENGLISH)
    assert found is not None
    assert {name: found[name] for name in ("decision_id", "outcome", "at", "known_at", "why_not", "you_can", "missing")} == {
        "decision_id": "dec_1", "outcome": "PERMIT_WITH_OBLIGATIONS", "at": "2027-01-15T08:00:00Z",
        "known_at": "2027-01-15T08:00:00Z", "why_not": {}, "you_can": [], "missing": [],
    }  # fmt: skip
    assert found["asked"] == {
        "modality": "download", "dataset": b.HEART, "stage": "use", "object": b.ONE, "purpose": ["hmb"],
    }  # fmt: skip
    assert (found["change_that_would_help"], found["example_policy"]) == ([], True)
    assert found["challenge"] == {"facts": None, "merits": None, "appeal": "facts", "until": None, "outside": []}
    assert found["obligations"] == list(evaluate(b.question(), b.snapshot()).obligations)
    assert 0 < len(found["why"]) <= 3
    assert all(one["not_matched"] == [] and one["facts"] == [] for one in found["why"])
    read = ["Download: yes, with conditions.", found["why"][0]["sentence"], *found["conditions"], WORDS["line.example"]]
    assert found["audience_texts"]["researcher"] == " ".join(read)


def test_a_committee_reads_every_gate_of_a_permit_and_every_fact() -> None:
    found = views.committee("dec_1", body(told=False), ENGLISH)
    assert [one["gate"] for one in found["gates"]] == [
        str(one.gate) for one in evaluate(b.question(), b.snapshot()).gates
    ]
    assert {one["state"] for one in found["gates"]} == {"pass"}
    facts = {one["name"]: (one["value"], one["origin"]) for one in found["facts"]}
    assert facts["recipient.country"] == ("DE", "record")
    assert [one["name"] for one in found["facts"]] == sorted(facts)
    assert (found["why"], found["why_not"]) == ([], {})
    assert found["audience_texts"].keys() == {"dac"}


def test_what_was_refused_and_never_explained_is_not_there_for_who_asked() -> None:
    refused = body({"x": GONE}, told=False)
    assert views.researcher("dec_1", refused, ENGLISH) is None
    assert views.researcher("dec_1", LEFT_OUT, ENGLISH) is not None
    many = {name: value for name, value in PERMIT.items() if name not in ("decision", "explanation")}
    assert views.researcher("dec_1", many | {"explanation": None}, ENGLISH) is None, "a pre-check of many"
    assert (views.of_one(many), views.of_one(PERMIT)) == (False, True)
    assert (views.permitted(many), views.permitted(PERMIT), views.permitted(refused)) == (False, True, False)


def test_who_asked_reads_what_was_told_at_the_time_with_what_a_person_wrote() -> None:
    kept = LEFT_OUT["explanation"]
    found = views.researcher("dec_1", LEFT_OUT | {"human": {"by": "committee", "reasons_text": "No."}}, ENGLISH)
    assert found is not None
    assert (found["outcome"], codes(found)) == (kept["outcome"], ["CON-LEFT-OUT"])
    assert found["human"] == {
        "by": "committee", "reasons_text": "No.", "decided_by": "rules, and a member of the committee",
    }  # fmt: skip
    assert "human" not in (views.researcher("dec_1", LEFT_OUT, ENGLISH) or {})


@pytest.mark.parametrize("no", [GONE, PAUSED])
@pytest.mark.parametrize("asked", [{}, APPROVED])
def test_a_committee_reads_one_code_for_every_no_of_a_participant(no: Any, asked: dict[str, Any]) -> None:
    """The custodian reads the true one."""
    world = {"x": no, "paul": None, "two": None}
    found = body(world, **asked)
    shown = views.committee("dec_1", found, ENGLISH)
    assert (codes(consent_of(shown)), consent_of(shown)["state"]) == (["CON-LEFT-OUT"], "fail")
    assert (consent_of(shown)["outcome"], shown["outcome"]) == ("DENY", "DENY")
    assert {rung["outcome"] for rung in shown["why_not"].values()} == {"DENY"}
    assert {code for rung in shown["why_not"].values() for code in rung["codes"]} == {"CON-LEFT-OUT"}
    true = views.custodian("dec_1", found, ENGLISH)
    wanted = ("CON-WITHDRAWN", "DENY") if no is GONE else ("CON-SUSPENDED", "REFER")
    assert (codes(consent_of(true))[0], true["outcome"]) == wanted


def test_a_committee_reads_what_it_can_answer_as_it_is() -> None:
    """Too few people is for the committee: the question stays open to it, and the no of one is hidden beside it."""
    certificate = replace(b.dataset().certificate, min_group=2)
    found = body({"dataset": b.dataset(certificate=certificate), "x": GONE}, **APPROVED)
    shown = views.committee("dec_1", found, ENGLISH)
    assert codes(consent_of(shown)) == ["CON-LEFT-OUT", "CON-TOO-FEW"]
    assert (consent_of(shown)["state"], shown["outcome"]) == ("hold", "REFER")
    assert {rung["outcome"] for rung in shown["why_not"].values()} == {"REFER"}
    assert "CON-WITHDRAWN" in codes(consent_of(views.custodian("dec_1", found, ENGLISH)))


def test_a_gate_that_passes_is_shown_as_passing_though_somebody_is_left_out() -> None:
    shown = views.committee("dec_1", body({"x": GONE}, object=None), ENGLISH)
    assert (consent_of(shown)["state"], codes(consent_of(shown))) == ("pass", ["CON-LEFT-OUT"])


def test_beforehand_nobody_s_record_was_touched_and_nothing_is_hidden() -> None:
    asked = APPROVED | {"stage": "foresee"}
    found = body({"dataset": b.dataset(duo=())}, **asked)
    assert views.masked(found["committee"], found) is found["committee"]
    assert views.masked(LEFT_OUT["committee"], LEFT_OUT) != LEFT_OUT["committee"]


PARTICIPANT: list[tuple[dict[str, Any], Any, bool, str]] = [
    (LEFT_OUT, b.PIA, True, "It was refused. "),
    (LEFT_OUT, b.PAUL, False, "It was refused. "),
    (PERMIT, b.PIA, False, "It was allowed. "),
    (body({"x": GONE}, object=None), b.PIA, True, "It was allowed. "),
]


@pytest.mark.parametrize(("found", "ref", "left_out", "said"), PARTICIPANT, ids=map(str, range(len(PARTICIPANT))))
def test_a_participant_reads_what_became_of_their_own_data(
    found: dict[str, Any],
    ref: Any,
    said: str,
    *,
    left_out: bool,
) -> None:
    shown = views.participant("dec_1", found, ref, ENGLISH)
    text = shown["audience_texts"]["subject"]
    assert shown == {
        "decision_id": "dec_1", "at": "2027-01-15T08:00:00Z", "left_out": left_out, "audience_texts": {"subject": text},
        "language": "en", "reviewed": True,
    }  # fmt: skip
    assert said in text
    assert ("Your data were left out." in text) is left_out
    other = views.participant("dec_1", found, ref, Language(tag="xx"))
    assert (other["language"], other["reviewed"]) == ("xx", False)


def test_what_a_participant_may_know_of() -> None:
    """Their own no, and uses of their data; no refusal on other grounds, and no question that was only foreseen."""
    assert views.concerns(LEFT_OUT, b.PIA, among=False)
    assert not views.concerns(LEFT_OUT, b.PAUL, among=True)
    assert views.concerns(PERMIT, b.PAUL, among=True)
    assert not views.concerns(PERMIT, b.PAUL, among=False)
    foreseen = body(**APPROVED | {"stage": "foresee"})
    assert Outcome(foreseen["decision"]["outcome"]).permits
    assert not views.concerns(foreseen, b.PAUL, among=True)


def test_a_participant_is_found_by_another_name_in_every_decision() -> None:
    names = {
        named(ref, dataset, at)
        for ref in (b.PIA, b.PAUL)
        for dataset in (b.HEART, DatasetId("other"))
        for at in (START, Seconds(START + 1))
    }
    assert len(names) == 8
    assert all(len(name) == 24 for name in names)
    assert LEFT_OUT["people"] == {named(b.PIA, b.HEART, START): "CON-WITHDRAWN"}


def test_another_way_of_access_is_told_as_it_is_where_nobody_hides_behind_it() -> None:
    room = b.organisation(facts={**b.RECIPIENT_FACTS, "recipient.security_level": 1})
    found = body({"organisation": room, "dataset": b.dataset(security_level=2)})
    shown = views.committee("dec_1", found, ENGLISH)
    assert shown["why_not"][str(Modality.DOWNLOAD)]["outcome"] == "ALTERNATIVE"
    assert shown["why_not"] == found["committee"]["why_not"]
