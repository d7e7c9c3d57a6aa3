"""Deciding for a repository: an AuthZEN evaluation over HTTP of somebody whose Passport was verified before.

Asked by 32 connections at once of another process, each answer on record before it leaves, log line included. Against
what aiohttp alone takes, in the same process, to read a request of that size as JSON and to answer with as much.
"""

import asyncio
import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import AsyncExitStack, contextmanager
from pathlib import Path
from typing import Any

from aiohttp import web

from broker.app import Running, opened, serving
from broker.config import Settings
from broker.core.rows import Put, Repository, Role
from broker.core.time import Seconds
from broker.flows.use_data import Ticket, ask
from broker.flows.visas import held_visas, mint
from broker.state import make_state
from tests import builders as b
from tests.bench import somebody
from tests.bench.drs import logging_nowhere
from tests.bench.measure import Goal, Yardstick
from tests.fakes import at_once, signed
from tests.flows.worlds import ADA, caller
from tests.web.depot import AUDIENCE, DEPOT, SPEAKS

CALLERS = 32
_ROUND = 400
"""Requests of one go."""
_FIRST = 40
_DAY = 86_400
_REFERENCE = 38.2
"""µs of CPU that aiohttp took for a JSON POST where the goals were set: 26,200 requests in a second of CPU."""


class _Desk:
    """A running broker, and a repository that asks about one researcher."""

    def __init__(self, loop: asyncio.AbstractEventLoop, folder: Path) -> None:
        self.loop, self.folder = loop, folder

    async def prepare(self, running: Running) -> dict[str, Any]:
        """What the repository shows, and what its researcher showed it."""
        w = running.world
        now, end = w.clock.now(), Seconds(w.clock.now() + 9 * 3600)
        ada, session, family = somebody.ada(DEPOT.id, now, end)
        lasting = {"begins": Seconds(now - 10), "ends": Seconds(now + 300 * _DAY)}
        role = Role(id=SPEAKS.id, role=SPEAKS.role, scope=SPEAKS.scope, iss=w.issuer, sub=SPEAKS.sub)
        (self.folder / "obj-1.bam").write_bytes(b"0123456789")
        bank = Repository(id="bank", name="The bank", root=str(self.folder))
        rows = [*b.rows(grant=b.grant(**lasting), repository=bank), ada, session, family, DEPOT, role]
        await w.ledger.record(w.entry("catalogue.applied", now, None, {"rows": len(rows)}), *map(Put, rows))
        inside = [one.token for one in at_once(mint(w, ada, held_visas(w, ada, session, now), now))]
        passport = {
            "iss": w.issuer, "sub": str(ada.id), "aud": [AUDIENCE], "sid": "fam", "jti": "p1",
            "iat": now, "exp": now + 3600, "ga4gh_passport_v1": inside,
        }  # fmt: skip
        service = {
            "iss": w.issuer, "sub": "depot", "aud": [w.issuer], "client_id": "depot", "scope": "decisions:ask", "jti": "s1",
            "iat": now, "exp": now + 3600,
        }  # fmt: skip
        ticket = await ask(w, caller(ADA, ends=end), b.ONE)
        assert isinstance(ticket, Ticket), ticket
        return {
            "ticket": ticket.token,
            "passport": signed(w.signer, "oidc-es256", "vnd.ga4gh.passport+jwt", passport),
            "service": signed(w.signer, "oidc-es256", "at+jwt", service),
        }

    def written(self, name: str, path: str, body: Any, token: str) -> Path:
        sent = json.dumps(body).encode()
        head = (
            f"POST {path} HTTP/1.1\r\nHost: broker\r\nContent-Type: application/json\r\n"
            f"Authorization: Bearer {token}\r\nContent-Length: {len(sent)}\r\n\r\n"
        )
        file = self.folder / name
        file.write_bytes(head.encode() + sent)
        return file


class _Callers:
    """The other process."""

    def __init__(self, loop: asyncio.AbstractEventLoop, process: "subprocess.Popen[bytes]") -> None:
        self._loop, self._process = loop, process

    def ask(self, count: int = _ROUND) -> None:
        self._loop.run_until_complete(self._asked(count))

    async def _asked(self, count: int) -> None:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(b"%d\n" % count)
        self._process.stdin.flush()
        good = await asyncio.get_running_loop().run_in_executor(None, self._process.stdout.readline)
        assert int(good) == count, good


@contextmanager
def _callers(loop: asyncio.AbstractEventLoop, port: int, file: Path, callers: int = CALLERS) -> Iterator[_Callers]:
    command = [sys.executable, "-m", "tests.bench.callers", str(port), str(callers), str(file)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        try:
            yield _Callers(loop, process)
        finally:
            process.kill()


async def _bare(request: web.Request) -> web.Response:
    found = json.loads(await request.read())
    return web.json_response({"decision": bool(found["subject"]), "context": {"said": "x" * 700}})


async def _bare_port(stack: AsyncExitStack) -> int:
    app = web.Application()
    app.router.add_post("/access/v1/evaluation", _bare)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    stack.push_async_callback(runner.cleanup)
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    port: int = runner.addresses[0][1]
    return port


@contextmanager
def goals() -> Iterator[tuple[Goal, ...]]:
    """With a broker that serves meanwhile, and processes that ask it."""
    with tempfile.TemporaryDirectory() as name, logging_nowhere():
        folder = Path(name)
        chosen = Settings(issuer=str(b.US), state=folder / "state", mode="example", port=0)
        make_state(chosen)
        loop = asyncio.new_event_loop()
        stack = AsyncExitStack()
        try:
            running = loop.run_until_complete(stack.enter_async_context(opened(chosen)))
            port = loop.run_until_complete(stack.enter_async_context(serving(running, chosen)))
            bare = loop.run_until_complete(_bare_port(stack))
            desk = _Desk(loop, folder)
            shown = loop.run_until_complete(desk.prepare(running))
            subject = {"type": "passport", "id": shown["passport"]}
            about = {"action": {"name": "download"}, "resource": {"type": "object", "id": str(b.ONE)}}
            one = desk.written("one", "/access/v1/evaluation", {"subject": subject, **about}, shown["service"])
            first = folder / "first"
            first.write_bytes(
                f"GET /data/obj-1 HTTP/1.1\r\nHost: broker\r\nRange: bytes=0-0\r\n"
                f"Authorization: Bearer {shown['ticket']}\r\n\r\n".encode()
            )
            with (
                _callers(loop, port, one) as asking,
                _callers(loop, port, first, 1) as reading,
                _callers(loop, bare, one) as asking_nobody,
            ):
                yield _goals(asking, reading, asking_nobody)
        finally:
            loop.run_until_complete(stack.aclose())
            loop.close()


def _goals(asking: _Callers, reading: _Callers, asking_nobody: _Callers) -> tuple[Goal, ...]:
    bare = Yardstick(
        name="a bare aiohttp handler that reads and answers JSON", reference=_REFERENCE, run=asking_nobody.ask,
        times=_ROUND,
    )  # fmt: skip
    return (
        Goal(
            name=f"an AuthZEN evaluation over HTTP, Passport verified before, {CALLERS} callers, each on record first",
            micros=120,
            run=asking.ask,
            times=_ROUND,
            against=bare,
        ),
        Goal(
            name="the first byte of an object by its ticket, one caller: decided, on record before, its end as well",
            micros=2_062,  # two milliseconds, and a durable write by itself
            run=lambda: reading.ask(_FIRST),
            times=_FIRST,
            against=bare,
        ),
    )
