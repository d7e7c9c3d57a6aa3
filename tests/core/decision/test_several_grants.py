"""Several grants at once: which one a use is judged under, and what becomes of an answer when none permits."""

from dataclasses import replace
from itertools import permutations
from typing import Any

import pytest

from broker.core.decision import evaluate
from broker.core.decision.answering import Given, findings_for
from broker.core.decision.entitlement import Entitlement, entitlements, tried
from broker.core.ids import PersonId
from broker.core.outcome import Outcome
from broker.core.passport.evaluate import Accepted, Evaluation
from broker.core.passport.visa import GRANT as CONTROLLED
from broker.core.passport.visa import RESEARCHER, TERMS
from broker.core.purpose import Kind
from broker.core.rows import Grant
from broker.core.time import Seconds
from tests import builders as b
from tests.core.decision.test_findings import ASKED, METHODS, open_codes
from tests.core.decision.test_terms_and_registered import ISSUERS, ME, URL, visa
from tests.fakes import START

LATE = Seconds(START + 2 * b.YEAR)
NOBODYS = Evaluation(accepted=(), dropped=(), identities=frozenset())


def grants(*rows: Grant) -> Any:
    return b.snapshot(*rows, grant=None)


def held(*ids: str, rows: tuple[Grant, ...], **changes: Any) -> tuple[Entitlement, ...]:
    return entitlements(b.question(grants=ids, **changes), NOBODYS, grants(*rows))


ROWS = (b.grant(id="grt_a"), b.grant(id="grt_b", ends=LATE), b.grant(id="grt_c", ends=LATE))


@pytest.mark.parametrize("shown", [*permutations(["grt_a", "grt_b", "grt_c"])])
def test_the_latest_end_comes_first_and_of_equals_the_first_by_name(shown: tuple[str, ...]) -> None:
    assert [one.id for one in held(*shown, rows=ROWS)] == ["grt_b", "grt_c", "grt_a"]
    assert [one.id for one in held(*shown, rows=ROWS, grant="grt_c")] == ["grt_c"]
    assert held(*shown, rows=ROWS, stage="approve") == ()


OVER = b.grant(id="grt_over", begins=Seconds(START - 9), ends=START)
LATER = b.grant(id="grt_later", begins=Seconds(START + 1), ends=LATE)
TODAY = b.grant(id="grt_today", begins=START, ends=Seconds(START + 1))
TRIED: list[tuple[tuple[Grant, ...], list[str]]] = [
    ((TODAY, OVER), ["grt_today"]),
    ((TODAY, LATER), ["grt_today"]),
    ((TODAY, ROWS[1]), ["grt_b", "grt_today"]),
    ((OVER, LATER), ["grt_later", "grt_over"]),
    ((OVER,), ["grt_over"]),
    ((), []),
]


@pytest.mark.parametrize(("rows", "wanted"), TRIED, ids=map(str, range(len(TRIED))))
def test_a_use_is_judged_under_grants_that_live_and_under_others_only_if_none_does(
    rows: tuple[Grant, ...], wanted: list[str]
) -> None:
    asked = b.question(grants=tuple(one.id for one in rows))
    assert [one.id for one in tried(asked, NOBODYS, grants(*rows))] == wanted


@pytest.mark.parametrize(("visa_ends", "counts"), [(START + 60, START + 60), (LATE + 60, LATE)])
def test_a_grant_that_a_visa_of_ours_shows_ends_with_the_first_of_both(visa_ends: int, counts: int) -> None:
    ours = visa(CONTROLLED, str(b.HEART), iss=b.US, sub=str(b.ADA))
    shown = Accepted(visa=ours, uses=(), ends=Seconds(visa_ends), dataset=str(b.HEART))
    visas = replace(NOBODYS, accepted=(shown,))
    (found,) = entitlements(b.question(grants=()), visas, grants(b.grant(ends=LATE)))
    assert (found.id, found.ends) == (b.GRANT, counts)


def for_profit(id: str, **changes: Any) -> Grant:
    return b.grant(id=id, purpose=replace(b.PURPOSE, commercial=True), **changes)


METHOD = b.grant(id="grt_m", purpose=METHODS)


@pytest.mark.parametrize("late", ["grt_m", "grt_x"])
def test_where_no_grant_permits_the_mildest_answer_is_given(late: str) -> None:
    """Whichever of them lasts longer."""
    rows = [replace(one, ends=LATE) if one.id == late else one for one in (METHOD, for_profit("grt_x"))]
    found = evaluate(b.question(grants=("grt_x", "grt_m")), grants(*rows))
    assert (found.outcome, found.grant) == (Outcome.REFER, "grt_m")


def test_of_equal_answers_that_of_the_grant_that_lasts_longest_is_given() -> None:
    rows = (for_profit("grt_x"), for_profit("grt_y", ends=LATE))
    found = evaluate(b.question(grants=("grt_x", "grt_y")), grants(*rows))
    assert (found.outcome, found.grant) == (Outcome.DENY, "grt_y")


# Who may give an answer


def given_by(by: PersonId, *before: Any) -> list[str]:
    answers = [Given(code=code, ground="They work on the heart.") for code in open_codes()]
    asked = replace(ASKED, findings=before)
    return [one.code for one in findings_for(asked, b.snapshot(), answers, role="committee_member", by=by)]


def test_nobody_answers_in_two_roles() -> None:
    """Where two must answer they are two human beings; in the same role one may answer again."""
    (mine,) = findings_for(
        ASKED, b.snapshot(), [Given(code=open_codes()[0], ground="x")], role="committee_member", by=b.MEI
    )
    in_law = replace(mine, role="legal_officer")
    assert given_by(b.MEI) == open_codes()
    assert given_by(b.MEI, mine) == open_codes()
    assert given_by(b.MEI, in_law) == []
    assert given_by(b.ADA, in_law) == open_codes()
    assert given_by(b.MEI, replace(in_law, code="DUO-OTHER")) == open_codes()


TWO_OPEN = replace(ASKED, purpose=replace(METHODS, kinds=frozenset({Kind.METHODS, Kind.POPULATION})))


def test_an_answer_to_one_of_two_open_questions_is_an_answer_to_that_one() -> None:
    decision = evaluate(TWO_OPEN, b.snapshot())
    codes = {reason.code for gate in decision.gates for reason in gate.asks if reason.code.startswith("DUO-")}
    assert len(codes) > 1
    for code in codes:
        made = findings_for(TWO_OPEN, b.snapshot(), [Given(code=code, ground="x")], role="committee_member", by=b.MEI)
        assert [one.code for one in made] == [code]


def test_what_is_not_asked_is_not_answered_though_something_is() -> None:
    other = [Given(code="DUO-SENSITIVE", ground="x")]
    assert findings_for(ASKED, b.snapshot(), other, role="committee_member", by=b.MEI) == ()


def test_where_the_gate_says_no_its_open_questions_are_not_answered() -> None:
    refused = replace(ASKED, purpose=replace(METHODS, commercial=True))
    answers = [Given(code=code, ground="x") for code in open_codes()]
    assert findings_for(refused, b.snapshot(), answers, role="committee_member", by=b.MEI) == ()


def test_an_answer_names_the_visas_that_count_and_those_that_do_not() -> None:
    """One without an id counts too, and has no name to be told by."""
    visas = (visa(TERMS, URL), visa(RESEARCHER, URL, jti=None), visa(TERMS, URL, sub="bao"))
    asked = b.question(visas=visas, identities=ME | b.question().identities)
    found = evaluate(asked, b.snapshot(*ISSUERS))
    assert found.visas == (visas[0].jti,)
    assert len(found.dropped) == 1
    assert evaluate(b.question(), b.snapshot(*ISSUERS)).dropped == ()
