"""Uses beyond a limit are noticed once, told to who answers for the data, and stopped only where the data say so."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broker.core.ids import ObjectId, PersonId
from broker.core.misuse import beyond, counted, is_over, left, settled
from broker.core.outcome import Reason
from broker.core.purpose import Purpose
from broker.core.rows import Alert, Delivery, Person, Put, Revocation, Role, UseTally
from broker.core.rows.uses import RULES, Limits
from broker.core.time import Seconds
from broker.flows.alerts import alerts, close
from broker.flows.deliver import close_delivery, still_permitted
from broker.flows.notices.inbox import inbox
from broker.flows.watch_uses import look
from broker.flows.world import Caller
from broker.ports import LedgerDownError
from tests import builders as b
from tests.fakes import START
from tests.flows.test_use_and_deliver import opened
from tests.flows.worlds import ADA, MEI, Stage, caller, stage

DAY = 86_400
GERMAN = b.grant(purpose=replace(b.PURPOSE, countries=frozenset({"DE"})))
SAM = Person(id=PersonId("usr_sam"), log_key="dd" * 32, created=START)


def delivery(n: int = 0, **changes: Any) -> Delivery:
    made = Delivery(
        id=f"dlv_{n:06d}", access="acc", object=ObjectId("obj-1"), first=0, last=99, started=START, state="complete",
        sent=100,
    )  # fmt: skip
    return replace(made, **changes)


LEFT: list[tuple[dict[str, Any], int]] = [
    ({}, 100),
    ({"state": "incomplete", "sent": 7}, 7),
    ({"state": "cut", "sent": 7}, 7),
    ({"state": "open", "sent": 0}, 100),
    ({"state": "unknown", "sent": 0}, 100),
    ({"way": "store", "sent": 0}, 100),
    ({"way": "nginx", "sent": 40}, 100),
    ({"first": 0, "last": -1, "sent": 0}, 0),
]


@pytest.mark.row("USE-COUNTED")
@pytest.mark.parametrize(("changes", "size"), LEFT, ids=[str(row[0]) for row in LEFT])
def test_what_nobody_knows_counts_as_what_may_have_left(changes: dict[str, Any], size: int) -> None:
    assert left(delivery(**changes)) == size


@pytest.mark.row("USE-COUNTED")
@given(
    st.lists(st.tuples(st.integers(0, 3), st.integers(0, 5), st.sampled_from([None, "DE", "FR", "US"])), max_size=12)
)
def test_a_tally_is_the_sum_of_its_last_day_and_of_all(told: list[tuple[int, int, str | None]]) -> None:
    told = sorted(told, key=lambda one: one[0])
    tally = UseTally(id=b.GRANT)
    for day, sent, country in told:
        one = delivery(started=Seconds(START + day * DAY), sent=sent, first=sent % 2, state="complete")
        tally = counted(tally, b.GRANT, one, country)
    last = max((day for day, *_ in told), default=0)
    of_last = [one for one in told if one[0] == last]
    assert tally.bytes == sum(sent for _, sent, _ in told)
    assert tally.day_bytes == sum(sent for _, sent, _ in of_last)
    assert tally.day_downloads == sum(sent % 2 == 0 for _, sent, _ in of_last)
    assert tally.day_countries == {country for *_, country in of_last if country}
    assert tally.day_pieces == len(of_last)


def test_what_comes_late_counts_for_the_whole_alone() -> None:
    tally = counted(None, b.GRANT, delivery(started=Seconds(START + DAY)), "DE")
    late = counted(tally, b.GRANT, delivery(started=START), "FR")
    assert (late.bytes, late.day_bytes, late.day_countries) == (200, 100, frozenset({"DE"}))


AT = UseTally(
    id=b.GRANT,
    bytes=500,
    day=7,
    day_bytes=100,
    day_downloads=3,
    day_countries=frozenset({"DE", "FR", "US"}),
    day_pieces=9,
)
NONE = Limits(countries_a_day=None, elsewhere=False)
RULE_CASES: list[tuple[dict[str, Any], list[str]]] = [
    ({}, []),
    ({"bytes_a_day": 100}, []),
    ({"bytes_a_day": 99}, ["bytes_a_day"]),
    ({"bytes_in_all": 500}, []),
    ({"bytes_in_all": 499}, ["bytes_in_all"]),
    ({"downloads_a_day": 3}, []),
    ({"downloads_a_day": 2}, ["downloads_a_day"]),
    ({"pieces_a_day": 9}, []),
    ({"pieces_a_day": 8}, ["pieces_a_day"]),
    ({"times_in_all": 5}, []),
    ({"times_in_all": 4}, ["times_in_all"]),
    ({"times_in_all": 4, "bytes_in_all": 499}, ["bytes_in_all", "times_in_all"]),
    ({"countries_a_day": 3}, []),
    ({"countries_a_day": 2}, ["countries_a_day"]),
    ({"elsewhere": True}, ["elsewhere"]),
]


@pytest.mark.row("USE-RULES")
@pytest.mark.parametrize(("limits", "rules"), RULE_CASES, ids=[str(row[0]) for row in RULE_CASES])
def test_a_limit_is_what_is_still_allowed(limits: dict[str, Any], rules: list[str]) -> None:
    found = list(beyond(AT, GERMAN, replace(NONE, **limits), held=100))
    assert [one.rule for one in found] == rules


@pytest.mark.row("USE-RULES")
def test_countries_that_nobody_stated_cannot_be_left() -> None:
    unstated = b.grant(purpose=Purpose())
    assert not list(beyond(AT, unstated, replace(NONE, elsewhere=True)))
    assert [one.countries for one in beyond(AT, GERMAN, replace(NONE, elsewhere=True))] == [("FR", "US")]


@pytest.mark.parametrize(
    "limits", [replace(NONE, bytes_in_all=100), replace(NONE, times_in_all=2)], ids=["bytes", "times"]
)
def test_twice_as_much_in_all_is_told_again(limits: Limits) -> None:
    keys = {next(beyond(replace(AT, bytes=size), GERMAN, limits, held=50)).key for size in (101, 199, 201, 250, 301)}
    assert len(keys) == 3


@pytest.mark.row("USE-VOLUME")
def test_of_data_that_hold_nothing_nobody_takes_several_times_as_much() -> None:
    assert not list(beyond(AT, GERMAN, replace(NONE, times_in_all=1), held=0))


OLD: list[tuple[int, str, bool]] = [
    (7, "bytes_a_day", False), (8, "bytes_a_day", False), (9, "bytes_a_day", True), (9, "countries_a_day", True),
    (99, "elsewhere", True), (99, "bytes_in_all", False),
]  # fmt: skip


@pytest.mark.row("USE-RULES")
@pytest.mark.parametrize(("today", "rule", "over"), OLD)
def test_a_day_that_has_long_passed_is_told_to_nobody_and_the_whole_is(today: int, rule: Any, over: bool) -> None:  # noqa: FBT001 (a table)
    """Where counting begins late, as after an upgrade, what left before is counted, and not told day by day."""
    found = next(beyond(AT, GERMAN, replace(NONE, **({"elsewhere": True} if rule == "elsewhere" else {rule: 1}))))
    assert found.rule == rule
    assert is_over(found, AT, Seconds(today * DAY + DAY - 1)) is over


@pytest.mark.row("USE-TOLD")
async def test_after_an_upgrade_nobody_is_told_of_each_day_of_last_year() -> None:
    s = world(bytes_a_day=50, bytes_in_all=10_000)
    await used(s)
    s.clock.advance(300 * DAY)
    assert await look(s.world) == 1
    assert "alert.raised" not in s.kinds()
    tally = s.ledger.rows["use_tally", b.GRANT]
    assert isinstance(tally, UseTally)
    assert tally.bytes > 50, "and all of it counts for the whole"


def test_what_runs_for_a_day_is_counted_too() -> None:
    running = delivery(state="open")
    assert [settled(running, Seconds(START + after)) for after in (0, DAY - 1, DAY)] == [False, False, True]


def speaks(role: str, scope: str, person: Person = MEI) -> Caller:
    return replace(caller(person, grants=()), roles=(Role(id="r", role=role, scope=scope, iss=b.HOME, sub="x"),))


SITS = speaks("committee_member", f"committee:{b.DAC}")


async def used(s: Stage, times: int = 1) -> None:
    """Downloads that have ended."""
    for _ in range(times):
        running = await opened(s)
        await close_delivery(s.world, running, "complete", 1000)
    s.clock.advance(60)


def world(**limits: Any) -> Stage:
    return stage(dataset=b.dataset(limits=replace(NONE, **limits)))


@pytest.mark.row("USE-TOLD")
async def test_a_use_beyond_a_limit_is_told_once_and_stops_nothing() -> None:
    s = world(downloads_a_day=2)
    await used(s, 2)
    assert await look(s.world) == 2
    assert "alert.raised" not in s.kinds()
    running = await opened(s)
    await used(s)
    assert await look(s.world) == 1
    assert s.kinds().count("alert.raised") == 1
    assert [one.notice.what for one in await inbox(s.world, SITS)] == ["alert.raised"]
    told = [one.notice.what for one in await inbox(s.world, caller())]
    assert set(told) <= {"use.repeated"}, "who used them hears nothing of this"
    assert still_permitted(running, s.live.current(), s.clock.now())
    await used(s)
    assert await look(s.world) == 1
    assert s.kinds().count("alert.raised") == 1, "of one day and rule once"
    s.clock.advance(DAY)
    (shown,) = await alerts(s.world, SITS)
    assert (shown.alert.rule, shown.alert.found, shown.alert.limit, shown.alert.held) == (
        "downloads_a_day",
        3,
        2,
        False,
    )


@pytest.mark.row("USE-VOLUME")
async def test_who_takes_several_times_what_the_data_hold_is_told_of_where_nobody_set_a_number() -> None:
    s = world(times_in_all=2)
    held = sum(one.size for one in s.live.current().objects(b.HEART))
    for _ in range(2):
        await close_delivery(s.world, await opened(s), "complete", held)
    s.clock.advance(60)
    await look(s.world)
    assert "alert.raised" not in s.kinds(), "twice is what is allowed"
    await close_delivery(s.world, await opened(s), "complete", 1)
    s.clock.advance(60)
    await look(s.world)
    (shown,) = await alerts(s.world, SITS)
    assert (shown.alert.rule, shown.alert.found, shown.alert.limit) == ("times_in_all", 2 * held + 1, 2 * held)
    assert "alert.raised" not in [one.notice.what for one in await inbox(s.world, caller())]


@pytest.mark.row("USE-HELD")
async def test_where_the_data_say_so_the_grant_rests_until_a_person_resumes_it() -> None:
    s = world(downloads_a_day=0, holds=frozenset({"downloads_a_day"}))
    running = await opened(s)
    await used(s)
    assert still_permitted(running, s.live.current(), s.clock.now())
    await look(s.world)
    assert not still_permitted(running, s.live.current(), s.clock.now())
    stop = s.live.current().get(Revocation, f"grant:{b.GRANT}")
    assert stop is not None
    assert stop.pausing
    assert [one.by for one in stop.steps] == ["limit"]
    assert [one.notice.what for one in await inbox(s.world, caller())] == ["grant.suspended"]
    (shown,) = await alerts(s.world, SITS)
    assert shown.alert.held
    assert not isinstance(await close(s.world, SITS, shown.alert.id, "A mirror of ours."), Reason)
    assert not still_permitted(running, s.live.current(), s.clock.now()), "closing it resumes nothing"


@pytest.mark.row("WHO-3.8-2c", "USE-HELD")
async def test_a_scripted_probe_of_small_regions_is_told_and_frozen_at_the_next_look() -> None:
    """Looks are a minute apart: well within five minutes (WHO matrix 3.8-2c)."""
    s = world(pieces_a_day=20, downloads_a_day=0, holds=frozenset({"pieces_a_day"}))
    running = await opened(s)
    probe = [replace(running.delivery, id=f"dlv_9{n:03}", first=1 + n, last=1 + n) for n in range(21)]
    for n, one in enumerate(probe):
        await s.world.ledger.record(s.world.entry("use.counted", START, None, {"n": n}), Put(one))
        await close_delivery(s.world, replace(running, delivery=one), "complete", 1)
    s.clock.advance(60)
    await look(s.world)
    assert [one.about["rule"] for one in s.ledger.entries if one.kind == "alert.raised"] == ["pieces_a_day"]
    assert not still_permitted(running, s.live.current(), s.clock.now())


@pytest.mark.row("USE-COUNTED")
async def test_what_runs_is_counted_when_it_has_ended_and_nothing_is_counted_twice() -> None:
    s = world(bytes_a_day=10**9)
    running = await opened(s)
    await used(s, 3)
    assert await look(s.world) == 3
    assert await look(s.world) == 0
    await close_delivery(s.world, running, "cut", 7)
    assert await look(s.world) == 1
    tally = await s.world.rows.get(UseTally, b.GRANT)
    assert tally is not None
    assert (tally.bytes, tally.day_downloads) == (3007, 4)
    assert await look(s.world) == 0


@pytest.mark.row("USE-COUNTED")
async def test_what_began_just_now_is_left_for_the_next_look() -> None:
    s = world()
    running = await opened(s)
    await close_delivery(s.world, running, "complete", 1)
    assert await look(s.world) == 0
    s.clock.advance(10)
    assert await look(s.world) == 1


@pytest.mark.row("USE-COUNTED")
@pytest.mark.parametrize("breaks", ["lost", "stored"])
async def test_after_a_crash_alerts_and_bytes_are_there_once(breaks: Any) -> None:
    s = world(downloads_a_day=0)
    await used(s, 2)
    s.ledger.breaks = breaks
    with pytest.raises(LedgerDownError):
        await look(s.world)
    s.ledger.failed, s.ledger.breaks = False, None
    s.clock.advance(600)
    await look(s.world)
    found = [row for row in s.ledger.rows.values() if isinstance(row, Alert)]
    tally = await s.world.rows.get(UseTally, b.GRANT)
    assert len(found) == 1
    assert tally is not None
    assert tally.bytes == 2000


@pytest.mark.row("USE-TOLD")
@pytest.mark.parametrize(
    ("who", "sees", "may"),
    [
        (SITS, True, True),
        (speaks("committee_chair", f"committee:{b.DAC}"), True, True),
        (speaks("handler", f"committee:{b.DAC}"), True, True),
        (speaks("custodian", f"dataset:{b.HEART}"), True, True),
        (speaks("admin", "service"), True, True),
        (speaks("auditor", "service"), True, False),
        (speaks("committee_member", "committee:other"), False, False),
        (speaks("researcher", "service"), False, False),
        (speaks("committee_member", f"committee:{b.DAC}", ADA), False, False),
        (speaks("admin", "service", ADA), False, False),
    ],
    ids=[
        "member",
        "chair",
        "handler",
        "custodian",
        "admin",
        "auditor",
        "another's",
        "nobody",
        "holder",
        "holder, admin",
    ],
)
async def test_who_sees_an_alert_and_who_says_what_it_was(who: Caller, sees: bool, may: bool) -> None:  # noqa: FBT001
    s = world(downloads_a_day=0)
    await used(s)
    await look(s.world)
    (row,) = [row for row in s.ledger.rows.values() if isinstance(row, Alert)]
    assert bool(await alerts(s.world, who)) is sees
    done = await close(s.world, who, row.id, "A mirror of ours.")
    assert isinstance(done, Alert) is may
    if may:
        assert s.kinds()[-1] == "alert.closed"
        again = await close(s.world, who, row.id, "Another ground.")
        assert again == Reason(code="REQ-STATE", facts=(("state", "closed"),))
    for ground in ("", " ", "x" * 2001):
        assert isinstance(await close(s.world, SITS, row.id, ground), Reason)


def test_every_rule_can_hold() -> None:
    assert set(RULES) == {
        "bytes_a_day",
        "bytes_in_all",
        "downloads_a_day",
        "countries_a_day",
        "elsewhere",
        "pieces_a_day",
        "times_in_all",
    }
