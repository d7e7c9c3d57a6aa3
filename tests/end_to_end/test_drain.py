"""SIGTERM: nothing new comes in, what runs may end, and the record is closed behind it."""

import asyncio
import signal
import sqlite3
from contextlib import closing
from pathlib import Path

import aiohttp
import pytest

from broker.demo.browser import Browser
from tests.end_to_end.demo import api, granted, started


@pytest.mark.row("F92")
async def test_a_running_download_may_end_after_sigterm(tmp_path: Path) -> None:
    async with started(tmp_path / "state") as demo:
        token = await granted(demo.described)
        async with Browser(demo.described) as browser:
            status, told = await api(browser, token, "GET", "/ga4gh/drs/v1/objects/heart-0001/access/https")
            assert status == 200
            headers = dict(line.split(": ", 1) for line in told["headers"])
            async with browser.http.get(told["url"], headers=headers) as answer:
                got = len(await answer.content.read(1024))
                assert demo.process is not None
                demo.process.send_signal(signal.SIGTERM)
                await asyncio.sleep(0.3)
                with pytest.raises(aiohttp.ClientError):
                    await browser.http.get(f"{browser.issuer}/healthz")
                async for chunk in answer.content.iter_chunked(1 << 16):
                    got += len(chunk)
                assert got == answer.content_length
        async with asyncio.timeout(20):
            assert await demo.process.wait() == 0
        with closing(sqlite3.connect(demo.state / "broker.sqlite")) as db:
            assert db.execute("SELECT DISTINCT state FROM delivery").fetchall() == [("complete",)]
