"""What holds of every decision, whatever the case: drawn as for the comparison with the second reading."""

from collections.abc import Callable
from copy import deepcopy
from dataclasses import replace
from functools import cache
from itertools import pairwise
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from broker.core.decision import Decision, Question, evaluate, explain
from broker.core.outcome import Gate, Outcome
from broker.core.purpose import LADDER
from broker.core.snapshot import Snapshot
from tests.differential import asking_decision
from tests.differential.both import Both
from tests.differential.drawing_decision import decision as drawn

Case = dict[str, Any]
CASES = st.randoms(use_true_random=False).map(drawn)
judges = cache(Both)
some = settings(max_examples=40)


def put(case: Case) -> tuple[Question, Snapshot]:
    return asking_decision.put(case, judges().ontology, judges().rules)


def asked(case: Case) -> Decision:
    return evaluate(*put(case))


def test_a_fair_share_of_the_cases_is_permitted_and_a_fair_share_is_not() -> None:
    """What never permits cannot show that a permit is narrowed."""
    found: list[bool] = []

    @settings(max_examples=150, database=None)
    @given(CASES)
    def collect(case: Case) -> None:
        found.append(asked(case).permits)

    collect()
    assert 0.25 * len(found) <= found.count(True) <= 0.9 * len(found)


# ------------------------------------------------------------------ a restriction more


def coded(*codes: Any) -> Callable[[Case], None]:
    return lambda case: case["dataset"]["duo"].extend(codes)


def required(**members: Any) -> Callable[[Case], None]:
    return lambda case: case["dataset"].update(members)


def certified(**members: Any) -> Callable[[Case], None]:
    return lambda case: case["dataset"]["certificate"].update(members)


def _sanctioned(case: Case) -> None:
    case["sanctions"] = [*case["sanctions"], {
        "step": "suspend_person", "lifted": False, "kind": "person", "begins": "2020-01-01", "ends": "2040-01-01",
    }]  # fmt: skip


def _withdrawn(case: Case) -> None:
    for versions in case["consents"].values():
        versions.append({
            "version": 99, "effective_from": "2025-06-01", "recorded_at": "2025-06-01", "status": "withdrawn",
            "withdrawal": {"kind": "no_further_use"},
        })  # fmt: skip


def _refused_by_a_community(case: Case) -> None:
    council = {
        "authority": "council",
        "rule": "assembly",
        "members": "the clan",
        "decision": "refused",
        "local_only": False,
    }
    case["communities"]["c9"] = [{"version": 1, "effective_from": "2025-01-01", "community": council}]


def _over(case: Case) -> None:
    for grant in case["grants"]:
        grant["ends"] = "2026-01-21"


def _unproved(case: Case) -> None:
    case["dataset"]["evidence"] = []
    if case["organisation"] is not None:
        case["organisation"]["evidence"] = []


def _unanswered(case: Case) -> None:
    for one in (case, *case["grants"]):
        one["findings"] = []


RESTRICTIONS: dict[str, Callable[[Case], None]] = {
    "no profit and no commercial use": coded({"code": "NPUNCU"}),
    "no ancestry research": coded({"code": "NPOA"}),
    "ethics approval": coded({"code": "IRB"}),
    "a kind of research in words": coded({"code": "RS", "text": "heart"}),
    "a place": coded({"code": "GS", "regions": ["AQ"]}),
    "a code that nobody knows": coded({"code": "DUO:0000099"}),
    "terms": required(terms_of_use="https://bank.example/terms"),
    "training": required(training="https://bank.example/training"),
    "more security": required(security_level=3),
    "a certificate that is over": certified(valid_to="2025-01-01"),
    "a certificate of no way": certified(answers={"modalities": [], "ai_training": "deny"}),
    "a sanction": _sanctioned,
    "a revocation": lambda case: case.update(revoked=True),
    "everybody withdrew": _withdrawn,
    "a community that refuses": _refused_by_a_community,
    "grants that are over": _over,
    "no papers": _unproved,
    "an institution that nobody knows": lambda case: case.update(organisation=None),
    "visas that are gone": lambda case: case.update(visas=[]),
    "answers that are taken back": _unanswered,
}
TOTAL = {"a sanction", "a revocation", "a community that refuses", "a place"}
"""After these nothing is permitted, at whatever stage, by whatever title, in whatever way."""


@pytest.mark.row("DIF-PROP")
@some
@given(CASES, st.sampled_from(sorted(RESTRICTIONS)))
def test_one_restriction_more_never_widens(case: Case, name: str) -> None:
    before, narrowed = asked(case), deepcopy(case)
    RESTRICTIONS[name](narrowed)
    after = asked(narrowed)
    assert after.permits <= before.permits
    if before.permits and after.permits:
        assert after.excluded >= before.excluded
    if len(case["grants"]) < 2 and not before.permits:  # of several, which one is told may change
        assert after.outcome >= before.outcome or name == "answers that are taken back"


@pytest.mark.row("DIF-PROP")
@some
@given(CASES, st.sampled_from(sorted(TOTAL)))
def test_what_stops_everything_stops_it(case: Case, name: str) -> None:
    narrowed = deepcopy(case)
    RESTRICTIONS[name](narrowed)
    assert not asked(narrowed).permits


# ------------------------------------------------------------------ a milder way


@pytest.mark.row("DIF-PROP")
@some
@given(CASES)
def test_a_milder_way_is_never_judged_worse_by_law_codes_or_security(case: Case) -> None:
    """Of participants and communities it is not asked: what they listed is meant as they listed it (ruling 7).

    The data do not move: where a copy would be worked on is where the milder way would be worked on too.
    """
    case["samples"] = None
    for purpose in (one for one in (case["purpose"], *(grant["purpose"] for grant in case["grants"])) if one):
        purpose["countries"] = [case["dataset"]["facts"].get("data.storage_country") or "DE"]
    question, world = put(case)
    found = [evaluate(replace(question, modality=way), world) for way in LADDER]
    for copied, mild in pairwise(found):
        if copied.grant != mild.grant:
            continue
        for gate in (Gate.DUO, Gate.JURISDICTION, Gate.SECURITY, Gate.IDENTITY, Gate.CONDUCT):
            stricter, milder = (_said(one, gate) for one in (copied, mild))
            assert milder <= stricter, (gate, copied.reasons, mild.reasons)


def _said(decision: Decision, gate: Gate) -> Outcome:
    """Whether a yes obliges to something is no more and no less of it."""
    outcomes = [one.outcome for one in decision.gates if one.gate is gate]
    return max(*outcomes, Outcome.PERMIT_WITH_OBLIGATIONS)


# ------------------------------------------------------------------ what must not matter


def _several_grants_that_end_together(case: Case, draw: Random) -> None:
    """Where order could matter most: each of them would do."""
    if case["grants"] and draw.random() < 0.5:
        first = case["grants"][0]
        case["grants"] = [{**deepcopy(first), "id": name} for name in ("G-7", "G-8", "G-9")]


@pytest.mark.row("DIF-PROP")
@some
@given(CASES, st.randoms(use_true_random=False))
def test_order_and_repetition_never_matter(case: Case, draw: Random) -> None:
    _several_grants_that_end_together(case, draw)
    turned = deepcopy(case)
    for members in (turned["visas"], turned["sanctions"], turned["dataset"]["duo"], turned["dataset"]["evidence"]):
        members.extend(deepcopy(members))
        draw.shuffle(members)
    draw.shuffle(turned["grants"])
    for purpose in (one for one in (turned["purpose"], *(grant["purpose"] for grant in turned["grants"])) if one):
        for name, value in purpose.items():
            if isinstance(value, list):
                purpose[name] = draw.sample(value * 2, 2 * len(value))
    for name in ("consents", "communities"):
        turned[name] = dict(draw.sample(sorted(turned[name].items()), len(turned[name])))
    one, other = asked(case), asked(turned)
    told = [(str(gate.gate), gate.outcome, gate.reasons) for gate in one.gates]
    assert [(str(gate.gate), gate.outcome, gate.reasons) for gate in other.gates] == told
    assert (other.outcome, other.grant, other.until, other.excluded) == (
        one.outcome,
        one.grant,
        one.until,
        one.excluded,
    )
    assert set(other.obligations) == set(one.obligations)


@pytest.mark.row("DIF-PROP")
@some
@given(CASES, st.randoms(use_true_random=False))
def test_in_which_order_the_world_was_told_never_matters(case: Case, draw: Random) -> None:
    turned = asking_decision.put(case, judges().ontology, judges().rules, lambda rows: draw.sample(rows, len(rows)))
    assert evaluate(*turned) == asked(case)


# ------------------------------------------------------------------ the explanation is the verdict


@pytest.mark.row("DIF-PROP")
@settings(max_examples=40)
@given(CASES)
def test_an_explanation_is_the_verdict(case: Case) -> None:
    question, world = put(case)
    decision = evaluate(question, world)
    told = explain(question, decision, world)
    by_people = any(gate.gate is Gate.CONSENT and not gate.outcome.permits for gate in decision.gates)
    if not by_people:  # their no is told as one no, of whatever kind (ruling 10)
        assert told.outcome is decision.outcome
    assert told.outcome.permits is decision.permits
    assert told.ladder[question.modality] is told.outcome
    for way in told.alternatives:
        assert evaluate(replace(question, modality=way), world).permits
    assert bool(told.reasons) or decision.permits
