"""Holes that were open once: each of these was a wrong yes, or told somebody what they may not know."""

from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from broker.core import sanctions
from broker.core.consent.model import LegalBasis, Override, Scope, Template
from broker.core.decision import evaluate, foresee_each
from broker.core.decision.answering import Given, findings_for
from broker.core.ids import DatasetId, ObjectId, SubjectRef
from broker.core.outcome import Gate, Outcome
from broker.core.purpose import LADDER, Modality, Purpose, Sensitive, purpose_json, read_purpose
from broker.core.rows import ConsentRow, Organisation, Sanction
from broker.core.rows.safeguards import Embargo
from broker.core.snapshot import follow
from broker.core.time import Seconds
from tests import builders as b
from tests.fakes import START


def suspension(kind: str, whom: str, step: str) -> Sanction:
    return Sanction(
        id=f"san_{whom}_{step}", case="case-1", step=step, kind=kind, whom=whom, ground="Test.", begins=START,  # type: ignore[arg-type]
        ends=Seconds(START + b.YEAR), appeal="https://bank.example/appeal", by=b.MEI, role="admin",
    )  # fmt: skip


def test_an_institution_that_is_suspended_stays_so_when_another_affiliation_is_shown() -> None:
    other = Organisation(
        id="other", name="Other", scopes=frozenset({"other.example"}), organisation="non_profit",
        facts=b.RECIPIENT_FACTS, recourse=("contract",),
    )  # fmt: skip
    grant = b.grant(affiliations=("faculty@rhine.example",))
    snapshot = b.snapshot(other, grant=grant)
    asked = b.question(affiliations=("member@other.example",))
    assert evaluate(asked, snapshot).permits
    after = follow(snapshot, [suspension("organisation", "rhine", "suspend_institution")])
    codes = {reason.code for reason in evaluate(asked, after).reasons}
    assert "OPS-RECIPIENT-SUSPENDED" in codes


@pytest.mark.parametrize(("whom", "allowed"), [(str(b.ADA), True), (str(b.MEI), False)])
def test_a_warning_of_one_person_is_no_step_against_another(whom: str, *, allowed: bool) -> None:
    taken = [suspension("person", str(b.ADA), "warn")]
    found = sanctions.wrong_with(suspension("person", whom, "suspend_person"), taken, urgent=False)
    assert (found is None) is allowed


def test_nobody_learns_from_a_pre_check_that_the_last_broad_consent_was_withdrawn() -> None:
    """Withdrawn and suspended consents count for the breadth of a dataset as they did before (ruling 10)."""
    broad = b.consent(model="broad", effective_from=Seconds(START - 12 * b.YEAR))
    bare = b.dataset(safeguards=replace(b.dataset().safeguards, engagements=()))
    asked = b.question(stage="foresee", purpose=b.PURPOSE, object=None, grants=())
    snapshot = b.snapshot(dataset=bare, pia=broad, paul=None)
    before = evaluate(asked, snapshot)
    for status in ("withdrawn", "suspended"):
        after = follow(snapshot, [replace(b.consent(version=2, model="broad", status=status), id="con-sub_pia/2")])
        assert evaluate(asked, after).outcome is before.outcome


def test_datasets_with_the_same_rules_and_other_consents_do_not_share_an_answer() -> None:
    other = DatasetId("https://bank.example/datasets/other")
    bare = b.dataset(safeguards=replace(b.dataset().safeguards, engagements=()))
    broad = replace(b.consent(model="broad"), datasets=frozenset({other}))
    snapshot = b.snapshot(replace(bare, id=other), dataset=bare, pia=None, paul=broad)
    asked = b.question(stage="foresee", purpose=b.PURPOSE, object=None, grants=())
    for ids in ((b.HEART, other), (other, b.HEART)):
        alone = [evaluate(replace(asked, dataset=id), snapshot).outcome for id in ids]
        assert [one.outcome for one in foresee_each(asked, ids, snapshot)] == alone


def test_an_embargo_holds_for_visas_of_other_issuers_too() -> None:
    from broker.core.passport.trust import TrustRow  # noqa: PLC0415
    from broker.core.rows import VisaIssuer  # noqa: PLC0415
    from tests.core.decision.test_terms_and_registered import ONE, visa  # noqa: PLC0415

    row = VisaIssuer(
        id=ONE,
        trust=TrustRow(iss=ONE, jku=(f"{ONE}/jwks",), values=(b.HEART,), grant_profile=purpose_json(b.PURPOSE)),
    )
    held = visa("ControlledAccessGrants", b.HEART, by="dac")
    asked = b.question(grants=(), visas=(held,), identities=frozenset({(ONE, "ada"), (b.US, str(b.ADA))}))
    embargo = Embargo(until=date(2027, 4, 1), declared=date(2026, 12, 1), reason="")
    open_now = b.snapshot(row)
    assert evaluate(asked, open_now).permits
    barred = b.dataset(safeguards=replace(b.dataset().safeguards, embargo=embargo))
    found = evaluate(asked, b.snapshot(row, dataset=barred))
    assert found.outcome is Outcome.DENY


SILENT = replace(b.PURPOSE, sensitive=None)
CARE = replace(b.PURPOSE, kinds=None, clinical_care=True)
WITH_CARE = b.dataset(duo=b.codes("DUO:0000042", "DUO:0000043"))
EVERY_TOPIC = {f"topic:{topic}": "permit" for topic in Sensitive}


@pytest.mark.row("RUL-SILENCE")
@pytest.mark.parametrize(
    ("purpose", "code"),
    [(SILENT, "DUO-SENSITIVE-UNSTATED"), (CARE, "DUO-PURPOSE-UNSTATED")],
    ids=["sensitive topics", "research beside care"],
)
def test_what_a_purpose_does_not_say_is_not_none_wherever_a_purpose_is_read(purpose: Purpose, code: str) -> None:
    answered = replace(purpose, kinds=purpose.kinds or frozenset(), sensitive=frozenset())
    for kept in (purpose, read_purpose(purpose_json(purpose))):
        for stage in ("foresee", "use"):
            snapshot = b.snapshot(dataset=WITH_CARE, grant=b.grant(purpose=kept))
            asked = b.question(stage=stage, purpose=kept if stage == "foresee" else None)
            said = next(gate for gate in evaluate(asked, snapshot).gates if gate.gate is Gate.DUO)
            assert (said.outcome, [reason.code for reason in said.reasons]) == (Outcome.REFER, [code])
    for kept in (answered, read_purpose(purpose_json(answered))):
        asked = b.question(stage="foresee", purpose=kept)
        assert code not in {reason.code for reason in evaluate(asked, b.snapshot(dataset=WITH_CARE)).reasons}


@pytest.mark.row("RUL-SILENCE")
def test_an_unanswered_question_about_topics_meets_every_no_to_a_topic() -> None:
    def said(answers: dict[str, str]) -> set[str]:
        pia = b.consent(scope=Scope(permissions=b.codes("DUO:0000042"), answers=answers))
        decision = evaluate(b.question(), b.snapshot(grant=b.grant(purpose=SILENT), pia=pia))
        return {reason.code for reason in decision.reasons if reason.code.startswith("CON-")}

    assert said({}) == {"CON-UNDECLARED"}
    assert said({**EVERY_TOPIC, "topic:ethnicity": "deny"}) == {"CON-UNDECLARED"}
    assert said(EVERY_TOPIC) == set()


@pytest.mark.row("RUL-RECOURSE")
def test_who_belongs_to_no_known_institution_gets_no_copies_more_easily_than_who_does() -> None:
    """Nobody could act against an institution that nobody knows; the milder ways ask for nobody to act against."""
    unknown = b.question(affiliations=("faculty@nowhere.example",))
    for way in LADDER:
        decision = evaluate(replace(unknown, modality=way), b.snapshot())
        said = next(gate for gate in decision.gates if gate.gate is Gate.SECURITY)
        copies = way in (Modality.DOWNLOAD, Modality.STREAM)
        assert (said.outcome is Outcome.DENY) is copies
    assert evaluate(b.question(), b.snapshot()).permits


FORM = Template(id="T12", version="4", sha256="ab" * 32)
CHANGED = replace(FORM, version="5", sha256="cd" * 32)


@pytest.mark.row("RUL-FORM")
def test_a_form_whose_text_changed_needs_a_new_finding() -> None:
    linked = replace(b.PURPOSE, linkage=True)
    asked = b.question(stage="approve", purpose=linked, grants=(), object=None)
    given = Given(
        code="CON-SILENT", ground="It spoke of registers.", ends=Seconds(START + b.YEAR), consent_class=FORM.id,
        keys=frozenset({"linkage"}), approval="EC-7", form=FORM.sha256,
    )  # fmt: skip

    def left_out(form: Template, given: Given = given) -> object:
        snapshot = b.snapshot(pia=b.consent(template=form), paul=b.consent(b.PAUL, template=FORM))
        made = findings_for(asked, snapshot, [given], role="ethics_committee", by=b.MEI)
        return evaluate(replace(asked, findings=made), snapshot).excluded

    assert left_out(FORM) == frozenset()
    assert left_out(CHANGED) == {b.PIA}
    assert left_out(replace(FORM, sha256=CHANGED.sha256)) == {b.PIA}, "also under the name and number of before"
    assert left_out(CHANGED, replace(given, form=CHANGED.sha256)) == {b.PAUL}
    assert left_out(FORM, replace(given, form=None)) == {b.PIA, b.PAUL}


LAW = Override(law="Act 7", authority="health data body", ends=Seconds(START + b.YEAR))
ACT = LegalBasis(type="public_interest_law", instrument="Act 7", approval_ref="HDB-12")


@pytest.mark.row("RUL-OVERRIDE")
@pytest.mark.parametrize(
    ("basis", "counts"),
    [
        (ACT, True),
        (replace(ACT, type="ethics_waiver"), True),
        (replace(ACT, type="opt_out"), True),
        (replace(ACT, type="consent"), False),
        (replace(ACT, instrument=" "), False),
        (replace(ACT, approval_ref=None), False),
        (replace(ACT, approval_ref=" "), False),
        (LegalBasis(), False),
    ],
)
def test_a_law_overrides_an_opt_out_only_on_a_named_basis_that_was_approved(
    basis: LegalBasis,
    counts: bool,  # noqa: FBT001 (a column of the table)
) -> None:
    scope = Scope(permissions=b.codes("DUO:0000042"), answers={"linkage": "deny"})
    pia = b.consent(model="opt_out", legal_basis=basis, override=LAW, scope=scope)
    linked = b.grant(purpose=replace(b.PURPOSE, linkage=True))
    assert evaluate(b.question(), b.snapshot(pia=pia, grant=linked)).permits is counts
    broad = replace(pia, consent=replace(pia.consent, model="broad"))
    assert not evaluate(b.question(), b.snapshot(pia=broad, grant=linked)).permits


ELSEWHERE = DatasetId("https://other.example/datasets/own")


def of_another(ref: SubjectRef = b.PIA, **changes: Any) -> ConsentRow:
    """What another source put on record, for data of its own, about somebody by whatever pseudonym it likes."""
    made = b.consent(ref, **{"consent_id": f"other-{ref}", "custodian": "other", **changes})
    return replace(made, id=f"other-{ref}/1", datasets=frozenset({ELSEWHERE}))


@pytest.mark.row("RUL-PSEUDONYM")
def test_a_source_that_was_first_with_a_pseudonym_speaks_for_nobody_in_the_data_of_others() -> None:
    """It is on record before the data list the participant; then it says yes, or no, in their name."""
    before = b.snapshot(of_another(), pia=None, one=None, two=None, paul=None)
    listed = follow(before, [b.drs_object(), b.drs_object(b.TWO, (b.PIA, b.PAUL)), b.consent(b.PAUL)])
    assert not evaluate(b.question(), listed).permits
    assert evaluate(b.question(object=None), listed).excluded == {b.PIA}
    theirs = follow(listed, [b.consent(b.PIA)])
    assert evaluate(b.question(), theirs).permits
    no = b.snapshot(of_another(status="withdrawn"))
    assert evaluate(b.question(), no).permits, "nor can it take somebody out of them"


@pytest.mark.row("RUL-PSEUDONYM")
def test_a_source_that_has_put_somebody_on_record_for_the_data_is_heard_with_all_that_it_says() -> None:
    own = b.consent(custodian="site-a")
    gone = replace(of_another(custodian="site-a", status="withdrawn"), datasets=frozenset({ELSEWHERE}))
    assert not evaluate(b.question(), b.snapshot(gone, pia=own)).permits


@pytest.mark.row("RUL-PSEUDONYM")
def test_answers_that_are_known_follow_when_somebody_gets_on_record() -> None:
    """Remembered answers are about a dataset too: a record for it counts, and one for others does not."""
    snapshot = b.snapshot(pia=None)
    asked = b.question(object=None)
    assert evaluate(asked, snapshot).excluded == {b.PIA}
    snapshot = follow(snapshot, [of_another()])
    assert evaluate(asked, snapshot).excluded == {b.PIA}
    assert evaluate(asked, follow(snapshot, [b.consent()])).excluded == frozenset()


@pytest.mark.row("RUL-OBJECT")
@pytest.mark.parametrize("subjects", [(), (b.PIA,)], ids=["of nobody", "of somebody who is in both"])
@pytest.mark.parametrize("way", [Modality.DOWNLOAD, Modality.AGGREGATE])
def test_an_object_of_another_dataset_is_none_whoever_is_in_it(subjects: tuple[SubjectRef, ...], way: Modality) -> None:
    """Every door takes the dataset from the object; the decision itself does not rest on that."""
    twin = replace(b.dataset(), id=ELSEWHERE)
    theirs = replace(b.drs_object(ObjectId("obj-9"), subjects), dataset=ELSEWHERE)
    snapshot = b.snapshot(twin, theirs)
    asked = b.question(object=theirs.id, modality=way)
    unknown = evaluate(replace(asked, object=ObjectId("obj-8")), snapshot)
    found = evaluate(asked, snapshot)
    assert (found.outcome, found.reasons) == (unknown.outcome, unknown.reasons)
    assert not found.permits
    assert evaluate(b.question(modality=way), snapshot).permits
