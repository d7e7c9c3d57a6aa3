"""Secrets of other services in our rows: encrypted when they are stored, clear to who reads through here. (RFC 5297)

Home identity providers and clearinghouses gave us these secrets and want to see them, so a digest does not do. The
database, its backups, the feed and the log's digests have what was encrypted; the key is with the broker's keys.
The same secret of the same row always gives the same text, so that a row that did not change is stored the same.
"""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import replace
from hashlib import sha512
from types import MappingProxyType
from typing import Any, Protocol, TypeVar

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESSIV

from broker.core.audit.entry import Entry
from broker.core.rows import Change, Drop, IdentityProvider, Put, Row, VisaIssuer
from broker.ports import Ledger, Rows

R = TypeVar("R", bound=Row)
SECRETS: Mapping[type[Row], str] = MappingProxyType({IdentityProvider: "client_secret", VisaIssuer: "gather_key"})
"""Kinds of rows with a secret that must be shown to somebody, and its member."""
MARK = "aes-siv:"
"""Begins what was encrypted."""


class SecretError(ValueError):
    """A secret was encrypted under another key, or for another row."""


class Seal:
    """`key`: 32 bytes, for this purpose alone. Trusted: who has it and the database can pass for us elsewhere."""

    def __init__(self, key: bytes) -> None:
        self._cipher = AESSIV(sha512(key).digest())

    def shut(self, row: R) -> R:
        """The row as it is stored."""
        member = SECRETS.get(type(row))
        secret = getattr(row, member) if member is not None else ""
        if member is None or not secret:
            return row
        text = urlsafe_b64encode(self._cipher.encrypt(secret.encode(), _about(row, member))).decode()
        return _with(row, member, MARK + text)

    def open(self, row: R) -> R:
        """The row as it is used; one that lies in clear, from before, as it is. SecretError if it cannot be opened."""
        member = SECRETS.get(type(row))
        if member is None or not is_shut(row):
            return row
        try:
            raw = urlsafe_b64decode(getattr(row, member)[len(MARK) :])
            return _with(row, member, self._cipher.decrypt(raw, _about(row, member)).decode())
        except (InvalidTag, ValueError):
            raise SecretError(f"{row.KIND} {row.id}: its secret was encrypted under another key") from None


def is_shut(row: Row) -> bool:
    """Was its secret encrypted? False for a row that has none."""
    member = SECRETS.get(type(row))
    return member is not None and str(getattr(row, member)).startswith(MARK)


def _about(row: Row, member: str) -> list[bytes]:
    return [row.KIND.encode(), row.id.encode(), member.encode()]


def _with(row: R, member: str, secret: str) -> R:
    changed: Any = replace(row, **{member: secret})  # type: ignore[type-var]
    return changed  # type: ignore[no-any-return]


class RunningLedger(Ledger, Protocol):
    """A ledger as whoever runs it sees it."""

    on_commit: Callable[[tuple[Row, ...]], None]

    @property
    def size(self) -> int: ...
    @property
    def failed(self) -> bool: ...
    async def ended(self) -> None: ...


class SealedLedger:
    """A ports.Ledger: the one underneath gets secrets encrypted only."""

    def __init__(self, ledger: RunningLedger, seal: Seal) -> None:
        self._ledger, self._seal = ledger, seal
        self._on_commit: Callable[[tuple[Row, ...]], None] = lambda _: None
        ledger.on_commit = self._committed

    @property
    def on_commit(self) -> Callable[[tuple[Row, ...]], None]:
        """Called with the rows of each commit, as they are used."""
        return self._on_commit

    @on_commit.setter
    def on_commit(self, call: Callable[[tuple[Row, ...]], None]) -> None:
        self._on_commit = call

    @property
    def size(self) -> int:
        """As of the one underneath."""
        return self._ledger.size

    @property
    def failed(self) -> bool:
        """As of the one underneath."""
        return self._ledger.failed

    async def ended(self) -> None:
        """As of the one underneath."""
        await self._ledger.ended()

    async def record(self, entry: Entry, *changes: Change) -> int | None:
        """As by the one underneath."""
        return await self._ledger.record(entry, *map(self._shut, changes))

    async def record_each(self, records: Sequence[tuple[Entry, Sequence[Change]]]) -> None:
        """As by the one underneath."""
        await self._ledger.record_each([(entry, [self._shut(one) for one in changes]) for entry, changes in records])

    def _shut(self, change: Change) -> Change:
        if isinstance(change, Drop) or type(change.row) not in SECRETS:
            return change
        return Put(self._seal.shut(change.row))

    def _committed(self, rows: tuple[Row, ...]) -> None:
        self._on_commit(tuple(self._seal.open(row) for row in rows))


class SealedRows:
    """A ports.Rows: secrets of the one underneath, opened."""

    def __init__(self, rows: Rows, seal: Seal) -> None:
        self._rows, self._seal = rows, seal

    async def get(self, kind: type[R], id: str) -> R | None:
        """As of the one underneath."""
        found = await self._rows.get(kind, id)
        return self._seal.open(found) if found is not None else None

    async def scan(self, kind: type[R]) -> AsyncIterator[R]:
        """As of the one underneath."""
        async for row in self._rows.scan(kind):
            yield self._seal.open(row)

    async def find(self, kind: type[R], member: str, value: str) -> AsyncIterator[R]:
        """As of the one underneath."""
        async for row in self._rows.find(kind, member, value):
            yield self._seal.open(row)

    async def newest(self, kind: type[R], member: str, value: str, most: int) -> AsyncIterator[R]:
        """As of the one underneath."""
        async for row in self._rows.newest(kind, member, value, most):
            yield self._seal.open(row)

    async def newest_of(self, kind: type[R], member: str, values: Sequence[str], most: int) -> AsyncIterator[R]:
        """As of the one underneath."""
        async for row in self._rows.newest_of(kind, member, values, most):
            yield self._seal.open(row)

    async def after(self, kind: type[R], id: str, most: int) -> AsyncIterator[R]:
        """As of the one underneath."""
        async for row in self._rows.after(kind, id, most):
            yield self._seal.open(row)

    async def each(self, kind: type[R], ids: Sequence[str]) -> AsyncIterator[R]:
        """As of the one underneath."""
        async for row in self._rows.each(kind, ids):
            yield self._seal.open(row)

    async def in_clear(self) -> tuple[Row, ...]:
        """Rows whose secret was stored before secrets were encrypted."""
        found = list[Row]()
        for kind, member in SECRETS.items():
            found += [row async for row in self._rows.scan(kind) if getattr(row, member) and not is_shut(row)]
        return tuple(found)
