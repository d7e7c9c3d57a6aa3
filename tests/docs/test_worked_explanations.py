"""The three worked examples of docs/reference/explanations.md are what the broker says, word for word."""

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import cache
from typing import Any

import pytest

from broker.core.consent.model import Scope
from broker.core.decision import evaluate, explain
from broker.core.decision.explanation import views
from broker.core.ids import DecisionId, SubjectRef
from broker.core.plain import plain
from broker.core.reasons.language import ENGLISH
from broker.core.rows import Trace
from broker.core.time import Seconds, parse_rfc3339
from broker.flows.traces import explained
from tests import builders as b
from tests.core.decision import explained_worlds as worlds
from tests.docs.doc_blocks import ROOT

PAGE = (ROOT / "docs" / "reference" / "explanations.md").read_text("utf-8")
AT = parse_rfc3339("2026-06-01")
J11 = next(row for row in worlds.LAW_ROWS if row["id"] == "J11")
J09 = {**J11, "id": "J09", "facts": {**J11["facts"], "request.modality": "download", "request.processing_country": "US",
                                     "recipient.dpf_certified": False}}  # fmt: skip
S1, S2, S3 = (SubjectRef(f"sub_s{n}") for n in (1, 2, 3))


def c15() -> worlds.World:
    """AI training, asked of three: one agreed, one said no, one was never asked."""
    answers: dict[SubjectRef, dict[str, str]] = {S1: {"ai_training": "permit"}, S2: {"ai_training": "deny"}, S3: {}}
    consents: list[Any] = [
        b.consent(ref, effective_from=Seconds(AT - 86_400), scope=Scope(permissions=worlds.GRU, answers=said))
        for ref, said in answers.items()
    ]
    certificate = replace(b.dataset().certificate, permissions=worlds.GRU)
    rows = b.rows(
        dataset=b.dataset(duo=worlds.GRU, certificate=certificate),
        one=b.drs_object(subjects=(S1,)), two=b.drs_object(b.TWO, (S2, S3)), pia=None, paul=None,
    )  # fmt: skip
    purpose = replace(b.PURPOSE, ai_use="training")
    return worlds.foreseen(purpose, at=AT, stage="approve"), worlds.world(*rows, *consents)


WORLDS: Mapping[str, Callable[[], worlds.World]] = {
    "J09": lambda: worlds.by_law(J09),
    "C15": c15,
    "J27": lambda: dict(worlds.every())["J27"],
}


@cache
def said(name: str) -> tuple[dict[str, Any], Trace]:
    question, snapshot = WORLDS[name]()
    decision = evaluate(question, snapshot)
    explanation = explain(question, decision, snapshot)
    row = worlds.traced(question, decision, explanation, snapshot).row
    assert isinstance(row, Trace)
    return explained(DecisionId("dec_1"), explanation), row


EXAMPLE = re.compile(r"^\*(?P<who>[a-z ]+), (?P<name>[JC]\d\d):\* (?P<text>.+)$", re.MULTILINE)
EXAMPLES = [(match["name"], match["who"], match["text"]) for match in EXAMPLE.finditer(PAGE)]


def test_each_of_the_three_is_worked() -> None:
    assert {name for name, _, _ in EXAMPLES} == WORLDS.keys()


@pytest.mark.parametrize(("name", "who", "text"), EXAMPLES, ids=[f"{name}-{who}" for name, who, _ in EXAMPLES])
def test_a_worked_text_is_what_is_told(name: str, who: str, text: str) -> None:
    record, row = said(name)
    body: Any = plain(row.body)
    found = {
        "researcher": record["audience_texts"]["researcher"],
        "committee": views.committee("dec_1", body, ENGLISH)["audience_texts"]["dac"],
        "participant": record["audience_texts"]["subject"],
        "participant who said no": views.participant("dec_1", body, S2, ENGLISH)["audience_texts"]["subject"],
    }
    assert found[who] == text
