"""Who controls the operator of the storage is a fact that rules read; unknown is not nobody (WHO-P-8)."""

import pytest

from broker.core.jurisdiction.facts import FactValue
from broker.core.jurisdiction.needs import needs
from broker.core.outcome import Outcome
from tests.core.jurisdiction.jurisdiction_world import HOME, NOW, book_of, pack, rule
from tests.core.jurisdiction.test_jurisdiction_lint import is_
from tests.core.jurisdiction.test_jurisdiction_slots import answer

CONTROL = "data.storage_operator_control"
REACHED = rule("reached-from-abroad", "refer", is_(CONTROL, "any_in", value=["US", "CN"]), reason="JUR-NO-RULE")
PACK = pack(decide=[REACHED, rule("ok", "permit")])
FREE = ("DE",)


@pytest.mark.row("WHO-P-8")
@pytest.mark.parametrize(
    ("control", "outcome"),
    [(("DE",), Outcome.PERMIT), (("DE", "US"), Outcome.REFER), (("CN",), Outcome.REFER), (None, Outcome.REFER)],
)
def test_who_controls_the_operator_is_asked_wherever_the_data_lie(
    control: tuple[str, ...] | None, outcome: Outcome
) -> None:
    """The same place of storage; only who can order its operator about is another."""
    found = answer(PACK, **{CONTROL: control})
    assert found.outcome is outcome
    assert (CONTROL in found.missing_facts) is (control is None)


@pytest.mark.row("WHO-P-8")
def test_a_data_set_is_not_registered_while_nobody_said_who_controls_its_operator() -> None:
    stated: dict[str, FactValue] = dict(HOME)
    assert CONTROL in {one.fact for one in needs(book_of(PACK), stated, NOW)}
    assert CONTROL not in {one.fact for one in needs(book_of(PACK), stated | {CONTROL: FREE}, NOW)}
