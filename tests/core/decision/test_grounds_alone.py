"""Who may answer a reason, asked of single reasons: each gate, each outcome, and each kind of rule of a pack."""

from dataclasses import replace
from functools import cache
from typing import Any

import pytest

from broker.core.decision.case import Case
from broker.core.decision.explanation import written
from broker.core.decision.explanation.grounds import answered_by, law, proportionality
from broker.core.outcome import Gate, Norm, Outcome, Reason
from broker.core.snapshot import under
from tests.core.decision.test_looked_up import looked_up
from tests.core.jurisdiction.jurisdiction_world import PROPORTION, book_of, pack, rule

PENDING, REFER, DENY = Outcome.PENDING, Outcome.REFER, Outcome.DENY


def to(country: str) -> dict[str, str]:
    return {"fact": "recipient.country", "op": "eq", "value": country}


RULES = [
    rule("ask", "refer", to("FR")),
    rule("ask-nobody", "refer", to("CH"), mandatory=True),
    rule("paper", "await", to("US")),
    rule("no", "deny", to("CN")),
    rule("ok", "permit"),
]


def of_pack(name: str, version: str = "1", source: str = "test-pack") -> Norm:
    return Norm(source=source, version=version, rule=name)


@cache
def by_the_pack() -> Case:
    case = looked_up()
    return replace(case, snapshot=under(case.snapshot, book_of(pack(decide=RULES))))


LAWYER = {"by": "finding", "roles": ["legal_officer"], "days": 90}
BOTH = {"by": "finding", "roles": ["committee_member", "legal_officer"], "days": 90}
COMMITTEE = {"by": "finding", "roles": ["committee_member"], "days": None}
COMMUNITY = {"by": "record", "roles": ["community authority"], "days": None}
PERSON = {"by": "record", "roles": ["participant"], "days": None}
HOLDER = {"by": "record", "roles": ["custodian"], "days": None}
ANSWERS: list[tuple[str, Gate, Outcome, Norm | None, Any]] = [
    ("CON-ASK", Gate.CONSENT, DENY, None, PERSON),
    ("CON-WITHDRAWN", Gate.CONSENT, DENY, None, None),
    ("COM-APPROVAL-NEEDED", Gate.COMMUNITY, PENDING, None, COMMUNITY),
    ("COM-LOCAL-ONLY", Gate.COMMUNITY, DENY, None, None),
    ("DUO-SENSITIVE", Gate.DUO, REFER, None, COMMITTEE),
    ("DUO-SENSITIVE", Gate.DUO, PENDING, None, None),
    ("DUO-SENSITIVE", Gate.DUO, DENY, None, None),
    ("JUR-NO-PACK", Gate.JURISDICTION, REFER, None, LAWYER),
    ("JUR-NO-PACK", Gate.JURISDICTION, PENDING, None, None),
    ("JUR-NO-PACK", Gate.JURISDICTION, DENY, None, None),
    ("JUR-EU-ART49", Gate.JURISDICTION, REFER, of_pack("ask"), BOTH),
    ("JUR-EU-ART49", Gate.JURISDICTION, REFER, of_pack("ask-nobody"), None),
    ("JUR-EU-ART49", Gate.JURISDICTION, REFER, of_pack("paper"), None),
    ("JUR-EU-ART49", Gate.JURISDICTION, REFER, of_pack("default"), BOTH),
    ("JUR-EU-ART49", Gate.JURISDICTION, REFER, of_pack("paper", "2"), BOTH),
    ("JUR-EU-ART49", Gate.JURISDICTION, REFER, of_pack("paper", source="another"), BOTH),
    ("JUR-FACT-MISSING", Gate.JURISDICTION, REFER, of_pack("paper"), LAWYER),
    ("JUR-FACT-MISSING", Gate.COMMUNITY, REFER, None, HOLDER),
    ("GOV-SAFEGUARD-MISSING", Gate.SAFEGUARDS, REFER, None, HOLDER),
    ("DUO-DATASET-NARROWER", Gate.CONSENT, DENY, None, None),
]


@pytest.mark.row("EXP-GROUND")
@pytest.mark.parametrize("n", range(len(ANSWERS)))
def test_a_question_is_answered_by_who_may_and_a_refusal_by_nobody(n: int) -> None:
    code, gate, outcome, norm, wanted = ANSWERS[n]
    assert answered_by(Reason(code=code, norm=norm), gate, outcome, by_the_pack()) == wanted


def test_the_law_behind_a_reason_is_that_of_the_pack_that_was_read() -> None:
    case = by_the_pack()
    assert law(of_pack("no"), case) == {
        "title": "A pack for tests", "instrument": "A law", "status": "in_force", "since": "2020-01-01", "until": None,
        "as_of": "2026-01-01", "review": "example", "reviewed_on": None, "confidence": "high",
    }  # fmt: skip
    assert law(None, case) is law(of_pack("no", "2"), case) is law(of_pack("no", source="another"), case) is None


def test_a_refusal_says_its_aim_and_what_refuses_nothing_has_none() -> None:
    case = by_the_pack()

    def aim(norm: Norm | None, code: str = "JUR-EU-ART49") -> Any:
        return proportionality(Reason(code=code, norm=norm), case)

    assert aim(of_pack("no")) == PROPORTION
    assert aim(of_pack("ask")) is aim(of_pack("default")) is None
    assert aim(None) is aim(of_pack("no", "2")) is None
    assert aim(of_pack("no"), "JUR-FACT-MISSING") is None, "it has refused nothing yet"


def test_a_reason_is_told_with_its_law_its_aim_and_who_answers() -> None:
    case = by_the_pack()
    no = written.why(Reason(code="JUR-EU-ART49", norm=of_pack("no")), Gate.JURISDICTION, DENY, case)
    assert (no["norm"]["law"], no["proportionality"]) == (law(of_pack("no"), case), PROPORTION)
    ask = written.why(Reason(code="JUR-EU-ART49", norm=of_pack("ask")), Gate.JURISDICTION, REFER, case)
    assert (no["answered_by"], ask["answered_by"]) == (None, BOTH)
