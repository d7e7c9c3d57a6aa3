"""The keys of foreign issuers, fetched from registered addresses only. (AAI 1.2.1 "Clearinghouses" 5.3, RFC 7517)

One entry per registered (`iss`, `jku`), each with its own fetch: one issuer that stalls, lies or floods us with
unknown key names delays nobody else and changes nobody else's keys. What is not registered is never looked up.
"""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from broker.adapters.outgoing import FetchError
from broker.core.passport import limits
from broker.core.passport.health import AddressHealth, KeysState, shown
from broker.core.passport.keys import named, read_set
from broker.core.passport.read import DISCOVERED, Pair
from broker.core.passport.trust import Jwk

FRESH = 300
"""Seconds for which a set is used without asking again: how long a withdrawn key can still count."""
COOL_DOWN = 60
"""Seconds between two attempts at one address, whatever asks for them: unknown key names, failures, floods."""
HARD_LIMIT = 86_400
"""Seconds for which the last good set is used while its address fails; then its tokens are refused."""
_TYPES = ("application/json", "application/jwk-set+json")


class Fetcher(Protocol):
    """`adapters/outgoing.Outgoing`, as far as needed here."""

    async def fetch(self, url: str, *, limit: int, types: tuple[str, ...], internal: bool = False) -> bytes: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class KeySource:
    """A registered address. `internal`: http and private addresses are allowed; an operator said so by name."""

    iss: str
    jku: str
    internal: bool = False


@dataclass(slots=True, kw_only=True)
class _Entry:
    source: KeySource
    keys: tuple[Jwk, ...] | None = None
    named: Mapping[str, Jwk] = field(default_factory=dict)
    """`keys` by their names, each of which is there once."""
    good: float | None = None
    tried: float | None = None
    error: str | None = None
    emptied: bool = False
    """The last answer had no usable key, and the set before it is still in use."""
    loading: asyncio.Task[None] | None = None


class JwksClient:
    """Keys by (`iss`, `jku`)."""

    def __init__(
        self,
        fetcher: Fetcher,
        monotonic: Callable[[], float],
        sources: Iterable[KeySource] = (),
        discovered: Callable[[str], Awaitable[str]] | None = None,
    ) -> None:
        """`monotonic`: seconds that never step back; only differences count.

        `discovered`: where an issuer's discovery document says that its keys are, for sources with the `jku`
        DISCOVERED; FetchError if that is not to be had.
        """
        self._fetcher = fetcher
        self._discovered = discovered
        self._now = monotonic
        self._entries: dict[Pair, _Entry] = {}
        self.register(sources)

    def register(self, sources: Iterable[KeySource]) -> None:
        """These addresses and no others from now on. What was fetched from those that stay, stays."""
        listed = {(source.iss, source.jku): source for source in sources}
        kept = {pair: entry for pair, entry in self._entries.items() if listed.get(pair) == entry.source}
        for pair, entry in self._entries.items():
            if pair not in kept and entry.loading is not None:
                entry.loading.cancel()
        self._entries = {pair: kept.get(pair) or _Entry(source=source) for pair, source in listed.items()}

    async def keys(self, iss: str, jku: str, kid: str) -> tuple[Jwk, ...] | None:
        """The issuer's keys, for a token that names `kid`; None: not registered, or not to be had.

        Asks the address if the set is not fresh, or lacks `kid`, but not within the cool-down. Many callers, one
        fetch; a caller that is cancelled cancels nobody else's.
        """
        entry = self._entries.get((iss, jku))
        if entry is None:
            return None
        if self._is_wanting(entry, kid):
            if entry.loading is None and self._is_cool(entry):
                self._start(entry)
            if entry.loading is not None:
                await asyncio.wait([entry.loading])
        return self._usable(entry)

    async def sets(self, needs: Collection[tuple[str, str, str]]) -> dict[Pair, tuple[Jwk, ...] | None]:
        """`keys` of each (`iss`, `jku`, `kid`), side by side: a slow issuer delays no other."""
        asked = dict.fromkeys(needs)
        waiting = [need for need in asked if self._must_ask(*need)]
        if waiting:
            await asyncio.gather(*(self.keys(*need) for need in waiting))
        entries = {(iss, jku): self._entries.get((iss, jku)) for iss, jku, _ in asked}
        return {pair: None if entry is None else self._usable(entry) for pair, entry in entries.items()}

    def at_hand(self, iss: str, jku: str, kid: str) -> Jwk | None:
        """The key called `kid`, if `keys` would give its set without asking now."""
        entry = self._entries.get((iss, jku))
        if entry is None or entry.good is None:
            return None
        age = self._now() - entry.good
        if age < FRESH or (age < HARD_LIMIT and entry.loading is None and not self._is_cool(entry)):
            return entry.named.get(kid)
        return None

    def _must_ask(self, iss: str, jku: str, kid: str) -> bool:
        entry = self._entries.get((iss, jku))
        return entry is not None and self._is_wanting(entry, kid)

    async def refresh(self, iss: str, jku: str) -> AddressHealth | None:
        """Ask now, whatever the clocks say, and believe the answer, an empty set too. None: not registered."""
        entry = self._entries.get((iss, jku))
        if entry is None:
            return None
        if entry.loading is not None:
            await asyncio.wait([entry.loading])
        if entry.loading is None:
            self._start(entry, believe=True)
        if entry.loading is not None:
            await asyncio.wait([entry.loading])
        return self._health(entry)

    def health(self) -> tuple[tuple[str, AddressHealth], ...]:
        """Every registered address with its issuer, in the order of registration."""
        return tuple((entry.source.iss, self._health(entry)) for entry in self._entries.values())

    async def close(self) -> None:
        """End what is under way."""
        self.register(())
        await asyncio.sleep(0)

    def _is_wanting(self, entry: _Entry, kid: str) -> bool:
        keys = self._usable(entry)
        if keys is None or entry.good is None or self._now() - entry.good >= FRESH:
            return True
        return named(keys, kid) is None

    def _is_cool(self, entry: _Entry) -> bool:
        return entry.tried is None or self._now() - entry.tried >= COOL_DOWN

    def _usable(self, entry: _Entry) -> tuple[Jwk, ...] | None:
        return entry.keys if entry.good is not None and self._now() - entry.good < HARD_LIMIT else None

    def _start(self, entry: _Entry, *, believe: bool = False) -> None:
        entry.loading = asyncio.create_task(self._load(entry, believe=believe))

    async def _load(self, entry: _Entry, *, believe: bool) -> None:
        source = entry.source
        try:
            raw = await self._fetcher.fetch(
                await self._address(source), limit=limits.KEY_SET_BYTES, types=_TYPES, internal=source.internal
            )
            self._take(entry, read_set(raw), believe=believe or entry.emptied)
        except FetchError as error:
            entry.error = str(error)
        finally:
            entry.tried = self._now()
            entry.loading = None

    async def _address(self, source: KeySource) -> str:
        if source.jku != DISCOVERED or self._discovered is None:
            return source.jku
        return await self._discovered(source.iss)

    def _take(self, entry: _Entry, keys: tuple[Jwk, ...] | None, *, believe: bool) -> None:
        """A set without a usable key withdraws everything, so it must be said twice (a cool-down apart)."""
        if keys is None:
            entry.error = "not a JWK Set, or too large a one"
            return
        if not keys and entry.keys and not believe:
            entry.emptied, entry.error = True, "no usable key; believed when said again"
            return
        entry.keys, entry.named = keys, {key["kid"]: key for key in keys}
        entry.good, entry.error, entry.emptied = self._now(), None, False

    def _health(self, entry: _Entry) -> AddressHealth:
        age = None if entry.good is None else self._now() - entry.good
        return AddressHealth(
            jku=entry.source.jku,
            state=self._state(entry, age),
            keys=tuple(shown(key) for key in self._usable(entry) or ()),
            age=age,
            error=entry.error,
        )

    def _state(self, entry: _Entry, age: float | None) -> KeysState:
        if self._usable(entry) is None:
            return "unused" if entry.tried is None else "refused"
        return "good" if entry.error is None and age is not None and age < FRESH else "stale"
