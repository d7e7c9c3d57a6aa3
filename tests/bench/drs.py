"""DRS over a real socket, with a record that is on disk: one object by a Passport of ten new visas, and a hundred at once."""

import asyncio
import json
import os
import tempfile
from collections.abc import Iterator
from contextlib import AsyncExitStack, contextmanager, redirect_stderr
from dataclasses import replace
from pathlib import Path
from typing import Any

import structlog

from broker.app import Running, opened, serving
from broker.commands.logs import logging
from broker.config import Settings
from broker.core.ids import ClientId, DatasetId, GrantId, ObjectId
from broker.core.rows import Client, Person, Put, Session
from broker.core.time import Seconds
from broker.flows.visas import held_visas, mint
from broker.state import make_state
from broker.web.state import BROKER
from tests import builders as b
from tests.bench import somebody
from tests.bench.measure import Goal
from tests.fakes import at_once, signed

OBJECTS = 100
VISAS = 10
_PASSPORTS = 30
_OBJECT, _BULK = "/ga4gh/drs/v1/objects/obj-1", "/ga4gh/drs/v1/objects/access"
_DAY = 86_400


class _Door:
    """A running broker, one connection to it, and a researcher with ten grants and a hundred files."""

    def __init__(self, loop: asyncio.AbstractEventLoop, running: Running, port: int) -> None:
        self.loop, self.running, self.port = loop, running, port
        self.passports: list[str] = []
        self.reader: Any = None
        self.writer: Any = None

    async def prepare(self) -> None:
        w = self.running.world
        now, end = w.clock.now(), Seconds(w.clock.now() + 9 * 3600)
        ada, session, family = somebody.ada(ClientId("web"), now, end)
        client = Client(id=ClientId("web"), name="Portal", auth_method="none")
        lasting = {"begins": Seconds(now - 10), "ends": Seconds(now + 300 * _DAY)}
        more = [DatasetId(f"{b.HEART}-{n}") for n in range(1, VISAS)]
        consent = replace(b.consent(), datasets=frozenset({b.HEART, *more}))
        rows = [*b.rows(grant=b.grant(**lasting), pia=consent), ada, session, family, client]
        for n, id in enumerate(more):
            dataset = b.dataset(id=id)
            rows += [b.drs_object(ObjectId(f"x-{n}"), dataset=dataset.id)]
            rows += [dataset, b.grant(id=GrantId(f"grt_x{n}"), dataset=dataset.id, **lasting)]
        rows += [b.drs_object(ObjectId(f"file-{n}")) for n in range(OBJECTS)]
        await w.ledger.record(w.entry("catalogue.applied", now, None, {"rows": len(rows)}), *map(Put, rows))
        self.passports = [self._passport(ada, session, n) for n in range(_PASSPORTS)]
        self.reader, self.writer = await asyncio.open_connection("127.0.0.1", self.port)

    def _passport(self, ada: Person, session: Session, n: int) -> str:
        """One whose visas nobody has seen: every signature is another."""
        w = self.running.world
        now = w.clock.now()
        inside = [one.token for one in at_once(mint(w, ada, held_visas(w, ada, session, now), now))]
        assert len(inside) >= VISAS, len(inside)
        claims = {
            "iss": w.issuer, "sub": str(ada.id), "aud": [f"{w.issuer}/ga4gh/drs/v1"], "sid": "fam", "jti": f"p{n}",
            "iat": now, "exp": now + 3600, "ga4gh_passport_v1": inside,
        }  # fmt: skip
        return signed(w.signer, "oidc-es256", "vnd.ga4gh.passport+jwt", claims)

    def forget(self) -> None:
        """What comes next was never seen, nor decided."""
        broker = self.running.app[BROKER]
        broker.verifier.visas._known.clear()
        broker.verifier.passports._known.clear()
        broker.snapshots.current().memory._held.clear()

    def objects(self) -> None:
        self.forget()
        self.loop.run_until_complete(self._each(_OBJECT, {}))

    def accesses(self) -> None:
        self.forget()
        self.loop.run_until_complete(self._each(f"{_OBJECT}/access/https", {}))

    def bulk(self) -> None:
        """A hundred objects that nobody has asked about, with a Passport that was seen before."""
        self.running.app[BROKER].snapshots.current().memory._held.clear()
        asked = [{"bulk_object_id": f"file-{n}", "bulk_access_ids": ["https"]} for n in range(OBJECTS)]
        told = self.loop.run_until_complete(
            self._post(_BULK, {"passports": self.passports[:1], "bulk_object_access_ids": asked})
        )
        assert told["summary"]["resolved"] == OBJECTS, told["unresolved_drs_objects"]

    async def _each(self, path: str, more: dict[str, Any]) -> None:
        for passport in self.passports:
            told = await self._post(path, {"passports": [passport], **more})
            assert "id" in told or "url" in told, told

    async def _post(self, path: str, body: dict[str, Any]) -> Any:
        sent = json.dumps(body).encode()
        head = f"POST {path} HTTP/1.1\r\nHost: broker\r\nContent-Type: application/json\r\nContent-Length: {len(sent)}\r\n\r\n"
        self.writer.write(head.encode() + sent)
        told = (await self.reader.readuntil(b"\r\n\r\n")).decode().lower()
        size = int(told.split("content-length: ")[1].split("\r\n")[0])
        return json.loads(await self.reader.readexactly(size))


@contextmanager
def logging_nowhere() -> Iterator[None]:
    """Log lines are made as `broker serve` makes them, and go nowhere."""
    with Path(os.devnull).open("w") as nowhere:
        with redirect_stderr(nowhere):
            logging("info")
        try:
            yield
        finally:
            structlog.reset_defaults()


@contextmanager
def goals() -> Iterator[tuple[Goal, ...]]:
    """With a broker that serves meanwhile, in a folder of its own."""
    with tempfile.TemporaryDirectory() as folder, logging_nowhere():
        chosen = Settings(issuer=str(b.US), state=Path(folder) / "state", mode="example", port=0)
        make_state(chosen)
        loop = asyncio.new_event_loop()
        stack = AsyncExitStack()
        try:
            door = loop.run_until_complete(_opened(stack, loop, chosen))
            yield _goals(door)
        finally:
            loop.run_until_complete(stack.aclose())
            loop.close()


def _goals(door: _Door) -> tuple[Goal, ...]:
    return (
        Goal(
            name=f"DRS POST of one object with a Passport of {VISAS} new visas, over HTTP",
            micros=3000,
            run=door.objects,
            times=_PASSPORTS,
        ),
        Goal(
            name="the same for its address: decided, and on record before the ticket",
            micros=5000,
            run=door.accesses,
            times=_PASSPORTS,
        ),
        Goal(
            name=f"DRS bulk access, each of {OBJECTS} objects: decided anew, on record, a ticket",
            micros=700,
            run=door.bulk,
            times=OBJECTS,
        ),
    )


async def _opened(stack: AsyncExitStack, loop: asyncio.AbstractEventLoop, chosen: Settings) -> _Door:
    running = await stack.enter_async_context(opened(chosen))
    port = await stack.enter_async_context(serving(running, chosen))
    door = _Door(loop, running, port)
    await door.prepare()
    return door
