"""Where do regions lie in the files of repositories? Reads indexes, headers and single blocks.

What was read of a file is remembered by where it lies and its digests, so that nothing else is ever taken for it, not
even what another repository says has the same, and bounded by weight.
An index that is not the registered one, byte for byte, is not used.
"""

import asyncio
import hashlib
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from typing import Final, TypeVar
from weakref import WeakValueDictionary

from broker.core.htsget.bcf_samples import BcfFilter, bcf_filter
from broker.core.htsget.bgzf import MAX_BLOCK, VirtualRange, block, place, run
from broker.core.htsget.crai import read_containers
from broker.core.htsget.cram import cram_layout
from broker.core.htsget.index_files import MAX_FILE, read_bins
from broker.core.htsget.layout import Layout, bgzf_layout
from broker.core.htsget.leaving import Leaving
from broker.core.htsget.plan import Index, Plan, planned, planned_filtered, wanted_ranges
from broker.core.htsget.reading import MalformedError, Reading
from broker.core.htsget.request import Asked
from broker.core.htsget.samples import SampleFilter, sample_filter
from broker.core.memory import Memory
from broker.core.outcome import Reason
from broker.core.rows import DrsObject, Repository
from broker.core.rows.catalogue import Envelope, IndexFile
from broker.ports.envelopes import Envelopes
from broker.ports.sources import Body, SourceBrokenError, Sources

T = TypeVar("T")

KEPT: Final = 512 << 20
"""Bytes of indexes and layouts that are remembered."""

PLANS: Final = 64 << 20
"""Bytes of plans that are remembered: of each the blocks at the ends of its ranges."""

AT_ONCE: Final = 4
"""Indexes of one repository that are read at the same time: each is held whole. A slow one makes no other one wait."""

_STEP = 1 << 20
_BLOCKS = 32
"""At most so many bytes of a file, and blocks, are filtered at once: what one stream holds in memory."""

Filter = SampleFilter | BcfFilter


@dataclass(frozen=True, slots=True)
class _Known:
    layout: Layout
    index: Index


class GenomicFiles:
    """The `Regions` of files that `sources` has. For the adapters' side of one event loop."""

    def __init__(self, sources: Sources, envelopes: Envelopes, kept: int = KEPT) -> None:
        self._sources, self._envelopes = sources, envelopes
        self._memory = Memory[_Known](kept)
        self._plans = Memory[Plan](PLANS)
        self._locks: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()
        self._reading_at_once: WeakValueDictionary[str, asyncio.Semaphore] = WeakValueDictionary()

    async def plan(self, repository: Repository, row: DrsObject, asked: Asked) -> Plan | Reason:
        """Which pieces of the file answer. SourceBrokenError."""
        async with self._reading(repository, row) as (file, known):
            ranges = await asyncio.to_thread(wanted_ranges, asked, known.layout, known.index)
            return ranges if isinstance(ranges, Reason) else await _fed(file, planned(ranges, known.layout))

    async def cuts(self, repository: Repository, row: DrsObject, asked: Asked) -> tuple[VirtualRange, ...] | Reason:
        """See ports.regions. SourceBrokenError."""
        async with self._reading(repository, row) as (_, known):
            return await asyncio.to_thread(wanted_ranges, asked, known.layout, known.index)

    async def pieces(self, repository: Repository, row: DrsObject, cuts: Sequence[VirtualRange]) -> Plan:
        """See ports.regions. Each range of what is made of them asks for the same ones. SourceBrokenError."""
        if row.index is None:
            raise SourceBrokenError(f"{row.id}: has no index")
        key = (_place(repository, row, row.index), tuple(cuts))
        plan = self._plans.recall(key, ())
        if plan is None:
            async with self._reading(repository, row) as (file, known):
                plan = await _fed(file, planned(cuts, known.layout))
            self._plans.keep(key, (), plan, plan.weight)
        return plan

    @asynccontextmanager
    async def content(self, repository: Repository, row: DrsObject) -> AsyncIterator[Body]:
        """See ports.regions. SourceBrokenError."""
        async with self._opened(repository, row.path, row.size, row.envelope, row.source_tag) as file:
            yield file

    @asynccontextmanager
    async def _reading(self, repository: Repository, row: DrsObject) -> AsyncIterator[tuple[Body, _Known]]:
        """The content, and what is known of it. Whatever is malformed in there is the store's fault."""
        if row.index is None:
            raise SourceBrokenError(f"{row.id}: has no index")
        async with self.content(repository, row) as file:
            try:
                yield file, await self._known(repository, row, row.index, file)
            except MalformedError as wrong:
                raise SourceBrokenError(f"{row.id}: {wrong}") from None

    @asynccontextmanager
    async def _opened(
        self, repository: Repository, path: str, size: int, envelope: Envelope | None, tag: str = ""
    ) -> AsyncIterator[Body]:
        """A content of `size` bytes, out of the Crypt4GH file around it if there is one."""
        stored = size if envelope is None else envelope.size
        async with self._sources.open(repository, path, stored, tag) as file:
            if envelope is None:
                yield file
                return
            said = await self._envelopes.contents(envelope, partial(_bytes, file, 0, envelope.header))
            content = self._envelopes.opened(file, envelope.header, said)
            if content.size != size:
                raise SourceBrokenError(f"{path}: what is in it is not as long as was registered")
            yield content

    async def plan_filtered(
        self, repository: Repository, row: DrsObject, asked: Asked, left_out: frozenset[str]
    ) -> tuple[Plan, tuple[VirtualRange, ...]] | Reason:
        """The same of a VCF or BCF without the samples `left_out`. SourceBrokenError."""
        async with self._reading(repository, row) as (file, known):
            ranges = await asyncio.to_thread(wanted_ranges, asked, known.layout, known.index)
            if isinstance(ranges, Reason):
                return ranges
            header = (await _filter(file, known.layout, left_out)).header
            return planned_filtered(header, known.layout), ranges

    async def filtered(
        self, repository: Repository, row: DrsObject, cuts: Sequence[VirtualRange], left_out: frozenset[str]
    ) -> AsyncGenerator[bytes, None]:
        """The records there without these samples, in blocks. SourceBrokenError."""
        async with self._reading(repository, row) as (file, known):
            leaving = Leaving(await _filter(file, known.layout, left_out))
            for cut in cuts:
                async for data in _inflated(file, cut, known.layout.records.end >> 16):
                    if made := await asyncio.to_thread(leaving.more, data):
                        yield made
                leaving.pause()
            if made := await asyncio.to_thread(leaving.end):
                yield made

    async def _known(self, repository: Repository, row: DrsObject, index: IndexFile, file: Body) -> _Known:
        """Layout and index, from memory if they were read before; of many who ask at once one reads."""
        key = _place(repository, row, index)
        found = self._memory.recall(key, ())
        if found is not None:
            return found
        lock = self._locks.setdefault(key, asyncio.Lock())
        async with lock:
            found = self._memory.recall(key, ())
            if found is None:
                layout = await _fed(file, cram_layout(row.size) if row.format == "CRAM" else bgzf_layout(row.size))
                if layout.format != row.format:
                    raise SourceBrokenError(f"{row.id}: a {layout.format} file, and not {row.format}")
                if index.layout_sha256 not in ("", layout.sha256):
                    raise SourceBrokenError(f"{row.id}: begins otherwise than the file that was registered")
                found = _Known(layout, await self._index(repository, index))
                self._memory.keep(key, (), found, layout.weight + found.index.weight)
            return found

    async def _index(self, repository: Repository, index: IndexFile) -> Index:
        if index.size > MAX_FILE:
            raise SourceBrokenError(f"{index.path}: too large for an index")
        reading = self._reading_at_once.setdefault(repository.id, asyncio.Semaphore(AT_ONCE))
        async with reading:
            async with self._opened(repository, index.path, index.size, index.envelope) as file:
                given = await _bytes(file, 0, index.size)
            return await asyncio.to_thread(_checked, index, given)


def _place(repository: Repository, row: DrsObject, index: IndexFile) -> str:
    """Where a file lies, and which one it is, index and all."""
    digests = (row.checksums["sha-256"], row.source_tag, index.sha256, index.layout_sha256)
    return " ".join((repository.id, row.path, str(row.size), *digests))


def _checked(index: IndexFile, given: bytes) -> Index:
    """Runs in a thread: a whole genome's index takes a tenth of a second."""
    if hashlib.sha256(given).hexdigest() != index.sha256:
        raise SourceBrokenError(f"{index.path}: not the index that was registered")
    return read_containers(given) if index.kind == "CRAI" else read_bins(index.kind, given)


async def _filter(file: Body, layout: Layout, left_out: frozenset[str]) -> Filter:
    parts = [data async for data in _inflated(file, layout.header, layout.records.end >> 16)]
    make = bcf_filter if layout.format == "BCF" else sample_filter
    return make(b"".join(parts), left_out)


async def _inflated(file: Body, wanted: VirtualRange, end: int) -> AsyncIterator[bytes]:
    """The content from one virtual offset to another, a few blocks at a time. MalformedError."""
    (at, skip), (last, keep) = place(wanted.first), place(wanted.end)
    while at < last:
        given = await _bytes(file, at, min(last, at + _STEP))
        blocks, length = await asyncio.to_thread(run, given, _BLOCKS)
        yield b"".join(blocks)[skip:]
        at, skip = at + length, 0
    if keep:
        given = await _bytes(file, at, min(end, at + MAX_BLOCK))
        yield block(given).data[skip:keep]


async def _bytes(file: Body, first: int, end: int) -> bytes:
    if first >= end:
        raise MalformedError("a block beyond the end of the file")
    return b"".join([chunk async for chunk in file.read(first, end - 1)])


async def _fed(file: Body, reading: Reading[T]) -> T:
    """What `reading` returns, given the bytes that it asks for."""
    try:
        span = next(reading)
        while True:
            span = reading.send(b"".join([chunk async for chunk in file.read(span.first, span.last)]))
    except StopIteration as done:
        result: T = done.value
        return result
