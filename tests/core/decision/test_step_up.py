"""A dataset demands a kind of sign-in: who is let in, what is told, and that a demand never widens anything."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broker.core.decision import evaluate, explain
from broker.core.outcome import Gate, Outcome
from broker.core.purpose import LADDER, Modality
from broker.core.rows.assurance import Demand, SignIn
from broker.core.time import Seconds
from tests import builders as b
from tests.fakes import START

MFA, SFA = "https://refeds.org/profile/mfa", "https://refeds.org/profile/sfa"
STRONG = SignIn(acr=MFA, amr=("pwd", "mfa"), at=Seconds(START - 100))


@pytest.mark.parametrize(
    ("demand", "sign_in", "code"),
    [
        (Demand(acr=(MFA,)), {}, None),
        (Demand(acr=(SFA, MFA)), {}, None),
        (Demand(acr=(MFA,)), {"acr": SFA}, "AUTH-STEP-UP"),
        (Demand(acr=(MFA,)), {"acr": None}, "AUTH-STEP-UP"),
        (Demand(acr=(MFA,)), {"acr": MFA + "/"}, "AUTH-STEP-UP"),
        (Demand(acr=(MFA,)), {"acr": "mfa"}, "AUTH-STEP-UP"),
        (Demand(acr=(MFA,)), {"acr": MFA.upper()}, "AUTH-STEP-UP"),
        (Demand(amr=("mfa",)), {}, None),
        (Demand(amr=("mfa", "pwd")), {}, None),
        (Demand(amr=("mfa", "hwk")), {}, "AUTH-STEP-UP"),
        (Demand(amr=("mfa",)), {"amr": ()}, "AUTH-STEP-UP"),
        (Demand(max_age=101), {}, None),
        (Demand(max_age=100), {}, "AUTH-STEP-UP"),
        (Demand(acr=(MFA,), amr=("mfa",), max_age=101), {}, None),
        (Demand(acr=(MFA,), amr=("mfa",), max_age=99), {}, "AUTH-STEP-UP"),
        (Demand(acr=(MFA,), amr=("hwk",), max_age=101), {}, "AUTH-STEP-UP"),
        (Demand(acr=(SFA,), amr=("mfa",), max_age=101), {}, "AUTH-STEP-UP"),
        (Demand(acr=(MFA,)), None, "AUTH-STEP-UP-UNKNOWN"),
        (Demand(max_age=10**6), None, "AUTH-STEP-UP-UNKNOWN"),
        (Demand(), None, "AUTH-STEP-UP-UNKNOWN"),
        (None, None, None),
        (None, {"acr": None}, None),
    ],
)
def test_who_signed_in_as_demanded_is_let_in(
    demand: Demand | None, sign_in: dict[str, Any] | None, code: str | None
) -> None:
    how = None if sign_in is None else replace(STRONG, **sign_in)
    decision = evaluate(b.question(sign_in=how), b.snapshot(dataset=b.dataset(assurance=demand)))
    codes = [reason.code for reason in decision.reasons if reason.code.startswith("AUTH-")]
    assert (decision.permits, codes) == (code is None, [code] if code else [])
    if code is not None:
        wanted = Outcome.PENDING if code == "AUTH-STEP-UP" else Outcome.DENY
        assert decision.outcome is wanted
        assert {gate.gate for gate in decision.telling} == {Gate.IDENTITY}


def test_what_would_do_is_told() -> None:
    demand = Demand(acr=(MFA, "gold"), amr=("hwk",), max_age=600)
    snapshot, asked = b.snapshot(dataset=b.dataset(assurance=demand)), b.question(sign_in=STRONG)
    told = explain(asked, evaluate(asked, snapshot), snapshot)
    assert dict(told.reasons[0].facts) == {
        "acr_values": f"{MFA} gold", "amr": "hwk", "max_age": "600",
        "wanted": f"of kind {MFA} or gold, with hwk, at most 600 seconds ago",
    }  # fmt: skip
    assert told.missing == ("sign-in",)
    assert "at most 600 seconds ago" in told.sentences[0]


def test_an_answer_ends_when_the_sign_in_gets_too_old() -> None:
    snapshot = b.snapshot(dataset=b.dataset(assurance=Demand(max_age=600)))
    assert evaluate(b.question(sign_in=STRONG), snapshot).until == START + 500


@pytest.mark.parametrize("stage", ["foresee", "approve"])
def test_whether_data_suit_a_purpose_does_not_depend_on_the_sign_in(stage: Any) -> None:
    asked = b.question(stage=stage, purpose=b.PURPOSE, grants=(), object=None)
    assert evaluate(asked, b.snapshot(dataset=b.dataset(assurance=Demand(acr=(MFA,))))).permits


DEMANDS = st.builds(
    Demand,
    acr=st.lists(st.sampled_from([MFA, SFA, "gold"]), max_size=2).map(tuple),
    amr=st.lists(st.sampled_from(["pwd", "mfa", "hwk"]), max_size=2).map(tuple),
    max_age=st.none() | st.integers(1, 400),
)
SIGN_INS = st.none() | st.builds(
    SignIn,
    acr=st.none() | st.sampled_from([MFA, SFA, "gold"]),
    amr=st.lists(st.sampled_from(["pwd", "mfa", "hwk"]), max_size=3).map(tuple),
    at=st.integers(START - 300, START).map(Seconds),
)


@given(DEMANDS, SIGN_INS, st.sampled_from(LADDER), st.sampled_from([None, "withdrawn", "no grant"]))
def test_adding_a_demand_never_widens(demand: Demand, sign_in: SignIn | None, way: Modality, other: str | None) -> None:
    world: dict[str, Any] = {"pia": None} if other == "withdrawn" else {}
    asked = b.question(modality=way, sign_in=sign_in, grants=() if other == "no grant" else (b.GRANT,))
    before = evaluate(asked, b.snapshot(**world))
    after = evaluate(asked, b.snapshot(dataset=b.dataset(assurance=demand), **world))
    assert after.permits <= before.permits
    assert after.outcome >= before.outcome
    assert after.until <= before.until or not after.permits


@given(DEMANDS, DEMANDS, SIGN_INS)
def test_a_stricter_demand_lets_in_nobody_whom_a_milder_one_keeps_out(
    one: Demand, more: Demand, sign_in: SignIn
) -> None:
    ages = [age for age in (one.max_age, more.max_age) if age is not None]
    kinds = tuple(kind for kind in one.acr if kind in more.acr) if one.acr and more.acr else one.acr or more.acr
    if one.acr and more.acr and not kinds:
        return
    both = Demand(acr=kinds, amr=(*one.amr, *more.amr), max_age=min(ages, default=None))
    asked = b.question(sign_in=sign_in)
    strict = evaluate(asked, b.snapshot(dataset=b.dataset(assurance=both))).permits
    mild = evaluate(asked, b.snapshot(dataset=b.dataset(assurance=one))).permits
    assert strict <= mild
