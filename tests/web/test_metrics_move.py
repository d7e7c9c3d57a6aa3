"""Every metric that operators are told of is there, and moves when what it counts happens (F94)."""

import asyncio
import re
from pathlib import Path

import pytest

from broker.core.passport.health import IssuerReport
from broker.ports.tracing import UNTRACED
from broker.web.metrics import METRICS, of_issuers
from broker.web.recording import WatchedLedger
from broker.web.sparing import LINES
from broker.web.streams import Stream
from tests.adapters.storage.support import entry
from tests.docs.doc_blocks import ROOT
from tests.fakes import MemoryLedger
from tests.web.site import Site
from tests.web.test_http_layer import say, wire

PAGE = ROOT / "docs" / "how-to" / "see-where-the-time-goes.md"


class Line(asyncio.Transport):
    """A connection that ends."""

    def abort(self) -> None:
        pass

    def is_closing(self) -> bool:
        return True


def moved() -> dict[str, float]:
    """All that was ever counted, by metric: how often for those that time something."""
    found: dict[str, float] = {}
    for family in METRICS.registry.collect():
        for sample in family.samples:
            if not sample.name.endswith(("_bucket", "_created", "_sum")):
                found[family.name] = found.get(family.name, 0.0) + sample.value
    return found


async def _download(s: Site) -> None:
    told = await (await s.http.get("/ga4gh/drs/v1/objects/obj-1/access/https", headers=s.headers())).json()
    name, _, ticket = told["headers"][0].partition(": ")
    async with s.http.get("/data/obj-1", headers={name: ticket}) as answer:
        await answer.read()


@pytest.mark.row("F94")
def test_the_page_names_every_metric_and_no_other() -> None:
    table = {name for row in re.findall(r"^\| (`broker_[^|]*)\|", PAGE.read_text("utf-8"), re.MULTILINE)
             for name in re.findall(r"`(\w+)`", row)}  # fmt: skip
    reports: tuple[IssuerReport, ...] = ()
    there = {family.name for registry in (METRICS.registry, of_issuers(reports)) for family in registry.collect()}
    assert table == there


@pytest.mark.row("F94")
async def test_every_metric_moves_when_what_it_counts_happens(tmp_path: Path) -> None:
    before, gauges = moved(), {"broker_recording", "broker_running_streams"}
    async with wire(tmp_path) as (s, port):
        with pytest.MonkeyPatch.context() as patched:
            ups: list[str] = []
            for name, gauge in (("broker_recording", METRICS.recording), ("broker_running_streams", METRICS.streams)):
                patched.setattr(gauge, "inc", lambda name=name: ups.append(name))
                patched.setattr(gauge, "dec", lambda: None)
            await _download(s)
        assert gauges <= set(ups)
        Stream(Line(), lambda _: True).cut()
        await asyncio.gather(*(say(port, b"nonsense\r\n\r\n") for _ in range(3 * LINES)))
        await s.http.get("/metrics")
    after = moved()
    still = {name for name in after if after[name] == before.get(name, 0.0)}
    assert still <= gauges | {"broker_turned_away_connections"}, "tests/web/test_edge.py turns somebody away"


@pytest.mark.row("F94")
async def test_every_entry_is_counted_once_under_its_kind_however_it_is_recorded() -> None:
    ledger = WatchedLedger(MemoryLedger(), UNTRACED)
    kinds = ("decision.made", "grant.given")
    before = [METRICS.recorded.labels(kind)._value.get() for kind in kinds]
    await ledger.record(entry(1, kinds[0]))
    assert [METRICS.recorded.labels(kind)._value.get() for kind in kinds] == [before[0] + 1, before[1]]
    await ledger.record_each([(entry(2, kinds[0]), ()), (entry(3, kinds[1]), ()), (entry(4, kinds[1]), ())])
    assert [METRICS.recorded.labels(kind)._value.get() for kind in kinds] == [before[0] + 2, before[1] + 2]
