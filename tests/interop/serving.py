"""What the tests with other people's programs share: a broker with a catalogue, programs that run meanwhile."""

import asyncio
import contextlib
import os
import shutil
import socket
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import yaml

from broker.adapters.catalogue import read_catalogue
from broker.app import opened, serving
from broker.config import Settings
from broker.flows import apply_catalogue
from broker.state import make_state

HERE = Path(__file__).parent
STRICT = os.environ.get("STRICT") == "1"
START_SECONDS = 30


def needed(what: str, *, there: bool, how: str) -> None:
    """Skip where `what` is missing; where nothing may be skipped, fail instead."""
    if not there and STRICT:
        pytest.fail(f"{what} is missing: {how}")
    if not there:
        pytest.skip(f"{what} is missing: {how}")


def node_needed() -> str:
    """The path of node, with the packages that these tests use."""
    found = shutil.which("node")
    there = found is not None and (HERE / "node_modules" / "openid-client").is_dir()
    needed("node with its packages", there=there, how="make interop-tools")
    return found or ""


def free_port() -> int:
    with contextlib.closing(socket.socket()) as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
        return port


@asynccontextmanager
async def broker(state: Path, port: int, catalogue: dict[str, object]) -> AsyncIterator[str]:
    """A broker of its own with that catalogue, in this process; its issuer."""
    issuer = f"http://127.0.0.1:{port}"
    settings = Settings(issuer=issuer, port=port, state=state, mode="example", log_level="warning", drain_seconds=1)
    make_state(settings)
    path = state / "catalogue.yaml"
    path.write_text(yaml.safe_dump({"schema": "broker.catalogue/1"} | catalogue), "utf-8")
    async with opened(settings) as running:
        steps = await apply_catalogue.foresee(running.world, read_catalogue(path).rows)
        await apply_catalogue.apply(running.world, steps, None)
        async with serving(running, settings):
            yield issuer


@asynccontextmanager
async def program(*command: str, ready: bytes = b"") -> AsyncIterator[asyncio.subprocess.Process]:
    """A program that runs meanwhile; begins once it has printed a line that has `ready` in it."""
    process = await asyncio.create_subprocess_exec(
        *command, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT, cwd=HERE
    )
    assert process.stdout is not None
    said = b""
    try:
        async with asyncio.timeout(START_SECONDS):
            while ready and ready not in said:
                line = await process.stdout.readline()
                assert line, f"it ended: {said.decode()[-2000:]}"
                said += line
        reading = asyncio.create_task(process.stdout.read())
        yield process
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.terminate()
        await process.wait()
        if ready:
            await reading


async def listening(port: int) -> None:
    """Until somebody answers at this port of ours."""
    async with asyncio.timeout(START_SECONDS):
        while True:
            with contextlib.suppress(OSError):
                _, writer = await asyncio.open_connection("127.0.0.1", port)
                writer.close()
                await writer.wait_closed()
                return
            await asyncio.sleep(0.02)


async def ran(*command: str, seconds: float = 60, env: Mapping[str, str] | None = None) -> tuple[int, str]:
    """Exit status and output of a program that ends by itself. `env`: its whole environment, if not ours."""
    process = await asyncio.create_subprocess_exec(
        *command, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT, cwd=HERE, env=env
    )
    async with asyncio.timeout(seconds):
        said, _ = await process.communicate()
    return process.returncode or 0, said.decode()
