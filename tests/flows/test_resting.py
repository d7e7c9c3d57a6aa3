"""What rests on a home organisation is counted among so many rows, and where there are more, that is said."""

import pytest

from broker.core.ids import Issuer, PersonId
from broker.core.rows import Identity
from broker.flows.resting import resting
from tests import builders as b
from tests.flows.worlds import stage
from tests.web.upstream import Home

MOST = 1_000
"""Identities that one look goes through."""


@pytest.mark.row("PAG-WHY")
@pytest.mark.parametrize("many", [1, 3, MOST, MOST + 1, 2 * MOST])
async def test_what_rests_on_a_home_organisation_is_counted_up_to_a_limit_that_is_told(many: int) -> None:
    home = Home(slug="uni").provider
    elsewhere = Identity(id="idn_", iss=b.HOME, sub="ada", person=b.ADA)
    theirs = [
        Identity(id=f"idn_{n:05}", iss=Issuer(home.id), sub=str(n), person=PersonId(f"usr_{n}")) for n in range(1, many)
    ]
    found = await resting(stage(elsewhere, *theirs).world, home, [])
    assert dict(found.counts)["people"] == min(many, MOST) - 1
    assert found.more is (many > MOST)
