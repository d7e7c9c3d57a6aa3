"""A page asks the database a few times, however much there is to tell."""

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from broker.adapters.storage.remembered import RememberedRows
from broker.core.ids import DecisionId
from broker.core.purpose import Modality
from broker.core.rows import Access, Delivery, Row
from broker.core.time import Seconds
from broker.web.state import BROKER
from tests import builders as b
from tests.browser.looks import LOOKS
from tests.browser.world import lived_in
from tests.fakes import START
from tests.web.browsing import Browser, browser_session
from tests.web.site import Site, site

MOST = 10
"""Reads of one page."""


@dataclass
class Counting:
    """Rows that count how often they are asked."""

    rows: Any
    asked: list[str] = field(default_factory=list)

    def __getattr__(self, name: str) -> Any:
        self.asked.append(name)
        return getattr(self.rows, name)


def downloads(many: int) -> list[Row]:
    """So many accesses of Ada to Pia's file, with three deliveries each."""
    made: list[Row] = []
    for n in range(many):
        made.append(
            Access(
                id=f"acc_{n:04}", decision=DecisionId(f"dec_{n}"), person=b.ADA, identities=(), client=None, session=None,
                family=None, dataset=b.HEART, object=b.ONE, grants=(), grant=b.GRANT, modality=Modality.DOWNLOAD,
                expires=Seconds(START + 9),
            )
        )  # fmt: skip
        made += [
            Delivery(id=f"dlv_{n:04}_{part}", access=f"acc_{n:04}", object=b.ONE, first=0, last=9,
                     started=START, state="complete", sent=10)
            for part in range(3)
        ]  # fmt: skip
    return made


def counted(s: Site) -> Counting:
    """What is asked of the database behind what is remembered of who is signed in."""
    broker = s.http.app[BROKER]
    counting = Counting(broker.world.rows)
    rows = RememberedRows(counting)
    s.http.app._state[BROKER] = replace(
        broker, world=replace(broker.world, rows=rows), oauth=replace(broker.oauth, rows=rows)
    )
    return counting


@pytest.mark.row("PAG-READS")
@pytest.mark.parametrize("path", ["/me", "/my-data", "/grants", "/datasets", "/use?kinds=hmb", "/register", "/figures"])
async def test_a_page_reads_a_few_times_however_much_there_is(tmp_path: Path, path: str) -> None:
    told = []
    for many in (2, 30):
        people = [browser_session("ada"), browser_session("pia")]
        async with site(tmp_path, *people, *downloads(many)) as s:
            rows = counted(s)
            browser = Browser(s, "pia" if path == "/my-data" else "ada")
            await browser.open(path)  # from now on it is remembered who is signed in
            rows.asked.clear()
            shown = await browser.open(path)
            assert browser.status == 200, shown
            told.append(len(rows.asked))
    assert told[0] == told[1] <= MOST, rows.asked


@pytest.mark.row("PAG-READS")
async def test_no_page_reads_often_where_something_of_everything_has_happened(tmp_path: Path) -> None:
    often: dict[str, list[str]] = {}
    async with lived_in(tmp_path) as (s, names):
        rows = counted(s)
        for look in LOOKS:
            browser, path = Browser(s, look.who), look.address.format_map(names)
            await browser.open(path)
            rows.asked.clear()
            await browser.open(path)
            often[look.id] = list(rows.asked)
    assert {id: asked for id, asked in often.items() if len(asked) > MOST} == {}
    assert any(often.values())
