"""Who answers what an institution's certificate leaves open, and for which certificate the answer holds."""

from dataclasses import replace
from typing import Any

import pytest

from broker.core.decision import Decision, evaluate
from broker.core.decision.answering import Given, findings_for
from broker.core.decision.case import case_of
from broker.core.decision.findings import inputs_digest
from broker.core.decision.weighing import weighed
from broker.core.ids import PersonId
from broker.core.outcome import Gate
from broker.core.purpose import Kind
from broker.core.rows import Dataset
from tests import builders as b

pytestmark = pytest.mark.row("RUL-CERTIFICATE")

GRU, POA = b.codes("DUO:0000042"), b.codes("DUO:0000011")
BONES, HEARTS = (b.codes({"code": "RS", "text": f"only {what}"}) for what in ("bones", "hearts"))
ASKED = b.question(stage="approve", purpose=replace(b.PURPOSE, kinds=frozenset({Kind.METHODS})), grants=(), object=None)
OPEN, WORDS = "CON-CERTIFICATE-OPEN", "DUO-RESEARCH-TYPE-UNCLEAR"


def dataset(duo: Any, **certificate: Any) -> Dataset:
    return b.dataset(duo=duo, certificate=replace(b.dataset().certificate, **certificate))


def decided(row: Dataset, *answers: tuple[str, Dataset]) -> Decision:
    """What is decided of these data once the committee has answered these codes, each of the data as they were then."""
    given = tuple(
        finding
        for code, then in answers
        for finding in findings_for(
            ASKED, b.snapshot(dataset=then), [Given(code=code, ground="Read.")], "committee_member", PersonId("usr_mei")
        )
    )
    return evaluate(replace(ASKED, findings=given), b.snapshot(dataset=row))


def waits(decision: Decision) -> set[str]:
    return {reason.code for gate in decision.gates if not gate.outcome.permits for reason in gate.reasons}


def test_the_committee_answers_what_only_the_certificate_leaves_open() -> None:
    row = dataset(GRU, permissions=POA)
    assert waits(decided(row)) == {OPEN}
    answered = decided(row, (OPEN, row))
    assert answered.permits
    assert f"keep_to_finding:{OPEN}" in answered.obligations


CHANGED = {
    "other permissions": {"permissions": b.codes("DUO:0000006")},
    "a limit more": {"permissions": POA, "modifiers": HEARTS},
}


@pytest.mark.parametrize("certificate", CHANGED.values(), ids=CHANGED)
def test_an_answer_about_one_certificate_is_none_about_the_next(certificate: dict[str, Any]) -> None:
    row, then = dataset(GRU, **certificate), dataset(GRU, permissions=POA)
    assert waits(decided(row, (OPEN, then))) == {OPEN}
    assert decided(row, (OPEN, row)).permits


def test_one_answer_is_enough_where_the_dataset_and_its_certificate_ask_the_same() -> None:
    row = dataset((*GRU, *BONES), permissions=GRU, modifiers=BONES)
    assert waits(decided(row)) == {WORDS, OPEN}
    assert decided(row, (WORDS, row)).permits


def test_an_answer_about_the_words_of_the_dataset_is_none_about_other_words_of_its_certificate() -> None:
    """Both limits have the same code. Nobody has read the certificate's."""
    row = dataset((*GRU, *BONES), permissions=GRU, modifiers=HEARTS)
    assert waits(decided(row, (WORDS, row))) == {OPEN}
    assert decided(row, (WORDS, row), (OPEN, row)).permits


def test_an_answer_about_the_permission_of_the_dataset_is_none_about_another_of_its_certificate() -> None:
    row = dataset(b.codes("HMB"), permissions=b.codes({"code": "DS", "diseases": ["MONDO:0004992"]}))
    assert waits(decided(row)) == {"DUO-METHODS-UNCLEAR", OPEN}
    assert waits(decided(row, ("DUO-METHODS-UNCLEAR", row))) == {OPEN}


def test_an_answer_about_a_certificate_is_bound_to_gate_purpose_codes_and_certificate() -> None:
    def bound(row: Dataset, gate: Gate = Gate.CONSENT, kind: Kind = Kind.METHODS) -> str:
        purpose = replace(b.PURPOSE, kinds=frozenset({kind}))
        question, world = replace(ASKED, purpose=purpose), b.snapshot(dataset=row)
        return inputs_digest(case_of(question, None, weighed(question, world), world), gate, code=OPEN)

    row = dataset(GRU, permissions=POA)
    others = [
        bound(row),
        bound(row, gate=Gate.DUO),
        bound(row, kind=Kind.HMB),
        bound(dataset((*GRU, *BONES), permissions=POA)),
        bound(dataset(GRU, permissions=GRU)),
        bound(dataset(GRU, permissions=POA, modifiers=HEARTS)),
    ]
    assert len({*others}) == len(others)
    assert bound(row) == bound(row)


def test_nobody_else_answers_it() -> None:
    row = dataset(GRU, permissions=POA)
    for role in ("legal_officer", "ethics_committee"):
        answer = Given(code=OPEN, ground="Read.", approval="E", consent_class="c", form="f", ends=b.START_LATER)
        assert findings_for(ASKED, b.snapshot(dataset=row), [answer], role, PersonId("usr_mei")) == ()
    assert {gate.gate for gate in decided(row).gates if not gate.outcome.permits} == {Gate.CONSENT}
