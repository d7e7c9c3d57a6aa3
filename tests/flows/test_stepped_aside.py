"""Who stepped aside from an application: what is left to them afterwards, of its grant and of applying with others."""

from dataclasses import replace
from typing import Literal

import pytest

from broker.core.access.grants import GrantCommand
from broker.core.access.life import Command
from broker.core.decision.answering import Given
from broker.core.outcome import Reason
from broker.core.rows import Alert, Application, Grant, Report, Revocation
from broker.core.rows.reports import Told
from broker.flows import alerts
from broker.flows.applications.desk import desk
from broker.flows.applications.review import step_aside
from broker.flows.applications.together import part
from broker.flows.give_finding import give_finding
from broker.flows.grants.desk import Held, at_grant
from broker.flows.grants.end import stop
from broker.flows.grants.renew import ask_renewal, decline, extend
from tests.flows.test_applications import CHAIR, HANDLER, MEMBER, ODA, handed, request_of, review_of, seat, world
from tests.flows.test_together import ADA, TEAM, approved, joined
from tests.flows.worlds import Stage as World

ASIDE = Reason(code="REQ-STEPPED-ASIDE")
TOLD = Told(summary="We found why.", publications=("doi:10.1/x",))


async def given(s: World) -> Grant:
    """What came of an application from which a member stepped aside."""
    made = await handed(s)
    await step_aside(s.world, MEMBER, made.reviews[0], "We compete with them.")
    (grant,) = await approved(s, made)
    return grant


@pytest.mark.row("WF-ASIDE", "WHO-3.1-6b")
@pytest.mark.parametrize("command", [GrantCommand.SUSPEND, GrantCommand.REVOKE])
async def test_past_hole_who_stepped_aside_stopped_the_grant_that_came_of_it(
    command: Literal[GrantCommand.SUSPEND, GrantCommand.REVOKE],
) -> None:
    s = world()
    grant = await given(s)
    kinds = s.kinds()
    assert await stop(s.world, MEMBER, grant.id, command, "Ours.") == ASIDE
    assert s.kinds() == kinds
    assert isinstance(at_grant(MEMBER, grant.id, GrantCommand.SEE, s.live.current(), s.clock.now()), Held)
    assert isinstance(await stop(s.world, CHAIR, grant.id, command, "An incident."), Revocation)


@pytest.mark.row("WF-ASIDE", "WHO-3.1-6b")
async def test_past_hole_who_stepped_aside_answered_the_renewal() -> None:
    s = world()
    grant = await given(s)
    asked = await ask_renewal(s.world, replace(ADA, grants=(grant.id,)), grant.id, 6, TOLD)
    assert isinstance(asked, Report), asked
    assert await decline(s.world, MEMBER, grant.id, "Ours.") == ASIDE
    assert await extend(s.world, MEMBER, grant.id, "Ours.", {}) == ASIDE
    assert isinstance(await decline(s.world, CHAIR, grant.id, "The work is done."), Report)


@pytest.mark.row("WF-ASIDE", "WHO-3.1-6b")
@pytest.mark.parametrize("role", ["committee_member", "legal_officer"])
async def test_past_hole_who_stepped_aside_answered_open_questions_of_the_request(role: str) -> None:
    s = world()
    made = await handed(s)
    by = replace(MEMBER, roles=(*MEMBER.roles, seat(role, "lee")))
    given_as = Given(code="DUO-REVIEW", ground="It fits, I say.")
    open_ = await give_finding(s.world, by, request_of(s, made).id, role, given_as)
    assert open_ == Reason(code="REQ-NOT-OPEN", facts=(("asked", "DUO-REVIEW"),)), "or this shows nothing"
    await step_aside(s.world, by, made.reviews[0], "We compete with them.")
    assert await give_finding(s.world, by, request_of(s, made).id, role, given_as) == ASIDE


@pytest.mark.row("WF-ASIDE", "WHO-3.1-6b")
async def test_past_hole_who_stepped_aside_said_what_an_unusual_use_was() -> None:
    s = world()
    grant = await given(s)
    row = Alert(
        id="alt_1", grant=grant.id, dataset=grant.dataset, rule="bytes_a_day", day=20_000, found=300, limit=200,
        raised=s.clock.now(),
    )  # fmt: skip
    s.ledger.rows[Alert.KIND, row.id] = row
    assert [one.may for one in await alerts.alerts(s.world, MEMBER)] == [False], "they read it"
    assert isinstance(await alerts.close(s.world, MEMBER, row.id, "Nothing."), Reason)
    assert isinstance(await alerts.close(s.world, CHAIR, row.id, "A mirror of theirs."), Alert)


@pytest.mark.row("WF-ASIDE")
async def test_who_never_had_a_say_in_a_grant_is_not_told_of_stepping_aside() -> None:
    s = world()
    grant = await given(s)
    assert await stop(s.world, HANDLER, grant.id, GrantCommand.REVOKE, "So.") == Reason(
        code="REQ-NOT-YOUR-PART", facts=(("step", "revoke"),)
    )


@pytest.mark.row("WF-TOGETHER")
async def test_past_hole_who_had_stepped_aside_and_joined_could_not_leave_again() -> None:
    """Who works with the applicant steps aside in the committee first, and does then what every applicant may."""
    s = world()
    made = await handed(s)
    both = replace(TEAM, roles=(seat("committee_member", "oda"),))
    await step_aside(s.world, both, made.reviews[0], "I join them.")
    await joined(s, made, both)
    found = desk(both, review_of(s, made), s.live.current())
    assert found is not None
    assert Command.VOTE not in found.may
    assert Command.LEAVE in found.may
    assert isinstance(await part(s.world, both, made.id, ODA.id), Application)
