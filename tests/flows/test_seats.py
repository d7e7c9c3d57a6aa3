"""Seats of a committee: who sits there as what, and that each of them has one vote."""

from dataclasses import replace
from typing import Any

import pytest

from broker.core.outcome import Reason
from broker.core.rows import Review
from broker.flows import decide_request
from broker.flows.applications.hand_in import hand_in
from broker.flows.applications.review import vote
from broker.flows.decide_request import Decided
from tests import builders as b
from tests.flows.test_applications import CHAIR, LEE, PAPER, SAM, request_of, seat, weighed, who, world
from tests.flows.worlds import caller


@pytest.mark.row("WHO-3.1-8")
@pytest.mark.parametrize("one", ["lay", "community:com_valley", "origin:DE"])
@pytest.mark.parametrize(
    ("said", "other", "answered"), [("yes", "yes", True), ("no", "yes", True), ("no", "no", False)]
)
async def test_every_seat_has_one_vote(one: str, said: Any, other: Any, answered: bool) -> None:  # noqa: FBT001
    """A tie is the chair's to decide, whoever of both said no."""
    s = world(quorum=2)
    seats = {
        LEE: replace(seat("committee_member", "lee"), seat=one),
        SAM: replace(seat("committee_member", "sam"), seat="expert"),
    }
    done = await hand_in(s.world, caller(), (b.HEART,), PAPER)
    assert not isinstance(done, Reason)
    await weighed(s, CHAIR, done.application)
    for (person, held), choice in zip(seats.items(), (said, other), strict=True):
        voted = await vote(s.world, who(person, held), done.application.reviews[0], b.HEART, choice, "So.")
        assert isinstance(voted, Review)
    found = await decide_request.approve(s.world, CHAIR, request_of(s, done.application).id, "Good.", {})
    assert isinstance(found, Decided) is answered
    swapped = world(quorum=2)
    again = await hand_in(swapped.world, caller(), (b.HEART,), PAPER)
    assert not isinstance(again, Reason)
    await weighed(swapped, CHAIR, again.application)
    for (person, held), choice in zip(seats.items(), (other, said), strict=True):
        await vote(swapped.world, who(person, held), again.application.reviews[0], b.HEART, choice, "So.")
    same = await decide_request.approve(swapped.world, CHAIR, request_of(swapped, again.application).id, "Good.", {})
    assert isinstance(same, Decided) is answered, "it does not matter which seat said what"
