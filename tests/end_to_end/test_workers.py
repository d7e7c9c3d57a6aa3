"""`broker serve --workers`: processes on one port, and one end for all of them."""

import asyncio
import os
import signal
import socket
import sys
from contextlib import suppress
from pathlib import Path

import aiohttp
import pytest

from tests.end_to_end.demo import START_SECONDS
from tests.end_to_end.test_two_processes import ready
from tests.postgres import Cluster

END_SECONDS = 40
"""Draining takes up to 30."""


@pytest.mark.row("PG-WORKERS")
async def test_workers_serve_one_port_and_end_together(cluster: Cluster, tmp_path: Path) -> None:
    name = f"workers_{os.getpid()}"
    await asyncio.to_thread(cluster.sql, f"CREATE DATABASE {name}")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    given = {"ISSUER": f"http://127.0.0.1:{port}", "STATE": str(tmp_path / "state"), "MODE": "example"}
    environment = os.environ | {f"BROKER_{key}": value for key, value in given.items()}
    environment |= {"BROKER_DATABASE_URL": cluster.url(name), "BROKER_PORT": str(port)}

    async def broker(*words: str) -> asyncio.subprocess.Process:
        with (tmp_path / "log").open("ab") as log:
            return await asyncio.create_subprocess_exec(
                sys.executable, "-m", "broker", *words, env=environment, stdout=log, stderr=log, start_new_session=True
            )

    assert await (await broker("init")).wait() == 0, (tmp_path / "log").read_text()
    parent = await broker("serve", "--workers", "2")
    try:
        async with asyncio.timeout(START_SECONDS), aiohttp.ClientSession() as http:
            while (tmp_path / "log").read_text().count('"event": "serving"') < 2:
                assert parent.returncode is None, (tmp_path / "log").read_text()
                await asyncio.sleep(0.05)
            assert await ready(http, f"http://127.0.0.1:{port}")
            parent.send_signal(signal.SIGTERM)
            async with asyncio.timeout(END_SECONDS):
                assert await parent.wait() == 0, (tmp_path / "log").read_text()
            assert not await ready(http, f"http://127.0.0.1:{port}"), "nobody is left behind"
    finally:
        with suppress(ProcessLookupError):
            os.killpg(parent.pid, signal.SIGKILL)  # whoever is left
        await parent.wait()
