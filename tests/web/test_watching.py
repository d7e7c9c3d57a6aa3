"""What operators see: whether a download could be made, how long things take, which request did what (F40, F93, F94)."""

import asyncio
import re
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from broker.core.rows import Access
from broker.ports import LedgerDownError
from broker.web import health
from broker.web.edge import may_watch, networks
from broker.web.metrics import METRICS, door_of
from broker.web.recording import MEMBER, WATCHED, noted
from broker.web.routes import ROUTES
from broker.web.sparing import LINES, Sparing
from broker.web.state import READY
from tests.fakes import MemoryLedger
from tests.web.site import Site, site
from tests.web.test_http_layer import say, statuses, wire
from tests.web.test_once import ASKING

SERIES = 1_200
"""Label values of one metric, at most, whatever callers send."""


def app_of(s: Site) -> Any:
    return s.http.server.app  # type: ignore[attr-defined]


def fresh(s: Site) -> None:
    """As if the last rehearsal were long ago."""
    app_of(s)[READY].rehearsed = float("-inf")


async def ready(s: Site) -> tuple[int, int]:
    """What the two addresses of health answer."""
    fresh(s)
    return (await s.http.get("/healthz")).status, (await s.http.get("/readyz")).status


@pytest.mark.row("F93")
async def test_ready_means_that_everything_was_rehearsed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with site(tmp_path) as s:
        assert await ready(s) == (200, 200)
        kept, w = list(s.stage.ledger.entries), s.stage.world

        async def down(*_: Any) -> Any:
            raise LedgerDownError("down")

        async def stalled(*_: Any) -> Any:
            await asyncio.Event().wait()

        def broken(*_: Any) -> Any:
            raise RuntimeError("no key")

        monkeypatch.setattr(health, "_SECONDS", 0.05)
        for part, name, how, status in (
            (w.scratch, "put", down, 503),
            (w.scratch, "put", stalled, 503),
            (w.rows, "get", stalled, 503),
            (w.signer, "sign", broken, 500),
            (s.broker.audit, "published", stalled, 503),
        ):
            with monkeypatch.context() as patched:
                patched.setattr(part, name, how)
                assert await ready(s) == (200, status), (name, how)
            assert await ready(s) == (200, 200)
        assert s.stage.ledger.entries == kept, "a rehearsal leaves nothing on record"


@pytest.mark.row("F93", "F27")
async def test_not_ready_while_somebody_waits_too_long_for_the_record(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with site(tmp_path) as s:
        begun, go_on = asyncio.Event(), asyncio.Event()
        record = MemoryLedger.record

        async def late(self: MemoryLedger, *what: Any) -> Any:
            begun.set()
            await go_on.wait()
            return await record(self, *what)

        monkeypatch.setattr(MemoryLedger, "record", late)
        monkeypatch.setattr(health, "_SECONDS", 0.0)
        asking = asyncio.create_task(s.http.post("/api/v1/requests", json=ASKING, headers=s.headers()))
        await begun.wait()
        assert app_of(s)[WATCHED].longest_wait() > 0
        assert await ready(s) == (200, 503)
        go_on.set()
        assert (await asking).status == 201
        assert app_of(s)[WATCHED].longest_wait() == 0
        monkeypatch.setattr(health, "_SECONDS", 5.0)
        assert await ready(s) == (200, 200)


@pytest.mark.row("F92")
async def test_who_is_about_to_stop_is_not_ready(tmp_path: Path) -> None:
    async with site(tmp_path) as s:
        assert await ready(s) == (200, 200)
        app_of(s)[READY].draining = True
        assert await ready(s) == (200, 503)
        assert (await (await s.http.get("/readyz")).json())["code"] == "SRV-DRAINING"


@pytest.mark.row("F93")
async def test_who_asks_often_costs_one_rehearsal_a_second(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with site(tmp_path) as s:
        fresh(s)
        asked, get = [], s.stage.world.rows.get

        async def counted(kind: Any, id: str) -> Any:
            asked.extend([id] if kind is Access else [])
            return await get(kind, id)

        monkeypatch.setattr(s.stage.world.rows, "get", counted)
        monkeypatch.setattr(health, "_EVERY", 60.0)
        for _ in range(5):
            assert (await s.http.get("/readyz")).status == 200
        assert len(asked) == 1


@pytest.mark.row("F94")
async def test_one_id_leads_from_the_answer_to_the_log_and_the_entry(tmp_path: Path) -> None:
    async with site(tmp_path) as s:
        for given, kept in (
            ("0af7651916cd43dd8448eb211c80319c", "0af7651916cd43dd8448eb211c80319c"),
            ("ada.lovelace.was.here", noted("ada.lovelace.was.here")),
        ):
            with capture_logs() as lines:
                answer = await s.http.post(
                    "/api/v1/requests", json=ASKING, headers={**s.headers(), "X-Request-ID": given}
                )
            assert (answer.status, answer.headers["X-Request-ID"]) == (201, given)
            assert s.stage.ledger.entries[-1].about[MEMBER] == kept
            assert [line for line in lines if line["event"] == "request"]
        assert noted("ada.lovelace.was.here").startswith("sha256:"), "an entry is for ever, and words may name people"
        own = await s.http.post("/api/v1/requests", json=ASKING, headers=s.headers())
        assert s.stage.ledger.entries[-1].about[MEMBER] == own.headers["X-Request-ID"]


LEVELS = (
    "broker_request_seconds", "broker_first_byte_seconds", "broker_record_seconds", "broker_recording", "broker_log_entries",
    "broker_log_published_entries", "broker_requests_total", "broker_recorded_entries_total", "broker_sent_bytes_total",
    "broker_running_streams", "broker_cut_streams_total", "broker_unreadable_requests_total", "broker_left_out_log_lines_total",
)  # fmt: skip


@pytest.mark.row("F94")
async def test_every_service_level_has_its_metric_and_no_label_is_what_callers_like(tmp_path: Path) -> None:
    async with site(tmp_path) as s:
        told = await (await s.http.get("/ga4gh/drs/v1/objects/obj-1/access/https", headers=s.headers())).json()
        name, _, ticket = told["headers"][0].partition(": ")
        assert (await s.http.get("/data/obj-1", headers={name: ticket})).status == 200
        for number in range(50):
            await s.http.request(
                "PROPFIND" if number % 2 else "GET", f"/nowhere/{number}", headers={"X-Request-ID": f"id-{number:08}"}
            )
            await s.http.get(f"/data/canary-{number}", params={"canary": str(number)})
        text = await (await s.http.get("/metrics")).text()
    assert not [level for level in LEVELS if f"# HELP {level} " not in text]
    assert "canary" not in text
    assert "nowhere/" not in text
    assert "PROPFIND" not in text
    series = [line.partition("{")[0] for line in text.splitlines() if line and not line.startswith("#")]
    assert max(series.count(name) for name in set(series)) <= SERIES
    doors = {door_of(route.path) for route in ROUTES}
    statuses_ = 12
    assert len(ROUTES) * statuses_ < 4 * SERIES, "requests are told apart by address and status: keep an eye on it"
    assert len(doors) <= 10


@pytest.mark.row("F94")
async def test_a_downloads_time_is_that_of_its_first_byte(tmp_path: Path) -> None:
    before = METRICS.first_byte._sum.get()
    async with site(tmp_path) as s:
        told = await (await s.http.get("/ga4gh/drs/v1/objects/obj-1/access/https", headers=s.headers())).json()
        name, _, ticket = told["headers"][0].partition(": ")
        await (await s.http.get("/data/obj-1", headers={name: ticket})).read()
    assert METRICS.first_byte._sum.get() > before


@pytest.mark.row("F40")
def test_of_each_kind_a_few_lines_a_second_are_written_and_the_rest_is_counted() -> None:
    time = [0.0]
    few = Sparing(lambda: time[0])
    assert [few.admits("a") for _ in range(LINES + 3)] == [0] * LINES + [None] * 3
    assert few.admits("b") == 0
    time[0] = 1.5
    assert [few.admits("a"), few.admits("a")] == [3, 0]


@pytest.mark.row("F40")
async def test_a_flood_of_refused_requests_is_a_few_lines(tmp_path: Path) -> None:
    many = 200
    async with wire(tmp_path) as (s, port):
        left_out = METRICS.lines_left_out._value.get()
        with capture_logs() as lines:
            sent = (
                b"GET /nowhere HTTP/1.1\r\nHost: a\r\n\r\n" * many
                + b"GET /nowhere HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
            )
            answered = statuses(await say(port, sent))
            for _ in range(20):
                await say(port, b"\x16\x03\x01 nothing like HTTP\r\n\r\n")
        assert answered.count(404) == many + 1
        kinds = [line["event"] for line in lines]
        assert kinds.count("request") <= 5 * LINES, "some seconds' worth"
        assert METRICS.lines_left_out._value.get() > left_out
        assert re.search(r"broker_requests_total\{[^}]*unknown[^}]*404[^}]*\}", await (await s.http.get("/metrics")).text())  # fmt: skip


@pytest.mark.row("WATCH1")
@pytest.mark.parametrize(
    ("peer", "forwarded", "may"),
    [
        ("127.0.0.1", False, True),
        ("::1", False, True),
        ("127.0.0.1", True, False),
        ("10.1.2.3", False, True),
        ("::ffff:10.1.2.3", False, True),
        ("10.1.2.3", True, False),
        ("10.1.3.3", False, False),
        ("2001:db8::1", False, False),
        ("", False, False),
        (None, False, False),
    ],
)
def test_metrics_are_read_from_here_and_from_the_networks_that_are_named(
    peer: str | None, *, forwarded: bool, may: bool
) -> None:
    assert may_watch(peer, networks(["10.1.2.0/24"]), forwarded=forwarded) is may
    if peer not in ("127.0.0.1", "::1"):
        assert not may_watch(peer, (), forwarded=forwarded), "by default from nowhere else"


@pytest.mark.row("WATCH1")
@pytest.mark.parametrize("header", ["X-Forwarded-For", "forwarded", "VIA", "x-real-ip"])
async def test_nobody_reads_metrics_through_a_proxy(tmp_path: Path, header: str) -> None:
    async with site(tmp_path) as s:
        refused = await s.http.get("/metrics", headers={header: "127.0.0.1"})
        assert (refused.status, (await refused.json())["code"]) == (404, "REQ-NOT-FOUND")
        assert (await s.http.get("/metrics")).status == 200
