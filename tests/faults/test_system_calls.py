"""Any single system call on a file of the record fails in a running broker: what anybody was told is true.

strace lets the call fail from outside, below SQLite and below Python: nothing of the broker knows. Whatever the error,
the broker either goes on, or ends by itself with the status of a record that cannot be written; afterwards everything
that clients were told or given is there, whole, once, and a start is all it takes.
"""

import asyncio
import os
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import pytest

from tests.faults.days import Ready, Seen, days, hold_against
from tests.faults.life import Life, lived

DIED = 3
FILES = tuple(f"{name}{end}" for name in ("broker.sqlite", "audit-lock.sqlite") for end in ("", "-wal", "-journal"))
CASES = [
    (call, error, at)
    for call, errors in (("pwrite64", "EIO ENOSPC EINTR"), ("fdatasync", "EIO ENOSPC EINTR"), ("openat", "EIO"), ("unlink", "EIO"))
    for error in errors.split()
    for at in (1, 4)
]  # fmt: skip
SECONDS = 120


def tracer() -> str:
    """The program. Skips, or under STRICT fails, where there is none."""
    found = shutil.which("strace")
    if found is None:
        (pytest.fail if os.environ.get("STRICT") else pytest.skip)("strace is not installed")
    assert found is not None
    return found


@asynccontextmanager
async def failing(life: Life, state: Path, out: Path, call: str, error: str, when: str) -> AsyncIterator[None]:
    """Meanwhile such a call of each thread on these files fails, `when` strace says so. Skips where processes may not be traced."""
    paths = [word for name in FILES for word in ("-P", str(state / name))]
    words = [
        "-f",
        "-p",
        str(life.pid),
        "-o",
        str(out),
        "-e",
        f"inject={call}:error={error}:when={when}",
        "-e",
        f"trace={call}",
    ]
    tracing = await asyncio.create_subprocess_exec(tracer(), *words, *paths, stderr=asyncio.subprocess.PIPE)
    assert tracing.stderr is not None
    said = (await tracing.stderr.readline()).decode()
    if "attached" not in said:
        await tracing.wait()
        (pytest.fail if os.environ.get("STRICT") else pytest.skip)(f"strace: {said}")
    reading = asyncio.create_task(tracing.stderr.read())
    try:
        yield
    finally:
        with suppress(ProcessLookupError):
            tracing.terminate()
        await tracing.wait()
        await reading


async def _work(ready: Ready, seen: Seen) -> None:
    """An answer that is an error is no wrong one: what was told is judged by the database."""
    with suppress(AssertionError):
        await days(ready, seen, most=2)


@pytest.mark.long
@pytest.mark.row("F3")
async def test_a_broker_that_takes_a_failed_commit_for_a_good_one_is_found(ready: Ready, tmp_path: Path) -> None:
    seen, out = Seen(), tmp_path / "calls"
    async with lived(ready.state, seed="swallow commit error") as life:
        tracing = failing(life, ready.state, out, "pwrite64", "EIO", "2+3")
        async with tracing, asyncio.timeout(SECONDS):
            await asyncio.gather(*(_work(ready, seen) for _ in range(2)))
    assert "(INJECTED)" in out.read_text()
    with pytest.raises(AssertionError):
        await hold_against(ready, seen)


@pytest.mark.long
@pytest.mark.row("F7")
@pytest.mark.parametrize(("call", "error", "at"), CASES)
async def test_a_system_call_that_fails_ends_in_answers_that_are_true(
    ready: Ready, tmp_path: Path, call: str, error: str, at: int
) -> None:
    seen, out = Seen(), tmp_path / "calls"
    async with lived(ready.state) as life:
        async with failing(life, ready.state, out, call, error, str(at)), asyncio.timeout(SECONDS):
            await asyncio.gather(*(_work(ready, seen) for _ in range(2)))
        assert not life.is_over or await life.status() == DIED
    injected = out.read_text().count("(INJECTED)")
    await hold_against(ready, seen)
    before = seen.whole
    async with lived(ready.state):
        await days(ready, seen, most=1)
    await hold_against(ready, seen)
    assert seen.whole == before + 1, "a start is all it takes"
    assert injected or call in ("openat", "unlink"), "nothing failed"
