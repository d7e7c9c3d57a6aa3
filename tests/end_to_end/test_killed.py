"""kill -9 under load: no byte without its entry, no acknowledged entry lost, and the log still proves itself.

The clients' own records are the judge. Kill points are drawn over the whole life of the process.
"""

import asyncio
import random
import signal
import sqlite3
import sys
from contextlib import closing, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp

from broker.demo.browser import Browser
from tests.end_to_end.demo import Demo, api, granted, started

KILLS = 3
CLIENTS = 6


@dataclass
class Seen:
    """What the clients were told and given, to be held against the database."""

    receipts: set[str] = field(default_factory=set)
    with_bytes: set[str] = field(default_factory=set)
    requests: set[str] = field(default_factory=set)


async def test_what_was_told_or_given_is_on_record_after_every_kill(tmp_path: Path) -> None:
    seen, chance = Seen(), random.Random(20261121)
    async with started(tmp_path / "state") as demo:
        token = await granted(demo.described)
        for _ in range(KILLS):
            users = [asyncio.create_task(_use(demo.described, token, seen)) for _ in range(CLIENTS)]
            await asyncio.sleep(chance.uniform(0.05, 0.8))
            await demo.end(signal.SIGKILL)
            await asyncio.gather(*users)
            _hold_against(tmp_path / "state" / "broker.sqlite", seen)
            await demo.start()
        assert seen.with_bytes, "the harness downloads nothing"
        assert seen.requests, "the harness asks for nothing"
        await _verified(demo)
        _closed(tmp_path / "state" / "broker.sqlite")


async def _use(described: dict[str, Any], token: str, seen: Seen) -> None:
    """Download and ask until the broker is gone."""
    objects = described["datasets"][1]["objects"]
    with suppress(aiohttp.ClientError, ConnectionError, TimeoutError):
        async with Browser(described) as browser:
            while True:
                asking = {
                    "dataset": described["datasets"][1]["id"],
                    "purpose": described["purpose"],
                    "statement": "Again.",
                }
                status, request = await api(browser, token, "POST", "/api/v1/requests", asking)
                if status == 201:
                    seen.requests.add(request["id"])
                for one in objects[:4]:
                    await _download(browser, token, one["id"], seen)


async def _download(browser: Browser, token: str, object: str, seen: Seen) -> None:
    status, told = await api(browser, token, "GET", f"/ga4gh/drs/v1/objects/{object}/access/https")
    if status != 200:
        return
    headers = dict(line.split(": ", 1) for line in told["headers"])
    async with browser.http.get(told["url"], headers=headers) as answer:
        receipt = answer.headers["X-Audit-Receipt"]
        seen.receipts.add(receipt)
        async for _ in answer.content.iter_chunked(32 * 1024):
            seen.with_bytes.add(receipt)


def _hold_against(database: Path, seen: Seen) -> None:
    with closing(sqlite3.connect(database)) as db:
        recorded = {row[0] for row in db.execute("SELECT id FROM record WHERE kind = 'download.authorised'")}
        requests = {row[0] for row in db.execute("SELECT id FROM request")}
    assert seen.with_bytes <= recorded, "bytes left without an entry"
    assert seen.receipts <= recorded, "an acknowledged download is not on record"
    assert seen.requests <= requests, "an acknowledged request was lost"


def _closed(database: Path) -> None:
    """Deliveries that were running when the process died were closed as unknown at the next start."""
    with closing(sqlite3.connect(database)) as db:
        states = [row[0] for row in db.execute("SELECT state FROM delivery")]
    assert "open" not in states
    assert "unknown" in states, "no delivery was running at any kill"


async def _verified(demo: Demo) -> None:
    state = demo.state
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "broker", "audit", "verify", "--database", str(state / "broker.sqlite"),
        "--head", str(state / "audit-lock.sqlite"), "--issuer", demo.described["issuer"], "--key", demo.described["log_key"],
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
    )  # fmt: skip
    output, _ = await process.communicate()
    assert process.returncode == 0, output.decode()
