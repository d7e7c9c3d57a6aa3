"""The discovery documents of registered brokers: fetched when first needed, kept, asked for again with patience.

One entry per issuer with a fetch of its own, as for keys (adapters/jwks.py): a slow issuer delays no other.
"""

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from broker.adapters.jwks import COOL_DOWN, HARD_LIMIT, Fetcher
from broker.adapters.outgoing import FetchError
from broker.core.passport.discovered import DOCUMENT_BYTES, Discovered, read_document, well_known

FRESH = 600
"""Seconds for which a document is used without asking again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Discoverable:
    """A registered issuer. `listed`: addresses on other hosts to which its document may lead."""

    iss: str
    listed: frozenset[str] = frozenset()
    internal: bool = False


@dataclass(slots=True, kw_only=True)
class _Entry:
    source: Discoverable
    found: Discovered | None = None
    good: float = 0.0
    tried: float | None = None
    error: str = "not asked yet"
    loading: asyncio.Task[None] | None = None


class Discovery:
    """Discovery documents by issuer."""

    def __init__(self, fetcher: Fetcher, monotonic: Callable[[], float]) -> None:
        self._fetcher = fetcher
        self._now = monotonic
        self._entries: dict[str, _Entry] = {}

    def register(self, sources: Iterable[Discoverable]) -> None:
        """These issuers and no others from now on; what was fetched for those that stay, stays."""
        listed = {source.iss: source for source in sources}
        kept = {iss: entry for iss, entry in self._entries.items() if listed.get(iss) == entry.source}
        for iss, entry in self._entries.items():
            if iss not in kept and entry.loading is not None:
                entry.loading.cancel()
        self._entries = {iss: kept.get(iss) or _Entry(source=source) for iss, source in listed.items()}

    async def of(self, iss: str) -> Discovered:
        """The addresses of a registered issuer. FetchError, with why, if they are not to be had."""
        entry = self._entries.get(iss)
        if entry is None:
            raise FetchError("not registered for discovery")
        if self._age(entry) >= FRESH:
            if entry.loading is None and (entry.tried is None or self._now() - entry.tried >= COOL_DOWN):
                entry.loading = asyncio.create_task(self._load(entry))
            if entry.loading is not None:
                await asyncio.wait([entry.loading])
        if entry.found is None or self._age(entry) >= HARD_LIMIT:
            raise FetchError(entry.error)
        return entry.found

    async def jwks_uri(self, iss: str) -> str:
        """Where the issuer's keys are. FetchError."""
        return (await self.of(iss)).jwks_uri

    async def close(self) -> None:
        """End what is under way."""
        self.register(())
        await asyncio.sleep(0)

    def _age(self, entry: _Entry) -> float:
        return self._now() - entry.good if entry.found is not None else float("inf")

    async def _load(self, entry: _Entry) -> None:
        source = entry.source
        try:
            raw = await self._fetcher.fetch(
                well_known(source.iss), limit=DOCUMENT_BYTES, types=("application/json",), internal=source.internal
            )
            found = read_document(raw, source.iss, source.listed, internal=source.internal)
            if isinstance(found, str):
                # It is there and says something else than was agreed: what it said before counts no longer.
                entry.found, entry.error = None, found
            else:
                entry.found, entry.good = found, self._now()
        except FetchError as failure:
            entry.error = str(failure)
        finally:
            entry.tried = self._now()
            entry.loading = None
