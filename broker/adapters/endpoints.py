"""Asks the UserInfo of registered issuers about tokens of their own, and sends them to nobody else. (AAI C2, C3, C7)

An answer is kept for a minute under a digest of issuer and token, so that what a broker withdraws is refused here a
minute later at the latest, and a client that sends many requests costs its broker one. No token is kept.
"""

import asyncio
import hashlib
from collections import Counter, OrderedDict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Literal, Protocol, cast

from broker.adapters.discovery import Discovery
from broker.adapters.outgoing import FetchError
from broker.core.passport import limits
from broker.core.passport.userinfo import Answer
from broker.ports import UpstreamError

KEPT_SECONDS = 60
KEPT_BYTES = 32 * 1024 * 1024
AT_ONCE = 16
"""Questions to one issuer at a time; more are refused at once, so that a slow one holds up nobody's memory."""
_TYPES = ("application/json", "application/jwt")
_REFUSED = frozenset({400, 401, 403})


class Asker(Protocol):
    """`adapters/outgoing.Outgoing`, as far as needed here."""

    async def ask(
        self, url: str, *, limit: int, types: tuple[str, ...], internal: bool = False, authorization: str | None = None
    ) -> tuple[str, bytes]: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class UserInfoSource:
    """A registered issuer. `url`: its UserInfo; None: as its discovery document says."""

    iss: str
    url: str | None = None
    internal: bool = False


@dataclass(frozen=True, slots=True)
class _Kept:
    answer: Answer | None
    until: float

    @property
    def size(self) -> int:
        return 256 if self.answer is None else 256 + len(self.answer.body)


class HttpEndpoints:
    """A ports.Endpoints."""

    def __init__(self, asker: Asker, discovery: Discovery, monotonic: Callable[[], float]) -> None:
        self._asker, self._discovery, self._now = asker, discovery, monotonic
        self._sources: Mapping[str, UserInfoSource] = {}
        self._kept: OrderedDict[tuple[str, str], _Kept] = OrderedDict()
        self._bytes = 0
        self._asking: dict[tuple[str, str], asyncio.Task[Answer | None]] = {}
        self._busy: Counter[str] = Counter()

    def register(self, sources: Iterable[UserInfoSource]) -> None:
        """These issuers and no others from now on; what was kept of one that changed is forgotten."""
        listed = {source.iss: source for source in sources}
        for key in [key for key in self._kept if listed.get(key[0]) != self._sources.get(key[0])]:
            self._forget(key)
        self._sources = listed

    async def userinfo(self, iss: str, token: str) -> Answer | None:
        """See ports.Endpoints. Many callers with one token make one question; one that gives up ends no other's."""
        source = self._sources.get(iss)
        if source is None:
            raise UpstreamError("not registered for UserInfo")
        key = (iss, hashlib.sha256(token.encode()).hexdigest())
        kept = self._kept.get(key)
        if kept is not None and self._now() < kept.until:
            return kept.answer
        asking = self._asking.get(key)
        if asking is None:
            if self._busy[iss] >= AT_ONCE:
                raise UpstreamError("too many questions to this issuer at once")
            self._busy[iss] += 1
            asking = self._asking[key] = asyncio.create_task(self._answer(source, key, token))
            asking.add_done_callback(lambda done: self._asked(key, done))
        return await asyncio.shield(asking)

    def _asked(self, key: tuple[str, str], done: asyncio.Task[Answer | None]) -> None:
        """A question is over, however it ended; an error is told to those who waited, if anybody still does."""
        self._busy[key[0]] -= 1
        self._asking.pop(key, None)
        if not done.cancelled():
            done.exception()

    async def poll(self, iss: str, token: str) -> Answer | int:
        """See ports.Endpoints."""
        source = self._sources.get(iss)
        if source is None:
            return 0
        try:
            return await self._ask(source, token)
        except FetchError as failure:
            return failure.status or 0

    async def close(self) -> None:
        """End what is under way."""
        for asking in tuple(self._asking.values()):
            asking.cancel()
        await asyncio.sleep(0)

    async def _answer(self, source: UserInfoSource, key: tuple[str, str], token: str) -> Answer | None:
        try:
            found: Answer | None = await self._ask(source, token)
        except FetchError as failure:
            if failure.status not in _REFUSED:
                raise UpstreamError(str(failure)) from None
            found = None
        if self._sources.get(source.iss) == source:
            self._keep(key, _Kept(found, self._now() + KEPT_SECONDS))
        return found

    async def _ask(self, source: UserInfoSource, token: str) -> Answer:
        """FetchError: no answer that could be read."""
        url = source.url or (await self._discovery.of(source.iss)).userinfo
        if url is None:
            raise FetchError("no userinfo_endpoint on the issuer's host")
        media, body = await self._asker.ask(
            url,
            limit=limits.PASSPORT_BYTES,
            types=_TYPES,
            internal=source.internal,
            authorization=f"Bearer {token}",
        )
        return Answer(media=cast('Literal["application/json", "application/jwt"]', media), body=body)

    def _keep(self, key: tuple[str, str], kept: _Kept) -> None:
        self._forget(key)
        self._kept[key] = kept
        self._bytes += kept.size
        while self._bytes > KEPT_BYTES:
            self._forget(next(iter(self._kept)))

    def _forget(self, key: tuple[str, str]) -> None:
        gone = self._kept.pop(key, None)
        self._bytes -= gone.size if gone is not None else 0
