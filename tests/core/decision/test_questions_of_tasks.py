"""A task asks the whole question, within its data, and ends with the authorisation that it came from."""

import pytest

from broker.core.decision import evaluate
from broker.core.ids import DatasetId
from broker.core.rows import Revocation
from tests import builders as b
from tests.fakes import START

LUNG = DatasetId("https://bank.example/datasets/lung")


@pytest.mark.row("T071")
def test_a_task_is_for_its_data_alone_whatever_else_would_permit_it() -> None:
    snapshot = b.snapshot()
    assert evaluate(b.question(within=frozenset({b.HEART})), snapshot).permits
    for within in (frozenset[DatasetId](), frozenset({LUNG})):
        found = evaluate(b.question(within=within), snapshot)
        assert [reason.code for reason in found.reasons] == ["AUTH-TASK-OTHER-DATA"]


@pytest.mark.row("T121")
def test_a_task_ends_with_the_authorisation_that_it_came_from() -> None:
    revoked = Revocation(id="family:parent", since=START)
    assert evaluate(b.question(rests_on=("family:parent",)), b.snapshot()).permits
    found = evaluate(b.question(rests_on=("family:parent",)), b.snapshot(revoked))
    assert [reason.code for reason in found.reasons] == ["AUTH-REVOKED"]
