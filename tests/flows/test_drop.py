"""What was kept long enough goes, on record; what somebody still needs, or a hold protects, does not."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest

from broker.adapters.storage.postgres.tables import many
from broker.adapters.storage.schema import metadata
from broker.core.audit.entry import Entry, decode
from broker.core.audit.findings import Fault
from broker.core.ids import ClientId, make_id
from broker.core.oidc.logout import farewell_id
from broker.core.rows import (
    KINDS,
    SNAPSHOT_KINDS,
    Access,
    Change,
    Code,
    Delivery,
    Family,
    Farewell,
    HomeSession,
    Notice,
    RefreshToken,
    Row,
    Session,
    Trace,
    changed,
)
from broker.core.rows.retention import DAY, DROPPED, OTHER_TABLES, STAYS, Keeping
from broker.core.time import Seconds
from broker.flows.drop import drop, drop_daily
from broker.flows.people import hold, release
from broker.flows.use_data import ask
from broker.ports import StaleError
from broker.state import go_on_dropping
from tests import builders as b
from tests.adapters.storage.places import new_database, place
from tests.adapters.storage.support import Place
from tests.fakes import START
from tests.flows.replays.recorded import Recorded, recorded
from tests.flows.worlds import caller, stage

__all__ = ["new_database", "place"]
KEEPING = Keeping(sign_ins=90, uses=3650, messages=180, results=365)
CLIENT, ENDS = ClientId("portal"), Seconds(START + 9_000)
SESSION = Session(id="s" * 64, person=b.ADA, idp=b.HOME, identities=(), auth_time=START, expires=ENDS, name="CANARY")
FAMILY = Family(
    id="f", client=CLIENT, person=b.ADA, session=SESSION.id, scope=(), released=None, auth_time=START, expires=ENDS
)
FAREWELL = Farewell(
    id=farewell_id(SESSION.id, CLIENT), client=CLIENT, person=b.ADA, sid="sid", made=START, ends=ENDS, state="heard"
)
NOTICE = Notice(
    id=f"ntc_{make_id('rcp', START, bytes(10))[4:]}.000", to=b.ADA, box="box", what="grant.given", about="g",
    sequence=1, at=START, state="kept",
)  # fmt: skip
SIGN_IN: tuple[Row, ...] = (
    SESSION, HomeSession(id=SESSION.id, home="h"), FAMILY, FAREWELL,
    Code(id="c", family="f", redirect_uri="", challenge="", expires=ENDS), RefreshToken(id="r", family="f", expires=ENDS),
)  # fmt: skip
WORD_FOR_ANOTHER = (
    "UPDATE effect SET digest = (SELECT digest FROM effect WHERE kind = 'session' AND version = 2) WHERE kind = 'hold'"
)
A_DAY = {"session": 1, "home_session": 1, "family": 1, "farewell": 1, "code": 1, "refresh_token": 1}


@asynccontextmanager
async def after(place: Place, days: int) -> AsyncIterator[Recorded]:
    """Ada signed in and used data, and was told of something; so many days have passed."""
    async with recorded(place, *SIGN_IN, NOTICE) as s:
        await ask(s.world, caller(), b.ONE)
        s.place.clock.advance(days * DAY)
        yield s


def kinds(place: Place) -> list[str]:
    return [row[0] for row in place.ask("SELECT kind FROM record ORDER BY seq")]


@pytest.mark.row("KEEP2")
def test_every_table_says_how_long_it_keeps_what() -> None:
    stays = [kind for kinds in STAYS.values() for kind in kinds]
    assert sorted(kind.KIND for kind in (*DROPPED, *stays)) == sorted(kind.KIND for kind in KINDS), "each is in one"
    assert not DROPPED.keys() & SNAPSHOT_KINDS, "what decisions read stays: they are made again with it"
    assert many("pending")
    assert many("feed")
    assert set(metadata.tables) - {kind.KIND for kind in KINDS} | {"pending", "feed"} == OTHER_TABLES.keys()


@pytest.mark.row("KEEP1")
@pytest.mark.parametrize(
    ("days", "gone"),
    [(89, {}), (91, A_DAY), (181, A_DAY | {"notice": 1}), (3651, A_DAY | {"notice": 1, "access": 1, "trace": 1})],
    ids=["a quarter", "a quarter and a day", "half a year", "ten years"],
)
async def test_each_sort_goes_when_its_time_is_over_and_the_log_is_whole(
    place: Place, days: int, gone: dict[str, int]
) -> None:
    async with after(place, days) as s:
        before = kinds(place)
        assert await drop(s.world, KEEPING, count_only=True) == gone
        assert kinds(place) == before, "who counts changes nothing"
        assert await drop(s.world, KEEPING) == gone
        assert await drop(s.world, KEEPING) == {}, "twice is once"
    told = [decode(row[0]).entry for row in place.ask("SELECT body FROM record WHERE kind = 'rows.dropped'")]
    assert kinds(place) == [*before, *("rows.dropped" for _ in told)]
    assert {kind: count for one in told for kind, count in one.about.items()} == gone
    assert all(one.who is None for one in told)
    assert ("CANARY" in str(place.ask("SELECT body FROM session"))) == (not gone)
    assert place.verify().ok, "a row that was dropped is not one that is gone"


@pytest.mark.row("KEEP1")
async def test_kept_for_ever_is_for_ever() -> None:
    s = stage(*SIGN_IN, NOTICE)
    s.clock.advance(36_500 * DAY)
    assert await drop(s.world, Keeping(sign_ins=0, uses=0, messages=0, results=0)) == {}
    assert s.kinds() == []


@pytest.mark.row("KEEP3")
async def test_nothing_goes_of_whom_a_hold_names_until_it_is_lifted(place: Place) -> None:
    async with after(place, 3651) as s:
        await hold(s.world, b.ADA, "Court order 7", None)
        assert await drop(s.world, KEEPING) == {}
        await release(s.world, b.ADA)
        assert (await drop(s.world, KEEPING)).total() == len(A_DAY) + 3
    assert place.verify().ok


@pytest.mark.row("KEEP3")
async def test_past_hole_what_was_held_while_others_were_dropped_went_too() -> None:
    s = stage(*SIGN_IN, NOTICE)
    s.clock.advance(400 * DAY)
    way = s.world.clock.give_way

    async def held_meanwhile() -> None:
        await way()
        await hold(s.world, b.ADA, "Court order 7", None)

    s.world.clock.give_way = held_meanwhile  # type: ignore[method-assign]
    assert await drop(s.world, KEEPING) == A_DAY, "what was gone before it; and then no more"


@pytest.mark.row("KEEP4")
@pytest.mark.parametrize(
    "rows",
    [
        (SESSION, FAMILY, replace(FAREWELL, state="waiting")),
        (SESSION, replace(FAMILY, expires=Seconds(START + 3650 * DAY))),
        (replace(SESSION, expires=Seconds(START + 3650 * DAY)),),
        (replace(NOTICE, state="waiting"),),
        (replace(NOTICE, id="ntc_0a1b"),),
    ],
    ids=["a client is to be told", "tokens live", "a session lives", "a letter is to be sent", "a reminder"],
)
async def test_what_somebody_still_needs_stays(rows: tuple[Row, ...]) -> None:
    s = stage(*rows)
    s.clock.advance(400 * DAY)
    assert await drop(s.world, KEEPING) == {}


@pytest.mark.row("KEEP4")
async def test_a_ticket_under_which_something_runs_stays_and_so_do_the_reasons_of_an_answer(place: Place) -> None:
    async with after(place, 0) as s:
        access = await anext(s.world.rows.scan(Access))
        running = Delivery(id="d", access=access.id, object=access.object, first=0, last=1, started=START)
        await s.put(running, b.request(foresight=access.decision))
        s.place.clock.advance(3651 * DAY)
        found = await drop(s.world, KEEPING)
        assert not found.keys() & {"access", "delivery", "trace"}
        await s.put(changed(running, state="complete"))
        assert await drop(s.world, KEEPING) == {"access": 1, "delivery": 1}
        assert await s.world.rows.get(Trace, access.decision) is not None
    assert place.verify().ok


@pytest.mark.row("KEEP1")
async def test_what_changed_since_it_was_looked_at_stays() -> None:
    s = stage(*SIGN_IN)
    s.clock.advance(91 * DAY)
    before = s.ledger.record

    async def somebody_is_faster(entry: Entry, *changes: Change) -> int:
        s.ledger.record = before  # type: ignore[method-assign]
        s.ledger.rows[SESSION.KIND, SESSION.id] = changed(SESSION, location="DE")
        return await before(entry, *changes)

    s.ledger.record = somebody_is_faster  # type: ignore[method-assign]
    assert await drop(s.world, KEEPING) == {}
    assert await drop(s.world, KEEPING) == A_DAY


@pytest.mark.row("KEEP1")
async def test_a_day_is_one_processs() -> None:
    s = stage(*SIGN_IN, NOTICE)
    s.clock.advance(91 * DAY)
    assert await drop_daily(s.world, KEEPING) == len(A_DAY)
    s.clock.advance(88 * DAY)
    assert await drop_daily(s.world, KEEPING) == 0
    s.clock.advance(2 * DAY)
    assert await drop_daily(s.world, KEEPING) == 1
    s.ledger.rows[SESSION.KIND, SESSION.id] = SESSION
    assert await drop_daily(s.world, KEEPING) == 0, "today it was done"
    s.clock.advance(DAY)
    assert await drop_daily(s.world, KEEPING) == 1


@pytest.mark.row("KEEP5")
@pytest.mark.parametrize(
    ("statement", "fault"),
    [
        ("INSERT INTO session SELECT * FROM kept", Fault.ROW_INSERTED),
        ("DELETE FROM person", Fault.ROW_DELETED),
        ("DELETE FROM effect WHERE kind = 'session' AND version = 2", Fault.EFFECT_CHANGED),
        ("UPDATE effect SET digest = 'x' WHERE kind = 'session' AND version = 2", Fault.EFFECT_CHANGED),
        (WORD_FOR_ANOTHER, Fault.EFFECT_CHANGED),
    ],
    ids=["put back", "gone without a word", "the word is gone", "the word is another", "a word for another row"],
)
async def test_a_row_that_was_dropped_is_told_from_one_that_is_gone(place: Place, statement: str, fault: Fault) -> None:
    async with after(place, 91) as s:
        await hold(s.world, b.MEI, "x", None)
        place.tamper("CREATE TABLE elsewhere AS SELECT * FROM session")
        assert (await drop(s.world, KEEPING)).total() == len(A_DAY)
    place.tamper("DELETE FROM session", statement.replace("kept", "elsewhere"), "DROP TABLE elsewhere")
    assert fault in {one.fault for one in place.verify().findings}


@pytest.mark.row("KEEP5")
async def test_a_decision_whose_trace_went_is_missing_and_the_others_are_made_again(place: Place) -> None:
    async with after(place, 3651) as s:
        await drop(s.world, KEEPING)
        await ask(s.world, caller(), b.TWO)
        assert [one.result for one in s.replays()] == ["missing", "same"]
        assert [one.result for one in s.each_by_itself()] == ["missing", "same"]


@pytest.mark.row("KEEP1")
async def test_an_id_that_was_dropped_never_comes_back(place: Place) -> None:
    async with after(place, 91) as s:
        await drop(s.world, KEEPING)
        with pytest.raises(StaleError):
            await s.put(SESSION)
        await s.put(replace(SESSION, id="another"))
    assert place.verify().ok


@pytest.mark.row("KEEP1")
@pytest.mark.parametrize("failing", [False, True])
async def test_a_running_broker_drops_once_a_day_and_goes_on_after_a_failure(*, failing: bool) -> None:
    s, nights = stage(*SIGN_IN), 0
    s.clock.advance(91 * DAY)
    s.ledger.failed = failing

    async def night(_: float) -> None:
        nonlocal nights
        nights += 1
        if nights == 2:
            assert (SESSION.KIND, SESSION.id) in s.ledger.rows or not failing
            s.ledger.failed = False
            s.clock.advance(DAY)
        if nights > 2:
            raise asyncio.CancelledError

    with pytest.raises(asyncio.CancelledError):
        await go_on_dropping(s.world, KEEPING, night)
    assert (SESSION.KIND, SESSION.id) not in s.ledger.rows
    assert s.kinds() == ["rows.dropped"]
