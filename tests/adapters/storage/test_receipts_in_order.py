"""The quick check of a log reads receipts beside one another; where they lie far apart, it looks up each."""

import asyncio
from contextlib import closing
from pathlib import Path

import pytest

from broker.adapters.storage.audit_quick import in_order
from broker.adapters.storage.connections import connect_reading
from broker.adapters.storage.create import PAGE_BYTES
from broker.adapters.storage.shards import Span
from broker.core.audit.verify import Mark
from tests.adapters.storage.support import ORIGIN, Place, entry

COUNT = 1_536
"""With `log.created`, six blocks of 256 and one entry: more than are read beside one another."""


def filled(folder: Path, step: int) -> Place:
    """Entries whose ids are in the order of the log (step 1), or strewn over all of it."""
    folder.mkdir()
    place = Place(folder).create()

    async def write() -> None:
        async with place.open() as ledger:
            await asyncio.gather(*(ledger.record(entry(1 + n * step % COUNT)) for n in range(COUNT)))

    asyncio.run(write())
    return place


@pytest.fixture(scope="module", params=[1, 5 * 43 * 7], ids=["side by side", "strewn"])
def log(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Place:
    return filled(tmp_path_factory.mktemp("log") / "state", request.param)


def quickly(place: Place) -> bytes | None:
    with closing(connect_reading(place.database)) as db:
        marks = [Mark(size, root) for size, root in db.execute("SELECT size, root FROM checkpoint ORDER BY size")]
        return in_order(place.database, db, marks, lambda _: None, Span(ORIGIN), alone=10**9)


def test_a_log_in_order_is_found_so_without_a_careful_look(log: Place) -> None:
    assert quickly(log) == log.verify().root


def test_a_receipt_that_leads_elsewhere_needs_the_careful_look(log: Place) -> None:
    swap = "UPDATE receipt SET seq = CASE seq WHEN 700 THEN 701 ELSE 700 END WHERE seq IN (700, 701)"
    log.tamper(swap)
    assert quickly(log) is None
    log.tamper(swap)
    assert quickly(log) is not None


def test_a_new_database_has_pages_that_entries_fill(log: Place) -> None:
    assert log.ask("PRAGMA page_size") == [(PAGE_BYTES,)]
