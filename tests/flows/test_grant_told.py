"""What became of a grant is told in order, to each as far as it is theirs to know."""

from dataclasses import replace
from typing import Any, cast

import pytest

from broker.core.access.grants import GrantCommand
from broker.core.grants import CLOSED_BY_HOLDER, life
from broker.core.rows import Grant, Revocation
from broker.core.time import Seconds
from broker.flows.grants.desk import Held
from broker.flows.grants.end import Stopping, close, stop
from tests import builders as b
from tests.fakes import START
from tests.flows.test_grant_life import DAY, GONE, MEMBER, WHO, ada
from tests.flows.worlds import Stage, stage

pytestmark = pytest.mark.row("WF-GRANT-TOLD")


def lived(s: Stage, *, inside: bool) -> list[tuple[str, str, int]]:
    """What was done with Ada's grant, by whom, and how many seconds after it began."""
    grant = s.live.current().get(Grant, b.GRANT)
    assert grant is not None
    steps = life(grant, s.live.current(), s.clock.now(), inside=inside)
    return [(one.did, one.by, one.at - grant.begins) for one in steps]


async def test_what_became_of_a_grant_is_told_in_order_and_nothing_is_forgotten() -> None:
    s = stage()
    begun = s.clock.now() - b.grant().begins
    for who, command in (
        ("custodian", GrantCommand.SUSPEND),
        ("member", GrantCommand.RESUME),
        ("admin", GrantCommand.SUSPEND),
        ("member", GrantCommand.REVOKE),
    ):
        assert isinstance(await stop(s.world, WHO[who], b.GRANT, cast("Stopping", command), "It must be."), Revocation)
        s.clock.advance(DAY)
    assert isinstance(await close(s.world, ada, b.GRANT, GONE), Held)
    told = [("suspended", "custodian"), ("resumed", "committee"), ("suspended", "admin"), ("revoked", "committee")]
    steps = [(did, by, begun + day * DAY) for day, (did, by) in enumerate((*told, ("closed", "")))]
    assert lived(s, inside=True) == [("approved", "", 0), *steps]
    assert lived(s, inside=False) == [
        ("approved", "", 0), *((did, "" if did in ("suspended", "resumed") else by, at) for did, by, at in steps)
    ]  # fmt: skip
    grant = s.live.current().get(Grant, b.GRANT)
    assert grant is not None
    grounds = [
        {one.ground for one in life(grant, s.live.current(), s.clock.now(), inside=yes)} for yes in (True, False)
    ]
    assert grounds == [{"", "It must be."}, {""}], "a ground was said to the committee"


@pytest.mark.parametrize(
    ("steps", "told"),
    [
        (["expire"], ["approved", "expired"]),
        (["expire", "close"], ["approved", "expired", "closed"]),
        (["close", "expire"], ["approved", "closed"]),
        (["revoke", "expire"], ["approved", "revoked"]),
        (["suspend", "expire"], ["approved", "suspended", "expired"]),
        (["suspend", "close", "expire"], ["approved", "suspended", "closed"]),
        (["suspend", "expire", "revoke", "close"], ["approved", "suspended", "expired", "revoked", "closed"]),
    ],
)
async def test_what_ended_it_first_is_what_is_told_to_have_ended_it(steps: list[str], told: list[str]) -> None:
    s = stage()
    for step in steps:
        s.clock.advance(DAY)
        if step == "expire":
            grant = s.live.current().get(Grant, b.GRANT)
            assert grant is not None
            s.clock.advance(grant.ends - s.clock.now() + DAY)
        elif step == "close":
            assert isinstance(await close(s.world, ada, b.GRANT, GONE), Held)
        else:
            assert isinstance(
                await stop(s.world, MEMBER, b.GRANT, cast("Stopping", GrantCommand(step)), "So."), Revocation
            )
    assert [did for did, _, _ in lived(s, inside=True)] == told


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({}, ["approved", "revoked"]),
        ({"pausing": True}, ["approved", "suspended"]),
        ({"pausing": True, "lifted": Seconds(START + 5)}, ["approved", "suspended", "resumed"]),
        ({"ground": CLOSED_BY_HOLDER}, ["approved"]),
    ],
)
async def test_of_a_row_of_before_its_steps_were_kept_that_is_told_which_it_says(
    changes: dict[str, Any], told: list[str]
) -> None:
    s = stage(replace(b.revocation(f"grant:{b.GRANT}"), **changes))
    assert [did for did, _, _ in lived(s, inside=True)] == told
