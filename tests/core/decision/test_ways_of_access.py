"""Another way of access: which gates answer otherwise to it, and that no milder way is missed or made up."""

from dataclasses import replace
from typing import Any

import pytest

from broker.core.consent.model import Scope
from broker.core.decision import evaluate
from broker.core.decision.evaluate import evaluate_each
from broker.core.decision.gates import ASK_FOR_THE_WAY
from broker.core.outcome import Outcome
from broker.core.purpose import LADDER, Modality
from broker.core.time import Seconds
from tests import builders as b
from tests.core.decision.test_community_gate import decided
from tests.core.decision.test_evaluate import CASES
from tests.core.decision.test_findings import METHODS
from tests.core.decision.test_safeguards import CODES as BROAD_CODES
from tests.core.decision.test_safeguards import broad
from tests.fakes import START

WORLDS: list[tuple[str, dict[str, Any], dict[str, Any]]] = [
    *((what, asked, world) for what, asked, world, _, _ in CASES),
    ("a secure room first", {}, {
        "dataset": b.dataset(duo=BROAD_CODES), "pia": broad(12, "DUO:0000004"), "paul": None, "two": None}),
    ("the data stay with the community", {}, {"decided": decided(local_only=True)}),
    ("more security than was shown", {}, {"dataset": b.dataset(security_level=3)}),
]  # fmt: skip


@pytest.mark.parametrize(("_what", "asked", "world"), WORLDS, ids=[one[0] for one in WORLDS])
@pytest.mark.parametrize("stage", ["use", "approve"])
def test_only_some_gates_ask_for_the_way_and_no_milder_way_is_missed(
    _what: str, asked: dict[str, Any], world: dict[str, Any], stage: Any
) -> None:
    question = b.question(**{"stage": stage, **asked})
    if stage == "approve":
        question = replace(question, purpose=question.purpose or b.PURPOSE)
    snapshot = b.snapshot(**world)
    by_way = {way: evaluate(replace(question, modality=way), snapshot) for way in LADDER}
    said = [{gate.gate: gate for gate in found.gates if gate.gate not in ASK_FOR_THE_WAY} for found in by_way.values()]
    assert all(one == said[0] for one in said)
    for place, (way, found) in enumerate(by_way.items()):
        milder = any(by_way[other].permits for other in LADDER[place + 1 :])
        if found.outcome >= Outcome.ALTERNATIVE:
            assert (found.outcome is Outcome.ALTERNATIVE) is milder, way
    assert {way: found.outcome for way, found in evaluate_each(question, snapshot).items()} == {
        way: found.outcome for way, found in by_way.items()
    }


STREAM_ONLY = b.consent(scope=Scope(permissions=b.codes("DUO:0000042"), modalities=frozenset({Modality.STREAM})))
FOR_SALE = b.grant(id="grt_9", ends=Seconds(START + 2 * b.YEAR), purpose=replace(b.PURPOSE, commercial=True))
KNOWN: list[tuple[str, dict[str, Any], dict[str, Any]]] = [
    ("one grant", {}, {}),
    ("streaming alone", {}, {"pia": STREAM_ONLY}),
    ("streaming alone, and asked for", {"modality": Modality.STREAM}, {"pia": STREAM_ONLY}),
    ("two grants, one for sale", {"grants": ("grt_9", b.GRANT)}, {"sold": FOR_SALE}),
    (
        "two grants, both for sale",
        {"grants": ("grt_9", b.GRANT)},
        {"sold": FOR_SALE, "grant": replace(FOR_SALE, id=b.GRANT)},
    ),
    (
        "two grants, neither permits, the later refuses",
        {"grants": ("grt_9", b.GRANT)},
        {"sold": FOR_SALE, "grant": b.grant(purpose=METHODS)},
    ),
    (
        "two grants, the later has not begun",
        {"grants": ("grt_9", b.GRANT)},
        {"sold": b.grant(id="grt_9", ends=Seconds(START + 2 * b.YEAR), begins=Seconds(START + 1))},
    ),
    ("no grant", {"grants": ()}, {}),
]


@pytest.mark.parametrize(("_what", "asked", "world"), KNOWN, ids=[one[0] for one in KNOWN])
def test_an_answer_that_is_known_already_changes_no_other(
    _what: str, asked: dict[str, Any], world: dict[str, Any]
) -> None:
    """By a picture in which nothing has been asked yet."""
    question, snapshot = b.question(**asked), b.snapshot(**world)
    by_way = {way: evaluate(replace(question, modality=way), snapshot) for way in LADDER}
    assert evaluate_each(question, b.snapshot(**world)) == by_way
    assert evaluate_each(question, b.snapshot(**world), by_way[question.modality]) == by_way
