"""`broker keys rotate` beside a broker that serves: people go on working, and new tokens carry the new key (T034)."""

import asyncio
import base64
import json
import os
import sqlite3
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from broker.demo.browser import Browser
from tests.end_to_end.demo import Demo, api, started

USES = ("oidc-es256", "oidc-rs256", "ticket", "visa")


async def keys(demo: Demo, issuer: str, *words: str) -> str:
    """`broker keys …` in a process of its own, on the folder of the one that serves."""
    environment = os.environ | {"BROKER_ISSUER": issuer, "BROKER_STATE": str(demo.state), "BROKER_MODE": "example"}
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "broker", "keys", *words, env=environment, stdout=asyncio.subprocess.PIPE
    )
    said, _ = await process.communicate()
    assert process.returncode == 0
    return said.decode()


def kid(token: str) -> str:
    head = token.partition(".")[0]
    return str(json.loads(base64.urlsafe_b64decode(head + "=" * (-len(head) % 4)))["kid"])


async def published(browser: Browser) -> set[str]:
    found: set[str] = set()
    for path in ("/.well-known/jwks.json", "/visas/jwks.json"):
        async with browser.http.get(f"{browser.issuer}{path}") as answer:
            assert answer.status == 200
            found |= {key["kid"] for key in (await answer.json(content_type=None))["keys"]}
    return found


@pytest.mark.row("T034", "F86")
async def test_nobody_notices_a_rotation(tmp_path: Path) -> None:
    async with started(tmp_path / "state") as demo, Browser(demo.described) as ada:
        token = (await ada.tokens("ada"))["access_token"]
        before = await published(ada)
        statuses: list[int] = []
        done = asyncio.Event()

        async def work() -> None:
            while not done.is_set():
                statuses.append((await api(ada, token, "GET", "/api/v1/me"))[0])
                await asyncio.sleep(0.01)

        working = asyncio.create_task(work())
        for use in USES:
            assert "made" in await keys(demo, ada.issuer, "rotate", "--now", use)
        await keys(demo, ada.issuer, "rotate", "visa")
        async with asyncio.timeout(20):
            while len(await published(ada)) < len(before) + 4:  # noqa: ASYNC110 (another process; tickets' keys are its own)
                await asyncio.sleep(0.05)
        async with Browser(demo.described) as again:
            fresh: dict[str, Any] = await again.tokens("ada")
            assert kid(fresh["access_token"]) not in before
            assert (await api(again, fresh["access_token"], "GET", "/api/v1/me"))[0] == 200
        done.set()
        await working
        assert set(statuses) == {200}
        listed = await keys(demo, ada.issuer, "list")
        visas = [line.split()[2] for line in listed.splitlines() if line.startswith("visa")]
        assert visas == ["retired", "signing", "published"]
        assert "not in force" not in listed
        with closing(sqlite3.connect(demo.state / "broker.sqlite")) as db:
            kinds = [kind for (kind,) in db.execute("SELECT kind FROM record WHERE kind LIKE 'key.%' ORDER BY seq")]
        assert kinds == ["key.made"] * 5 + ["key.rotated"] * 5
