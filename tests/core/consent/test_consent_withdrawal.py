"""The table of what a withdrawal reaches (the case rows W-… check its answers)."""

from typing import get_args

import pytest

from broker.core.consent.model import ApprovedLimit, LimitWhat, Withdrawal, WithdrawalKind
from broker.core.consent.withdrawal import CONSEQUENCES, consequence, effects
from broker.core.reasons import REASONS


def test_every_effect_is_a_registered_reason() -> None:
    for kind in get_args(WithdrawalKind):
        found = effects(Withdrawal(kind=kind), [*CONSEQUENCES, "something else"])
        assert set(found.values()) <= set(REASONS)


@pytest.mark.parametrize("thing", [*CONSEQUENCES, "something else"])
def test_a_full_withdrawal_leaves_nothing_untouched(thing: str) -> None:
    assert effects(Withdrawal(kind="no_further_use"), [thing])[thing] in {"RGT-W-STOP", "RGT-W-LIMIT-MISSING"}


@pytest.mark.parametrize("thing", sorted(set(CONSEQUENCES) - {"aggregate_result", "published", "model_trained"}))
def test_no_limit_protects_data_that_can_still_be_stopped(thing: str) -> None:
    limits = tuple(
        ApprovedLimit(what=what, approval_ref="EC-7", told_in_template_paragraph="4") for what in get_args(LimitWhat)
    )
    assert effects(Withdrawal(kind="no_further_use", approved_limits=limits), [thing]) == {thing: "RGT-W-STOP"}


def test_bytes_stop_within_two_seconds_and_new_requests_within_one() -> None:
    assert consequence("stream_running").within <= 2
    assert consequence("request_open").within <= 1
    assert consequence("visa_issued").within <= 1
    assert consequence("something else").within <= 1


DAY = 86_400
TABLE: dict[str, tuple[str, int, bool, str]] = {
    # what is done, within how many seconds, may an approved limit leave it in place, the code without one
    "request_open": ("evaluate again without the person", 1, False, "RGT-W-STOP"),
    "visa_issued": ("leave out of the next visa; the gate denies", 1, False, "RGT-W-STOP"),
    "stream_running": ("stop the bytes", 2, False, "RGT-W-STOP"),
    "tre_workspace": ("mask at the next session; remove copies at the end of grace", 30 * DAY, False, "RGT-W-STOP"),
    "downloaded": ("destroy and attest", 30 * DAY, False, "RGT-W-STOP"),
    "derivative": ("destroy and attest", 30 * DAY, False, "RGT-W-STOP"),
    "model_trained": ("no new training with the person; retrain or justify", 90 * DAY, True, "RGT-W-STOP"),
    "aggregate_result": ("tell the person", 14 * DAY, True, "RGT-W-LIMIT-MISSING"),
    "published": ("tell the person", 14 * DAY, True, "RGT-W-LIMIT-MISSING"),
}


@pytest.mark.parametrize("thing", [*TABLE, "a thing that nobody thought of"])
def test_a_withdrawal_reaches_each_thing_as_people_were_told(thing: str) -> None:
    """The table is what receipts promise: another deadline or another action is another promise."""
    action, within, limit, unlimited = TABLE.get(thing, ("stop", 1, False, "RGT-W-STOP"))
    row = consequence(thing)
    assert (row.action, row.within, row.limit, row.unlimited) == (action, within, limit, unlimited)
    assert effects(Withdrawal(kind="no_further_use"), [thing]) == {thing: unlimited}
