"""Answers to open questions count for what they answered, from whom may answer, until their date; nothing else."""

from dataclasses import replace
from typing import Any

import pytest

from broker.core.consent.model import Scope, Template
from broker.core.decision import evaluate
from broker.core.decision.answering import Given, findings_for
from broker.core.decision.case import case_of
from broker.core.decision.findings import answered, inputs_digest
from broker.core.decision.weighing import weighed
from broker.core.ids import PersonId
from broker.core.outcome import Gate, GateResult, Outcome, Reason
from broker.core.purpose import LADDER, Kind
from broker.core.rows import Evidence, Grant
from broker.core.time import Seconds
from tests import builders as b
from tests.fakes import START

METHODS = replace(b.PURPOSE, kinds=frozenset({Kind.METHODS}))
ASKED = b.question(stage="approve", purpose=METHODS, grants=(), object=None, modality=METHODS.modality)
OPEN = "DUO-METHODS-HEALTH-UNSTATED"


def open_codes() -> list[str]:
    decision = evaluate(ASKED, b.snapshot())
    assert decision.outcome is Outcome.REFER
    return [reason.code for reason in decision.reasons if reason.code.startswith("DUO-")]


def answers(role: str = "committee_member", ground: str = "They work on the heart.") -> Any:
    given = [Given(code=code, ground=ground) for code in open_codes()]
    return findings_for(ASKED, b.snapshot(), given, role=role, by=b.MEI)


def granted(**changes: Any) -> Grant:
    return b.grant(purpose=METHODS, findings=tuple(replace(one, **changes) for one in answers()))


def used(grant: Grant, **changes: Any) -> Outcome:
    return evaluate(b.question(**changes), b.snapshot(grant=grant)).outcome


def test_what_the_committee_answered_is_met_with_an_obligation() -> None:
    decision = evaluate(replace(ASKED, findings=answers()), b.snapshot())
    assert decision.permits
    assert any(one.startswith("keep_to_finding:") for one in decision.obligations)


def test_the_grant_carries_the_answer() -> None:
    assert used(granted()) is Outcome.PERMIT_WITH_OBLIGATIONS


@pytest.mark.parametrize("role", ["researcher", "legal_officer", "ethics_committee", "admin"])
def test_only_who_may_answer_answers(role: str) -> None:
    assert answers(role) == ()


def test_an_answer_without_a_ground_is_none() -> None:
    assert answers(ground="  ") == ()


@pytest.mark.parametrize(
    "change",
    [
        {"inputs": "0" * 64},
        {"project": "p2"},
        {"dataset": "https://bank.example/other"},
        {"code": "DUO-OTHER"},
        {"ends": START},
        {"begins": Seconds(START + 1)},
    ],
    ids=str,
)
def test_an_answer_to_something_else_leaves_the_question_open(change: dict[str, Any]) -> None:
    assert used(granted(**change)) is Outcome.REFER


def test_other_codes_on_the_dataset_open_the_question_again() -> None:
    changed = b.dataset(duo=b.codes("DUO:0000006", "DUO:0000046", "DUO:0000019"))
    assert not evaluate(b.question(), b.snapshot(grant=granted(), dataset=changed)).permits


def test_nobody_answers_a_deny() -> None:
    forbidden = replace(ASKED, purpose=replace(b.PURPOSE, commercial=True))
    wanted = [Given(code="DUO-COMMERCIAL-USE", ground="We want it.")]
    given = findings_for(forbidden, b.snapshot(), wanted, role="committee_member", by=b.MEI)
    assert given == ()
    assert evaluate(replace(forbidden, findings=answers()), b.snapshot()).outcome is Outcome.DENY


def test_an_answer_ends_the_decision_with_it() -> None:
    ends = Seconds(START + 60)
    assert evaluate(b.question(), b.snapshot(grant=granted(ends=ends))).until == ends


# --- consents: an ethics committee, for a named class


FORM = Template(id="T12", version="4", sha256="ab" * 32)
LINKED = replace(b.PURPOSE, linkage=True)
SILENT = b.question(stage="approve", purpose=LINKED, grants=(), object=None)
UNTIL = Seconds(START + 30 * 86_400)
ETHICS = Given(
    code="CON-SILENT", ground="The form spoke of registers.", ends=UNTIL, consent_class="T12",
    keys=frozenset({"linkage"}), approval="EC-7", form=FORM.sha256,
)  # fmt: skip


def forms(pia: Template | None = FORM, paul: Template | None = FORM) -> dict[str, Any]:
    return {"pia": b.consent(template=pia), "paul": b.consent(b.PAUL, template=paul)}


def ruled(given: Given = ETHICS, role: str = "ethics_committee", **world: Any) -> Any:
    return findings_for(SILENT, b.snapshot(**{**forms(), **world}), [given], role=role, by=b.MEI)


def test_an_ethics_committee_settles_silence_for_a_class_of_consents() -> None:
    snapshot = b.snapshot(**forms())
    assert evaluate(SILENT, snapshot).outcome is Outcome.REFER
    made = ruled()
    decision = evaluate(replace(SILENT, findings=made), snapshot)
    assert decision.permits
    assert "keep_to_finding:CON-SILENT" in decision.obligations
    assert decision.until == UNTIL
    assert [(one.consent_class, one.keys, one.approval) for one in made] == [("T12", {"linkage"}, "EC-7")]


def test_it_settles_nothing_for_another_class() -> None:
    decision = evaluate(replace(SILENT, findings=ruled()), b.snapshot(**forms(paul=replace(FORM, id="T13"))))
    assert decision.excluded == {b.PAUL}
    assert not evaluate(replace(SILENT, findings=ruled()), b.snapshot(**forms(None, None))).permits


@pytest.mark.parametrize(
    "change",
    [
        {"consent_class": None},
        {"form": None},
        {"approval": " "},
        {"ends": None},
        {"ends": START},
        {"keys": frozenset()},
        {"ground": ""},
        {"code": "CON-METHODS-UNCLEAR"},
        {"code": "CON-ASK"},
        {"code": "CON-WITHDRAWN"},
    ],
    ids=str,
)
def test_an_ethics_committees_answer_names_class_approval_end_and_answers(change: dict[str, Any]) -> None:
    assert ruled(replace(ETHICS, **change)) == ()


@pytest.mark.parametrize("role", ["committee_member", "legal_officer", "admin", "participant"])
def test_nobody_else_settles_silence(role: str) -> None:
    assert ruled(role=role) == ()


@pytest.mark.parametrize(
    "change",
    [
        {"consent_class": "T13"},
        {"form": "cd" * 32},
        {"keys": frozenset({"ai_training"})},
        {"role": "committee_member"},
        {"ends": START},
        {"inputs": "0" * 64},
        {"gate": Gate.DUO},
        {"project": "p2"},
    ],
    ids=str,
)
def test_a_finding_that_was_changed_settles_nothing(change: dict[str, Any]) -> None:
    changed = tuple(replace(one, **change) for one in ruled())
    assert not evaluate(replace(SILENT, findings=changed), b.snapshot(**forms())).permits


def test_what_was_settled_is_open_again_for_another_purpose() -> None:
    other = replace(SILENT, purpose=replace(LINKED, duration_months=6), findings=ruled())
    assert not evaluate(other, b.snapshot(**forms())).permits


def test_what_was_settled_for_a_download_holds_for_every_milder_way() -> None:
    for way in LADDER:
        asked = replace(SILENT, modality=way, findings=ruled())
        assert evaluate(asked, b.snapshot(**forms())).permits


def test_no_finding_lifts_what_a_person_said() -> None:
    no = b.consent(template=FORM, scope=Scope(permissions=b.codes("DUO:0000042"), answers={"linkage": "deny"}))
    snapshot = b.snapshot(**{**forms(), "pia": no})
    assert b.PIA in evaluate(replace(SILENT, findings=ruled(pia=no)), snapshot).excluded


def test_too_few_is_for_the_committee() -> None:
    certificate = replace(b.dataset().certificate, min_group=2)
    world = {"dataset": b.dataset(certificate=certificate), "paul": None}
    asked = b.question(stage="approve", purpose=b.PURPOSE, grants=(), object=None)
    assert "CON-TOO-FEW" in {reason.code for reason in evaluate(asked, b.snapshot(**world)).reasons}
    few = [Given(code="CON-TOO-FEW", ground="The one agreed again.")]
    made = findings_for(asked, b.snapshot(**world), few, role="committee_member", by=b.MEI)
    decision = evaluate(replace(asked, findings=made), b.snapshot(**world))
    assert decision.permits
    assert decision.excluded == {b.PAUL}
    assert findings_for(asked, b.snapshot(**world), few, role="ethics_committee", by=b.MEI) == ()


# --- the law: a legal officer, for 90 days; a pack's referral, two named roles


BAO = PersonId("usr_bao")
ABROAD = {"x": None, "dataset": replace(b.dataset(), evidence=(Evidence(id="explicit_consent.transfer"),))}
IN_THE_US = b.organisation(
    facts={
        **b.RECIPIENT_FACTS,
        "recipient.country": "US",
        "recipient.can_sign_scc": False,
        "recipient.dpf_certified": False,
    }
)
REFERRED = b.question(
    stage="approve", purpose=replace(b.PURPOSE, countries=frozenset({"US"})), grants=(), object=None, location="US"
)
NO_PACK = b.dataset(facts={**b.DATA_FACTS, "data.origin_countries": ("DE", "MG")})


def lawful(code: str, role: str, by: PersonId, **world: Any) -> Any:
    given = [Given(code=code, ground="We read the law.")]
    question = REFERRED if code == "JUR-EU-ART49" else replace(ASKED, purpose=b.PURPOSE)
    return findings_for(question, b.snapshot(**world), given, role=role, by=by)


def law_says(findings: Any, question: Any = REFERRED, **world: Any) -> Outcome:
    decision = evaluate(replace(question, findings=findings), b.snapshot(**world))
    return next(gate.outcome for gate in decision.gates if gate.gate is Gate.JURISDICTION)


def test_what_a_pack_refers_is_answered_by_two_named_roles_and_two_people() -> None:
    world = {**ABROAD, "organisation": IN_THE_US}
    assert law_says((), **world) is Outcome.REFER
    officer = lawful("JUR-EU-ART49", "legal_officer", BAO, **world)
    member = lawful("JUR-EU-ART49", "committee_member", b.MEI, **world)
    assert law_says((*officer, *member), **world) is Outcome.PERMIT_WITH_OBLIGATIONS
    same = lawful("JUR-EU-ART49", "committee_member", BAO, **world)
    for too_few in (officer, member, (*officer, *same), (*officer, *officer)):
        assert law_says(too_few, **world) is Outcome.REFER


def test_where_no_pack_answers_the_legal_officer_does_for_ninety_days() -> None:
    asked = replace(ASKED, purpose=b.PURPOSE)
    (made,) = lawful("JUR-NO-PACK", "legal_officer", BAO, dataset=NO_PACK)
    assert made.ends == START + 90 * 86_400
    assert law_says((made,), asked, dataset=NO_PACK) is Outcome.PERMIT_WITH_OBLIGATIONS
    assert lawful("JUR-NO-PACK", "committee_member", b.MEI, dataset=NO_PACK) == ()
    assert lawful("JUR-NO-PACK", "ethics_committee", b.MEI, dataset=NO_PACK) == ()
    asked = replace(asked, at=made.ends, known_at=made.ends)
    assert law_says((made,), asked, dataset=NO_PACK) is Outcome.REFER


def test_an_answer_about_the_law_is_about_these_facts() -> None:
    asked = replace(ASKED, purpose=b.PURPOSE)
    (made,) = lawful("JUR-NO-PACK", "legal_officer", BAO, dataset=NO_PACK)
    moved = b.dataset(facts={**NO_PACK.facts, "data.identifiability": "identified"})
    assert law_says((made,), asked, dataset=moved) is Outcome.REFER
    newer = replace(NO_PACK, facts={**NO_PACK.facts, "data.origin_countries": ("DE", "MG", "TG")})
    assert law_says((made,), asked, dataset=newer) is Outcome.REFER


def test_nobody_answers_a_mandatory_rule_nor_awaited_evidence() -> None:
    refer = GateResult(gate=Gate.JURISDICTION, outcome=Outcome.REFER, reasons=(Reason(code="JUR-NO-PACK"),))
    case = case_of(replace(ASKED, purpose=b.PURPOSE), None, weighed(ASKED, b.snapshot()), b.snapshot())
    live = lawful("JUR-NO-PACK", "legal_officer", BAO, dataset=NO_PACK)
    live = tuple(replace(one, inputs=inputs_digest(case, Gate.JURISDICTION)) for one in live)
    case = replace(case, findings=live)
    asked = replace(refer, asks=refer.reasons)
    assert answered(refer, case).outcome is Outcome.REFER, "nothing of it is asked"
    assert answered(asked, case).outcome is Outcome.PERMIT_WITH_OBLIGATIONS
    assert answered(replace(asked, besides=Outcome.PENDING), case).outcome is Outcome.PENDING
