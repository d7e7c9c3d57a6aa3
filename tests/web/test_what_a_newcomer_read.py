"""What somebody who knows only the documents reads: told once, in the voice of who reads it, and with nothing left blank."""

import re
from pathlib import Path
from typing import Any

import pytest

from broker.core.access.stated import read_stated
from broker.core.decision import evaluate, explain
from broker.core.decision.explanation.texts import dressed
from broker.core.purpose import Purpose, purpose_json, read_purpose
from broker.core.reasons import REASONS, in_general, title
from broker.core.reasons.general_words import GENERAL_WORDS
from tests import builders as b
from tests.flows.test_give_finding import FORM, SILENT
from tests.web.site import site

CORE = Path(__file__).parents[2] / "broker" / "core"
PLAIN = purpose_json(b.PURPOSE)
ASKED: dict[str, Any] = {"dataset": b.HEART, "purpose": {"kinds": ["hmb"], "countries": ["Germany"]}}


@pytest.mark.parametrize("written", ["Germany", "DEU", "de", "EU", "XX", "UK"])
def test_a_country_that_nobody_can_read_is_refused_and_what_was_stored_is_read(written: str) -> None:
    with pytest.raises(ValueError, match=r"^countries: ") as caught:
        read_stated({"countries": ["DE", written]})
    assert f" {written} " not in str(caught.value)
    assert read_purpose({"countries": [written]}) == Purpose(countries=frozenset({written}))
    assert read_stated({"countries": ["DE"]}).countries == {"DE"}


async def test_every_place_of_the_api_that_reads_a_purpose_names_the_member(tmp_path: Path) -> None:
    paper = {"title": "T", "statement": "S", "lay": "L", "purpose": ASKED["purpose"], "datasets": [b.HEART]}
    bodies = {
        "decisions": ASKED, "requests": ASKED | {"statement": "S"}, "pre-checks": {"purpose": ASKED["purpose"]},
        "applications": paper,
    }  # fmt: skip
    async with site(tmp_path) as s:
        for path, body in bodies.items():
            answer = await s.http.post(f"/api/v1/{path}", json=body, headers=s.headers())
            told = await answer.json()
            assert (answer.status, told["code"], "purpose: countries" in told["detail"]) == (400, "REQ-INVALID", True)


def test_without_a_purpose_nothing_of_the_law_is_told_as_needed_and_nothing_twice() -> None:
    question, snapshot = b.question(grants=()), b.snapshot(grant=None)
    decision = evaluate(question, snapshot)
    assert any(gate.missing for gate in decision.gates)
    found = explain(question, decision, snapshot)
    codes = [one["code"] for one in found.record["why"]]
    assert (found.missing, len(codes)) == ((), len(set(codes)))


async def test_who_decides_reads_the_same_at_once_as_later(tmp_path: Path) -> None:
    """In the committee's sentences, with the codes that the committee answers, and the same outcome."""
    people: dict[str, Any] = {"pia": b.consent(template=FORM), "paul": b.consent(b.PAUL, template=FORM)}
    async with site(tmp_path, SILENT, grant=None, **people) as s:
        body = {"decision": "approve", "ground": "Good."}
        answer = await s.http.post(f"/api/v1/requests/{SILENT.id}/decision", json=body, headers=s.headers("usr_mei"))
        said = await answer.json()
        later = await s.http.get(
            f"/api/v1/decisions/{said['decision']}", params={"audience": "committee"}, headers=s.headers("usr_mei")
        )
        told = (await later.json())["explanation"]
        assert said["explanation"] == told
        assert (said["code"], said["outcome"]) == (told["why"][0]["code"], told["outcome"]) == ("CON-SILENT", "REFER")
        assert said["detail"] == told["why"][0]["sentences"]["dac"]
        assert all(set(one["sentences"]) == {"dac"} for one in told["why"])


def test_a_forecast_says_what_hangs_on_each_participants_own_answer() -> None:
    for more, hangs in (
        ({}, False),
        ({"recontact": True}, True),
        ({"linkage": True}, True),
        ({"ai_use": "training"}, True),
    ):
        question = b.question(stage="foresee", grants=(), object=None, purpose=read_purpose({**PLAIN, **more}))
        found = explain(question, evaluate(question, b.snapshot()), b.snapshot())
        text = dressed(found.record)["audience_texts"]["researcher"]
        assert (found.outcome.permits, "Participants answer for themselves" in text) == (True, hangs), more


@pytest.mark.parametrize("code", sorted(REASONS))
def test_what_is_said_without_facts_has_no_slot(code: str) -> None:
    for text in (title(code), in_general(code)):
        assert not {"{", "}"} & set(text)
        assert "not stated" not in text or "not stated" in f"{REASONS[code].dac} {REASONS[code].researcher}"
    assert in_general("DUO-PURPOSE") == "Your purpose is outside what this dataset allows."


DECIDING = sorted(
    {
        code
        for package in ("decision", "consent", "duo", "jurisdiction")
        for path in (CORE / package).rglob("*.py")
        if "explanation" not in path.parts
        for code in re.findall(r'"([A-Z]{2,4}(?:-[A-Z0-9]+)+)"', path.read_text("utf-8"))
        if code in REASONS and not code.startswith(("RGT-", "REQ-"))
    }
)


@pytest.mark.parametrize("code", DECIDING)
def test_a_pre_check_of_many_tells_whole_sentences(code: str) -> None:
    """Three dots in the middle of a sentence told nobody anything."""
    assert "…" not in in_general(code)


def test_codes_of_decisions_are_found() -> None:
    assert {"DUO-DISEASE", "JUR-FACT-MISSING", "CON-DISEASE", "GOV-EMBARGO", "OPS-DUTY-OVERDUE"} <= {*DECIDING}


@pytest.mark.parametrize("key", GENERAL_WORDS)
def test_a_sentence_in_general_is_of_a_code_that_needs_one(key: str) -> None:
    assert "{" in REASONS[key.removeprefix("general.")].researcher
    assert "{" not in GENERAL_WORDS[key]
