"""What an operator reads into a provider's claims: exactly what the rule states, and nothing else."""

from typing import Any

import pytest

from broker.core.passport.assertions import ClaimRule, stated_by, wrong_with
from broker.core.passport.visa import AFFILIATION, GRANT, LINK, RESEARCHER, TERMS
from broker.core.time import Seconds

AUP = "https://wiki.example/aup/1"
RULES = (
    ClaimRule(claim="voperson_policy_agreement", equals=AUP, type=TERMS, source="https://home.example", by="self"),
    ClaimRule(
        claim="eduperson_assurance", equals="https://refeds.example/cappuccino", type=RESEARCHER,
        value="https://bona.example/1", source="https://home.example", by="so",
    ),
    ClaimRule(claim="is_researcher", equals="true", type=RESEARCHER, value="https://bona.example/2", source="https://home.example"),
)  # fmt: skip


@pytest.mark.parametrize(
    ("claims", "values"),
    [
        ({}, []),
        ({"voperson_policy_agreement": AUP}, [AUP]),
        ({"voperson_policy_agreement": ["x", AUP]}, [AUP]),
        ({"voperson_policy_agreement": AUP + "/"}, []),
        ({"voperson_policy_agreement": {AUP: True}}, []),
        ({"voperson_policy_agreement": [[AUP]]}, []),
        ({"policy_agreement": AUP}, []),
        ({"eduperson_assurance": ["https://refeds.example/cappuccino"]}, ["https://bona.example/1"]),
        ({"eduperson_assurance": "https://refeds.example/espresso"}, []),
        ({"is_researcher": True}, ["https://bona.example/2"]),
        ({"is_researcher": "true"}, ["https://bona.example/2"]),
        ({"is_researcher": 1}, []),
        ({"is_researcher": False}, []),
    ],
)
def test_a_claim_says_what_its_rule_states(claims: dict[str, Any], values: list[str]) -> None:
    found = stated_by(claims, RULES, Seconds(5), Seconds(9))
    assert [one.value for one in found] == values
    assert {(one.asserted, one.ends) for one in found} <= {(5, 9)}


@pytest.mark.parametrize(
    "wrong",
    [
        {"type": GRANT, "by": "dac"},
        {"type": LINK},
        {"type": AFFILIATION, "equals": "faculty@x"},
        {"type": TERMS, "by": None},
        {"equals": "not a URL"},
        {"value": "not a URL"},
        {"source": "home"},
        {"claim": ""},
        {"equals": ""},
    ],
    ids=str,
)
def test_a_rule_that_could_mean_nothing_or_too_much_is_refused(wrong: dict[str, Any]) -> None:
    fine: dict[str, Any] = {"claim": "c", "equals": AUP, "type": TERMS, "source": "https://home.example", "by": "so"}
    assert wrong_with(ClaimRule(**fine)) is None
    assert wrong_with(ClaimRule(**fine | wrong)) is not None
