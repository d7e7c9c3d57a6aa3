"""The least that a durable log of many callers can be: what the goal for the ledger was set against.

As the prototype of the goal: callers wait for one thread, which takes whatever arrived while the last flush ran, and
in one transaction writes the entries, the edge of their tree and a signed checkpoint. No receipts, no tiles to prove
from, no rows beside, nothing checked.
"""

import asyncio
import sqlite3
import threading
from hashlib import sha256
from pathlib import Path
from queue import SimpleQueue

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from broker.core.audit.merkle import EMPTY

BODY = b"x" * 514
"""As long as an entry of the prototype."""
_TABLES = (
    "CREATE TABLE record (seq INTEGER PRIMARY KEY, at INTEGER, body BLOB)",
    "CREATE TABLE checkpoint (size INTEGER PRIMARY KEY, root BLOB, note BLOB)",
)
_Batch = list[tuple[asyncio.Future[int], bytes]]


class BareLog:
    """Opened in the event loop of its callers."""

    def __init__(self, path: Path) -> None:
        self._loop = asyncio.get_running_loop()
        self._db = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        for statement in ("PRAGMA journal_mode = WAL", "PRAGMA synchronous = FULL", *_TABLES):
            self._db.execute(statement)
        self._key = Ed25519PrivateKey.from_private_bytes(b"k" * 32)
        self._edge, self._arrived = EMPTY, _Batch()
        self._handed: SimpleQueue[_Batch | None] = SimpleQueue()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    async def append(self, body: bytes) -> int:
        """The number of the entry, once it is on disk."""
        answer: asyncio.Future[int] = self._loop.create_future()
        if not self._arrived:
            self._loop.call_soon(self._hand_over)
        self._arrived.append((answer, body))
        return await answer

    def close(self) -> None:
        self._handed.put(None)
        self._thread.join()
        self._db.close()

    def _hand_over(self) -> None:
        self._handed.put(self._arrived)
        self._arrived = []

    def _run(self) -> None:
        while (batch := self._handed.get()) is not None:
            first = self._edge.size
            self._edge, _ = self._edge.grown(sha256(b"\0" + body).digest() for _, body in batch)
            root = self._edge.root()
            self._db.execute("BEGIN IMMEDIATE")
            rows = [(seq, 1_700_000_000, body) for seq, (_, body) in enumerate(batch, first)]
            self._db.executemany("INSERT INTO record VALUES (?, ?, ?)", rows)
            signed = (self._edge.size, root, self._key.sign(root))
            self._db.execute("INSERT INTO checkpoint VALUES (?, ?, ?)", signed)
            self._db.execute("COMMIT")
            self._loop.call_soon_threadsafe(self._tell, batch, first)

    def _tell(self, batch: _Batch, first: int) -> None:
        for seq, (answer, _) in enumerate(batch, first):
            answer.set_result(seq)
