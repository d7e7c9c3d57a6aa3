"""What other policy packs would change: who gains, who loses, and that the question put is the one that counts."""

from dataclasses import replace
from typing import Any

import pytest

from broker.adapters.policy_files import load_packs
from broker.core.decision import other_law
from broker.core.decision.causes import effects_of
from broker.core.decision.other_law import Difference, Effect, Said, difference, is_live, of_grant, of_request
from broker.core.jurisdiction.rulebook import Rulebook, rulebook
from broker.core.outcome import Gate, GateResult, Norm, Outcome, Reason
from broker.core.purpose import Modality
from broker.core.rows import Grant
from broker.core.time import Seconds
from tests import builders as b
from tests.fakes import START

PERMIT, DUTIES, REFER, DENY = Outcome.PERMIT, Outcome.PERMIT_WITH_OBLIGATIONS, Outcome.REFER, Outcome.DENY
ONE, TWO = Reason(code="JUR-NO-PACK"), Reason(code="JUR-FACT-MISSING")


def said(outcome: Outcome, *reasons: Reason, obligations: tuple[str, ...] = (), missing: tuple[str, ...] = ()) -> Said:
    return Said(outcome=outcome, reasons=reasons, obligations=obligations, missing=missing)


def changes(before: Said, after: Said) -> Difference:
    return Difference(
        kind="grant", id="g", dataset="d", country="DE", person="p", institution="i", before=before, after=after
    )


EFFECTS: list[tuple[Said, Said, Effect]] = [
    (said(PERMIT), said(PERMIT), "same"),
    (said(DENY, ONE), said(DENY, TWO), "same"),
    (said(PERMIT), said(DUTIES, obligations=("scc",)), "changes"),
    (said(DUTIES, obligations=("scc",)), said(DUTIES, obligations=("bcr",)), "changes"),
    (said(REFER, missing=("a",)), said(REFER, missing=("b",)), "changes"),
    (said(PERMIT), said(DENY), "loses"),
    (said(DUTIES), said(REFER), "loses"),
    (said(REFER), said(DENY), "loses"),
    (said(DENY), said(REFER), "gains"),
    (said(DENY), said(PERMIT), "gains"),
    (said(REFER), said(DUTIES, obligations=("scc",)), "gains"),
]


@pytest.mark.parametrize(("before", "after", "effect"), EFFECTS, ids=map(str, range(len(EFFECTS))))
def test_a_yes_is_more_than_a_question_and_that_is_more_than_a_no(before: Said, after: Said, effect: Effect) -> None:
    """Whether a yes obliges to something is no more and no less of it, but something changes."""
    assert changes(before, after).effect == effect


def test_why_are_the_reasons_that_one_set_of_packs_alone_has() -> None:
    assert changes(said(DENY, ONE), said(DENY, ONE, TWO)).why == (TWO,)
    assert changes(said(DENY, ONE, TWO), said(DENY, ONE)).why == (TWO,)
    assert changes(said(DENY, ONE), said(DENY, TWO)).why == (TWO,)
    assert changes(said(DENY, ONE), said(DENY, ONE)).why == ()


def by(version: str, rule: str) -> Reason:
    return Reason(code="JUR-EU-ADEQUATE", norm=Norm(source="pack", version=version, rule=rule, cite="Art 45"))


FIRST = Norm(source="eu", version="1", rule="a")
MISSING = Reason(code="JUR-FACT-MISSING", norm=FIRST)
OTHERS = {
    "code": replace(MISSING, code="JUR-NO-PACK"),
    "pack": replace(MISSING, norm=replace(FIRST, source="us")),
    "rule": replace(MISSING, norm=replace(FIRST, rule="b")),
    "no rule": replace(MISSING, norm=None),
}


@pytest.mark.parametrize("what", OTHERS)
def test_another_code_pack_or_rule_is_a_reason_of_its_own(what: str) -> None:
    newer = replace(MISSING, norm=replace(FIRST, version="2"))
    assert changes(said(DENY, MISSING), said(DENY, newer, OTHERS[what])).why == (OTHERS[what],)


def test_a_rule_that_says_the_same_in_another_version_is_not_why() -> None:
    assert changes(said(PERMIT, by("1", "a"), by("1", "b")), said(DENY, by("2", "a"), ONE)).why == (ONE,)
    assert changes(said(PERMIT, by("1", "a"), ONE), said(DENY, by("2", "a"))).why == (ONE,)


def test_where_the_same_rules_decide_the_one_of_the_other_version_is_why() -> None:
    before, after = said(PERMIT, ONE, by("1", "a")), said(DUTIES, ONE, by("2", "a"), obligations=("scc",))
    assert changes(before, after).why == (by("2", "a"),)


def test_each_effect_is_counted_and_none_is_left_out() -> None:
    every = [changes(before, after) for before, after, _ in EFFECTS]
    assert effects_of(every).counted() == {"loses": 3, "gains": 3, "changes": 3, "same": 2}
    assert effects_of([]).counted() == {"loses": 0, "gains": 0, "changes": 0, "same": 0}


@pytest.mark.parametrize(
    ("grant", "at", "live"),
    [
        (b.grant(begins=START), START, True),
        (b.grant(begins=START), Seconds(START - 1), False),
        (b.grant(ends=Seconds(START + 9)), Seconds(START + 8), True),
        (b.grant(ends=Seconds(START + 9)), Seconds(START + 9), False),
    ],
)
def test_a_grant_is_live_from_its_first_second_until_before_its_end(grant: Grant, at: Seconds, *, live: bool) -> None:
    assert is_live(grant, b.snapshot(grant=grant), at) is live


def test_a_grant_that_was_revoked_is_not_live() -> None:
    gone = b.revocation(f"grant:{b.GRANT}", since=Seconds(START + 5))
    assert is_live(b.grant(), b.snapshot(gone), Seconds(START + 4))
    assert not is_live(b.grant(), b.snapshot(gone), Seconds(START + 5))


WAY = replace(b.PURPOSE, modality=Modality.TRE_REMOTE)
ASKED: dict[str, Any] = {
    "stage": "approve", "at": START, "known_at": START, "person": b.ADA, "identities": {(b.US, str(b.ADA))},
    "dataset": b.HEART, "affiliations": ("faculty@rhine.example",), "purpose": WAY, "modality": Modality.TRE_REMOTE,
}  # fmt: skip


def test_a_grant_puts_the_question_that_its_approval_put() -> None:
    row = b.grant(purpose=WAY, affiliations=("faculty@rhine.example",))
    found = of_grant(row, "FR", b.snapshot(), START)
    assert (found.kind, found.id) == ("grant", b.GRANT)
    assert {name: getattr(found.question, name) for name in ASKED} == ASKED
    assert (found.question.location, found.question.findings) == ("FR", row.findings)


def test_a_request_puts_the_question_that_its_approval_would_put() -> None:
    row = b.request(purpose=WAY, location="CH")
    found = of_request(row, b.snapshot(), START)
    assert (found.kind, found.id) == ("request", "req_1")
    assert {name: getattr(found.question, name) for name in ASKED} == ASKED
    assert (found.question.location, found.question.findings) == ("CH", row.findings)


def without_europe() -> Rulebook:
    made = rulebook([pack for pack in load_packs(b.CONFIG / "policies") if pack.id == "core-baseline"], "example")
    assert isinstance(made, Rulebook)
    return made


def test_other_packs_are_asked_in_place_of_those_in_force_and_nothing_else_is_changed() -> None:
    facts = {**b.RECIPIENT_FACTS, "recipient.country": "US", "recipient.can_sign_scc": False}
    abroad = b.organisation(facts=facts | {"recipient.dpf_certified": False})
    purpose = replace(b.PURPOSE, countries=frozenset({"US"}))
    world = b.snapshot(organisation=abroad)
    question = of_request(b.request(purpose=purpose, location="US"), world, START)
    found = difference(question, world, without_europe())
    assert (found.kind, found.id, found.dataset, found.country) == ("request", "req_1", b.HEART, "US")
    assert (found.person, found.institution) == (b.ADA, "rhine")
    assert found.before.outcome.permits is False
    assert found.after != found.before
    back = difference(question, replace(world, rulebook=without_europe()), b.rules())
    assert (back.before, back.after) == (found.after, found.before)
    assert {found.effect, back.effect} == {"gains", "loses"}


def test_nobody_knows_the_country_of_an_institution_that_is_not_registered() -> None:
    world = b.snapshot(organisation=None)
    assert difference(of_request(b.request(), world, START), world, b.rules()).country == ""


def test_words_are_told_once_and_in_order() -> None:
    result = GateResult(
        gate=Gate.JURISDICTION, outcome=REFER, reasons=(ONE,), obligations=("b", "a", "b"), missing=("y", "x", "y")
    )
    assert other_law.of_gate(result) == said(REFER, ONE, obligations=("a", "b"), missing=("x", "y"))
