"""Which use asks for which answer, in which words it is refused, and where the purpose would say so."""

from typing import Any

import pytest

from broker.core.consent.answers import asked_by, unreadable
from broker.core.consent.certificate import certified as weighed
from broker.core.consent.certificate import refused
from tests.core.consent.consent_world import ONTOLOGY, asking, certified

Row = tuple[str, str, str, bool, str]
ROWS: dict[str, Row] = {
    row[0]: row
    for row in (
        ("for_profit_org", "CON-FORPROFIT-ORG", "purpose.organisation", True, "hold"),
        ("commercial_use", "CON-COMMERCIAL-USE", "purpose.commercial", True, "hold"),
        ("ai_training", "CON-AI-TRAINING", "purpose.ai_use", True, "hold"),
        ("ai_model_release", "CON-AI-MODEL-RELEASE", "purpose.ai_use", True, "hold"),
        ("linkage", "CON-LINKAGE", "purpose.linkage", True, "hold"),
        ("recontact", "CON-NO-CONTACT", "purpose.recontact", True, "hold"),
        ("family_analysis", "CON-FAMILY", "purpose.flags", True, "allow"),
        ("ancestry_reporting", "CON-ANCESTRY", "purpose.kinds", True, "allow"),
        ("topic:paediatric", "CON-TOPIC", "purpose.sensitive", True, "hold"),
        ("topic:moon", "CON-TOPIC", "purpose.sensitive", True, "hold"),
    )
}
ASKED: list[tuple[dict[str, Any], list[str]]] = [
    ({}, []),
    ({"organisation": "for_profit"}, ["for_profit_org"]),
    ({"commercial": True}, ["commercial_use"]),
    ({"ai_use": "training"}, ["ai_training"]),
    ({"ai_use": "model_release"}, ["ai_training", "ai_model_release"]),
    ({"ai_use": "generative_release"}, ["ai_training", "ai_model_release"]),
    ({"linkage": True}, ["linkage"]),
    ({"recontact": True}, ["recontact"]),
    ({"flags": ["family_analysis"]}, ["family_analysis"]),
    ({"kinds": ["ancestry"]}, ["ancestry_reporting"]),
    ({"sensitive": ["paediatric"], "flags": ["topic:moon"]}, ["topic:moon", "topic:paediatric"]),
]


@pytest.mark.parametrize(("members", "keys"), ASKED, ids=[str(members) for members, _ in ASKED])
def test_which_use_asks_for_which_answer(members: dict[str, Any], keys: list[str]) -> None:
    found = [(one.key, one.code, one.member, one.stated, one.silence) for one in asked_by(asking(**members))]
    assert found == [ROWS[key] for key in keys]


OPEN = {
    "organisation": ["for_profit_org"],
    "commercial": ["commercial_use"],
    "ai_use": ["ai_training", "ai_model_release"],
    "linkage": ["linkage"],
    "recontact": ["recontact"],
}


@pytest.mark.parametrize("member", OPEN)
def test_what_the_purpose_leaves_open_is_asked_and_said_to_be_open(member: str) -> None:
    unstated: dict[str, Any] = {member: None}
    found = asked_by(asking(**unstated))
    assert [(one.key, one.member, one.stated) for one in found] == [
        (key, f"purpose.{member}", False) for key in OPEN[member]
    ]


def test_what_no_rule_reads_is_named_in_order() -> None:
    answers = {"topic:": "permit", "topic:x": "deny", "moon": "deny", "linkage": "perhaps", "recontact": "ask"}
    assert unreadable(answers) == ("linkage", "moon", "topic:")


def test_a_certificate_names_all_that_it_leaves_open() -> None:
    open_codes = certified(permissions=["HMB"], modifiers=["NPU", "NCU"])
    verdict, missing = weighed(open_codes, asking(organisation=None, commercial=None), ONTOLOGY)
    assert verdict is not None
    assert verdict.reason.facts == (("because", "DUO-COMMERCIAL-UNSTATED, DUO-ORGANISATION-UNSTATED"),)
    assert missing == ("purpose.commercial", "purpose.organisation")
    unread, _ = weighed(certified(answers={"moon": "deny", "sun": "deny"}), asking(), ONTOLOGY)
    assert unread is not None
    assert unread.reason.facts == (("keys", "moon, sun"),)
    question = asking(organisation=None, commercial=None)
    undeclared = refused(
        certified(answers={"for_profit_org": "deny", "commercial_use": "deny"}), question, asked_by(question)
    )
    assert undeclared is not None
    assert undeclared.reason.facts == (("keys", "purpose.organisation, purpose.commercial"),)
