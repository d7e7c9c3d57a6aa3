"""Whatever policy packs answered that nobody has reviewed says so: in the trace, and to whoever is told."""

from dataclasses import replace

import pytest

from broker.core.decision import evaluate, explain
from broker.core.decision.gates.jurisdiction import EXAMPLE
from broker.core.ids import DecisionId
from broker.core.jurisdiction.rulebook import Rulebook, rulebook
from broker.flows.traces import explained
from tests import builders


def reviewed() -> Rulebook:
    """The same packs, as if a named person had signed them."""
    packs = [replace(pack, status="reviewed", confidence="high") for pack in builders.rules().packs.values()]
    made = rulebook(packs, "production")
    assert isinstance(made, Rulebook)
    return made


@pytest.mark.parametrize("grant", [builders.grant(), None], ids=["permitted", "refused"])
def test_a_decision_by_example_packs_is_stamped_and_one_by_reviewed_packs_is_not(grant: object) -> None:
    example = builders.snapshot(grant=grant)
    real = replace(example, rulebook=reviewed())
    for world, stamped in ((example, True), (real, False)):
        question = builders.question()
        decision = evaluate(question, world)
        assert decision.permits is (grant is not None)
        assert (EXAMPLE in decision.read) is stamped
        assert explained(DecisionId("dec_1"), explain(question, decision, world))["example_policy"] is stamped
