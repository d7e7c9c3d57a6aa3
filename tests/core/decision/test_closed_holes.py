"""Holes that were open once: each of these was a wrong yes, or told somebody what they may not know."""

from dataclasses import replace
from datetime import date

import pytest

from broker.core import sanctions
from broker.core.consent.model import Scope
from broker.core.decision import evaluate, foresee_each
from broker.core.ids import DatasetId
from broker.core.outcome import Gate, Outcome
from broker.core.purpose import Purpose, Sensitive, purpose_json, read_purpose
from broker.core.rows import Organisation, Sanction
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
