"""Accepted terms and Registered Access: what opens, what does not, until when, and that a demand never widens."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broker.core.decision import evaluate, explain
from broker.core.decision.gates.terms import terms as gate_of_terms
from broker.core.ids import Issuer
from broker.core.outcome import Outcome
from broker.core.passport.assertions import Stated
from broker.core.passport.holdings import REGISTERED_ACCESS
from broker.core.passport.trust import TrustRow
from broker.core.passport.visa import LINK, RESEARCHER, TERMS, Visa
from broker.core.rows import Assertion, Revocation, Row, VisaIssuer
from broker.core.rows.safeguards import FormerTerms
from broker.core.snapshot import follow
from broker.core.time import Seconds, day_of, start_of
from tests import builders as b
from tests.core.decision.test_looked_up import looked_up
from tests.fakes import START
from tests.flows.test_issued_visas import assertion

URL = "https://bank.example/terms"
ONE, TWO, LINKER = Issuer("https://one.example"), Issuer("https://two.example"), Issuer("https://linker.example")
PROFILE = {
    "commercial": False, "clinical_care": False, "genetic_data": True, "kinds": ["hmb"], "countries": ["DE"], "sensitive": [],
    "project": "p1", "duration_months": 12, "agreements": {"publish": True, "return_data": True}, "ai_use": "none",
    "linkage": False, "recontact": False,
}  # fmt: skip
ISSUERS = tuple(
    VisaIssuer(id=iss, trust=TrustRow(iss=iss, jku=(f"{iss}/jwks",), may_link=iss == LINKER))
    for iss in (ONE, TWO, LINKER)
)


def visa(type_: str, value: str, iss: str = ONE, sub: str = "ada", **changes: Any) -> Visa:
    """A visa as `verify.py` would have made it."""
    made = Visa(
        iss=iss, sub=sub, jti=f"{type_}-{iss}", type=type_, value=value, source=iss, by="so", asserted=Seconds(START - 100),
        iat=Seconds(START - 10), exp=Seconds(START + 1000), conditions=None, linked=(), jku=f"{iss}/jwks", kid="k",
        key="0" * 64, algorithm="ES256", digest=f"{type_}{iss}{value}{sub}",
    )  # fmt: skip
    return replace(made, **changes)


def terms(value: str = URL, **changes: Any) -> Assertion:
    return assertion(**{"id": "asr_t", "type": TERMS, "value": value, "by": "self", "source": b.US, **changes})


def said(type_: str, value: str, **changes: Any) -> Stated:
    made = Stated(type=type_, value=value, source=ONE, by="so", asserted=START, ends=Seconds(START + 500))
    return replace(made, **changes)


ASKED: list[tuple[str, dict[str, Any], tuple[Row, ...], str | None]] = [
    # what it is, question, rows, code of the refusal
    ("nothing", {}, (), "AUTH-TERMS"),
    ("accepted here, not shown", {}, (terms(),), None),
    ("accepted here by our own sub", {}, (terms(iss=b.US, sub=str(b.ADA)),), None),
    ("said by a society, not shown", {}, (terms(by="so", source="https://society.example"),), "AUTH-TERMS"),
    ("said by a society as if by themselves, not shown", {}, (terms(source="https://society.example"),), "AUTH-TERMS"),
    ("said by a society, shown", {"assertions": ("asr_t",)}, (terms(by="so", source="https://society.example"),), None),
    ("accepted by somebody else", {}, (terms(sub="bao"),), "AUTH-TERMS"),
    ("the same sub elsewhere", {}, (terms(iss=ONE),), "AUTH-TERMS"),
    ("a final slash", {}, (terms(URL + "/"),), "AUTH-TERMS"),
    ("another case", {}, (terms(URL.upper()),), "AUTH-TERMS"),
    ("status instead of terms", {}, (terms(type=RESEARCHER),), "AUTH-TERMS"),
    ("its last second", {}, (terms(ends=Seconds(START + 1)),), None),
    ("ended this second", {}, (terms(ends=START),), "AUTH-TERMS"),
    ("taken back", {}, (terms(ended=START),), "AUTH-TERMS"),
    ("from the next second on", {}, (terms(asserted=Seconds(START + 1)),), "AUTH-TERMS"),
    ("with conditions", {}, (terms(conditions=(({"type": TERMS, "value": "const:x"},),)),), "AUTH-TERMS"),
    ("a visa", {"visas": (visa(TERMS, URL),), "identities": frozenset({(ONE, "ada")})}, (), None),
    ("a visa of somebody else", {"visas": (visa(TERMS, URL, sub="bao"),)}, (), "AUTH-TERMS"),
    ("the provider said so", {"stated": (said(TERMS, URL),)}, (), None),
    ("the provider's word has ended", {"stated": (said(TERMS, URL, ends=START),)}, (), "AUTH-TERMS"),
    ("a committee's question", {"stage": "approve", "purpose": b.PURPOSE}, (), None),
    ("a question beforehand", {"stage": "foresee", "purpose": b.PURPOSE}, (), "AUTH-TERMS"),
]  # fmt: skip


@pytest.mark.parametrize(("what", "asked", "rows", "code"), ASKED, ids=[row[0] for row in ASKED])
@pytest.mark.row("WHO-3.8-2c")
def test_terms(what: str, asked: dict[str, Any], rows: tuple[Row, ...], code: str | None) -> None:
    del what
    snapshot = b.snapshot(*ISSUERS, *rows, dataset=b.dataset(terms_of_use=URL))
    question = b.question(**asked)
    if question.stage != "use":
        question = replace(question, grants=(), object=None)
    decision = evaluate(question, snapshot)
    codes = [reason.code for reason in decision.reasons]
    assert ("AUTH-TERMS" in codes) == (code is not None), codes
    if code is not None:
        assert decision.outcome is Outcome.PENDING
        assert decision.missing[0] == f"terms.accepted {URL}" or f"terms.accepted {URL}" in decision.missing
        assert URL in explain(question, decision, snapshot).sentences[0]


def test_a_permit_ends_with_the_acceptance() -> None:
    snapshot = b.snapshot(terms(ends=Seconds(START + 60)), dataset=b.dataset(terms_of_use=URL))
    assert evaluate(b.question(), snapshot).until == START + 60


BEFORE = "https://bank.example/terms-of-2026"
TOMORROW = start_of(day_of(START) + timedelta(days=1))
VERSIONS: list[tuple[tuple[Row, ...], int, int | None]] = [
    # what was accepted, when it is asked, until when it holds
    ((terms(BEFORE, ends=Seconds(TOMORROW + 9)),), START, TOMORROW),
    ((terms(BEFORE, ends=Seconds(START + 60)),), START, START + 60),
    ((terms(BEFORE, ends=Seconds(TOMORROW + 9)),), TOMORROW - 1, TOMORROW),
    ((terms(BEFORE, ends=Seconds(TOMORROW + 9)),), TOMORROW, None),
    ((terms(URL, ends=Seconds(TOMORROW + 9)),), TOMORROW, TOMORROW + 9),
    ((), START, None),
]


@pytest.mark.parametrize("n", range(len(VERSIONS)))
def test_whoever_accepted_the_terms_of_before_may_go_on_until_the_day_that_is_said(n: int) -> None:
    rows, at, until = VERSIONS[n]
    former = (FormerTerms(url=BEFORE, until=day_of(TOMORROW)),)
    world = {"dataset": b.dataset(terms_of_use=URL, former_terms=former)}
    found = gate_of_terms(looked_up(b.PURPOSE, *rows, world=world, stage="foresee", at=Seconds(at)))
    assert (found.until if found.outcome.permits else None) == until
    assert found.missing == (() if until is not None else (f"terms.accepted {URL}",))


BOTH = (visa(TERMS, REGISTERED_ACCESS), visa(RESEARCHER, REGISTERED_ACCESS))
ME = frozenset({(ONE, "ada")})
SPLIT = (visa(TERMS, REGISTERED_ACCESS), visa(RESEARCHER, REGISTERED_ACCESS, TWO, "abcd"))


def link(iss: str = LINKER, source: str = LINKER) -> Visa:
    return visa(LINK, "x", iss, "l", source=source, linked=((ONE, "ada"), (TWO, "abcd")))


def status(**changes: Any) -> Assertion:
    return assertion(**{"id": "asr_s", "value": REGISTERED_ACCESS, **changes})


REGISTERED: list[tuple[str, dict[str, Any], tuple[Row, ...], bool]] = [
    ("nothing", {}, (), False),
    ("both visas", {"visas": BOTH, "identities": ME}, (), True),
    ("terms alone", {"visas": BOTH[:1], "identities": ME}, (), False),
    ("status alone", {"visas": BOTH[1:], "identities": ME}, (), False),
    ("two versions", {"visas": (BOTH[0], visa(RESEARCHER, REGISTERED_ACCESS + "x")), "identities": ME}, (), False),
    ("another version, both", {"visas": (visa(TERMS, URL), visa(RESEARCHER, URL)), "identities": ME}, (), False),
    ("two identities without a link", {"visas": SPLIT, "identities": ME}, (), False),
    ("two identities and a trusted link", {"visas": (*SPLIT, link()), "identities": ME}, (), True),
    ("a link of who may not link", {"visas": (*SPLIT, link(TWO)), "identities": ME}, (), False),
    ("both asserted and shown", {"assertions": ("asr_t", "asr_s")}, (terms(REGISTERED_ACCESS), status()), True),
    ("both asserted, none shown", {}, (terms(REGISTERED_ACCESS), status()), False),
    ("one not shown", {"assertions": ("asr_t",)}, (terms(REGISTERED_ACCESS), status()), False),
    ("shown, but somebody else's", {"assertions": ("asr_t", "asr_s")}, (terms(REGISTERED_ACCESS), status(sub="bao")), False),
    ("ended", {"assertions": ("asr_t", "asr_s")}, (terms(REGISTERED_ACCESS), status(ended=START)), False),
    ("terms here, status from the provider", {"assertions": ("asr_t",), "stated": (said(RESEARCHER, REGISTERED_ACCESS),)},
        (terms(REGISTERED_ACCESS),), True),
]  # fmt: skip


@pytest.mark.parametrize(("what", "asked", "rows", "opens"), REGISTERED, ids=[row[0] for row in REGISTERED])
def test_registered_access(what: str, asked: dict[str, Any], rows: tuple[Row, ...], opens: bool) -> None:  # noqa: FBT001
    del what
    dataset = b.dataset(access="registered", registered_profile=PROFILE)
    snapshot = b.snapshot(*ISSUERS, *rows, dataset=dataset)
    question = b.question(**{"grants": (), **asked})
    decision = evaluate(question, snapshot)
    codes = [reason.code for reason in decision.reasons]
    assert decision.permits == opens, codes
    assert ("AUTH-NOT-REGISTERED" in codes) == (not opens)
    assert decision.grant == (f"registered:{REGISTERED_ACCESS}" if opens else None)


def test_it_ends_with_the_first_part_to_end() -> None:
    visas = (BOTH[0], replace(BOTH[1], exp=Seconds(START + 77)))
    dataset = b.dataset(access="registered", registered_profile=PROFILE)
    asked = b.question(grants=(), visas=visas, identities=ME)
    assert evaluate(asked, b.snapshot(*ISSUERS, dataset=dataset)).until == START + 77


def test_a_grant_opens_registered_data_too_and_without_a_profile_nobody_knows_what_for() -> None:
    assert evaluate(b.question(), b.snapshot(dataset=b.dataset(access="registered"))).permits
    asked = b.question(grants=(), visas=BOTH, identities=ME)
    decision = evaluate(asked, b.snapshot(*ISSUERS, dataset=b.dataset(access="registered")))
    assert not decision.permits
    assert "PUR-UNSTATED" in [reason.code for reason in decision.reasons]


def test_controlled_data_are_not_opened_by_registered_access() -> None:
    decision = evaluate(b.question(grants=(), visas=BOTH, identities=ME), b.snapshot(*ISSUERS))
    assert decision.reasons[0].code == "AUTH-NO-GRANT"


@pytest.mark.parametrize(
    "name", ["asr_019ab000-0000-7000-8000-000000000001", "asr_019ab000-0000-7000-8000-000000000001.1"]
)
def test_a_visa_of_ours_counts_no_longer_when_its_assertion_or_version_has_ended(name: str) -> None:
    own = visa(TERMS, URL, b.US, str(b.ADA), jti="asr_019ab000-0000-7000-8000-000000000001.1.u", jku=None)
    trust = TrustRow(iss=b.US, is_us=True, is_broker=True, access_tokens=True)
    before = b.snapshot(*ISSUERS, dataset=b.dataset(terms_of_use=URL))
    before = replace(before, own=trust, trust=type(before.trust)((trust,)))
    asked = b.question(visas=(own,))
    assert evaluate(asked, before).permits
    after = follow(before, [Revocation(id=f"visa:{b.US} {name}", since=START)])
    assert not evaluate(asked, after).permits


@given(
    st.lists(st.sampled_from([*BOTH, *SPLIT, link(), visa(TERMS, URL)]), unique=True),
    st.booleans(),
    st.booleans(),
    st.sampled_from(["open", "registered", "controlled"]),
)
def test_asking_for_terms_never_widens(visas: list[Visa], grant: bool, own: bool, access: Any) -> None:  # noqa: FBT001
    asked = b.question(visas=tuple(visas), grants=(b.GRANT,) if grant else (), identities=ME | b.question().identities)
    rows = (*ISSUERS, *((terms(),) if own else ()))
    dataset = b.dataset(access=access, registered_profile=PROFILE)
    free = evaluate(asked, b.snapshot(*rows, dataset=dataset))
    bound = evaluate(asked, b.snapshot(*rows, dataset=replace(dataset, terms_of_use=URL)))
    assert bound.outcome >= free.outcome
    assert bound.until <= free.until or not bound.permits
