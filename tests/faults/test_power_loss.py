"""After a loss of power at any write the log is whole, and everything that anybody was told is in it."""

import asyncio
import random
import sqlite3
from pathlib import Path

import pytest

from broker.adapters.storage import ledger as ledgers
from tests.adapters.storage.support import Place
from tests.faults.disk import Disk, diary
from tests.faults.power import images
from tests.faults.records import CALLERS, Connect, connect_folding, lost, work

ROUNDS = 14


def _findings(place: Place, disk: Disk, share: float, enough: int = 10**9) -> tuple[int, list[str]]:
    """How many images were looked at, drawn from this share of the steps, and what was wrong with them."""
    chance, findings, tried = random.Random(20261122), list[str](), 0
    for steps, image in images(disk, lambda _: chance.random() < share, random.Random(4)):
        tried += 1
        if wrong := lost(place, disk, steps, image):
            findings.append(f"after step {steps}: {wrong}")
        if len(findings) == enough:
            break
    return tried, findings


def _lived(place: Place, connect: Connect = connect_folding, publish: float = 0.0) -> Disk:
    """Two lives, one after the other."""
    with diary(place.folder) as disk:
        for life in (1, 2):
            asyncio.run(work(place, disk, life, ROUNDS, connect=connect, publish=publish))
    assert sum(isinstance(what, int) for _, what in disk.told) == 2 * ROUNDS * CALLERS
    return disk


@pytest.mark.row("F4")
def test_what_was_told_outlives_a_loss_of_power_at_any_step(place: Place) -> None:
    disk = _lived(place)
    assert {(step.what, step.file.name) for step in disk.steps} >= {
        ("sync", "broker.sqlite-wal"), ("sync", "broker.sqlite"), ("truncate", "broker.sqlite"),
        ("delete", "broker.sqlite-wal"), ("delete", "audit-lock.sqlite-journal"),
    }  # fmt: skip
    tried, findings = _findings(place, disk, 0.03)
    assert not findings
    assert tried > 100


@pytest.mark.long
@pytest.mark.row("F4")
def test_the_same_after_every_step(place: Place) -> None:
    tried, findings = _findings(place, _lived(place), 1.0)
    assert not findings
    assert tried > 5_000


def _hasty(path: Path) -> sqlite3.Connection:
    """Commits are not on disk when they return."""
    db = connect_folding(path)
    db.execute("PRAGMA synchronous = NORMAL")
    return db


@pytest.mark.row("F4")
@pytest.mark.parametrize(("publish", "found"), [(0.0, "an old backup"), (3600.0, "acknowledged and lost")])
def test_commits_that_do_not_wait_for_the_disk_are_found(
    place: Place, monkeypatch: pytest.MonkeyPatch, publish: float, found: str
) -> None:
    """The images can tell: otherwise that they are in order says nothing."""
    monkeypatch.setattr(ledgers, "assert_durable", lambda _: None)
    _, findings = _findings(place, _lived(place, _hasty, publish), 0.03, enough=25)
    assert any(found in one for one in findings)
