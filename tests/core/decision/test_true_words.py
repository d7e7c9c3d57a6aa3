"""Is what is told true and whole? Read as a lawyer would: who decides, who answers, what is claimed, what is left out."""

import re
from dataclasses import replace
from string import Formatter
from typing import Any

import pytest

from broker.core.consent.public import PER_SUBJECT
from broker.core.decision import evaluate, explain
from broker.core.decision.answering import Given, findings_for
from broker.core.decision.explanation import views
from broker.core.decision.explanation.challenge import BY_CODE
from broker.core.decision.explanation.people import about_people
from broker.core.decision.explanation.texts import dressed, for_participant
from broker.core.ids import PersonId
from broker.core.outcome import Outcome
from broker.core.purpose import Kind
from broker.core.reasons import REASONS
from broker.core.reasons.language import ENGLISH, Tongue
from broker.core.reasons.words import WORDS
from tests import builders as b
from tests.core.decision import explained_worlds as worlds
from tests.core.decision.test_evaluate import CASES, IN_THE_US, US_STATE, data
from tests.core.decision.test_words_of_answers import record, why

pytestmark = pytest.mark.row("EXP-NO-BLANK")

APPROVE: dict[str, Any] = {"stage": "approve", "purpose": b.PURPOSE, "grants": (), "object": None}


def slots(text: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(text) if name}


def told(world: dict[str, Any], **asked: Any) -> tuple[Any, dict[str, Any]]:
    """The explanation of a question in a world with this one change, and its trace."""
    question, snapshot = b.question(**asked), b.snapshot(**world)
    decision = evaluate(question, snapshot)
    explanation = explain(question, decision, snapshot)
    row: Any = worlds.traced(question, decision, explanation, snapshot).row
    return explanation, dict(row.body)


# Nothing is left blank


def test_what_a_participant_reads_has_no_slot_but_a_date() -> None:
    """No code, no id of an illness, and nothing that somebody wrote freely."""
    found = {code: slots(spec.subject) for code, spec in REASONS.items() if not code.startswith("RGT-")}
    own = {code: names for code, names in found.items() if code in PER_SUBJECT and names}
    assert ({code: names for code, names in found.items() if names - {"date"}}, own) == ({}, {})


@pytest.mark.parametrize("code", sorted(code for code in PER_SUBJECT if code.startswith("CON-")))
def test_what_is_said_of_participants_is_told_without_what_single_ones_chose(code: str) -> None:
    assert slots(REASONS[code].dac) <= ({"because"} if code == "CON-CERTIFICATE-OPEN" else {"n"})


def test_every_slot_of_a_sentence_is_filled_by_whoever_says_it() -> None:
    asked = [
        *(world for _, world in worlds.every()),
        *((b.question(**asked), b.snapshot(**world)) for _, asked, world, *_ in CASES),
    ]
    empty: set[tuple[str, str]] = set()
    for question, snapshot in asked:
        for gate in evaluate(question, snapshot).gates:
            if about_people(gate, question):
                continue
            for reason in gate.reasons:
                spec, said = REASONS[reason.code], dict(reason.facts).keys()
                empty |= {
                    (reason.code, name)
                    for text in (spec.researcher, spec.dac, spec.subject)
                    for name in slots(text) - said
                }
    assert empty == set()


def test_a_committee_reads_what_of_the_certificate_it_has_to_answer() -> None:
    certificate = replace(b.dataset().certificate, permissions=b.codes("DUO:0000011"))
    method = replace(b.PURPOSE, kinds=frozenset({Kind.METHODS}))
    world = {"dataset": b.dataset(certificate=certificate, duo=b.codes("DUO:0000042"))}
    _, body = told(world, **APPROVE | {"purpose": method})
    said = views.committee("dec_1", body, ENGLISH)["audience_texts"]["dac"]
    (asked,) = re.findall("leave a question open, which the committee must answer first: ([^.]+)\\.", said)
    assert asked == "It is not clear whether the purpose is within what the dataset may be used for"


# No contradiction


@pytest.mark.parametrize("code", sorted(PER_SUBJECT))
def test_what_was_allowed_is_not_called_refused_to_who_was_left_out(code: str) -> None:
    text = for_participant("2027-01-15T08:00:00Z", "PERMIT", code, Tongue())
    assert not {"refused", "not allowed"} & {word for word in ("refused", "not allowed") if word in text}


def test_a_yes_before_a_request_is_called_a_forecast() -> None:
    found, _ = told({}, **APPROVE | {"stage": "foresee"})
    texts = dressed(found.record)["audience_texts"]
    assert WORDS["line.foresee"] in texts["researcher"]
    assert (WORDS["subject.foresee"] in texts["subject"], WORDS["subject.yes"] in texts["subject"]) == (True, False)
    found, _ = told({}, **APPROVE)
    assert WORDS["line.foresee"] not in dressed(found.record)["audience_texts"]["researcher"]
    refused, _ = told({"organisation": US_STATE}, **APPROVE | {"stage": "foresee", "location": "US"})
    assert WORDS["line.foresee"] not in dressed(refused.record)["audience_texts"]["researcher"]


def test_what_people_decided_is_not_told_as_decided_by_rules() -> None:
    by_people = dressed(record(outcome="DENY", why=[why("COM-REFUSED")]))["audience_texts"]["researcher"]
    by_rules = dressed(record(outcome="DENY", why=[why("DUO-PURPOSE")]))["audience_texts"]["researcher"]
    assert (WORDS["line.by_people"] in by_people, WORDS["line.by_rules"] in by_people) == (True, False)
    assert (WORDS["line.by_people"] in by_rules, WORDS["line.by_rules"] in by_rules) == (False, True)


def test_who_did_not_say_for_what_is_asked_and_not_refused() -> None:
    """Without a purpose nobody's consent was looked at: nothing has to be hidden, and nobody was left out."""
    found, body = told({"dataset": b.dataset(access="open")}, grants=(), purpose=None)
    assert (found.outcome, {one.code for one in found.reasons}) == (Outcome.PENDING, {"PUR-UNSTATED"})
    (consent,) = (one for one in views.committee("dec_1", body, ENGLISH)["gates"] if one["gate"] == "consent")
    assert consent["state"] == "hold"


# Who answers


def test_a_community_is_waited_for_by_name() -> None:
    found, _ = told({"dataset": data(community_governed=True)}, **APPROVE)
    text = dressed(found.record)["audience_texts"]["researcher"]
    assert "Now the community's authority must answer." in text
    assert "This would change the answer: the community's authority agrees." in text


def test_whether_a_community_decides_is_stated_by_the_data_holder_and_by_no_officer() -> None:
    found, body = told({"dataset": data(community_governed=None)}, **APPROVE)
    assert found.record["why"][0]["answered_by"] == {"by": "record", "roles": ["custodian"], "days": None}
    assert views.answerer("dec_1", body, {"legal_officer"}, ENGLISH) is None


def test_a_missing_safeguard_is_named_and_so_is_who_records_it() -> None:
    safeguards = replace(b.SAFEGUARDS, responsible=None)
    found, body = told({"dataset": b.dataset(safeguards=safeguards)}, **APPROVE)
    text = dressed(found.record)["audience_texts"]["researcher"]
    assert "Now the data holder must answer." in text
    assert "the data holder puts on record what is missing: who is responsible." in text
    said = views.committee("dec_1", body, ENGLISH)["audience_texts"]["dac"]
    assert "The data holder has not put on record what protects the people in the data: who is responsible." in said


REFUSED: list[tuple[dict[str, Any], dict[str, Any], set[str]]] = [
    ({"organisation": US_STATE, "grant": IN_THE_US}, {"location": "US"}, {"legal_officer", "committee_member"}),
    ({"grant": b.grant(purpose=replace(b.PURPOSE, commercial=True))}, {}, {"committee_member"}),
    ({}, {"location": None}, {"legal_officer", "committee_member"}),  # a paper is awaited
]


@pytest.mark.parametrize(("world", "asked", "roles"), REFUSED, ids=["law", "codes", "paper"])
def test_a_refusal_or_an_awaited_paper_is_shown_to_nobody_as_a_question(
    world: dict[str, Any], asked: dict[str, Any], roles: set[str]
) -> None:
    assert views.answerer("dec_1", told(world, **asked)[1], roles, ENGLISH) is None


def test_what_is_open_is_shown_to_who_answers() -> None:
    _, body = told({"dataset": b.dataset(duo=())})
    found = views.answerer("dec_1", body, {"committee_member"}, ENGLISH)
    assert found is not None
    assert [one["code"] for gate in found["gates"] for one in gate["why"]] == ["DUO-NO-PERMISSION"]
    assert views.answerer("dec_1", body, {"legal_officer"}, ENGLISH) is None


@pytest.mark.parametrize("code", ["DUO-DATASET-NARROWER", "DUO-GRU"])
def test_no_finding_is_made_of_what_is_no_question(code: str) -> None:
    """A no of the certificate, and what carries a yes: both begin as questions to the committee do."""
    certificate = replace(b.dataset().certificate, permissions=b.codes("DUO:0000011"))
    narrow = {"dataset": b.dataset(certificate=certificate, duo=b.codes("DUO:0000042"))}
    snapshot = b.snapshot(**(narrow if code == "DUO-DATASET-NARROWER" else {}))
    question = b.question(**APPROVE)
    assert code in {one.code for gate in evaluate(question, snapshot).gates for one in gate.reasons}
    answer = Given(code=code, ground="I say so.")
    assert findings_for(question, snapshot, [answer], "committee_member", PersonId("usr_mei")) == ()


# What helps


def test_what_was_not_said_of_the_purpose_is_named_where_consents_say_no() -> None:
    found, _ = told({}, **APPROVE | {"purpose": replace(b.PURPOSE, ai_use=None)})
    text = dressed(found.record)["audience_texts"]["researcher"]
    assert "You did not say whether AI models are trained on the data, and shared. That may matter here." in text
    silent, _ = told({}, **APPROVE | {"purpose": replace(b.PURPOSE, linkage=True)})
    assert "You did not say" not in dressed(silent.record)["audience_texts"]["researcher"]


def test_a_place_is_no_advice_to_travel_and_a_paper_has_a_name() -> None:
    steps = [
        {"fact": "recipient.individual_location", "set": "DE", "by": "you", "and": [], "result": "PERMIT"},
        {"fact": "evidence", "add": ["security.level:3"], "by": "institution", "and": [], "result": "PERMIT"},
    ]
    said = [one["say"] for one in dressed(record(change_that_would_help=steps))["change_that_would_help"]]
    assert said == [
        "you sign in from DE, if that is where you work",
        "your institution puts on file the proof of security level 3",
    ]


# Ground and appeal


def test_a_rule_of_which_a_fact_is_missing_has_refused_nothing_yet() -> None:
    row = next(row for row in worlds.LAW_ROWS if row["id"] == "J66")
    question, snapshot = worlds.by_law(row)
    found = explain(question, evaluate(question, snapshot), snapshot).record["why"][0]
    assert (found["code"], found["proportionality"]) == ("JUR-FACT-MISSING", None)


@pytest.mark.parametrize(("row", "whom", "not_whom"), [("J47", "CN-CAC", "CN-HGR"), ("J49", "ZA-NHREC", "")])
def test_the_authority_outside_is_that_of_the_law_and_not_of_the_pack(row: str, whom: str, not_whom: str) -> None:
    question, snapshot = worlds.by_law(next(one for one in worlds.LAW_ROWS if one["id"] == row))
    found = explain(question, evaluate(question, snapshot), snapshot).record
    outside = [one["who"] for one in found["challenge"]["outside"]]
    assert outside[0] == whom
    assert not_whom not in outside


def test_every_authority_of_a_code_is_named_in_words() -> None:
    assert set(BY_CODE) <= set(REASONS)
    assert {f"outside.{one}" for one in BY_CODE.values()} <= set(WORDS)
