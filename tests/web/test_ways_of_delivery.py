"""Each way in which bytes leave (by the kernel, over TLS, from an origin), and what ends it: rights, sources, clients."""

import asyncio
import ssl
import threading
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from broker.adapters.repositories.local import LocalFile
from broker.core.rows import Delivery, Repository
from broker.web.sending import LAST
from broker.web.server import listening
from tests.certificates import contexts
from tests.fakes import START
from tests.origin import Origin, origin
from tests.web.site import CONTENT, PATIENCE, Site, opened, site
from tests.web.test_data_endpoint import BIG, _give_back, _revoke, _suspend, _withdraw, _withdraw_key, stopped
from tests.web.test_http_layer import _app


@pytest.fixture(scope="module")
def tls(tmp_path_factory: pytest.TempPathFactory) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """A certificate of our own, for the server and for a client that trusts it."""
    server, client = contexts(tmp_path_factory.mktemp("tls"))
    client.check_hostname = False  # it is for `localhost`, and asked for by number
    return server, client


@asynccontextmanager
async def delivering(
    way: str, folder: Path, content: bytes, tls: tuple[ssl.SSLContext, ssl.SSLContext], **changes: Any
) -> AsyncIterator[tuple[Site, Origin]]:
    """A site that delivers in this way, and its origin, which only one way asks."""
    async with origin(**{"obj-1.bam": content}) as far:
        if way == "origin":
            changes["repository"] = Repository(id="bank", name="The bank", root=far.base, internal=True)
        async with site(folder, content=content, tls=tls if way == "tls" else None, **changes) as s:
            yield s, far


WAYS = ["kernel", "tls", "origin"]
CAUSES = [_withdraw, _revoke, _suspend, _give_back, _withdraw_key]


@pytest.mark.row("T098", "T121")
@pytest.mark.parametrize("how", CAUSES)
@pytest.mark.parametrize("way", WAYS)
async def test_whatever_ends_the_right_ends_the_download_within_two_seconds(
    tmp_path: Path, way: str, how: Any, tls: Any
) -> None:
    async with delivering(way, tmp_path, BIG, tls) as (s, _):
        ended: list[float] = []

        async def end(site: Site) -> None:
            await how(site)
            ended.append(time.monotonic())

        got, kinds = await stopped(s, end)
        assert time.monotonic() - ended[0] < 2
        assert kinds[-1] == "download.cut"
        sent = s.stage.ledger.entries[-1].about["sent"]
        assert isinstance(sent, int)
        assert got <= sent < len(BIG)


@pytest.mark.row("T098")
async def test_what_a_thread_copies_after_the_cut_does_not_leave(tmp_path: Path, monkeypatch: Any) -> None:
    """It waits for a disk, on a descriptor of its own of the connection, when the right ends."""
    loop, copying, go, copy = asyncio.get_running_loop(), asyncio.Event(), threading.Event(), LocalFile._copy

    def slow(file: LocalFile, at: int, length: int, socket: int) -> int:
        if at:
            loop.call_soon_threadsafe(copying.set)
            go.wait(PATIENCE)
        return copy(file, at, length, socket)

    monkeypatch.setattr(LocalFile, "_copy", slow)
    monkeypatch.setattr(LocalFile, "_is_at_hand", lambda *_: False)
    async with site(tmp_path, content=BIG) as s:
        path, header = await opened(s)
        reading = asyncio.create_task(_broken(s, path, header))
        await asyncio.wait_for(copying.wait(), PATIENCE)
        (before,) = (one.sent for one in s.broker.streams.told())
        await _revoke(s)
        go.set()
        about = await _ended(s)
        assert (about["end"], about["sent"]) == ("cut", before)
        assert await reading <= before


@pytest.mark.row("T098")
async def test_a_cut_does_not_wait_for_a_store_that_says_nothing(tmp_path: Path, tls: Any) -> None:
    async with delivering("origin", tmp_path, CONTENT * 40, tls) as (s, far):
        far.how, began = "stalls", list[float]()

        async def end(site: Site) -> None:
            for _ in range(100 * PATIENCE):  # until all that the store has said was handed on
                if [one.sent for one in site.broker.streams.told()] == [20 * len(CONTENT)]:
                    break
                await asyncio.sleep(0.01)
            began.append(time.monotonic())
            await _revoke(site)

        _, kinds = await stopped(s, end)
        assert kinds[-1] == "download.cut"
        assert time.monotonic() - began[0] < 2


@pytest.mark.row("T092", "T104")
@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(
    "wanted",
    [None, "bytes=0-0", f"bytes={LAST - 1}-{LAST + 1}", f"bytes=5-{4 * LAST}", f"bytes=0-{LAST},{3 * LAST}-{9 * LAST}", "bytes=-70000"],
)  # fmt: skip
async def test_every_way_gives_the_same_bytes_and_the_same_count(
    tmp_path: Path, way: str, wanted: str | None, tls: Any
) -> None:
    content = CONTENT * 64
    async with delivering(way, tmp_path, content, tls) as (s, _):
        path, header = await opened(s)
        answer = await s.http.get(path, headers=header | ({"Range": wanted} if wanted else {}))
        body = await answer.read()
        about = s.stage.ledger.entries[-1].about
        assert about["end"] == "complete"
        if wanted is None:
            assert body == content
        elif "," not in wanted:
            first, last = answer.headers["Content-Range"].removeprefix("bytes ").split("/")[0].split("-")
            assert body == content[int(first) : int(last) + 1]
        else:
            assert content[: LAST + 1] in body
            assert content[3 * LAST : 9 * LAST + 1] in body
            assert about["sent"] == LAST + 1 + 6 * LAST + 1
            return
        assert about["sent"] == len(body)


async def test_files_go_by_the_kernel_where_there_is_no_tls(tmp_path: Path, tls: Any, monkeypatch: Any) -> None:
    """What is asked of the file tells the way: most of it copied, its end read."""
    copied: list[tuple[int, int]] = []
    was = LocalFile.hand_over

    async def noted(self: LocalFile, first: int, last: int, socket: int) -> int:
        handed = was(self, first, last, socket)
        taken = handed if isinstance(handed, int) else await handed
        copied.append((first, taken))
        return taken

    monkeypatch.setattr(LocalFile, "hand_over", noted)
    for way, least in (("kernel", len(BIG) - LAST), ("tls", 0)):
        copied.clear()
        (tmp_path / way).mkdir()
        async with delivering(way, tmp_path / way, BIG, tls) as (s, _):
            path, header = await opened(s)
            assert await (await s.http.get(path, headers=header)).read() == BIG
            assert sum(taken for _, taken in copied) == least


# Sources that fail. Whatever they do, the client's transfer breaks, or never began.

BEFORE = [
    "status 500", "status 403", "status 200", "redirect", "whole", "other range", "other size", "too long a length", "too short a length",
    "compressed",
]  # fmt: skip
DURING = ["truncates", "one byte short", "chunked short", "chunked long"]
WHOLE = 40 * len(CONTENT)


@pytest.mark.row("T094", "T095")
@pytest.mark.parametrize("lie", BEFORE)
async def test_an_origin_that_answers_otherwise_is_a_plain_failure(tmp_path: Path, lie: str, tls: Any) -> None:
    async with delivering("origin", tmp_path, CONTENT, tls) as (s, far):
        path, header = await opened(s)
        far.how = lie
        answer = await s.http.get(path, headers=header | {"Range": "bytes=3-999"})
        assert (answer.status, (await answer.json())["code"]) == (502, "SRV-SOURCE")
        about = s.stage.ledger.entries[-1].about
        assert (about["end"], about["sent"]) == ("incomplete", 0)
        assert len(far.asked) == 1, "no redirect is followed, and nobody is asked twice"


@pytest.mark.row("T094")
@pytest.mark.parametrize("lie", DURING)
@pytest.mark.parametrize("wanted", [None, f"bytes=1-{WHOLE - 2}"])
async def test_an_origin_that_breaks_off_never_makes_a_clean_wrong_file(
    tmp_path: Path, lie: str, wanted: str | None, tls: Any
) -> None:
    async with delivering("origin", tmp_path, CONTENT * 40, tls) as (s, far):
        path, header = await opened(s)
        far.how = lie
        got = await _broken(s, path, header | ({"Range": wanted} if wanted else {}))
        about = await _ended(s)
        assert (about["end"], got < WHOLE) == ("incomplete", True)
        sent = about["sent"]
        assert isinstance(sent, int)
        assert got <= sent < WHOLE


async def test_an_origin_that_says_nothing_more_is_given_up(tmp_path: Path, tls: Any) -> None:
    async with delivering("origin", tmp_path, CONTENT * 40, tls) as (s, far):
        s.broker.sources._origins._seconds = 0.2  # type: ignore[attr-defined]
        for how, status in (("silent", 502), ("stalls", 200)):
            path, header = await opened(s)
            far.how = how
            answer = await s.http.get(path, headers=header)
            assert answer.status == status
            if status == 200:
                with pytest.raises((aiohttp.ClientError, ConnectionError)):
                    await answer.read()
            assert (await _ended(s))["end"] == "incomplete"


@pytest.mark.row("T094")
async def test_an_origin_whose_content_changes_between_two_ranges_breaks_the_answer(tmp_path: Path, tls: Any) -> None:
    async with delivering("origin", tmp_path, CONTENT, tls) as (s, far):
        path, header = await opened(s)
        far.how = "other tags"
        with pytest.raises((aiohttp.ClientError, ConnectionError)):
            await (await s.http.get(path, headers=header | {"Range": "bytes=0-9,100-109"})).read()
        about = await _ended(s)
        assert (about["end"], about["sent"]) == ("incomplete", 10)


@pytest.mark.row("T096")
async def test_nothing_of_the_callers_goes_to_the_origin(tmp_path: Path, tls: Any) -> None:
    async with delivering("origin", tmp_path, CONTENT, tls) as (s, far):
        path, header = await opened(s)
        await (await s.http.get(path, headers=header | {"Cookie": "a=b", "Referer": "https://x.example"})).read()
        (asked,) = far.asked
        assert set(asked) <= {"line", "host", "range", "accept", "accept-encoding", "user-agent"}
        assert header["Authorization"].split()[1] not in repr(asked)


@pytest.mark.row("T097")
async def test_a_caller_who_leaves_stops_the_reading_of_the_origin(tmp_path: Path, tls: Any) -> None:
    async with delivering("origin", tmp_path, BIG, tls) as (s, far):
        path, header = await opened(s)
        answer = await s.http.get(path, headers=header)
        await answer.content.read(1024)
        answer.close()
        about = await _ended(s)
        sent = about["sent"]
        assert isinstance(sent, int)
        assert about["end"] == "incomplete"
        assert 1024 <= sent < len(BIG)
        for _ in range(100):
            if far.left:
                break
            await asyncio.sleep(0.01)
        assert far.left == 1


@pytest.mark.row("T095", "T096")
@pytest.mark.parametrize("root", ["http://127.0.0.1:9/store", "https://127.0.0.1:9/store", "https://localhost:9/store", "s3://bucket", "ftp://a.example"])  # fmt: skip
async def test_a_private_or_unknown_address_is_not_asked(tmp_path: Path, root: str) -> None:
    bank = Repository(id="bank", name="The bank", root=root, endpoint="http://127.0.0.1:9" if "s3" in root else "")
    async with site(tmp_path, repository=bank) as s:
        path, header = await opened(s)
        assert (await s.http.get(path, headers=header)).status == 502


@pytest.mark.row("T098", "T099")
async def test_a_hundred_slow_downloads_are_cut_within_two_seconds_of_one_revocation(tmp_path: Path) -> None:
    async with site(tmp_path, content=BIG) as s, listening(_app(s), "127.0.0.1", 0, None, 0) as port:
        path, header = await opened(s)
        said = f"GET {path} HTTP/1.1\r\nHost: a\r\nAuthorization: {header['Authorization']}\r\n\r\n".encode()
        lines = [await asyncio.open_connection("127.0.0.1", port, limit=4096) for _ in range(100)]
        for reader, writer in lines:
            writer.write(said)
            assert await reader.readuntil(b"\r\n\r\n")
        began = time.monotonic()
        await _revoke(s)
        while len([kind for kind in s.stage.kinds() if kind == "download.cut"]) < 100:
            assert time.monotonic() - began < 2
            await asyncio.sleep(0.01)
        rows = [row for row in s.stage.ledger.rows.values() if isinstance(row, Delivery)]
        assert all(row.state == "cut" and row.sent < len(BIG) for row in rows)
        for _, writer in lines:
            writer.close()


async def _broken(s: Site, path: str, fields: dict[str, str]) -> int:
    """How much arrived before the transfer broke, which it must."""
    got = 0
    try:
        async with asyncio.timeout(PATIENCE), s.http.get(path, headers=fields) as answer:
            async for chunk in answer.content.iter_any():
                got += len(chunk)
    except (aiohttp.ClientError, ConnectionError):
        return got
    raise AssertionError("it ended as if it were whole")


async def _ended(s: Site) -> Any:
    """What is on record of the end of the last download."""
    for _ in range(300):
        if s.stage.kinds()[-1] in ("download.end", "download.cut"):
            break
        await asyncio.sleep(0.01)
    assert s.stage.clock.now() == START
    return s.stage.ledger.entries[-1].about
