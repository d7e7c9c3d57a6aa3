"""What the case rows cannot say: findings, grace, families, obligations, what is missing, and until when."""

from collections import Counter
from dataclasses import replace
from typing import Any

import pytest

from broker.core.consent.judge import ConsentOutcome, judge, judge_certificate
from broker.core.consent.model import Layer, Subject
from broker.core.consent.question import Settled
from broker.core.ids import SubjectRef
from broker.core.time import FOREVER
from tests.core.consent.consent_world import NOW, ONTOLOGY, asking, certified, codes, judged, on, person, record
from tests.core.duo.duo_world import ALZHEIMER, MELANOMA

FORM = {"id": "T12", "version": "4", "sha256": "ab" * 32}
OLD = record(template=FORM)
METHODS = record(template=FORM, scope={"permissions": [{"code": "DS", "disease": "MONDO:0005015"}]})


def finding(code: str, consent_class: str = "T12", *keys: str) -> frozenset[Settled]:
    return frozenset({Settled(code=code, consent_class=consent_class, form=FORM["sha256"], keys=frozenset(keys))})


@pytest.mark.parametrize(
    ("settled", "wanted"),
    [
        (frozenset(), "CON-SILENT"),
        (finding("CON-SILENT", "T12", "linkage"), "DUO-GRU"),
        (finding("CON-SILENT", "T12", "ai_training"), "CON-SILENT"),
        (finding("CON-SILENT", "T12"), "CON-SILENT"),
        (finding("CON-SILENT", "T13", "linkage"), "CON-SILENT"),
        (finding("CON-ASK", "T12", "linkage"), "CON-SILENT"),
    ],
)
def test_an_ethics_finding_settles_silence_for_its_class_and_its_answers_only(
    settled: frozenset[Settled], wanted: str
) -> None:
    answer = judged(asking(linkage=True, settled=settled), person("s1", OLD))
    assert codes(answer) == [wanted]


def test_an_ethics_finding_settles_no_silence_of_consents_without_a_form() -> None:
    question = asking(linkage=True, settled=finding("CON-SILENT", "T12", "linkage"))
    assert codes(judged(question, person("s1", record()))) == ["CON-SILENT"]


@pytest.mark.parametrize("answer", ["deny", "ask"])
def test_an_ethics_finding_lifts_no_answer_that_was_given(answer: str) -> None:
    told = record(template=FORM, scope={"permissions": ["GRU"], "answers": {"linkage": answer}})
    question = asking(linkage=True, settled=finding("CON-SILENT", "T12", "linkage"))
    assert not judged(question, person("s1", told)).included


def test_an_ethics_finding_settles_unclear_methods_for_its_class() -> None:
    question = asking(kinds=["methods"])
    assert codes(judged(question, person("s1", METHODS))) == ["CON-METHODS-UNCLEAR"]
    settled = replace(question, settled=finding("CON-METHODS-UNCLEAR"))
    assert codes(judged(settled, person("s1", METHODS))) == ["DUO-DS"]
    other = replace(question, settled=finding("CON-METHODS-UNCLEAR", "T13"))
    assert codes(judged(other, person("s1", METHODS))) == ["CON-METHODS-UNCLEAR"]


@pytest.mark.row("RUL-NO-STAYS")
@pytest.mark.parametrize("care", [None, False, True])
def test_a_disease_outside_is_told_whatever_is_left_open_about_care(care: bool | None) -> None:  # noqa: FBT001
    agreed = record(scope={"permissions": [{"code": "DS", "diseases": [ALZHEIMER]}]})
    found = judged(asking(kinds=["disease"], diseases=[MELANOMA], clinical_care=care), person("s1", agreed))
    assert codes(found) == ["CON-PURPOSE" if care else "CON-DISEASE"]


def test_what_the_committee_reviewed_no_longer_holds_and_nothing_else_is_lifted() -> None:
    question = asking()
    open_two = judged(question, person(), modifiers=["IRB", "COL"])
    assert (open_two.outcome, codes(open_two)) == (ConsentOutcome.HOLD, ["CON-CERTIFICATE-OPEN"])
    one = replace(question, reviewed=frozenset({"DUO-ETHICS-MISSING"}))
    assert codes(judged(one, person(), modifiers=["IRB", "COL"])) == ["CON-CERTIFICATE-OPEN"]
    both = replace(question, reviewed=frozenset({"DUO-ETHICS-MISSING", "DUO-COLLABORATION-MISSING"}))
    assert judged(both, person(), modifiers=["IRB", "COL"]).outcome is ConsentOutcome.PERMIT
    denied = replace(asking(commercial=True), reviewed=frozenset({"DUO-COMMERCIAL-USE"}))
    assert codes(judged(denied, person(), modifiers=["NCU"])) == ["DUO-DATASET-NARROWER"]


def test_the_committee_may_accept_a_small_group_and_the_left_out_stay_out() -> None:
    people = [person("s1"), person("s2", record("s2", status="withdrawn"))]
    assert judged(asking(), *people, min_group=2).outcome is ConsentOutcome.REFER
    accepted = judged(asking(reviewed=frozenset({"CON-TOO-FEW"})), *people, min_group=2)
    assert accepted.outcome is ConsentOutcome.PERMIT_FILTERED
    assert accepted.included == {"s1"}


@pytest.mark.parametrize(
    ("began", "at", "wanted"),
    [
        (None, "2026-02-14", ConsentOutcome.HOLD),
        ("2026-02-13", "2026-02-14", ConsentOutcome.PERMIT),
        ("2026-02-14", "2026-02-14", ConsentOutcome.HOLD),
        ("2025-01-01", "2026-08-13", ConsentOutcome.PERMIT),
        ("2025-01-01", "2026-08-14", ConsentOutcome.HOLD),
    ],
)
def test_a_grant_that_ran_before_the_maturity_review_may_finish_in_the_grace(
    began: str | None, at: str, wanted: ConsentOutcome
) -> None:
    child = record(grantor={"kind": "parent"}, maturity_review_on="2026-02-14")
    question = asking(at=on(at), grant_began=on(began) if began else None)
    assert judged(question, person("s1", child)).outcome is wanted
    assert judged(question, person("s1", child), maturity_grace_months=0).outcome is not ConsentOutcome.PERMIT


def test_until_is_the_end_of_the_grace_for_a_grant_that_runs_in_it() -> None:
    child = record(grantor={"kind": "parent"}, maturity_review_on="2026-02-14")
    assert judged(asking(grant_began=on("2025-01-01")), person("s1", child)).until == on("2026-08-14")


def family_of_three() -> tuple[Subject, ...]:
    no = record("s1", scope={"permissions": ["GRU"], "answers": {"family_analysis": "deny"}})
    return person("s1", no, family="f1"), person("s2", family="f1"), person("s3", family="f2")


def test_one_relatives_objection_removes_the_relative_or_the_family_as_the_institution_says() -> None:
    question = asking(flags=["family_analysis"])
    assert judged(question, *family_of_three()).included == {"s2", "s3"}
    blocked = judged(question, *family_of_three(), family_objection="block_family")
    assert blocked.included == {"s3"}
    assert codes(blocked) == ["CON-FAMILY"]
    assert judged(asking(), *family_of_three(), family_objection="block_family").included == {"s1", "s2", "s3"}


def test_obligations_are_those_of_the_people_whose_data_are_used() -> None:
    limited = record("s1", scope={"permissions": ["GRU"], "modifiers": [{"code": "TS", "months": 12}]})
    gone = record("s2", status="withdrawn", scope={"permissions": ["GRU"], "modifiers": [{"code": "TS", "months": 3}]})
    assert judged(asking(), person("s1", limited), person("s2", gone)).obligations == ("time_limit_months:12",)
    assert judged(asking(), person("s1", limited), person("s2", gone), filterable=False).obligations == ()


def test_reasons_say_how_many_they_concern_and_which_rule_spoke() -> None:
    people = [person(f"s{n}", record(f"s{n}", status="suspended")) for n in range(3)]
    (reason,) = judged(asking(), *people).reasons
    assert dict(reason.facts)["n"] == "3"
    assert reason.norm is not None
    assert (reason.norm.source, reason.norm.rule) == ("consent-record", "R4")


@pytest.mark.parametrize(
    ("member", "missing"),
    [
        ("organisation", "purpose.organisation"),
        ("commercial", "purpose.commercial"),
        ("ai_use", "purpose.ai_use"),
        ("linkage", "purpose.linkage"),
        ("recontact", "purpose.recontact"),
        ("clinical_care", "purpose.clinical_care"),
    ],
)
def test_what_the_asker_left_open_is_named_and_never_taken_for_no(member: str, missing: str) -> None:
    left_open: dict[str, Any] = {member: None}
    answer = judged(asking(**left_open), person())
    assert (answer.outcome, codes(answer), answer.missing) == (ConsentOutcome.HOLD, ["CON-UNDECLARED"], (missing,))


@pytest.mark.parametrize(("said", "outcome"), [("deny", "HOLD"), ("ask", "HOLD"), ("permit", "PERMIT")])
def test_what_the_asker_left_open_waits_for_everybody_who_did_not_permit_it(said: str, outcome: str) -> None:
    told = record(scope={"permissions": ["GRU"], "answers": {"linkage": said}})
    assert judged(asking(linkage=None), person("s1", told)).outcome == outcome


def test_unknown_places_are_named_even_where_nobody_set_a_list() -> None:
    answer = judged(asking(processing_country=None, recipient_country=None), person())
    assert (answer.outcome, answer.missing) == (ConsentOutcome.PERMIT, ("processing_country", "recipient_country"))


def test_who_asked_not_to_be_contacted_waits_until_the_asker_says_whether_they_will() -> None:
    once = {"permissions": ["GRU"], "answers": {"recontact": "permit"}}
    quiet = record(status="withdrawn", withdrawal={"kind": "no_further_contact"}, scope=once)
    assert codes(judged(asking(recontact=None), person("s1", quiet))) == ["CON-UNDECLARED"]


@pytest.mark.parametrize(
    ("members", "until"),
    [
        ({}, FOREVER),
        ({"effective_to": "2026-07-01"}, on("2026-07-01")),
        ({"grantor": {"kind": "parent"}, "maturity_review_on": "2026-08-01"}, on("2026-08-01")),
        ({"grantor": {"kind": "representative", "valid_to": "2026-09-01"}}, on("2026-09-01")),
        ({"deceased_on": "2026-10-01", "after_death": "stop"}, on("2026-10-01")),
    ],
)
def test_until_is_the_first_date_in_a_record_that_may_change_the_answer(members: dict[str, Any], until: int) -> None:
    assert judged(asking(), person("s1", record(**members))).until == until


def test_until_counts_versions_to_come_the_certificate_and_the_layers() -> None:
    later = record(version=2, effective_from="2026-07-15", recorded_at="2026-05-01")
    unknown = record(version=3, effective_from="2026-06-15", recorded_at="2026-06-10")
    assert judged(asking(), person("s1", record(), later, unknown)).until == on("2026-07-15")
    assert judged(asking(), person(), valid_to="2026-06-20").until == on("2026-06-20")
    layer = (record("c1", level="community", effective_to="2026-06-11"),)
    assert judged(asking(), person("s1", record(), layers=[layer])).until == on("2026-06-11")


def test_the_same_participant_twice_is_an_error() -> None:
    with pytest.raises(ValueError, match="twice"):
        judged(asking(), person(), person())


def test_somebody_elses_record_cannot_lie_with_a_participant() -> None:
    with pytest.raises(ValueError, match="somebody else"):
        Subject(ref=SubjectRef("s2"), versions=(record("s1"),))
    with pytest.raises(ValueError, match="somebody else"):
        Subject(ref=SubjectRef("s1"), versions=(record("s1", level="family"),))
    with pytest.raises(ValueError, match="layer"):
        Layer(level="family", ref="f1", versions=(record("s1"),))
    with pytest.raises(ValueError, match="layer"):
        Layer(level="family", ref="f1", versions=(record("f2", level="family"),))


@pytest.mark.parametrize(
    ("question", "certificate", "outcome", "reason"),
    [
        (asking(), certified(), ConsentOutcome.PERMIT, []),
        (asking(), None, ConsentOutcome.HOLD, ["CON-NO-CERTIFICATE"]),
        (asking(kinds=["general"]), certified(permissions=["HMB"]), ConsentOutcome.DENY, ["DUO-DATASET-NARROWER"]),
        (asking(linkage=True), certified(answers={"linkage": "deny"}), ConsentOutcome.DENY, ["DUO-DATASET-NARROWER"]),
        (asking(linkage=None), certified(answers={"linkage": "deny"}), ConsentOutcome.HOLD, ["CON-UNDECLARED"]),
        (asking(linkage=True), certified(answers={"linkage": "ask"}), ConsentOutcome.PERMIT, []),
        (asking(linkage=None), certified(answers={"linkage": "ask"}), ConsentOutcome.PERMIT, []),
        (asking(), certified(answers={"hosting": ["DE"]}), ConsentOutcome.DENY, ["DUO-DATASET-NARROWER"]),
        (
            asking(processing_country=None),
            certified(answers={"hosting": ["DE"]}),
            ConsentOutcome.HOLD,
            ["CON-UNDECLARED"],
        ),
        (asking(), certified(answers={"moon_use": "permit"}), ConsentOutcome.HOLD, ["CON-UNKNOWN-ANSWER"]),
        (asking(), certified(modifiers=["XYZ"]), ConsentOutcome.HOLD, ["CON-CERTIFICATE-OPEN"]),
        (
            asking(reviewed=frozenset({"CON-CERTIFICATE-OPEN"})),
            certified(modifiers=["XYZ"]),
            ConsentOutcome.PERMIT,
            [],
        ),
        (
            asking(reviewed=frozenset({"CON-PURPOSE-UNCLEAR"})),
            certified(modifiers=["XYZ"]),
            ConsentOutcome.HOLD,
            ["CON-CERTIFICATE-OPEN"],
        ),
        (asking(sensitive=["paediatric"]), certified(), ConsentOutcome.PERMIT, []),
        (asking(sensitive=None), certified(), ConsentOutcome.PERMIT, []),
        (
            asking(linkage=True),
            certified(modifiers=["XYZ"], answers={"linkage": "deny"}),
            ConsentOutcome.DENY,
            ["DUO-DATASET-NARROWER"],
        ),
    ],
)
def test_the_certificate_alone_answers_could_this_ever_be_allowed(
    question: object, certificate: object, outcome: ConsentOutcome, reason: list[str]
) -> None:
    answer = judge_certificate(question, certificate, ONTOLOGY)  # type: ignore[arg-type]
    assert (answer.outcome, codes(answer), answer.verdicts) == (outcome, reason, {})


def test_many_people_with_few_forms_are_counted_right() -> None:
    people = [person(f"s{n}", record(f"s{n}", status="suspended" if n % 10 else "active")) for n in range(1000)]
    answer = judge(asking(), people, certified(), ONTOLOGY)
    assert Counter(one.place.name for one in answer.verdicts.values()) == {"HOLD": 900, "INCLUDE": 100}
    assert answer.outcome is ConsentOutcome.PERMIT_FILTERED
    assert answer.until > NOW
