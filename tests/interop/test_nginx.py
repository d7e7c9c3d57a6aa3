"""nginx in front, as shipped: what it passes on is cut in time; what it sends by itself is bounded and on record."""

import asyncio
import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from broker.adapters.nginx_log import NginxLog
from broker.core.handing_on import RATE
from broker.core.rows import Delivery, Repository
from broker.flows.handing_on import close_reported
from broker.web.edge import Edge, networks
from tests import builders as b
from tests.interop.nginx import nginx, readable_folder
from tests.web.site import CONTENT, Site, opened, site
from tests.web.test_data_endpoint import BIG, _revoke

OURS = Edge(proxies=networks(("127.0.0.1",)), files="/_files")


@dataclass
class Fronted:
    """A site with nginx before it."""

    site: Site
    base: str
    sent: Path
    http: aiohttp.ClientSession

    async def get(self, **fields: str) -> tuple[aiohttp.ClientResponse, bytes]:
        path, header = await opened(self.site)
        async with self.http.get(f"{self.base}{path}", headers=header | fields) as answer:
            return answer, await answer.read()

    async def told(self) -> list[dict[str, Any]]:
        """What nginx's log says, told to the broker too."""
        await asyncio.sleep(0.05)
        await NginxLog(self.sent, lambda said: close_reported(self.site.stage.world, said)).look()
        return [json.loads(line) for line in self.sent.read_text().splitlines()] if self.sent.exists() else []


@asynccontextmanager
async def fronted(content: bytes = CONTENT, seconds: int | None = 10, more: str = "") -> AsyncIterator[Fronted]:
    with readable_folder() as folder:
        bank = folder / "files" / "bank"
        bank.mkdir(parents=True)
        changes: dict[str, Any] = {
            "dataset": b.dataset(uninterruptible_delivery=seconds),
            "repository": Repository(id="bank", name="The bank", root=str(bank)),
        }
        async with (
            site(bank, content=content, edge=OURS, **changes) as s,
            nginx(folder, s.http.port or 0, folder / "files", more) as (port, sent),
            aiohttp.ClientSession() as http,
        ):
            yield Fronted(site=s, base=f"http://127.0.0.1:{port}", sent=sent, http=http)


def last(s: Site) -> Delivery:
    rows = [row for row in s.stage.ledger.rows.values() if isinstance(row, Delivery)]
    return max(rows, key=lambda row: row.id)


@pytest.mark.parametrize(
    ("wanted", "first", "end"), [(None, 0, len(CONTENT)), ("bytes=5-99", 5, 100), ("bytes=-7", -7, None), ("bytes=100-", 100, None)]
)  # fmt: skip
async def test_nginx_sends_what_it_may_and_its_count_is_on_record(wanted: str | None, first: int, end: Any) -> None:
    async with fronted() as f:
        answer, body = await f.get(**({"Range": wanted} if wanted else {}))
        assert (answer.status, body) == (206 if wanted else 200, CONTENT[first:end])
        entry = f.site.stage.ledger.entries[-1]
        assert entry.kind == "download.authorised", "recorded before, and nobody knows the end yet"
        assert (entry.about["way"], entry.about["unstoppable_seconds"]) == ("nginx", 10)
        assert answer.headers["X-Audit-Receipt"] == entry.id
        assert answer.headers["ETag"].strip('"') in f.site.stage.ledger.rows["drs_object", "obj-1"].checksums.values()  # type: ignore[attr-defined]
        assert "X-Accel-Redirect" not in answer.headers
        assert "X-Delivery" not in answer.headers
        (line,) = await f.told()
        assert line == {"delivery": last(f.site).id, "sent": len(body), "done": "OK"}
        about = f.site.stage.ledger.entries[-1].about
        assert (about["end"], about["sent"], about["told_by"]) == ("complete", len(body), "nginx")
        assert (last(f.site).state, last(f.site).sent) == ("complete", len(body))


@pytest.mark.parametrize(
    ("fields", "seconds"),
    [({"Range": "bytes=0-1,8-9"}, 10), ({"If-Range": '"x"', "Range": "bytes=0-1"}, 10), ({"If-Match": "*"}, 10), ({}, None)],
)  # fmt: skip
async def test_what_nginx_would_read_otherwise_or_may_not_send_the_broker_sends(
    fields: dict[str, str], seconds: int | None
) -> None:
    async with fronted(seconds=seconds) as f:
        answer, _ = await f.get(**fields)
        assert answer.status in (200, 206)
        assert f.site.stage.kinds()[-1] == "download.end"
        assert last(f.site).way == "broker"
        assert await f.told() == []


async def test_more_than_is_sent_in_that_time_the_broker_sends_itself() -> None:
    async with fronted(content=b"x" * (RATE + 1), seconds=1) as f:
        await f.get()
        assert last(f.site).way == "broker"
        await f.get(Range=f"bytes=1-{RATE}")
        assert last(f.site).way == "nginx"


async def test_a_client_that_leaves_is_told_by_nginx_with_what_it_got() -> None:
    async with fronted(content=BIG, seconds=60) as f:
        path, header = await opened(f.site)
        answer = await f.http.get(f"{f.base}{path}", headers=header)
        await answer.content.read(1024)
        answer.close()
        for _ in range(100):
            if await f.told():
                break
        row = last(f.site)
        assert row.state == "incomplete"
        assert 1024 <= row.sent < len(BIG)


@pytest.mark.row("T103")
@pytest.mark.parametrize(
    "path",
    ["/_files/bank/obj-1.bam", "/_files/", "/data/..%2f_files/bank/obj-1.bam", "/data/../_files/bank/obj-1.bam",
     "//_files/bank/obj-1.bam", "/data/%2e%2e/_files/bank/obj-1.bam", "/_files%2fbank/obj-1.bam"],
)  # fmt: skip
async def test_nobody_reaches_the_files_but_through_an_answer_of_the_broker(path: str) -> None:
    async with fronted() as f:
        _, header = await opened(f.site)
        reader, writer = await asyncio.open_connection("127.0.0.1", int(f.base.rpartition(":")[2]))
        ask = f"GET {path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\nAuthorization: {header['Authorization']}\r\n\r\n"
        writer.write(ask.encode())
        said = await reader.read()
        writer.close()
        assert int(said.split()[1]) in (400, 401, 404)
        assert CONTENT[:64] not in said


async def test_a_link_out_of_the_folder_is_not_followed() -> None:
    async with fronted() as f:
        file = f.sent.parent / "files" / "bank" / "obj-1.bam"
        file.rename(f.sent.parent / "moved")
        file.symlink_to(f.sent.parent / "moved")
        answer, body = await f.get()
        assert (answer.status, CONTENT[:64] in body) == (502, False)
        assert (last(f.site).state, last(f.site).sent) == ("incomplete", 0)


async def test_who_is_no_proxy_of_ours_is_sent_the_bytes_themselves(tmp_path: Path) -> None:
    theirs = b.dataset(uninterruptible_delivery=10)
    async with site(tmp_path, edge=Edge(files="/_files"), dataset=theirs) as s:
        path, header = await opened(s)
        answer = await s.http.get(path, headers=header)
        assert await answer.read() == CONTENT
        assert "X-Accel-Redirect" not in answer.headers


@pytest.mark.row("T098")
async def test_what_passes_through_nginx_is_cut_within_two_seconds_and_looks_broken() -> None:
    async with fronted(content=BIG, seconds=None) as f:
        path, header = await opened(f.site)
        got = 0
        async with f.http.get(f"{f.base}{path}", headers=header) as answer:
            got += len(await answer.content.read(1024))
            await _revoke(f.site)
            began = time.monotonic()
            try:
                async for chunk in answer.content.iter_any():
                    got += len(chunk)
            except aiohttp.ClientError:
                pass
            else:
                pytest.fail("it ended as if it were whole")
        assert time.monotonic() - began < 2
        assert got < len(BIG)
        assert f.site.stage.kinds()[-1] == "download.cut"


async def test_new_bytes_are_refused_after_a_revocation_also_where_nginx_sends() -> None:
    async with fronted() as f:
        path, header = await opened(f.site)
        await _revoke(f.site)
        async with f.http.get(f"{f.base}{path}", headers=header) as answer:
            assert answer.status == 403
        assert await f.told() == []


async def test_lines_that_say_nothing_and_lines_said_twice_change_nothing() -> None:
    async with fronted() as f:
        await f.get()
        await f.told()
        entries = len(f.site.stage.ledger.entries)
        with f.sent.open("a") as log:
            log.write('nonsense\n{"delivery":"dlv_x","sent":1,"done":"OK"}\n{"delivery":5}\n[]\n' + f.sent.read_text())
        await NginxLog(f.sent, lambda said: close_reported(f.site.stage.world, said)).look()
        assert len(f.site.stage.ledger.entries) == entries
