"""Logs of a million entries and of ten: proving one, checking all, starting again behind them, what one more costs.

It is filled by the ledger's own writer, in commits of thousands, with entries as downloads make them; so the database is
the one that a broker would have. Rows of other tables it has none.
"""

import asyncio
import sqlite3
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from hashlib import sha256
from itertools import count
from pathlib import Path
from resource import RUSAGE_CHILDREN, getrusage
from subprocess import run
from time import process_time
from typing import NamedTuple, cast

from broker.adapters.clock import SystemClock
from broker.adapters.entropy import SystemEntropy
from broker.adapters.keys import open_keys
from broker.adapters.note_keys import verify as verify_signature
from broker.adapters.storage.audit_tool import verify
from broker.adapters.storage.connections import connect_ledger
from broker.adapters.storage.head import Head
from broker.adapters.storage.log import SqliteLog, open_log
from broker.adapters.storage.writer import Wish, Writer
from broker.config import Settings
from broker.core.audit.blocks import block_of
from broker.core.audit.entry import Entry, encode
from broker.core.ids import ReceiptId, make_id
from broker.core.time import Seconds
from broker.state import log_key, log_origin, make_state
from tests.bench.measure import MULTIPLE, Goal, Result, Yardstick, counted

SIZE, FEW, WHOLE = 1_000_000, 1_000, 10_000_000
"""`WHOLE`: six gigabytes, and some minutes to fill; so it is filled once, for all who ask behind it."""
_BEGUN = 1_790_000_000
_A_SECOND = 500
"""Entries that were made in each."""
_AT_ONCE = 8_192
_PROCESSORS = 2
"""Of the machine where the goals were set: verification uses as many as there are."""
_BARE = 100_000
"""Entries that the yardstick hashes."""
_PROOFS = 20
_COMMITS, _A_COMMIT = 60, 32
KIND = "download.authorised"
ABOUT = {
    "access": "acc_018f3c5e-7c4d-7abc-8def-0123456789ab",
    "bytes": "0-1048575",
    "dataset": "https://bank.example/datasets/heart",
    "decision": "dec_018f3c5e-7c4d-7abc-8def-0123456789ab",
    "object": "obj_018f3c5e-7c4d-7abc-8def-0123456789ab",
    "trace": "0a" * 32,
}


class _Named(NamedTuple):
    """As much of an entry as the writer looks at."""

    id: str
    at: int
    kind: str


def _entries(entropy: SystemEntropy) -> Iterator[Wish]:
    """Ever more of them. One is made whole; the others are its bytes with another time, id and nonce."""
    id, nonce, who = make_id("rcp", _BEGUN, bytes(10)), "0b" * 16, "0c" * 16
    first = Entry(id=ReceiptId(id), at=Seconds(_BEGUN), kind=KIND, nonce=nonce, who=who, about=ABOUT)
    about, between, behind, end = encode(first).decode().replace(str(_BEGUN), id, 1).replace(nonce, id).split(id)
    for n in count():
        at, id = _BEGUN + n // _A_SECOND, make_id("rcp", _BEGUN + n // _A_SECOND, entropy.for_id())
        body = f"{about}{at}{between}{id}{behind}{entropy.random(16).hex()}{end}".encode()
        yield Wish(cast("Entry", _Named(id, at, KIND)), body)


class LongLog:
    """A state with a log of `size` entries, which nobody writes any more. `told`: how many there are so far."""

    def __init__(
        self,
        folder: Path,
        size: int = SIZE,
        issuer: str = "http://127.0.0.1:1",
        told: Callable[[int], object] = lambda _: None,
    ) -> None:
        self.settings = Settings(issuer=issuer, state=folder / "state", mode="example")
        make_state(self.settings)
        self.size, self._receipts = size, list[ReceiptId]()
        self._entropy = SystemEntropy()
        self._made = _entries(self._entropy)
        self._store = open_keys(self.settings.keys, self.settings.passphrase_file)
        self._fill(told)

    def _fill(self, told: Callable[[int], object]) -> None:
        origin, (_, sign) = log_origin(self.settings.issuer), log_key(self._store, self.settings.issuer)
        with closing(connect_ledger(self.settings.database)) as db:
            db.execute("PRAGMA synchronous = OFF")  # who fills it waits for nobody
            writer = Writer(db, origin=origin, sign=sign, clock=SystemClock(), entropy=self._entropy)
            while writer.size < self.size:
                wishes = [next(self._made) for _ in range(min(_AT_ONCE, self.size - writer.size))]
                writer.commit(wishes)
                self._receipts.append(wishes[0].entry.id)
                told(writer.size)
            with closing(Head(self.settings.lock_database, origin)) as head:
                head.move(writer.size, writer.note)

    def ratio(self) -> float:
        """Bytes on disk for each byte of an entry."""
        with closing(sqlite3.connect(self.settings.database)) as db:
            (said,) = db.execute("SELECT sum(length(body)) FROM record").fetchone()
        return float(self.settings.database.stat().st_size / said)

    def read(self) -> None:
        """The bare thing: the first entries read, hashed, and made a tree of."""
        with closing(sqlite3.connect(self.settings.database)) as db:
            rows = db.execute("SELECT body FROM record ORDER BY seq LIMIT ?", (_BARE,))
            hashes = b"".join([sha256(b"\0" + body).digest() for (body,) in rows])
        for at in range(0, len(hashes), 8192):
            block_of(hashes[at : at + 8192])

    def check(self) -> None:
        """As `broker audit verify` does."""
        key, _ = log_key(self._store, self.settings.issuer)
        chosen = self.settings
        report = verify(chosen.database, [key], log_origin(chosen.issuer), verify_signature, chosen.lock_database)
        assert report.ok, report.findings
        assert report.size >= self.size

    def start(self) -> None:
        """A broker in a process of its own, started on it and stopped."""
        command = [sys.executable, "-m", "tests.bench.long_log", str(self.settings.state)]
        run(command, check=True)

    def grow(self) -> None:
        """Some commits more, each of as many entries as callers may bring at once."""
        origin, (_, sign) = log_origin(self.settings.issuer), log_key(self._store, self.settings.issuer)
        with closing(connect_ledger(self.settings.database)) as db:
            writer = Writer(db, origin=origin, sign=sign, clock=SystemClock(), entropy=self._entropy)
            for _ in range(_COMMITS):
                writer.commit([next(self._made) for _ in range(_A_COMMIT)])
            with closing(Head(self.settings.lock_database, origin)) as head:
                head.move(writer.size, writer.note)

    async def prove(self, log: SqliteLog) -> None:
        for receipt in self._receipts[:: max(1, len(self._receipts) // _PROOFS)][:_PROOFS]:
            assert await log.proof(receipt) is not None


def _children() -> float:
    """Seconds of CPU of processes that have ended."""
    used = getrusage(RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _all_processes() -> float:
    return _children() + process_time()


@contextmanager
def goals(grown: LongLog) -> Iterator[tuple[tuple[Goal, ...], tuple[Result, ...]]]:
    """The goals, and what was counted already. `grown`: the whole log, behind which an entry is recorded."""
    with tempfile.TemporaryDirectory() as folder:
        short = LongLog(Path(folder) / "short", FEW)
        log, loop = LongLog(Path(folder) / "long"), asyncio.new_event_loop()
        opening = open_log(log.settings.database, log.settings.lock_database)
        reads = loop.run_until_complete(opening.__aenter__())
        try:
            yield _goals(log, short, grown, lambda: loop.run_until_complete(log.prove(reads))), (_room(log),)
        finally:
            loop.run_until_complete(opening.__aexit__(None, None, None))
            loop.close()


def _goals(log: LongLog, short: LongLog, grown: LongLog, prove: Callable[[], None]) -> tuple[Goal, ...]:
    bare = Yardstick(
        name="bare reading and hashing of an entry, by one processor",
        reference=1.6,
        run=log.read,
        times=_BARE,
    )
    return (
        Goal(name=f"a proof that one of {SIZE:,} entries is in the log", micros=2000, run=prove, times=_PROOFS),
        Goal(
            name=f"each of {SIZE:,} entries checked (`broker audit verify`), by all processes on {_PROCESSORS} processors",
            micros=_PROCESSORS * 1e6 / 300_000,
            run=log.check,
            times=log.size,
            against=bare,
            spent=_all_processes,
            rounds=2,
            most=4,
        ),
        Goal(
            name=f"a broker that starts again behind {SIZE:,} entries",
            micros=5e6,
            run=log.start,
            spent=_children,
            rounds=2,
            most=6,
        ),
        Goal(
            name=f"an entry in a commit of {_A_COMMIT}, behind {grown.size:,} others over one behind {FEW:,}",
            micros=1.2,
            run=grown.grow,
            times=_COMMITS * _A_COMMIT,
            against=Yardstick(
                name="an entry of a short log", reference=MULTIPLE, run=short.grow, times=_COMMITS * _A_COMMIT
            ),
        ),
    )


def _room(log: LongLog) -> Result:
    return counted(f"bytes on disk for each byte of {SIZE:,} entries", 1.3, log.ratio(), "bytes")


def _main() -> None:
    """A broker is opened on a state, and closed again."""
    from broker.app import opened  # noqa: PLC0415 (what is loaded then is part of a start)

    async def once() -> None:
        async with opened(Settings(issuer="http://127.0.0.1:1", state=Path(sys.argv[1]), mode="example")):
            pass

    asyncio.run(once())


if __name__ == "__main__":
    _main()
