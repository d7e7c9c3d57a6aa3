"""What the rules say to a purpose, whoever asks: each answer, what decided it, and which data are alike."""

from dataclasses import replace
from typing import Any

import pytest

from broker.core.decision.of_data import OfData, of_data_each
from broker.core.decision.question import Question
from broker.core.ids import DatasetId
from broker.core.outcome import Outcome
from broker.core.purpose import Kind, Modality
from broker.core.rows import Dataset
from broker.core.rows.safeguards import Embargo
from broker.core.time import day_of, days_later
from tests import builders as b
from tests.core.decision.test_community_gate import decided
from tests.core.decision.test_example_stamp import reviewed
from tests.core.decision.test_many_datasets import TWIN, about_the_twin, twin
from tests.core.decision.test_safeguards import broad, with_
from tests.fakes import START

ASKED = Question(
    stage="foresee", at=START, known_at=START, person=None, purpose=b.PURPOSE, dataset=b.HEART, modality=Modality.DOWNLOAD
)  # fmt: skip
TODAY = day_of(START)
HELD = with_(embargo=Embargo(declared=TODAY, until=days_later(TODAY, 30)))


def coded(*codes: Any, **certificate: Any) -> Dataset:
    return b.dataset(duo=b.codes(*codes), certificate=replace(b.dataset().certificate, **certificate))


def only(*ways: Modality) -> Dataset:
    return coded("GRU", modalities=frozenset(ways))


WORDS = {"code": "RS", "text": "bones"}
DENY, ALTERNATIVE, REFER, PENDING = Outcome.DENY, Outcome.ALTERNATIVE, Outcome.REFER, Outcome.PENDING
PERMIT, DUTIES = Outcome.PERMIT, Outcome.PERMIT_WITH_OBLIGATIONS
AWAY, DOWN, ROOM = Modality.CODE_TO_DATA, Modality.DOWNLOAD, Modality.TRE_REMOTE
LOCAL, REFUSED, OPEN = decided(local_only=True), decided(decision="refused"), decided(decision="undecided")
SAID: list[tuple[str, dict[str, Any], tuple[Any, ...], Modality, Outcome, list[str]]] = [
    ("a yes", {}, (), DOWN, PERMIT, ["DUO-HMB"]),
    ("a yes with duties of one gate", {"dataset": coded("GRU", "PUB")}, (), DOWN, DUTIES, ["DUO-GRU"]),
    ("by the codes", {"dataset": coded("POA")}, (), DOWN, DENY, ["DUO-PURPOSE"]),
    ("by the certificate", {"dataset": coded("GRU", permissions=b.codes("POA"))}, (), DOWN, DENY, ["DUO-DATASET-NARROWER"]),
    ("by a safeguard", {"dataset": HELD}, (), DOWN, DENY, ["GOV-EMBARGO"]),
    ("by the community", {}, (REFUSED,), DOWN, DENY, ["COM-REFUSED"]),
    ("words that a person reads", {"dataset": coded("GRU", WORDS)}, (), DOWN, REFER, ["DUO-RESEARCH-TYPE-UNCLEAR"]),
    ("the community has not decided", {}, (OPEN,), DOWN, PENDING, ["COM-APPROVAL-NEEDED"]),
    ("the strictest first", {"dataset": coded("GRU", WORDS)}, (OPEN,), DOWN, REFER, ["DUO-RESEARCH-TYPE-UNCLEAR", "COM-APPROVAL-NEEDED"]),
    ("duties do not stand beside a question", {"dataset": coded("GRU", "PUB")}, (OPEN,), DOWN, PENDING, ["COM-APPROVAL-NEEDED"]),
    ("two ways further the data may be visited", {}, (LOCAL,), DOWN, ALTERNATIVE, ["COM-LOCAL-ONLY"]),
    ("the next way is open", {"dataset": only(AWAY)}, (), ROOM, ALTERNATIVE, ["DUO-DATASET-NARROWER"]),
    ("a way that shows more is no way out", {"dataset": only(DOWN)}, (), Modality.STREAM, DENY, ["DUO-DATASET-NARROWER"]),
    ("below the last way there is none", {}, (REFUSED,), Modality.AGGREGATE, DENY, ["COM-REFUSED"]),
    ("the way that is open", {}, (LOCAL,), AWAY, PERMIT, ["DUO-HMB", "COM-APPROVED"]),
]  # fmt: skip


def said(question: Question, snapshot: Any, *datasets: DatasetId) -> list[OfData]:
    return list(of_data_each(question, datasets or (b.HEART,), snapshot))


@pytest.mark.row("PUB-PURPOSE")
@pytest.mark.parametrize(("_what", "world", "more", "way", "outcome", "codes"), SAID, ids=[row[0] for row in SAID])
def test_what_is_said_of_data_and_by_which_gate(
    _what: str, world: dict[str, Any], more: tuple[Any, ...], way: Modality, outcome: Outcome, codes: list[str]
) -> None:
    question = replace(ASKED, modality=way, purpose=replace(b.PURPOSE, modality=way))
    (found,) = said(question, b.snapshot(*more, **world))
    assert (found.outcome, [reason.code for reason in found.reasons]) == (outcome, codes)


def test_a_purpose_that_is_not_stated_waits() -> None:
    (found,) = said(replace(ASKED, purpose=None), b.snapshot())
    assert (found.outcome, [reason.code for reason in found.reasons]) == (PENDING, ["PUR-UNSTATED"])


def test_packs_that_nobody_reviewed_are_named_so() -> None:
    example = b.snapshot()
    for world, stamped in ((example, True), (replace(example, rulebook=reviewed()), False)):
        (found,) = said(ASKED, world)
        assert found.example is stamped


NO_CONSENTS: dict[str, Any] = {"pia": None, "paul": None}
BARE = replace(b.SAFEGUARDS, engagements=())
UNLIKE: dict[str, tuple[tuple[Any, ...], dict[str, Any]]] = {
    "other codes": ((twin(duo=b.codes("POA")),), NO_CONSENTS),
    "broader consents": (
        (twin(safeguards=BARE), about_the_twin(broad())),
        {"dataset": b.dataset(safeguards=BARE)} | NO_CONSENTS,
    ),
    "a community of its own": ((twin(), replace(REFUSED, datasets=frozenset({TWIN}))), NO_CONSENTS),
}


@pytest.mark.parametrize(("more", "world"), UNLIKE.values(), ids=UNLIKE)
def test_data_under_other_rules_are_asked_on_their_own(more: tuple[Any, ...], world: dict[str, Any]) -> None:
    snapshot = b.snapshot(*more, **world)
    here, there = said(ASKED, snapshot, b.HEART), said(ASKED, snapshot, TWIN)
    assert said(ASKED, snapshot, b.HEART, TWIN, b.HEART) == [*here, *there, *here]
    assert said(ASKED, snapshot, TWIN, b.HEART) == [*there, *here]
    assert here != there


def test_data_under_the_same_rules_have_the_very_same_answer() -> None:
    here, there = said(ASKED, b.snapshot(twin(), **NO_CONSENTS), b.HEART, TWIN)
    assert here is there


@pytest.mark.parametrize(
    "known", [{"person": b.ADA}, {"stage": "approve"}, {"stage": "use"}, {"identities": frozenset({(b.HOME, "ada")})}]
)
def test_whoever_is_known_is_answered_by_all_gates(known: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="nobody"):
        said(replace(ASKED, **known), b.snapshot())


def test_a_purpose_of_two_kinds_needs_both() -> None:
    both = replace(b.PURPOSE, kinds=frozenset({Kind.HMB, Kind.ANCESTRY}))
    (found,) = said(replace(ASKED, purpose=both), b.snapshot(dataset=coded("HMB")))
    assert found.outcome is DENY
