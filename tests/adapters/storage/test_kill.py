"""A broker that is killed in the middle of everything loses nothing that it has promised.

The judge is the parent's own list of what the child said it had stored, read from a pipe that outlives it.
"""

import asyncio
import os
import signal
import sqlite3
from contextlib import closing

import pytest

from broker.core.audit.entry import decode
from tests.adapters.storage.support import Place, ended, entry, receipt

CALLERS = 24
KILLED_AFTER = (0, 1, 40, 300, 700)
"""Answers after which the child is killed, a life for each; 0: as soon as the ledger is open."""


async def life(place: Place, first: int, pipe: int) -> None:
    """Write as fast as it goes, and say so after each answer, until somebody kills us."""

    async def caller(number: int) -> None:
        while True:
            await ledger.record(entry(number), ended(f"grant:{number}"), ended(f"token:{number}"))
            os.write(pipe, f"{number}\n".encode())
            number += CALLERS

    async with place.open(publish_seconds=0.05) as ledger:
        os.write(pipe, b"open\n")
        await asyncio.gather(*(caller(first + n) for n in range(CALLERS)))


def live_and_be_killed(place: Place, first: int, answers: int) -> list[int]:
    """What a child of ours said it had stored before it was killed."""
    heard, told = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            asyncio.run(life(place, first, told))
        finally:
            os._exit(1)
    os.close(told)
    with os.fdopen(heard, "rb") as pipe:
        said = [pipe.readline() for _ in range(answers + 1)]
        os.kill(child, signal.SIGKILL)
        said += pipe.readlines()
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGKILL
    return [int(line) for line in said[1:] if line.endswith(b"\n")]


def published(place: Place) -> bytes:
    """What anybody may have been shown by now."""
    with closing(sqlite3.connect(place.head)) as head:
        ((note,),) = head.execute("SELECT note FROM head").fetchall()
    return bytes(note)


@pytest.mark.row("T125", "FORK1")
def test_whatever_was_answered_is_there_after_kill_9_and_nothing_is_half_there(place: Place) -> None:
    answered, shown = list[int](), [published(place)]
    for round_, answers in enumerate(KILLED_AFTER, 1):
        answered += live_and_be_killed(place, 1_000_000 * round_, answers)
        shown.append(published(place))
    assert len(answered) >= sum(KILLED_AFTER)

    entries = [decode(body).entry for (body,) in place.ask("SELECT body FROM record WHERE kind = 'decision.made'")]
    assert {receipt(number) for number in answered} <= {entry.id for entry in entries}
    numbers = {entry.at for entry in entries}
    rows = {row[0] for row in place.ask("SELECT id FROM revocation")}
    assert rows == {f"{what}:{number}" for what in ("grant", "token") for number in numbers}
    report = place.verify()
    assert report.findings == ()
    assert report.size == len(entries) + 1
    assert len(set(shown)) > 1
    assert [place.verify(checkpoint=note).findings for note in set(shown)] == [()] * len(set(shown)), "there is one log"
