"""What each gate says where it says no, word for word: outcome, code, facts for sentences, what is missing, until when."""

from dataclasses import replace
from typing import Any

import pytest

from broker.core.decision import Question, evaluate
from broker.core.outcome import Gate, GateResult, Outcome
from broker.core.purpose import Modality
from broker.core.rows import Evidence, Sanction
from broker.core.rows.assurance import Demand, SignIn
from broker.core.rows.obligations import Obligation
from broker.core.time import FOREVER, Seconds, rfc3339
from tests import builders as b
from tests.fakes import START

DENY, PENDING, REFER, PERMIT = Outcome.DENY, Outcome.PENDING, Outcome.REFER, Outcome.PERMIT
Said = tuple[Outcome, str, dict[str, str], tuple[str, ...], int]
DAY = 86_400


def asked(gate: Gate, question: Question, *more: Any, **world: Any) -> GateResult:
    (found,) = (one for one in evaluate(question, b.snapshot(*more, **world)).gates if one.gate is gate)
    return found


def said(found: GateResult) -> Said:
    facts = dict(found.reasons[0].facts) if found.reasons else {}
    return found.outcome, " ".join(one.code for one in found.reasons), facts, found.missing, found.until


def approving(**changes: Any) -> Question:
    return b.question(**{"stage": "approve", "purpose": b.PURPOSE, "grants": (), "object": None} | changes)


def flagged(*flags: str) -> Any:
    return replace(b.PURPOSE, flags=frozenset(flags))


TERMS, COURSE = "https://bank.example/terms", "https://training.example/1"
LATE = Obligation(id="obl_1", cls="account", text="terms/4", holder="researcher", late="stop", due=Seconds(START - DAY))
OWED = replace(LATE, late="no_renewal")


def suspended(begins: int = START - DAY, **changes: Any) -> Sanction:
    made = Sanction(
        id="san_1",
        case="c1",
        step="suspend_person",
        kind="person",
        whom=str(b.ADA),
        ground="Test.",
        begins=Seconds(begins),
        ends=Seconds(START + DAY),
        appeal="https://bank.example/appeal",
        by=b.MEI,
        role="committee_chair",
    )
    return replace(made, **changes)


CASES: dict[str, tuple[Gate, Question, dict[str, Any], Said]] = {
    "nobody": (Gate.IDENTITY, b.question(person=None), {}, (DENY, "AUTH-IDENTITY-UNTRUSTED", {}, (), FOREVER)),
    "no identity": (
        Gate.IDENTITY, b.question(identities=frozenset()), {}, (DENY, "AUTH-IDENTITY-UNTRUSTED", {}, (), FOREVER),
    ),
    "no sign-in is known": (
        Gate.IDENTITY,
        b.question(),
        {"dataset": b.dataset(assurance=Demand(acr=("a", "b"), amr=("otp", "pwd"), max_age=60))},
        (
            DENY,
            "AUTH-STEP-UP-UNKNOWN",
            {"acr_values": "a b", "amr": "otp pwd", "max_age": "60", "wanted": "of kind a or b, with otp, pwd, at most 60 seconds ago"},
            (),
            FOREVER,
        ),
    ),
    "an old sign-in": (
        Gate.IDENTITY,
        b.question(sign_in=SignIn(acr=None, amr=(), at=Seconds(START - 60))),
        {"dataset": b.dataset(assurance=Demand(max_age=60))},
        (PENDING, "AUTH-STEP-UP", {"max_age": "60", "wanted": "at most 60 seconds ago"}, ("sign-in",), FOREVER),
    ),
    "a sign-in that gets old": (
        Gate.IDENTITY,
        b.question(sign_in=SignIn(acr=None, amr=(), at=Seconds(START - 59))),
        {"dataset": b.dataset(assurance=Demand(max_age=60))},
        (PERMIT, "", {}, (), START + 1),
    ),
    "no grant": (Gate.ENTITLEMENT, b.question(grants=()), {"grant": None}, (DENY, "AUTH-NO-GRANT", {}, (), FOREVER)),
    "a grant that is not theirs": (
        Gate.ENTITLEMENT, b.question(grant="grt_9"), {}, (DENY, "PUR-MISMATCH", {}, (), FOREVER),
    ),
    "registered data": (
        Gate.ENTITLEMENT,
        b.question(grants=()),
        {"grant": None, "dataset": b.dataset(access="registered", registered_version=TERMS)},
        (DENY, "AUTH-NOT-REGISTERED", {"url": TERMS}, (), FOREVER),
    ),
    "no terms": (
        Gate.TERMS,
        b.question(),
        {"dataset": b.dataset(terms_of_use=TERMS)},
        (PENDING, "AUTH-TERMS", {"url": TERMS}, (f"terms.accepted {TERMS}",), FOREVER),
    ),
    "no training": (
        Gate.TERMS,
        b.question(),
        {"dataset": b.dataset(training=COURSE)},
        (PENDING, "AUTH-TRAINING-MISSING", {"url": COURSE}, (f"training {COURSE}",), FOREVER),
    ),
    "prohibited": (
        Gate.PURPOSE,
        approving(purpose=flagged("surveillance", "misuse", "harmless")),
        {},
        (DENY, "PUR-PROHIBITED", {"flag": "misuse, surveillance"}, (), FOREVER),
    ),
    "no purpose": (Gate.PURPOSE, approving(purpose=None), {}, (PENDING, "PUR-UNSTATED", {}, (), FOREVER)),
    "another project": (
        Gate.PURPOSE, b.question(purpose=replace(b.PURPOSE, project="p2")), {}, (DENY, "PUR-MISMATCH", {}, (), FOREVER),
    ),
    "dual use": (Gate.PURPOSE, approving(purpose=flagged("dual_use")), {}, (REFER, "PUR-DUAL-USE", {}, (), FOREVER)),
    "no codes can be weighed": (Gate.DUO, approving(purpose=None), {}, (PENDING, "PUR-UNSTATED", {}, (), FOREVER)),
    "no consent can be weighed": (
        Gate.CONSENT, approving(purpose=None), {}, (PENDING, "PUR-UNSTATED", {}, (), FOREVER),
    ),
    "nobody knows whether a community governs": (
        Gate.COMMUNITY,
        b.question(),
        {"dataset": b.dataset(facts={**b.DATA_FACTS, "data.community_governed": None})},
        (REFER, "JUR-FACT-MISSING", {"missing": "data.community_governed"}, (), FOREVER),
    ),
    "a community that has not said": (
        Gate.COMMUNITY,
        b.question(),
        {"dataset": b.dataset(facts={**b.DATA_FACTS, "data.community_governed": True})},
        (PENDING, "COM-APPROVAL-NEEDED", {}, (), FOREVER),
    ),
    "a community that agreed": (
        Gate.COMMUNITY,
        b.question(),
        {
            "dataset": b.dataset(
                facts={**b.DATA_FACTS, "data.community_governed": True},
                evidence=(Evidence(id="community.approved", valid_from=Seconds(0), valid_to=Seconds(START + DAY)),),
            )
        },
        (PERMIT, "COM-APPROVED", {}, (), START + DAY),
    ),
    "a community that refused": (
        Gate.COMMUNITY,
        b.question(),
        {
            "dataset": b.dataset(
                evidence=(Evidence(id="community.refused", valid_from=Seconds(0), valid_to=Seconds(START + DAY)),)
            )
        },
        (DENY, "COM-REFUSED", {}, (), START + DAY),
    ),
    "security that nobody showed": (
        Gate.SECURITY,
        b.question(),
        {"dataset": b.dataset(security_level=2)},
        (DENY, "SEC-CANNOT-PROTECT", {"have": "1", "needed": "2"}, (), FOREVER),
    ),
    "security that nobody knows": (
        Gate.SECURITY,
        b.question(),
        {"dataset": b.dataset(security_level=2), "organisation": None},
        (DENY, "SEC-CANNOT-PROTECT", {"have": "not known", "needed": "2"}, (), FOREVER),
    ),
    "security that ends": (
        Gate.SECURITY,
        b.question(),
        {
            "dataset": b.dataset(security_level=2),
            "organisation": b.organisation(
                evidence=(Evidence(id="security.level:2", valid_from=Seconds(0), valid_to=Seconds(START + DAY)),)
            ),
        },
        (PERMIT, "", {}, (), START + DAY),
    ),
    "security that has not begun": (
        Gate.SECURITY,
        b.question(),
        {
            "dataset": b.dataset(security_level=2),
            "organisation": b.organisation(
                evidence=(Evidence(id="security.level:3", valid_from=Seconds(START + 1), valid_to=Seconds(START + DAY)),)
            ),
        },
        (DENY, "SEC-CANNOT-PROTECT", {"have": "1", "needed": "2"}, (), START + 1),
    ),
    "other data than a task is for": (
        Gate.CONDUCT, b.question(within=frozenset()), {}, (DENY, "AUTH-TASK-OTHER-DATA", {}, (), FOREVER),
    ),
    "a report that is late stops the grant": (
        Gate.CONDUCT,
        b.question(),
        {"grant": b.grant(obligations=(LATE,))},
        (PENDING, "OPS-REPORT-OVERDUE", {"date": rfc3339(Seconds(START - DAY)), "duty": "obl_1"}, ("obligation obl_1",), FOREVER),
    ),
    "a report that is late stops a new grant": (
        Gate.CONDUCT,
        approving(),
        {"grant": b.grant(obligations=(LATE,))},
        (PENDING, "OPS-REPORT-OVERDUE", {"date": rfc3339(Seconds(START - DAY)), "duty": "obl_1"}, ("obligation obl_1",), FOREVER),
    ),
    "another duty that is late stops a new grant": (
        Gate.CONDUCT,
        approving(),
        {"grant": b.grant(obligations=(OWED,))},
        (PENDING, "OPS-DUTY-OVERDUE", {"date": rfc3339(Seconds(START - DAY)), "duty": "obl_1"}, ("obligation obl_1",), FOREVER),
    ),
    "another duty that is late stops no grant": (
        Gate.CONDUCT, b.question(), {"grant": b.grant(obligations=(OWED,))}, (PERMIT, "", {}, (), FOREVER),
    ),
    "a report that will be late": (
        Gate.CONDUCT,
        b.question(),
        {"grant": b.grant(obligations=(replace(LATE, due=Seconds(START + DAY)),))},
        (PERMIT, "", {}, (), START + DAY),
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_a_gate_says_what_and_why_and_until_when(case: str) -> None:
    gate, question, world, wanted = CASES[case]
    assert said(asked(gate, question, **world)) == wanted


def test_a_suspension_is_told_with_its_end_and_its_appeal() -> None:
    found = asked(Gate.CONDUCT, b.question(), suspended())
    facts = {"ref": "san_1", "step": "suspend_person", "appeal": "https://bank.example/appeal"}
    assert said(found) == (DENY, "OPS-RECIPIENT-SUSPENDED", facts, (), START + DAY)
    coming = asked(Gate.CONDUCT, b.question(), suspended(begins=START + 10))
    assert said(coming) == (PERMIT, "", {}, (), START + 10)


@pytest.mark.parametrize("modality", [Modality.TRE_REMOTE, Modality.CODE_TO_DATA, Modality.AGGREGATE])
def test_where_no_copies_leave_nobody_asks_for_security(modality: Modality) -> None:
    found = asked(Gate.SECURITY, b.question(modality=modality), dataset=b.dataset(security_level=3))
    assert said(found) == (PERMIT, "", {}, (), FOREVER)
