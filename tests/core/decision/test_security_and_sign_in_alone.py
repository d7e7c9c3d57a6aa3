"""The gates of security, sign-in, terms and training, asked alone: what has to be shown, and to the second."""

from dataclasses import replace
from typing import Any

import pytest

from broker.core.decision.case import Case
from broker.core.decision.gates.identity import identity
from broker.core.decision.gates.security import security, shown
from broker.core.decision.gates.sign_in import ends, meets, step_up
from broker.core.decision.gates.terms import terms
from broker.core.outcome import GateResult, Outcome
from broker.core.purpose import Modality
from broker.core.rows import Evidence, Organisation
from broker.core.rows.assurance import Demand, SignIn
from broker.core.time import FOREVER, Seconds, rfc3339
from tests import builders as b
from tests.core.decision.test_gates_alone import case
from tests.core.decision.test_safeguards import FRANCE
from tests.core.decision.test_sealed_objects import ENVELOPE
from tests.core.decision.test_terms_and_registered import URL
from tests.core.decision.test_terms_and_registered import terms as accepted
from tests.fakes import START
from tests.flows.test_issued_visas import assertion


def papers(*found: tuple[str, int, int]) -> tuple[Evidence, ...]:
    return tuple(
        Evidence(id=id, valid_from=Seconds(START + begins), valid_to=Seconds(START + end)) for id, begins, end in found
    )


def place(*found: tuple[str, int, int], **changes: Any) -> Organisation:
    return b.organisation(evidence=papers(*found), **changes)


# Security

L2, L3 = "security.level:2", "security.level:3"
SHOWN: list[tuple[Organisation | None, Any, tuple[int | None, int]]] = [
    (None, 3, (None, FOREVER)),
    (place(), None, (None, FOREVER)),
    (place(), True, (None, FOREVER)),
    (place(), "3", (None, FOREVER)),
    (place(), 0, (0, FOREVER)),
    (place(), 1, (1, FOREVER)),
    (place(), 3, (1, FOREVER)),
    (place((L2, 0, 9)), 3, (2, START + 9)),
    (place((L2, 0, 9)), 1, (1, START + 9)),
    (place((L2, 0, 9)), 0, (0, START + 9)),
    (place((L2, -9, 0)), 3, (1, FOREVER)),
    (place((L2, 1, 9)), 3, (1, START + 1)),
    (place((L3, 0, 9), (L2, 0, 5)), 3, (3, START + 5)),
    (place(("security.level:4", 0, 9)), 3, (1, START + 9)),
    (place(("security.level:0", 0, 9)), 3, (1, START + 9)),
    (place(("security.other:3", 0, 9)), 3, (1, FOREVER)),
]


@pytest.mark.parametrize("n", range(len(SHOWN)))
def test_the_level_is_what_is_stated_as_far_as_evidence_goes(n: int) -> None:
    organisation, stated, wanted = SHOWN[n]
    assert shown(organisation, stated, START) == wanted


ABROAD: dict[str, Any] = {"organisation": replace(FRANCE, recourse=())}
SEALED = b.drs_object(envelope=ENVELOPE)


def demanding(level: int, **changes: Any) -> Any:
    return b.dataset(security_level=level, **changes)


def low(have: str, needed: str) -> dict[str, str]:
    return {"have": have, "needed": needed}


NOBODY = low("nobody to act against", "a contract, a funder or a signing official")
SECURITY: list[tuple[Case, str, dict[str, str]]] = [
    (case(dataset=None), "", {}),
    (case(), "", {}),
    (case(dataset=demanding(1)), "", {}),
    (case(dataset=demanding(2)), "SEC-CANNOT-PROTECT", low("1", "2")),
    (case(dataset=demanding(2, access="open")), "", {}),
    (case(dataset=demanding(2), organisation=place((L2, 0, 9))), "", {}),
    (case(dataset=demanding(0), organisation=None), "SEC-CANNOT-PROTECT", low("not known", "0")),
    (case(dataset=demanding(2), asked={"modality": Modality.STREAM}), "SEC-CANNOT-PROTECT", low("1", "2")),
    (case(dataset=demanding(2), asked={"modality": Modality.TRE_REMOTE}), "", {}),
    (case(organisation=replace(b.organisation(), recourse=())), "", {}),
    (case(**ABROAD), "SEC-CANNOT-PROTECT", NOBODY),
    (case(**ABROAD, asked={"modality": Modality.CODE_TO_DATA}), "", {}),
    (case(organisation=FRANCE), "", {}),
    (case(organisation=None), "SEC-CANNOT-PROTECT", NOBODY),
    (case(one=SEALED), "SEC-SEALED-ONLY", {}),
    (case(one=SEALED, dataset=b.dataset(access="open")), "SEC-SEALED-ONLY", {}),
    (case(one=SEALED, dataset=b.dataset(plaintext=True)), "", {}),
    (case(one=SEALED, asked={"sealed": True}), "", {}),
    (case(one=SEALED, asked={"object": None}), "", {}),
    (case(one=SEALED, asked={"object": b.TWO}), "", {}),
    (case(one=None), "", {}),
    (case(one=SEALED, asked={"modality": Modality.AGGREGATE}), "", {}),
    (case(one=SEALED, asked={"modality": Modality.STREAM}), "SEC-SEALED-ONLY", {}),
]


def told(found: GateResult) -> tuple[str, dict[str, str]]:
    return (found.reasons[0].code, dict(found.reasons[0].facts)) if found.reasons else ("", {})


@pytest.mark.parametrize("n", range(len(SECURITY)))
def test_copies_go_to_who_can_protect_them_and_can_be_held_to_account(n: int) -> None:
    asked, code, facts = SECURITY[n]
    found = security(asked)
    assert told(found) == (code, facts)
    assert found.outcome is (Outcome.DENY if code else Outcome.PERMIT)


def test_an_answer_about_security_holds_until_the_evidence_turns() -> None:
    assert security(case(dataset=demanding(2), organisation=place((L2, 0, 9)))).until == START + 9
    assert security(case(dataset=demanding(3), organisation=place((L2, 0, 9)))).until == START + 9
    assert security(case(organisation=place((L2, 0, 9)))).until == FOREVER


# Sign-in

STRONG = SignIn(acr="mfa", amr=("pwd", "otp"), at=Seconds(START - 100))
MEETS: list[tuple[Demand, bool]] = [
    (Demand(), True),
    (Demand(acr=("mfa",)), True),
    (Demand(acr=("gold", "mfa")), True),
    (Demand(acr=("gold",)), False),
    (Demand(acr=("mf",)), False),
    (Demand(amr=("otp",)), True),
    (Demand(amr=("pwd", "otp")), True),
    (Demand(amr=("otp", "hwk")), False),
    (Demand(max_age=101), True),
    (Demand(max_age=100), False),
    (Demand(acr=("gold",), amr=("otp",), max_age=101), False),
    (Demand(acr=("mfa",), amr=("hwk",), max_age=101), False),
    (Demand(acr=("mfa",), amr=("otp",), max_age=99), False),
]


@pytest.mark.parametrize(("demand", "fine"), MEETS, ids=map(str, range(len(MEETS))))
def test_a_sign_in_does_if_it_is_strong_and_new_enough(demand: Demand, *, fine: bool) -> None:
    assert meets(demand, STRONG, START) is fine
    asked = case(dataset=b.dataset(assurance=demand), asked={"sign_in": STRONG})
    found = step_up(asked)
    assert (found is None) is fine
    if found is not None:
        assert (found.outcome, told(found)[0], found.missing) == (Outcome.PENDING, "AUTH-STEP-UP", ("sign-in",))
        assert identity(asked) == found


WORDS: list[tuple[Demand, dict[str, str]]] = [
    (Demand(), {"wanted": "that is known"}),
    (Demand(acr=("a",)), {"acr_values": "a", "wanted": "of kind a"}),
    (Demand(amr=("b",)), {"amr": "b", "wanted": "with b"}),
    (Demand(max_age=60), {"max_age": "60", "wanted": "at most 60 seconds ago"}),
    (
        Demand(acr=("a", "c"), amr=("b", "d"), max_age=60),
        {
            "acr_values": "a c", "amr": "b d", "max_age": "60",
            "wanted": "of kind a or c, with b, d, at most 60 seconds ago",
        },
    ),
]  # fmt: skip


@pytest.mark.parametrize(("demand", "facts"), WORDS, ids=map(str, range(len(WORDS))))
def test_what_would_do_is_told_in_words_and_one_by_one(demand: Demand, facts: dict[str, str]) -> None:
    found = step_up(case(dataset=b.dataset(assurance=demand)))
    assert found is not None
    assert (found.outcome, told(found)) == (Outcome.DENY, ("AUTH-STEP-UP-UNKNOWN", facts))
    assert found.reasons[0].facts == tuple(sorted(facts.items()))


AGED = b.dataset(assurance=Demand(max_age=600))
ENDS: list[tuple[Case, int]] = [
    (case(dataset=AGED, asked={"sign_in": STRONG}), START + 500),
    (case(dataset=AGED), FOREVER),
    (case(dataset=AGED, asked={"sign_in": STRONG, "stage": "approve"}), FOREVER),
    (case(dataset=b.dataset(assurance=Demand(acr=("mfa",))), asked={"sign_in": STRONG}), FOREVER),
    (case(asked={"sign_in": STRONG}), FOREVER),
    (case(dataset=None, asked={"sign_in": STRONG}), FOREVER),
]


@pytest.mark.parametrize("n", range(len(ENDS)))
def test_a_sign_in_gets_too_old_where_its_age_matters(n: int) -> None:
    asked, until = ENDS[n]
    assert ends(asked) == until


def test_only_a_use_depends_on_how_somebody_signed_in() -> None:
    strict = b.dataset(assurance=Demand(acr=("gold",)))
    for stage in ("approve", "foresee"):
        assert step_up(case(dataset=strict, asked={"stage": stage})) is None
    assert step_up(case(dataset=None)) is None
    assert step_up(case()) is None
    assert step_up(case(dataset=strict)) is not None


# Terms and training

COURSE = "https://training.example/1"
TAKEN = assertion(id="asr_c", value=COURSE, ends=Seconds(START + 70))
LAPSED = assertion(id="asr_c", value=COURSE, ends=Seconds(START - 7), asserted=Seconds(START - 90))
SHORT = replace(TAKEN, id="asr_d", ends=Seconds(START + 50))
LONG_GONE = replace(LAPSED, id="asr_d", ends=Seconds(START - 20))
AGREED = accepted(ends=Seconds(START + 60))
URLS = {"terms_of_use": URL, "training": COURSE}
TERMS: list[tuple[Case, str, dict[str, str], tuple[str, ...], int]] = [
    (case(dataset=None), "", {}, (), FOREVER),
    (case(), "", {}, (), FOREVER),
    (case(dataset=b.dataset(terms_of_use=URL)), "AUTH-TERMS", {"url": URL}, (f"terms.accepted {URL}",), FOREVER),
    (case(dataset=b.dataset(terms_of_use=URL), asked={"stage": "approve"}), "", {}, (), FOREVER),
    (case(AGREED, dataset=b.dataset(terms_of_use=URL)), "", {}, (), START + 60),
    (case(dataset=b.dataset(training=COURSE)), "AUTH-TRAINING-MISSING", {"url": COURSE}, (f"training {COURSE}",), FOREVER),
    (case(TAKEN, dataset=b.dataset(training=COURSE)), "", {}, (), START + 70),
    (
        case(LAPSED, dataset=b.dataset(training=COURSE)), "AUTH-TRAINING-EXPIRED",
        {"url": COURSE, "date": rfc3339(Seconds(START - 7))}, (f"training {COURSE}",), FOREVER,
    ),
    (case(TAKEN, dataset=b.dataset(**URLS)), "AUTH-TERMS", {"url": URL}, (f"terms.accepted {URL}",), FOREVER),
    (case(AGREED, dataset=b.dataset(**URLS)), "AUTH-TRAINING-MISSING", {"url": COURSE}, (f"training {COURSE}",), START + 60),
    (case(AGREED, TAKEN, dataset=b.dataset(**URLS)), "", {}, (), START + 60),
    (case(replace(AGREED, ends=Seconds(START + 80)), TAKEN, dataset=b.dataset(**URLS)), "", {}, (), START + 70),
]  # fmt: skip


@pytest.mark.parametrize("found", [(TAKEN, SHORT), (SHORT, TAKEN)])
def test_of_several_certificates_the_last_to_end_counts(found: Any) -> None:
    assert terms(case(*found, dataset=b.dataset(training=COURSE))).until == START + 70


@pytest.mark.parametrize("found", [(LAPSED, LONG_GONE), (LONG_GONE, LAPSED)])
def test_of_several_that_have_ended_the_last_is_told(found: Any) -> None:
    told_ = told(terms(case(*found, dataset=b.dataset(training=COURSE))))
    assert told_ == ("AUTH-TRAINING-EXPIRED", {"url": COURSE, "date": rfc3339(Seconds(START - 7))})


@pytest.mark.parametrize("n", range(len(TERMS)))
def test_terms_are_accepted_first_and_then_somebody_is_trained(n: int) -> None:
    asked, code, facts, missing, until = TERMS[n]
    found = terms(asked)
    assert (*told(found), found.missing, found.until) == (code, facts, missing, until)
    assert found.outcome is (Outcome.PENDING if code else Outcome.PERMIT)
