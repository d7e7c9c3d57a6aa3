"""An incident from its report to its publication: access is frozen at once, and the whole trail is on record."""

from dataclasses import replace
from typing import Any

import pytest

from broker.core.access.incidents import IncidentCommand, IncidentStage
from broker.core.ids import DatasetId
from broker.core.outcome import Reason
from broker.core.rows import Incident
from broker.core.time import Seconds
from broker.flows.deliver import still_permitted
from broker.flows.incidents import freeze, listed, published, report, take
from tests import builders as b
from tests.fakes import START
from tests.flows.test_grant_life import WHO, ada, used
from tests.flows.test_use_and_deliver import opened
from tests.flows.worlds import Stage, stage

MEMBER, CUSTODIAN = WHO["member"], WHO["custodian"]
STEPS = tuple(map(IncidentCommand, ("investigate", "decide", "inform", "publish")))


async def reported(s: Stage, by: Any = CUSTODIAN) -> Incident:
    made = await report(s.world, by, b.HEART, "A laptop was stolen.", Seconds(START - 600))
    assert isinstance(made, Incident), made
    return made


@pytest.mark.row("WHO-3.8-3")
async def test_from_the_report_to_frozen_access_it_is_two_steps_and_what_runs_is_cut() -> None:
    s = stage()
    running = await opened(s)
    row = await reported(s)
    assert await used(s) is None
    done = await freeze(s.world, CUSTODIAN, row.id, [b.GRANT], "It may be hers.")
    assert isinstance(done, Incident)
    assert not still_permitted(running, s.live.current(), s.clock.now())
    assert (await used(s), done.frozen) == ("AUTH-GRANT-SUSPENDED", (b.GRANT,))
    for step in STEPS:
        done = await take(s.world, MEMBER, row.id, step, f"{step.value}: so.")
        assert isinstance(done, Incident), done
    assert done.stage is IncidentStage.PUBLISHED
    told = [kind for kind in s.kinds() if kind.startswith("incident.")]
    assert told == [
        f"incident.{one}" for one in ("reported", "frozen", "investigated", "decided", "informed", "published")
    ]
    assert [one.said(IncidentCommand.PUBLISH) for one in published(s.live.current())] == ["publish: so."]
    assert "laptop" not in str(s.ledger.entries), "what was said is a row, and no entry"


@pytest.mark.row("WHO-3.8-3")
async def test_no_step_is_left_out_and_nothing_is_published_that_nobody_was_told() -> None:
    s = stage()
    row = await reported(s)
    for number, step in enumerate(STEPS):
        for later in STEPS[number + 1 :]:
            refused = await take(s.world, MEMBER, row.id, later, "So.")
            assert isinstance(refused, Reason)
            assert refused.code == "REQ-STATE"
        assert not published(s.live.current())
        assert isinstance(await take(s.world, MEMBER, row.id, step, " "), Reason), "something is said"
        assert isinstance(await take(s.world, MEMBER, row.id, step, "So."), Incident)
    assert isinstance(await freeze(s.world, MEMBER, row.id, [b.GRANT], "So."), Reason), "it is over"


@pytest.mark.row("WHO-3.8-3")
async def test_whoever_holds_a_frozen_grant_takes_no_step() -> None:
    """Ada sits in the committee too: before her grant is frozen she may, then no longer."""
    s = stage()
    row = await reported(s)
    double = replace(ada, roles=MEMBER.roles)
    await freeze(s.world, CUSTODIAN, row.id, [b.GRANT], "It may be hers.")
    assert listed(double, s.live.current()) == ()
    assert await take(s.world, double, row.id, STEPS[0], "I look into myself.") == Reason(code="REQ-NOT-FOUND")


@pytest.mark.parametrize("who", ["handler", "elsewhere", "nobody", "participant"])
async def test_strangers_do_not_learn_of_an_incident_before_it_is_published(who: str) -> None:
    s = stage()
    row = await reported(s, ada)
    assert listed(WHO[who], s.live.current()) == ()
    assert await freeze(s.world, WHO[who], row.id, [b.GRANT], "So.") == Reason(code="REQ-NOT-FOUND")
    for step in STEPS:
        assert await take(s.world, WHO[who], row.id, step, "So.") == Reason(code="REQ-NOT-FOUND")
    assert await used(s) is None


async def test_a_holder_reports_and_sees_how_far_it_is_and_takes_no_step() -> None:
    s = stage()
    row = await reported(s, ada)
    assert [one.incident.id for one in listed(ada, s.live.current())] == [row.id]
    refused = await take(s.world, ada, row.id, STEPS[0], "So.")
    assert refused == Reason(code="REQ-NOT-YOUR-PART", facts=(("step", "investigate"),))
    assert await take(s.world, CUSTODIAN, row.id, STEPS[1], "So.") == Reason(
        code="REQ-NOT-YOUR-PART", facts=(("step", "decide"),)
    )


@pytest.mark.parametrize(
    ("dataset", "text", "noticed", "code"),
    [
        ("https://bank.example/none", "So.", START, "REQ-NOT-FOUND"),
        (b.HEART, " ", START, "REQ-INVALID"),
        (b.HEART, "So.", START + 1, "REQ-INVALID"),
        (b.HEART, "So.", -1, "REQ-INVALID"),
    ],
)
async def test_a_report_says_what_where_and_when(dataset: str, text: str, noticed: int, code: str) -> None:
    s = stage()
    done = await report(s.world, ada, DatasetId(dataset), text, Seconds(noticed))
    assert isinstance(done, Reason)
    assert (done.code, s.kinds()) == (code, [])


@pytest.mark.parametrize(
    "grants", [[], ["grt_none"], ["grt_other", b.GRANT], [f"grt_{n}" for n in range(101)]], ids=len
)
async def test_only_grants_for_these_data_are_frozen(grants: list[Any]) -> None:
    s = stage(b.grant(id="grt_other", dataset=DatasetId("https://bank.example/lung")))
    row = await reported(s)
    assert isinstance(await freeze(s.world, CUSTODIAN, row.id, grants, "So."), Reason)
    assert s.kinds() == ["incident.reported"]
