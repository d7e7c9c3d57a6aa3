"""Ruling: nothing about a withdrawal leaks. Whatever a participant's reason, the public sees the same bytes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broker.core.consent.judge import ConsentOutcome
from broker.core.consent.model import ConsentVersion
from broker.core.consent.public import LEFT_OUT, PER_SUBJECT, public_reasons
from broker.core.outcome import Norm, Reason
from broker.core.plain import canonical
from broker.core.reasons import REASONS
from tests.core.consent.consent_world import asking, codes, judged, person, record

per_subject = st.sampled_from(sorted(PER_SUBJECT))
others = st.sampled_from(["CON-TOO-FEW"])


@given(st.lists(per_subject, min_size=1, max_size=5), st.lists(others, max_size=2), st.data())
def test_any_code_of_a_participant_may_be_replaced_by_any_other(
    told: list[str], known: list[str], data: st.DataObject
) -> None:
    replaced = data.draw(st.lists(per_subject, min_size=1, max_size=7))
    norm = Norm(source="consent-record", rule="R3")
    one = [Reason(code=code, facts=(("n", "3"),), norm=norm) for code in (*told, *known)]
    two = [Reason(code=code, facts=(("n", "19"),)) for code in (*known, *replaced)]
    assert canonical(public_reasons(one)) == canonical(public_reasons(two))


def test_only_what_belongs_to_the_set_is_not_a_participants_code() -> None:
    consent = {code for code in REASONS if code.startswith("CON-")}
    assert consent - PER_SUBJECT == {LEFT_OUT, "CON-TOO-FEW"}


WHY = {
    "withdrawn": record("s2", status="withdrawn", withdrawal={"kind": "no_further_use"}),
    "suspended": record("s2", status="suspended"),
    "expired": record("s2", effective_to="2025-01-01"),
    "not yet": record("s2", effective_from="2027-01-01", recorded_at="2024-01-01"),
    "dead": record("s2", deceased_on="2025-01-01", after_death="stop"),
    "purpose": record("s2", scope={"permissions": ["POA"]}),
    "never consented": None,
}


@pytest.mark.parametrize("why", WHY.values(), ids=WHY)
def test_the_public_answer_is_the_same_whyever_somebody_is_left_out(why: ConsentVersion | None) -> None:
    left = [person("s2", why)] if why else [person("s2", record("s2", recorded_at="2027-01-01"))]
    answer = judged(asking(), person("s1"), *left)
    assert answer.outcome is ConsentOutcome.PERMIT_FILTERED
    assert codes(answer) != [LEFT_OUT]
    assert public_reasons(answer.reasons) == (Reason(code=LEFT_OUT),)


def test_the_public_answer_is_the_same_for_one_and_for_four_left_out() -> None:
    gone = [person(f"x{n}", record(f"x{n}", status="withdrawn")) for n in range(4)]
    one, four = judged(asking(), person("s1"), gone[0]), judged(asking(), person("s1"), *gone)
    assert canonical(public_reasons(one.reasons)) == canonical(public_reasons(four.reasons))


def test_a_permit_for_all_keeps_what_carries_it() -> None:
    assert public_reasons(judged(asking(), person()).reasons) == (Reason(code="DUO-GRU"),)


def test_the_order_says_nothing_either() -> None:
    told = [Reason(code=code) for code in ("CON-WITHDRAWN", "CON-TOO-FEW", "CON-MIXED-FILE", "CON-SILENT")]
    wanted = ["CON-LEFT-OUT", "CON-TOO-FEW"]
    assert [one.code for one in public_reasons(told)] == [one.code for one in public_reasons(told[::-1])] == wanted
