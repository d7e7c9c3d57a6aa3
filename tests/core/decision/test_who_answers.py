"""Who answers which open question, code by code (ruling 1)."""

import pytest

from broker.core.decision.answerers import answerer
from broker.core.time import FOREVER

NINETY_DAYS = 90 * 86_400
RECORD: dict[str, str] = {
    "CON-ASK": "participant",
    "CON-REAFFIRM-DUE": "participant",
    "CON-CAPACITY-REGAINED": "participant",
    "CON-REPRESENTATIVE-LAPSED": "participant",
    "CON-PURPOSE-UNCLEAR": "participant",
    "CON-FAMILY-DECIDES": "family",
    "CON-SUSPENDED": "who suspended it",
    "CON-RECORD-CONFLICT": "custodian",
    "CON-UNKNOWN-CODE": "custodian",
    "CON-UNKNOWN-ANSWER": "custodian",
    "CON-NO-CERTIFICATE": "custodian",
    "COM-APPROVAL-NEEDED": "community authority",
    "COM-LOCAL-ONLY": "community authority",
    "GOV-SAFEGUARD-MISSING": "custodian",
    "GOV-DUTIES-MISSING": "custodian",
}
EVIDENCE = {"CON-UNDECLARED": "researcher", "CON-CONDITION-OPEN": "researcher"}
FINDING: dict[str, tuple[set[str], int]] = {
    "CON-SILENT": ({"ethics_committee"}, FOREVER),
    "CON-METHODS-UNCLEAR": ({"ethics_committee"}, FOREVER),
    "CON-TOO-FEW": ({"committee_member"}, FOREVER),
    "CON-CERTIFICATE-OPEN": ({"committee_member"}, FOREVER),
    "PUR-DUAL-USE": ({"committee_member"}, FOREVER),
    "DUO-SENSITIVE": ({"committee_member"}, FOREVER),
    "JUR-NO-PACK": ({"legal_officer"}, NINETY_DAYS),
    "JUR-FACT-MISSING": ({"legal_officer"}, NINETY_DAYS),
    "JUR-EU-ART49": ({"legal_officer", "committee_member"}, NINETY_DAYS),
}
TABLE: dict[str, tuple[str, set[str], int]] = (
    {code: ("record", {role}, FOREVER) for code, role in RECORD.items()}
    | {code: ("evidence", {role}, FOREVER) for code, role in EVIDENCE.items()}
    | {code: ("finding", *found) for code, found in FINDING.items()}
)


@pytest.mark.parametrize("code", TABLE)
def test_who_answers_how_and_for_how_long(code: str) -> None:
    who = answerer(code)
    assert who is not None
    by, roles, longest = TABLE[code]
    assert str(who.by) == by
    assert (set(who.roles), int(who.longest)) == (roles, longest)


@pytest.mark.parametrize("code", ["CON-WITHDRAWN", "PUR-PROHIBITED", "OPS-RECIPIENT-SUSPENDED", "X-DUO-"])
def test_nobody_answers_what_is_no_open_question(code: str) -> None:
    assert answerer(code) is None
