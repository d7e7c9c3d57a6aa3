"""`broker serve --workers N`: as many processes on one port, each a broker of its own on the same PostgreSQL."""

import asyncio
import signal
import sys

import structlog

from broker.commands.common import Fail
from broker.config import Settings

log = structlog.get_logger(__name__)


def assert_shareable(chosen: Settings) -> None:
    """Fail where several processes cannot serve."""
    if chosen.database_url is None:
        raise Fail("--workers: SQLite is for one process; name a PostgreSQL server (database_url)")
    if chosen.port == 0:
        raise Fail("--workers: they need a port that all of them know; say --port")


async def serve_together(count: int, words: list[str]) -> int:
    """Run `count` of them until told to stop, or until one ends: then all do, and a supervisor starts them again.

    `words`: the command line of each. The status of the first that ended.
    """
    loop, stop = asyncio.get_running_loop(), asyncio.Event()
    for one in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(one, stop.set)
    workers = [await asyncio.create_subprocess_exec(sys.executable, "-m", "broker", *words) for _ in range(count)]
    loop.add_signal_handler(signal.SIGHUP, _pass_on, workers, signal.SIGHUP)
    stopping = asyncio.create_task(stop.wait())
    ends = [asyncio.create_task(worker.wait()) for worker in workers]
    await asyncio.wait([stopping, *ends], return_when=asyncio.FIRST_COMPLETED)
    first = next((worker.returncode for worker in workers if worker.returncode is not None), 0)
    if not stop.is_set():
        log.error("worker.ended", status=first)
    stopping.cancel()
    _pass_on(workers, signal.SIGTERM)
    await asyncio.wait(ends)
    return first if not stop.is_set() else max((worker.returncode or 0 for worker in workers), default=0)


def _pass_on(workers: list[asyncio.subprocess.Process], what: signal.Signals) -> None:
    for worker in workers:
        if worker.returncode is None:
            worker.send_signal(what)
