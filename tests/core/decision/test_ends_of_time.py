"""Dates as far away as people write them for "never" are no error: one record must not stop everybody's decisions."""

from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from broker.core.consent.model import Grantor, Withdrawal
from broker.core.decision import evaluate, explain
from broker.core.duties import bound
from broker.core.jurisdiction.rulebook import Mode, overdue
from broker.core.rows.safeguards import Duty, Embargo, Engagement
from broker.core.safeguards import engagement_ends
from broker.core.time import FIRST, FOREVER, Day
from tests import builders as b
from tests.core.jurisdiction.jurisdiction_world import book_of, pack
from tests.fakes import START

pytestmark = pytest.mark.row("RUL-ENDS-OF-TIME")

CERTIFICATE = b.dataset().certificate
MODES: tuple[Mode, ...] = ("example", "production")
GONE = Withdrawal(kind="no_further_use")


def embargo(declared: date, until: date) -> Any:
    return b.dataset(safeguards=replace(b.SAFEGUARDS, embargo=Embargo(declared=declared, until=until, reason="Ours.")))


def child(day: Day) -> Any:
    return b.consent(grantor=Grantor(kind="parent"), maturity_review_on=day)


WORLDS: dict[str, dict[str, Any]] = {
    "a review at the end": {"pia": child(Day(9999, 12, 31))},
    "a review half a year before it": {"pia": child(Day(9999, 7, 1))},
    "a review at the beginning": {"pia": child(Day(1, 1, 1))},
    "begins at the end": {"pia": b.consent(effective_from=FOREVER, recorded_at=START)},
    "ended at the beginning": {"pia": b.consent(effective_from=FIRST, effective_to=FIRST)},
    "withdrawn from the beginning": {
        "pia": b.consent(status="withdrawn", withdrawal=GONE, effective_from=FIRST, recorded_at=START)
    },
    "a certificate from the end on": {"dataset": b.dataset(certificate=replace(CERTIFICATE, valid_from=FOREVER))},
    "a certificate until the beginning": {"dataset": b.dataset(certificate=replace(CERTIFICATE, valid_to=FIRST))},
    "a grace for ever": {
        "dataset": b.dataset(certificate=replace(CERTIFICATE, maturity_grace_months=10**6)),
        "pia": child(Day(2020, 1, 1)),
    },
    "a moratorium for ever": {"dataset": b.dataset(duo=b.codes("GRU", {"code": "MOR", "date": "9999-12-31"}))},
    "an embargo for ever": {"dataset": embargo(date(1, 1, 1), date.max)},
}
ASKED = [{}, {"stage": "approve", "purpose": b.PURPOSE, "grants": (), "object": None}]


@pytest.mark.parametrize("asked", ASKED, ids=["use", "approve"])
@pytest.mark.parametrize("world", WORLDS.values(), ids=WORLDS)
def test_a_date_at_an_end_of_time_gets_an_answer(world: dict[str, Any], asked: dict[str, Any]) -> None:
    question, snapshot = b.question(**asked), b.snapshot(**world)
    decision = evaluate(question, snapshot)
    assert explain(question, decision, snapshot).record["at"] == "2027-01-15T08:00:00Z"
    assert FIRST <= decision.until <= FOREVER


def test_an_engagement_at_the_end_of_time_is_too_old_at_no_time() -> None:
    late = Engagement(on=date.max, who="Everybody", summary="They agreed.")
    assert engagement_ends(replace(b.SAFEGUARDS, engagements=(late,))) == date.max


def test_a_duty_of_a_grant_for_ever_comes_again_until_the_end_and_no_longer() -> None:
    duty = Duty(id="report", cls="account", text="t", holder="researcher", months=12_000, every=True)
    found = bound((), [duty], abroad=False, begins=START, ends=FOREVER)
    due = [one.due for one in found if one.due is not None]
    assert len(due) == len(set(due)) == 7


def test_a_list_a_review_and_a_pack_that_end_with_time_are_read_as_such() -> None:
    """People write 9999-12-31 where something has no end."""
    item = {"code": "FR", "from": "0001-01-01", "to": "9999-12-31"}
    good = {"good": {"as_of": "2026-01-01", "source": "law", "items": [item]}}
    review = {"owner": "law", "reviewed_by": "a lawyer", "reviewed_on": "2026-01-02", "next_review_due": "9999-12-31"}
    made = pack(status="reviewed", lists=good, review=review, effective={"from": "2020-01-01", "to": "9999-12-31"})
    assert [overdue(made, day) for day in (date(9999, 12, 30), date(2026, 1, 3))] == ["", ""]
    for mode in MODES:
        assert made.id in {each.id for period in book_of(made, mode=mode).periods for each in period.packs}
