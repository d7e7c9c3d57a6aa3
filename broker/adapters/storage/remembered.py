"""Rows that nearly every request asks for, read once and kept until they change.

Who somebody is, their sessions, where they come from and what they agreed to with which client are looked up by every
access token and every Passport, and what a ticket stands for by every range. The ledger tells of each commit before
anybody hears that it succeeded, so what is kept is always the last committed version: a row that was put is
forgotten, and one that was being read meanwhile is not kept.
"""

from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, TypeVar

from broker.core.rows import Access, Client, Family, Identity, IdentityProvider, Person, Row, Session
from broker.ports import Rows

R = TypeVar("R", bound=Row)
_Key = tuple[str, ...]

KEPT: frozenset[type[Row]] = frozenset({Person, Identity, Session, Family, Access, Client, IdentityProvider})
FOUND: Mapping[type[Row], str] = MappingProxyType({Session: "person"})
"""Lists that are kept: all rows of a kind with this member, which never changes in a row."""
MOST = 10_000
"""Rows and lists. What was kept first goes first."""
_MOST_OF_A_LIST = 50


class RememberedRows:
    """A ports.Rows in front of another one. `changed` must hear of every commit, in the turn in which it is told."""

    def __init__(self, rows: Rows, most: int = MOST) -> None:
        self._rows, self._most = rows, most
        self._kept: dict[_Key, Any] = {}
        self._reading: dict[_Key, object] = {}
        """What is being read, by whoever began last: nothing that changes until then is kept."""

    def __len__(self) -> int:
        return len(self._kept)

    def changed(self, rows: Iterable[Row]) -> None:
        """These were put."""
        for row in rows:
            if type(row) in KEPT:
                self._forget((row.KIND, row.id))
                if type(row) in FOUND:
                    self._forget(_list_of(type(row), getattr(row, FOUND[type(row)])))

    async def get(self, kind: type[R], id: str) -> R | None:
        if kind not in KEPT:
            return await self._rows.get(kind, id)
        name = (kind.KIND, id)
        known: R | None = self._kept.get(name)
        if known is not None:
            return known
        mark = self._begin(name)
        try:
            found = await self._rows.get(kind, id)
            if found is not None:
                self._keep(name, mark, found)
        finally:
            self._end(name, mark)
        return found

    def scan(self, kind: type[R]) -> AsyncIterator[R]:
        return self._rows.scan(kind)

    def newest(self, kind: type[R], member: str, value: str, most: int) -> AsyncIterator[R]:
        return self._rows.newest(kind, member, value, most)

    def newest_of(self, kind: type[R], member: str, values: Sequence[str], most: int) -> AsyncIterator[R]:
        return self._rows.newest_of(kind, member, values, most)

    def after(self, kind: type[R], id: str, most: int) -> AsyncIterator[R]:
        return self._rows.after(kind, id, most)

    def each(self, kind: type[R], ids: Sequence[str]) -> AsyncIterator[R]:
        return self._rows.each(kind, ids)

    async def find(self, kind: type[R], member: str, value: str) -> AsyncIterator[R]:
        if FOUND.get(kind) != member:
            async for row in self._rows.find(kind, member, value):
                yield row
            return
        name = _list_of(kind, value)
        known: tuple[R, ...] | None = self._kept.get(name)
        if known is None:
            mark = self._begin(name)
            try:
                known = tuple([row async for row in self._rows.find(kind, member, value)])
                if len(known) <= _MOST_OF_A_LIST:
                    self._keep(name, mark, known)
            finally:
                self._end(name, mark)
        for row in known:
            yield row

    def _begin(self, name: _Key) -> object:
        mark = self._reading[name] = object()
        return mark

    def _end(self, name: _Key, mark: object) -> None:
        if self._reading.get(name) is mark:
            del self._reading[name]

    def _keep(self, name: _Key, mark: object, found: object) -> None:
        """Unless it was put while it was read: then nobody knows which of the two was read."""
        if self._reading.get(name) is mark:
            self._kept[name] = found
            while len(self._kept) > self._most:
                del self._kept[next(iter(self._kept))]

    def _forget(self, name: _Key) -> None:
        self._kept.pop(name, None)
        self._reading.pop(name, None)


def _list_of(kind: type[Row], value: str) -> _Key:
    return (kind.KIND, FOUND[kind], value)
