"""`broker retention`, and the running broker that does the same by itself; at the state folder of a small broker."""

import asyncio
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from broker.__main__ import cli
from broker.adapters.storage.log import open_log
from broker.app import opened
from broker.commands.common import Fail
from broker.config import Settings
from broker.core.audit.entry import decode
from broker.core.ids import make_id
from broker.core.rows import HomeSession, Notice, Put, Row, Session
from broker.core.rows.retention import DAY
from broker.core.time import Seconds
from broker.state import make_state
from tests import builders as b

ISSUER = "http://127.0.0.1:18999"
DUE = {"sign_ins": 90, "uses": 3650, "messages": 180, "results": 365}


def over(now: Seconds, days: int) -> tuple[Row, ...]:
    """What was over so many days before `now`: a sign-in with that at home, and a message."""
    then = Seconds(now - days * DAY)
    return (
        Session(id=f"{days:064}", person=b.ADA, idp=b.HOME, identities=(), auth_time=then, expires=then),
        HomeSession(id=f"{days:064}", home="h"),
        Notice(id=f"ntc_{make_id('rcp', then, bytes(10))[4:]}.000", to=b.ADA, box="box", what="grant.given",
               about="g", sequence=1, at=then, state="kept"),
    )  # fmt: skip


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A broker in which two people signed in and were told of something: 400 and 100 days ago."""
    state = tmp_path_factory.mktemp("made") / "state"
    chosen = Settings(issuer=ISSUER, state=state, mode="example")
    make_state(chosen)

    async def fill() -> None:
        async with opened(chosen) as running:
            w, now = running.world, running.world.clock.now()
            rows = (*over(now, 400), *over(now, 100))
            await w.ledger.record(w.entry("person.made", now, None), *map(Put, rows))

    asyncio.run(fill())
    return state


@pytest.fixture
def state(made: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(made, tmp_path / "state"))


def chosen_at(state: Path, **keep: int) -> Settings:
    return Settings(
        issuer=ISSUER, state=state, mode="example", **{f"keep_{sort}_days": days for sort, days in keep.items()}
    )


def run(state: Path, *words: str, **keep: int) -> Result:
    config = state.parent / "broker.toml"
    told = [f'issuer = "{ISSUER}"', f'state = "{state}"', 'mode = "example"']
    config.write_text("\n".join([*told, *(f"keep_{sort}_days = {days}" for sort, days in keep.items())]) + "\n")
    return CliRunner().invoke(cli, ["--config", str(config), *words])


def done(state: Path, *words: str, **keep: int) -> list[str]:
    result = run(state, *words, **keep)
    assert result.exit_code == 0, (result.output, result.exception)
    return result.output.splitlines()


def words(how: str, session: int, home_session: int, notice: int, **keep: int) -> list[str]:
    kept = {sort: f"{days} days" if days else "as long as the broker is" for sort, days in (DUE | keep).items()}
    rest = "0 family, 0 code, 0 refresh_token, 0 farewell, 0 task"
    return [
        f"sign ins: kept {kept['sign_ins']}; {how}: {session} session, {home_session} home_session, {rest}",
        f"uses: kept {kept['uses']}; {how}: 0 access, 0 delivery, 0 trace",
        f"messages: kept {kept['messages']}; {how}: {notice} notice",
        f"results: kept {kept['results']}; {how}: 0 result_report",
    ]


def drops(state: Path) -> list[dict[str, object]]:
    """What the log says was dropped."""

    async def entries() -> list[dict[str, object]]:
        async with open_log(state / "broker.sqlite", state / "audit-lock.sqlite") as log:
            all_of = [decode(kept.body).entry for kept in await log.newest(500)]
        return [dict(one.about) for one in all_of if one.kind == "rows.dropped"]

    return asyncio.run(entries())


@pytest.mark.row("KEEP6")
def test_it_counts_then_drops_as_the_settings_say_and_the_log_stays_whole(state: Path) -> None:
    assert done(state, "retention") == words("over", 2, 2, 1)
    assert drops(state) == [], "who counts takes nothing"
    assert done(state, "retention", "--now") == words("dropped", 2, 2, 1)
    assert drops(state) == [{"notice": 1}, {"home_session": 2, "session": 2}], "newest first"
    assert done(state, "retention", "--now") == words("dropped", 0, 0, 0)
    assert "every one as it was signed" in "".join(done(state, "audit", "verify"))


@pytest.mark.row("KEEP6")
@pytest.mark.parametrize(
    ("keep", "gone"),
    [
        ({"sign_ins": 0, "messages": 0}, (0, 0, 0)),
        ({"sign_ins": 101, "messages": 401}, (1, 1, 0)),
        ({"sign_ins": 99, "messages": 120}, (2, 2, 1)),
    ],
    ids=["for ever", "longer", "shorter"],
)
def test_the_settings_say_for_how_long(state: Path, keep: dict[str, int], gone: tuple[int, int, int]) -> None:
    assert done(state, "retention", **keep) == words("over", *gone, **keep)


@pytest.mark.row("KEEP6")
@pytest.mark.parametrize(
    ("keep", "said"),
    [
        ({"sign_ins": 6}, "keep_sign_ins_days: 0, or 7 or more"),
        ({"uses": 364}, "keep_uses_days: 0, or 365 or more"),
        ({"messages": 119}, "keep_messages_days: 0, or 120 or more"),
        ({"results": 59}, "keep_results_days: 0, or 60 or more"),
    ],
)
def test_who_would_keep_too_little_is_told_what_is_least(state: Path, keep: dict[str, int], said: str) -> None:
    failed = run(state, "retention", "--now", **keep)
    assert isinstance(failed.exception, Fail), failed.output
    assert said in str(failed.exception)
    (sort,) = keep
    assert run(state, "retention", **{sort: keep[sort] + 1}).exit_code == 0


@pytest.mark.row("KEEP6")
async def test_beside_a_running_broker_it_is_refused_in_one_line(state: Path) -> None:
    async with opened(chosen_at(state)):
        failed = await asyncio.to_thread(run, state, "retention", "--now")
    assert isinstance(failed.exception, Fail), failed.output
    assert len(str(failed.exception).splitlines()) == 1
    assert await asyncio.to_thread(drops, state) == []


@pytest.mark.row("KEEP6")
async def test_a_broker_that_runs_does_so_by_itself_as_its_settings_say(state: Path) -> None:
    """Its loop is told that a quarter of an hour has passed; what it was told to keep for longer stays."""
    loop, gone = asyncio.get_running_loop(), asyncio.Event()
    steady = loop.time
    async with opened(chosen_at(state, messages=0, sign_ins=101)) as running:
        told, before = list[Row](), running.ledger.on_commit

        def committed(rows: tuple[Row, ...]) -> None:
            before(rows)
            told.extend(rows)
            gone.set()

        running.ledger.on_commit = committed
        loop.time = lambda: steady() + 901  # type: ignore[method-assign]
        await asyncio.wait_for(gone.wait(), 30)
        assert sorted(row.KIND for row in told) == ["home_session", "session"]
        assert await running.world.rows.get(Session, f"{400:064}") is None
        assert await running.world.rows.get(Session, f"{100:064}") is not None
        assert [row.box async for row in running.world.rows.scan(Notice)].count("box") == 2
    assert [task for task in asyncio.all_tasks() if "go_on" in str(task.get_coro())] == [], "it ends with the broker"
