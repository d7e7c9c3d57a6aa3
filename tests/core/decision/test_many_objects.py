"""One question about many objects (core/decision/many.py): each answer is what `evaluate` says to it alone."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broker.core.decision import evaluate, use_each
from broker.core.decision.knowing import held_by_all
from broker.core.ids import DatasetId, ObjectId
from broker.core.memory import Memory
from broker.core.snapshot import follow
from tests import builders as b
from tests.bench.decision import five_visas
from tests.core.decision.test_terms_and_registered import ISSUERS

OTHER = DatasetId("https://bank.example/datasets/other")
TARGETS = [(b.HEART, b.ONE), (b.HEART, b.TWO), (OTHER, ObjectId("x")), (DatasetId(""), ObjectId("none"))]


@given(
    st.lists(st.sampled_from(TARGETS), max_size=6),
    st.sampled_from([{}, {"grants": ()}, {"location": "CN"}, {"visas": five_visas()}, {"identities": frozenset()}]),
)
def test_each_answer_is_that_of_the_question_alone(
    targets: list[tuple[DatasetId, ObjectId]], changes: dict[str, Any]
) -> None:
    withdrawn = b.consent(b.PAUL, status="withdrawn")
    snapshot = b.snapshot(*ISSUERS, b.dataset(id=OTHER), b.drs_object(ObjectId("x"), dataset=OTHER), paul=withdrawn)
    question = b.question(object=ObjectId(""), dataset=DatasetId(""), **changes)
    found = list(use_each(question, targets, snapshot))
    assert [(asked.dataset, asked.object) for asked, _ in found] == targets
    for asked, decision in found:
        assert asked == b.question(dataset=asked.dataset, object=asked.object, **changes)
        assert decision == evaluate(asked, snapshot)


def test_only_a_use_is_about_objects() -> None:
    with pytest.raises(ValueError, match="a use"):
        list(use_each(b.question(stage="foresee", purpose=b.PURPOSE), TARGETS, b.snapshot()))


def test_what_everybody_may_count_follows_every_change() -> None:
    snapshot = b.snapshot()
    assert held_by_all(snapshot) == held_by_all(snapshot) == (2, 20)
    more = follow(snapshot, [b.drs_object(ObjectId("three"), size=5)])
    assert held_by_all(more) == (3, 25)
    assert held_by_all(follow(more, [b.dataset(existence="hidden")])) == (0, 0)
    assert held_by_all(follow(more, [b.grant(version=2)])) == (3, 25)
    assert isinstance(more.memory, Memory)
