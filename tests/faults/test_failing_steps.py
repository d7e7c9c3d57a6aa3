"""Any single step of a disk fails once: what anybody was told is there, and after a failed sync nobody is told anything.

A step is a write, a sync, a truncation or a removal that SQLite asks for on the way of a commit, of folding the log, of
moving the head, of a start or an end. What a failed sync covered is taken for lost, as kernels do.
"""

import asyncio
import random
import shutil
import sqlite3
from collections.abc import Callable, Sequence
from contextlib import suppress
from itertools import count

import pytest

from broker.adapters.storage.head import LedgerRefusedError
from broker.adapters.storage.writer import Answer, Wish, Writer
from tests.adapters.storage.support import Place
from tests.fakes import CountingEntropy
from tests.faults.disk import OK, Disk, Step, diary
from tests.faults.power import images, none, torn
from tests.faults.records import CALLERS, lost, work

ROUNDS = 5
_IO_ERROR = 10
FAILS = {"write": _IO_ERROR | 3 << 8, "sync": _IO_ERROR | 4 << 8, "truncate": _IO_ERROR | 6 << 8, "delete": _IO_ERROR | 10 << 8}  # fmt: skip
"""With which result of SQLite a step fails: https://sqlite.org/rescode.html."""
_DIES = (sqlite3.OperationalError, LedgerRefusedError)


class Once:
    """A disk of which the step of this number fails, among those of its kind."""

    def __init__(self, what: str, number: int) -> None:
        self.what, self.left, self.failed = what, number, ""

    def __call__(self, step: Step) -> int:
        if step.what != self.what or self.failed:
            return OK
        self.left -= 1
        if self.left >= 0:
            return OK
        self.failed = step.file.name
        return FAILS[step.what]


def _lived(place: Place, will: Once) -> Disk:
    with diary(place.folder, will) as disk, suppress(*_DIES):
        asyncio.run(work(place, disk, 1, ROUNDS))
    return disk


def _findings(place: Place, disk: Disk) -> list[str]:
    last = len(disk.steps) - 1
    return [
        wrong
        for steps, image in images(disk, lambda number: number == last, random.Random(7), (none, torn))
        if (wrong := lost(place, disk, steps, image))
    ]


def _tried(new: Callable[[], Place], what: str, every: int = 1, first: int = 0) -> int:
    """Let the steps of this kind fail, in a life each. How many failed. AssertionError for what was told and is not."""
    tried, number = 0, first
    while True:
        place, will = new(), Once(what, number)
        disk = _lived(place, will)
        if not will.failed:
            return tried
        findings = _findings(place, disk)
        assert not findings, f"{what} {number} of {will.failed}: {findings}"
        tried, number = tried + 1, number + every


@pytest.fixture
def new(place: Place) -> Callable[[], Place]:
    """Another fresh database at each call."""

    def made() -> Place:
        copy = Place(place.folder / f"life-{next(numbers)}", entropy=CountingEntropy(drawn=place.entropy.drawn))
        copy.folder.mkdir()
        for path in (place.database, place.head):
            shutil.copy(path, copy.folder)
        return copy

    numbers = count()
    return made


@pytest.mark.row("F8")
def test_after_a_failed_sync_nobody_is_told_anything_and_what_was_told_is_there(new: Callable[[], Place]) -> None:
    assert _tried(new, "sync", every=3, first=2) > 5


@pytest.mark.row("F8")
@pytest.mark.parametrize("number", range(0, 28, 4))
def test_after_a_commit_that_failed_nothing_is_folded_not_even_at_the_end(
    new: Callable[[], Place], number: int
) -> None:
    """The log that is waiting may have holes on the disk; laid over the database it would damage what is whole."""
    place, will = new(), Once("sync", number)
    disk = _lived(place, will)
    failed = next(at for at, step in enumerate(disk.steps) if step.what == "failed sync")
    if sum(isinstance(what, int) for _, what in disk.told) < ROUNDS * CALLERS:
        folded = [step for step in disk.steps[failed:] if step.file.name == place.database.name]
        assert not folded, will.failed


@pytest.mark.row("F7")
def test_a_write_that_fails_ends_in_an_answer_that_is_true(new: Callable[[], Place]) -> None:
    assert _tried(new, "write", every=20, first=3) > 5


@pytest.mark.long
@pytest.mark.row("F7", "F8")
@pytest.mark.parametrize(("what", "least"), [("write", 150), ("sync", 20), ("truncate", 2), ("delete", 5)])
def test_any_step_that_fails_ends_in_an_answer_that_is_true(new: Callable[[], Place], what: str, least: int) -> None:
    assert _tried(new, what) > least


@pytest.mark.row("F8")
def test_a_failed_commit_that_is_taken_for_a_good_one_is_found(
    new: Callable[[], Place], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The lives can tell."""
    commit = Writer.commit

    def committed(self: Writer, wishes: Sequence[Wish]) -> list[Answer]:
        try:
            return commit(self, wishes)
        except sqlite3.OperationalError:
            return list(range(self.size, self.size + len(wishes)))

    monkeypatch.setattr(Writer, "commit", committed)
    with pytest.raises(AssertionError, match="acknowledged"):
        _tried(new, "sync")
