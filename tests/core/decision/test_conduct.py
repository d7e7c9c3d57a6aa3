"""Purposes that nobody permits, security and training that were shown, sanctions, and what is owed."""

from dataclasses import replace
from typing import Any

import pytest

from broker.core.decision import Question, evaluate, explain
from broker.core.decision.answering import Given, findings_for
from broker.core.duties import bound
from broker.core.ids import GrantId, PersonId
from broker.core.outcome import Outcome
from broker.core.passport.assertions import Stated
from broker.core.purpose import LADDER, PROHIBITED, Modality
from broker.core.rows import Assertion, Evidence, Grant, Row, Sanction
from broker.core.rows.obligations import Obligation
from broker.core.rows.safeguards import Duty
from broker.core.rows.sanctions import Lift
from broker.core.time import FOREVER, Seconds
from tests import builders as b
from tests.fakes import START

COURSE = "https://training.example/data-protection"


def reasons(question: Question, *more: Row, **world: Any) -> list[str]:
    return [reason.code for reason in evaluate(question, b.snapshot(*more, **world)).reasons]


def flagged(*flags: str) -> Any:
    return replace(b.PURPOSE, flags=frozenset(flags))


def approving(purpose: Any = b.PURPOSE, **changes: Any) -> Question:
    return b.question(stage="approve", purpose=purpose, grants=(), object=None, **changes)


# purposes


@pytest.mark.row("WHO-3.8-2b")
@pytest.mark.parametrize("flag", sorted(PROHIBITED))
def test_nobody_permits_a_prohibited_purpose_in_any_way(flag: str) -> None:
    snapshot = b.snapshot(grant=b.grant(purpose=flagged(flag)))
    for way in LADDER:
        decision = evaluate(b.question(modality=way), snapshot)
        assert decision.outcome is Outcome.DENY
        assert "PUR-PROHIBITED" in [reason.code for reason in decision.reasons]
    asked = approving(flagged(flag))
    for role in ("committee_member", "legal_officer", "ethics_committee"):
        given = findings_for(asked, b.snapshot(), [Given(code="PUR-PROHIBITED", ground="We think so.")], role, b.MEI)
        assert evaluate(replace(asked, findings=given), b.snapshot()).outcome is Outcome.DENY


@pytest.mark.row("WHO-3.8-2b")
def test_a_prohibited_purpose_is_refused_for_open_data_and_under_a_harmless_grant() -> None:
    asked = b.question(grants=(), purpose=flagged("surveillance"))
    assert "PUR-PROHIBITED" in reasons(asked, dataset=b.dataset(access="open"))
    assert "PUR-PROHIBITED" in reasons(b.question(purpose=flagged("misuse")))


@pytest.mark.row("WHO-P-5")
def test_what_could_also_do_harm_goes_to_a_person_and_the_grant_carries_their_answer() -> None:
    asked = approving(flagged("dual_use"))
    decision = evaluate(asked, b.snapshot())
    assert decision.outcome is Outcome.REFER
    assert [reason.code for reason in decision.reasons] == ["PUR-DUAL-USE"]
    given = findings_for(
        asked, b.snapshot(), [Given(code="PUR-DUAL-USE", ground="Looked at.")], "committee_member", b.MEI
    )
    assert evaluate(replace(asked, findings=given), b.snapshot()).permits
    assert not findings_for(
        asked, b.snapshot(), [Given(code="PUR-DUAL-USE", ground="Looked at.")], "legal_officer", b.MEI
    )


# security


def secured(level: int, *evidence: Evidence, recourse: tuple[str, ...] = ("contract",), country: str = "DE") -> Any:
    facts = {**b.RECIPIENT_FACTS, "recipient.security_level": level, "recipient.country": country}
    return b.organisation(facts=facts, evidence=evidence, recourse=recourse)


def proof(level: int, begins: int = -10, ends: int = 10) -> Evidence:
    begins_at, ends_at = Seconds(START + begins), Seconds(START + ends)
    return Evidence(id=f"security.level:{level}", valid_from=begins_at, valid_to=ends_at)


@pytest.mark.row("WHO-3.8-2a")
@pytest.mark.parametrize(
    ("organisation", "permits"),
    [
        (secured(3, proof(2)), True),
        (secured(2, proof(3)), True),
        (secured(3), False),
        (secured(3, proof(2, ends=0)), False),
        (secured(3, proof(2, begins=1)), False),
        (secured(3, proof(1)), False),
        (secured(1, proof(3)), False),
        (secured(3, Evidence(id="security.level:much")), False),
        (b.organisation(facts={k: v for k, v in b.RECIPIENT_FACTS.items() if "security" not in k}), False),
    ],
    ids=["shown", "more", "said only", "ended", "not yet", "less", "registry says less", "no level", "nobody knows"],
)
def test_copies_go_to_who_has_shown_the_level_and_others_work_where_the_data_are(
    organisation: Any,
    permits: bool,  # noqa: FBT001
) -> None:
    snapshot = b.snapshot(dataset=b.dataset(security_level=2), organisation=organisation)
    decision = evaluate(b.question(), snapshot)
    assert decision.permits is permits
    if not permits:
        assert "SEC-CANNOT-PROTECT" in [reason.code for reason in decision.reasons]
        offered = explain(b.question(), decision, snapshot).alternatives
        assert all(evaluate(b.question(modality=way), snapshot).permits for way in offered)
        assert not {Modality.DOWNLOAD, Modality.STREAM} & set(offered)


def test_an_answer_about_security_holds_until_the_evidence_ends() -> None:
    snapshot = b.snapshot(dataset=b.dataset(security_level=2), organisation=secured(3, proof(2)))
    assert evaluate(b.question(), snapshot).until == START + 10


@pytest.mark.row("WHO-3.8-2a")
@pytest.mark.parametrize(("recourse", "permits"), [((), False), (("funder",), True)])
def test_abroad_copies_need_somebody_to_act_against(recourse: tuple[str, ...], permits: bool) -> None:  # noqa: FBT001
    french = replace(b.PURPOSE, countries=frozenset({"FR"}))
    world = {"organisation": secured(3, recourse=recourse, country="FR"), "grant": b.grant(purpose=french)}
    asked = b.question(location="FR")
    snapshot = b.snapshot(**world)
    decision = evaluate(asked, snapshot)
    assert decision.permits is permits
    assert permits or decision.outcome is Outcome.ALTERNATIVE
    assert evaluate(replace(asked, modality=Modality.CODE_TO_DATA), snapshot).permits
    assert evaluate(b.question(), b.snapshot(organisation=secured(3, recourse=recourse))).permits, "at home"


# training


def certificate(ends: int = 10, **changes: Any) -> Assertion:
    made = Assertion(
        id="ast_1", iss=b.HOME, sub="ada", type="https://training.example/types/course", value=COURSE,
        source="https://training.example", by="so", asserted=Seconds(START - 100), ends=Seconds(START + ends),
        entered_by=b.MEI,
    )  # fmt: skip
    return replace(made, **changes)


@pytest.mark.row("WHO-3.6-10")
@pytest.mark.parametrize(
    ("rows", "code"),
    [
        ([certificate()], None),
        ([certificate(1)], None),
        ([certificate(0)], "AUTH-TRAINING-EXPIRED"),
        ([certificate(ended=START)], "AUTH-TRAINING-EXPIRED"),
        ([certificate(0), certificate(id="ast_2")], None),
        ([certificate(by="self")], "AUTH-TRAINING-MISSING"),
        ([certificate(value=f"{COURSE}/2")], "AUTH-TRAINING-MISSING"),
        ([certificate(type="ControlledAccessGrants")], "AUTH-TRAINING-MISSING"),
        ([certificate(sub="bao")], "AUTH-TRAINING-MISSING"),
        ([certificate(entered_by=b.ADA)], "AUTH-TRAINING-MISSING"),
        ([], "AUTH-TRAINING-MISSING"),
    ],
)
def test_data_that_demand_training_are_used_with_a_certificate_that_holds(rows: list[Row], code: str | None) -> None:
    snapshot = b.snapshot(*rows, dataset=b.dataset(training=COURSE))
    decision = evaluate(b.question(), snapshot)
    assert decision.permits is (code is None)
    if code is not None:
        assert [reason.code for reason in decision.reasons] == [code]
        assert decision.outcome is Outcome.PENDING
        assert f"training {COURSE}" in decision.missing
    assert evaluate(approving(), snapshot).permits, "a committee may approve before"


def test_a_word_of_the_home_organisation_is_a_certificate_until_it_ends() -> None:
    said = Stated(
        type="ResearcherStatus", value=COURSE, source="https://rhine.example", by="so",
        asserted=Seconds(START - 1), ends=Seconds(START + 9), conditions=None, extra={},
    )  # fmt: skip
    decision = evaluate(b.question(stated=(said,)), b.snapshot(dataset=b.dataset(training=COURSE)))
    assert (decision.permits, decision.until) == (True, START + 9)


# sanctions


def sanction(**changes: Any) -> Sanction:
    made = Sanction(
        id="san_1", case="case_1", step="suspend_person", kind="person", whom=str(b.ADA), ground="Shared an account.",
        begins=START, ends=Seconds(START + 100), appeal="appeals@bank.example, 30 days", by=b.MEI, role="admin",
    )  # fmt: skip
    return replace(made, **changes)


OF_RHINE = {"step": "suspend_institution", "kind": "organisation", "whom": "rhine"}
LIFTS = tuple(
    Lift(person=PersonId(f"usr_{role}"), role=role, at=START, ground="Settled.") for role in ("admin", "legal_officer")
)


@pytest.mark.row("WHO-3.3-4")
@pytest.mark.parametrize(
    ("row", "suspended"),
    [
        (sanction(), True),
        (sanction(**OF_RHINE), True),
        (sanction(step="warn"), False),
        (sanction(step="publish"), False),
        (sanction(whom="usr_bao"), False),
        (sanction(**{**OF_RHINE, "whom": "elsewhere"}), False),
        (sanction(begins=Seconds(START + 1)), False),
        (sanction(begins=Seconds(START - 9), ends=START), False),
        (sanction(lifts=LIFTS[:1]), True),
        (sanction(lifts=LIFTS), False),
    ],
    ids=["person", "institution", "warned", "published", "another", "another institution", "tomorrow", "over",
         "lifted by one", "lifted by two"],
)  # fmt: skip
def test_a_suspension_is_kept_at_the_gate_while_it_holds(row: Sanction, suspended: bool) -> None:  # noqa: FBT001
    decision = evaluate(b.question(), b.snapshot(row))
    assert decision.permits is not suspended
    if suspended:
        (reason,) = decision.reasons
        assert reason.code == "OPS-RECIPIENT-SUSPENDED"
        assert dict(reason.facts)["appeal"] == row.appeal
        assert decision.outcome is Outcome.DENY
        assert decision.until == min(row.ends, FOREVER)
    assert evaluate(approving(), b.snapshot(row)).permits is not suspended


@pytest.mark.row("WHO-3.3-4")
def test_a_suspension_to_come_ends_what_is_said_before_it() -> None:
    assert evaluate(b.question(), b.snapshot(sanction(begins=Seconds(START + 7)))).until == START + 7


# what is owed


def owing(*duties: Obligation, **changes: Any) -> Grant:
    return b.grant(obligations=duties, **changes)


def duty(due: int | None, late: Any = "stop", **changes: Any) -> Obligation:
    made = Obligation(id="report.1", cls="account", text="terms/4", holder="researcher", late=late,
                      due=Seconds(START + due) if due is not None else None)  # fmt: skip
    return replace(made, **changes)


DONE = {"proof": "report.pdf", "by": b.MEI, "at": START}


@pytest.mark.row("WHO-3.1-6c", "WHO-P-4")
@pytest.mark.parametrize(
    ("owed", "use", "new"),
    [
        (duty(0), "OPS-REPORT-OVERDUE", "OPS-REPORT-OVERDUE"),
        (duty(0, **DONE), None, None),
        (duty(1), None, None),
        (duty(None), None, None),
        (duty(0, "no_renewal"), None, "OPS-DUTY-OVERDUE"),
        (duty(0, "no_renewal", **DONE), None, None),
    ],
    ids=["late report", "report in", "due in a second", "all along", "late results", "results returned"],
)
def test_a_late_report_stops_the_grant_and_any_late_duty_its_renewal(
    owed: Obligation, use: str | None, new: str | None
) -> None:
    snapshot = b.snapshot(grant=owing(owed))
    for asked, code in ((b.question(), use), (approving(), new)):
        decision = evaluate(asked, snapshot)
        assert decision.permits is (code is None)
        assert code in (None, *[reason.code for reason in decision.reasons])
    ended = b.snapshot(grant=owing(owed, ends=Seconds(START - 1)))
    assert evaluate(approving(), ended).permits is (new is None), "an ended grant is not forgotten"


def test_a_duty_is_bound_to_its_grant_and_another_study_goes_on() -> None:
    """What was approved for another project before anything was late is not paused; nothing new is approved."""
    study = b.grant(id=GrantId("grt_9"), purpose=replace(b.PURPOSE, project="p2"))
    snapshot = b.snapshot(study, grant=owing(duty(0)))
    assert reasons(b.question(grants=(b.GRANT,)), grant=owing(duty(0))) == ["OPS-REPORT-OVERDUE"]
    assert evaluate(b.question(grants=(b.GRANT, "grt_9")), snapshot).grant == "grt_9"
    assert not evaluate(b.question(grants=(b.GRANT, "grt_9"), grant=b.GRANT), snapshot).permits
    assert not evaluate(approving(), snapshot).permits


def test_a_permit_ends_in_the_second_in_which_a_report_is_late() -> None:
    assert evaluate(b.question(), b.snapshot(grant=owing(duty(5), duty(9, id="report.2")))).until == START + 5


@pytest.mark.row("WHO-P-2")
def test_every_obligation_has_a_class_a_holder_and_the_date_that_follows_from_the_grant() -> None:
    begins, ends = START, Seconds(START + b.YEAR)
    every = Duty(id="attest", cls="account", text="t/9", holder="institution", months=1, after_end=True, every=True)
    twice = Duty(id="report", cls="account", text="t/4", holder="researcher", months=5, late="stop")
    made = bound(
        ["no_reidentification", "publish_results", "time_limit_months:12"],
        [every, twice],
        abroad=True,
        begins=begins,
        ends=ends,
    )
    told = {one.id: (one.cls, one.due is not None) for one in made}
    assert told == {
        "no_reidentification": ("respect", False),
        "publish_results": ("fulfil", True),
        "time_limit_months:12": ("protect", False),
        "attest.1": ("account", True),
        "report.1": ("account", True),
        "report.2": ("account", True),
    }
    dues = {one.id: one.due for one in made}
    assert begins < (dues["report.1"] or 0) < (dues["report.2"] or 0) <= ends < (dues["attest.1"] or 0)
    at_home = bound([], [every, twice], abroad=False, begins=begins, ends=ends)
    assert [one.id for one in at_home] == ["attest.1"], "the others are for grants across a border"
