"""Databases, keys and entries for the tests of storage."""

import asyncio
import sqlite3
import threading
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from broker.adapters.storage.audit_tool import Report, verify
from broker.adapters.storage.create import create
from broker.adapters.storage.ledger import SqliteLedger, open_ledger
from broker.adapters.storage.log import SqliteLog
from broker.adapters.storage.postgres.ledger import PostgresLedger, open_postgres_ledger
from broker.adapters.storage.postgres.reads import open_postgres_log
from broker.core.audit.entry import Entry, Value
from broker.core.audit.note import Key, Signer, sign_note
from broker.core.ids import ReceiptId, make_id
from broker.core.rows import Put, Revocation
from broker.core.time import Seconds
from tests.fakes import CountingEntropy, FakeClock
from tests.postgres import Database

ORIGIN = "log.example.org/audit"
_PRIVATE = Ed25519PrivateKey.from_private_bytes(b"k" * 32)
KEY = Key(ORIGIN, _PRIVATE.public_key().public_bytes_raw())
SIGNER = Signer(KEY, _PRIVATE.sign)


EMPTY: Mapping[str, Value] = {}


def sign(text: bytes) -> bytes:
    return sign_note(text.decode(), [SIGNER])


def ed25519(public: bytes, message: bytes, signature: bytes) -> bool:
    try:
        Ed25519PublicKey.from_public_bytes(public).verify(signature, message)
    except InvalidSignature:
        return False
    return True


def receipt(number: int) -> ReceiptId:
    return ReceiptId(make_id("rcp", 1_700_000_000, number.to_bytes(10, "big")))


def entry(number: int, kind: str = "decision.made", about: Mapping[str, Value] = EMPTY) -> Entry:
    """Entry `number` of a test, the same at every call."""
    return Entry(id=receipt(number), at=Seconds(number), kind=kind, nonce=f"{number:032x}", about=about)


def ended(what: str, version: int = 1, ground: str = "") -> Put:
    """A small row: a revocation."""
    return Put(Revocation(id=what, version=version, since=Seconds(1), ground=ground))


Changes = Callable[[int], tuple[Put, ...]]


def nothing(_: int) -> tuple[Put, ...]:
    return ()


@dataclass
class Place:
    """A folder with a database and the head of its log."""

    folder: Path
    clock: FakeClock = field(default_factory=FakeClock)
    entropy: CountingEntropy = field(default_factory=CountingEntropy)

    @property
    def database(self) -> Path:
        return self.folder / "broker.sqlite"

    @property
    def head(self) -> Path:
        return self.folder / "audit-lock.sqlite"

    def create(self) -> "Place":
        create(self.database, self.head, origin=ORIGIN, sign=sign, clock=self.clock, entropy=self.entropy)
        return self

    @asynccontextmanager
    async def open(self, **options: Any) -> AsyncIterator[SqliteLedger]:
        opened = open_ledger(
            self.database,
            self.head,
            **{"origin": ORIGIN, "sign": sign, "clock": self.clock, "entropy": self.entropy, **options},
        )
        async with opened as ledger:
            yield ledger

    def fill(self, count: int, changes: Changes = nothing, *, at_once: bool = False) -> None:
        """Entries 1 to `count`, a commit for each or as few as possible."""

        async def write() -> None:
            async with self.open() as ledger:
                wishes = [ledger.record(entry(n), *changes(n)) for n in range(1, count + 1)]
                if at_once:
                    await asyncio.gather(*wishes)
                else:
                    for wish in wishes:
                        await wish

        asyncio.run(write())

    def fill_more(self, count: int) -> None:
        """`count` entries more, in a thread of its own: for tests that are in a loop already."""
        first = self.ask("SELECT max(seq) + 1 FROM record")[0][0]

        async def write() -> None:
            async with self.open() as ledger:
                await asyncio.gather(*(ledger.record(entry(n)) for n in range(first, first + count)))

        thread = threading.Thread(target=lambda: asyncio.run(write()))
        thread.start()
        thread.join()

    def tamper(self, *statements: str) -> None:
        """Do this to the database by hand, as somebody could who has its file."""
        with closing(sqlite3.connect(self.database, isolation_level=None)) as db:
            for statement in statements:
                db.execute(statement)

    def ask(self, statement: str) -> list[tuple[Any, ...]]:
        with closing(sqlite3.connect(self.database)) as db:
            return db.execute(statement).fetchall()

    def verify(self, *, checkpoint: bytes | None = None, head: bool = True, alone: int = 10**9) -> Report:
        return verify(self.database, [KEY], ORIGIN, ed25519, self.head if head else None, checkpoint, alone=alone)


@dataclass
class SharedPlace:
    """A PostgreSQL database with the head of its log."""

    database: Database
    clock: FakeClock = field(default_factory=FakeClock)
    entropy: CountingEntropy = field(default_factory=lambda: CountingEntropy(drawn=1_000))

    @property
    def url(self) -> str:
        return self.database.url

    @asynccontextmanager
    async def open(self, **options: Any) -> AsyncIterator[PostgresLedger]:
        """A process of a broker; as many at once as one likes."""
        given = {"origin": ORIGIN, "sign": sign, "clock": self.clock, "entropy": self.entropy, "pause": 0.01}
        async with open_postgres_ledger(self.url, self.url, **{**given, **options}) as ledger:
            yield ledger

    @asynccontextmanager
    async def log(self) -> AsyncIterator[SqliteLog]:
        async with open_postgres_log(self.url, self.url) as log:
            yield log
