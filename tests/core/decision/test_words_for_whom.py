"""Who reads what of one answer: the committee its own sentences, and whoever asked what hangs on people."""

from dataclasses import replace
from typing import Any

import pytest

from broker.core.consent.public import LEFT_OUT
from broker.core.decision import evaluate
from broker.core.decision.explanation import written
from broker.core.decision.explanation.texts import dressed, hangs_on_people
from broker.core.reasons.language import ENGLISH
from broker.core.reasons.named_things import NAMED_THINGS
from broker.core.reasons.words import WORDS
from tests import builders as b
from tests.core.decision.test_words_of_answers import CODE, NEXT, STEP, dac, gate, record, said, text, why

FOR_COMMITTEE: dict[str, Any] = {"gates": [gate("duo", "fail", why())], "facts": []}


@pytest.mark.parametrize("code", ["AUTH-GRANT-SUSPENDED", "AUTH-GRANT-REVOKED", "AUTH-REVOKED", "COM-LOCAL-ONLY", "COM-REFUSED", "OPS-RECIPIENT-SUSPENDED"])  # fmt: skip
def test_what_people_had_decided_is_not_called_a_decision_of_rules(code: str) -> None:
    read = text("researcher", why=[why(code)])
    assert WORDS["line.by_people"] in read
    assert WORDS["line.by_rules"] not in read
    assert WORDS["line.by_people"] not in text("researcher")


def test_a_committee_reads_its_own_sentences_and_what_the_researcher_would_be_told_to_do() -> None:
    told = dressed(record(**FOR_COMMITTEE, change_that_would_help=[STEP]))
    (reason,) = told["why"]
    assert (reason["sentence"], reason["sentences"]) == (dac(CODE), {"dac": dac(CODE)})
    (change,) = told["change_that_would_help"]
    (theirs,) = dressed(record(change_that_would_help=[STEP]))["change_that_would_help"]
    assert change["say"] == WORDS["dac.help"].format(steps=theirs["say"])
    assert change["say"] != theirs["say"] == "you make no commercial use"


def test_a_forecast_names_what_each_participant_answers_for_themselves() -> None:
    two = ("purpose.recontact", "purpose.linkage")
    foreseen = {"modality": "download", "dataset": "d", "stage": "foresee"}
    named = WORDS["line.foresee_people"].format(what="; ".join(NAMED_THINGS[f"fact.{one}"] for one in two))
    members: dict[str, Any] = {"outcome": "PERMIT", "why": []}
    asked = text("researcher", **members, asked={**foreseen, "asked_of_participants": list(two)})
    assert asked == f"Download: yes. {WORDS['line.foresee']} {named}"
    assert text("researcher", **members, asked=foreseen) == f"Download: yes. {WORDS['line.foresee']}"
    assert hangs_on_people(two, ENGLISH) == [named]
    assert hangs_on_people((), ENGLISH) == []


@pytest.mark.parametrize("stage", ["foresee", "submit", "approve", "use"])
@pytest.mark.parametrize(
    ("members", "wanted"),
    [
        ({"ai_use": None, "linkage": None, "recontact": None}, []),
        ({"ai_use": "none", "linkage": False, "recontact": False}, []),
        ({"ai_use": "training"}, ["purpose.ai_use"]),
        ({"ai_use": "model_release", "linkage": True}, ["purpose.ai_use", "purpose.linkage"]),
        ({"recontact": True}, ["purpose.recontact"]),
    ],
)
def test_a_forecast_alone_keeps_what_each_participant_is_asked(
    members: dict[str, Any], wanted: list[str], stage: Any
) -> None:
    purpose = replace(b.PURPOSE, **{"ai_use": None, "linkage": None, "recontact": None, **members})
    question = b.question(stage=stage, purpose=purpose)
    told = written.asked(question, replace(evaluate(b.question(), b.snapshot()), purpose=purpose))
    assert told.get("asked_of_participants", []) == (wanted if stage == "foresee" else [])
    assert ("asked_of_participants" in told) is (stage == "foresee" and wanted != [])


def test_what_was_not_said_is_named_where_consents_say_no_and_nothing_else_stands_first() -> None:
    open_ = ["purpose.recontact", "data.category", "purpose.linkage"]
    named = "; ".join(NAMED_THINGS[f"fact.{one}"] for one in (open_[0], open_[2]))
    line = WORDS["line.left_open"].format(missing=named)
    assert line in text("researcher", why=[why(LEFT_OUT)], missing=open_)
    assert line in text("researcher", why=[why(LEFT_OUT), why(NEXT)], missing=open_)
    start = WORDS["line.left_open"].partition("{")[0]
    assert start not in text("researcher", why=[why(LEFT_OUT)], missing=open_[1:2])
    assert start not in text("researcher", why=[why(NEXT), why(LEFT_OUT)], missing=open_)
    assert start not in text("researcher", why=[why(LEFT_OUT)], missing=[])
    assert said(LEFT_OUT, "researcher") in text("researcher", why=[why(LEFT_OUT)], missing=open_)
