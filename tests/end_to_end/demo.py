"""A demo broker in a process of its own, for tests that need a whole one; and who uses it."""

import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from broker.demo.browser import Browser

START_SECONDS = 180


class Demo:
    """One state folder; the broker on it can be started, killed and started again."""

    def __init__(self, state: Path, *options: str) -> None:
        """`options`: more of the command line."""
        self.state = state
        self.options = options
        self.describe = state / "described.json"
        self.described: dict[str, Any] = {}
        self.process: asyncio.subprocess.Process | None = None

    async def start(self) -> None:
        self.state.mkdir(exist_ok=True)
        self.describe.unlink(missing_ok=True)
        with (self.state / "stderr.log").open("ab") as log:
            self.process = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "broker", "demo", "--no-story", "--state", str(self.state),
                "--describe", str(self.describe), *self.options, stdout=asyncio.subprocess.DEVNULL, stderr=log,
            )  # fmt: skip
        async with asyncio.timeout(START_SECONDS):
            while not self.describe.exists():
                assert self.process.returncode is None, (self.state / "stderr.log").read_text()
                await asyncio.sleep(0.02)
        self.described = json.loads(self.describe.read_text())

    async def stop(self) -> None:
        await self.end(signal.SIGKILL)

    async def end(self, how: signal.Signals) -> None:
        assert self.process is not None
        if self.process.returncode is None:
            os.kill(self.process.pid, how)
        await self.process.wait()


@asynccontextmanager
async def started(state: Path) -> AsyncIterator[Demo]:
    demo = Demo(state)
    await demo.start()
    try:
        yield demo
    finally:
        await demo.end(signal.SIGKILL)


async def api(
    browser: Browser, token: str, method: str, path: str, body: Any = None, *, at: str = ""
) -> tuple[int, Any]:
    """One call of the broker's API; `at`: at another broker of the same issuer."""
    headers = {"Authorization": f"Bearer {token}"}
    async with browser.http.request(method, f"{at or browser.issuer}{path}", json=body, headers=headers) as answer:
        return answer.status, await answer.json(content_type=None)


async def granted(described: dict[str, Any], dataset: str = "heart") -> str:
    """Ada asks for a dataset and Mei approves; her access token."""
    async with Browser(described) as ada, Browser(described) as mei:
        token, judge = (await ada.tokens("ada"))["access_token"], (await mei.tokens("mei"))["access_token"]
        wanted = next(one for one in described["datasets"] if one["id"].endswith(dataset))
        asking = {"dataset": wanted["id"], "purpose": described["purpose"], "statement": "Please."}
        status, request = await api(ada, token, "POST", "/api/v1/requests", asking)
        assert status == 201, request
        yes = {"decision": "approve", "ground": "Yes."}
        status, answer = await api(mei, judge, "POST", f"/api/v1/requests/{request['id']}/decision", yes)
        assert status == 200, answer
        return str(token)
