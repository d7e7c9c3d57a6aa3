"""Asks the permissions APIs of other issuers for somebody's visas (the way of REMS: `/api/permissions/{user}`).

One fetch for each issuer and subject however many ask; who is slow is waited for briefly, and its answer counts for
who asks next. A failure is not asked again for a minute.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any, Protocol
from urllib.parse import quote

import structlog

from broker.adapters.outgoing import FetchError
from broker.core import strict_json
from broker.core.passport.limits import PASSPORT_BYTES, PASSPORT_VISAS
from broker.ports import SourceHealth, Wanted

FRESH = 300
"""Seconds for which an answer counts without asking again: how long a visa that its issuer dropped is handed on."""
COOL_DOWN = 60
"""Seconds after a failure before the same is asked again."""
PATIENCE = 1.5
"""Seconds that anybody waits."""
MEMORY = 32 * 1024 * 1024
"""Characters of answers that are kept; what is forgotten is asked again."""
_ROOM = 512
"""What an answer takes up besides its visas, failures too."""

log = structlog.get_logger(__name__)


class Fetcher(Protocol):
    """`adapters/outgoing.Outgoing`, as far as needed here."""

    async def fetch(
        self,
        url: str,
        *,
        limit: int,
        types: tuple[str, ...],
        internal: bool = False,
        more: Mapping[str, str] | None = None,
    ) -> bytes: ...


@dataclass(slots=True, kw_only=True)
class _Asked:
    loading: asyncio.Task[None] | None = None
    tried: float | None = None
    good: float | None = None
    visas: tuple[str, ...] = ()

    @property
    def size(self) -> int:
        return _ROOM + sum(map(len, self.visas))


class PermissionsApis:
    """A ports.VisaSources."""

    def __init__(self, fetcher: Fetcher, monotonic: Callable[[], float], patience: float = PATIENCE) -> None:
        """`monotonic`: seconds that never step back; only differences count."""
        self._fetcher = fetcher
        self._now = monotonic
        self._patience = patience
        self._asked: OrderedDict[Wanted, _Asked] = OrderedDict()
        self._size = 0
        self._health: dict[str, tuple[float | None, str | None]] = {}

    async def visas(self, wanted: Collection[Wanted]) -> dict[Wanted, tuple[str, ...]]:
        """As the port says."""
        waiting = [task for one in dict.fromkeys(wanted) if (task := self._start(one)) is not None]
        if waiting:
            await asyncio.wait(waiting, timeout=self._patience)
        found = ((one, self._asked.get(one)) for one in dict.fromkeys(wanted))
        return {one: kept.visas for one, kept in found if kept is not None and self._is_fresh(kept)}

    def health(self) -> tuple[SourceHealth, ...]:
        """Every issuer that was asked since the start."""
        now = self._now()
        return tuple(
            SourceHealth(issuer=issuer, age=None if good is None else now - good, error=error)
            for issuer, (good, error) in sorted(self._health.items())
        )

    async def close(self) -> None:
        """End what is under way."""
        tasks = [one.loading for one in self._asked.values() if one.loading is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _is_fresh(self, one: _Asked) -> bool:
        return one.good is not None and self._now() - one.good < FRESH

    def _start(self, wanted: Wanted) -> asyncio.Task[None] | None:
        """What to wait for; None: it is fresh, or it is too soon."""
        known = self._asked.get(wanted)
        if known is None:
            known = self._asked[wanted] = _Asked()
            self._size += known.size
        self._asked.move_to_end(wanted)
        too_soon = known.tried is not None and self._now() - known.tried < COOL_DOWN
        if known.loading is None and not self._is_fresh(known) and not too_soon:
            known.loading = asyncio.create_task(self._load(wanted, known))
        self._forget()
        return known.loading

    def _forget(self) -> None:
        for wanted in [*self._asked][:-1]:
            if self._size <= MEMORY:
                return
            if self._asked[wanted].loading is None:
                self._size -= self._asked.pop(wanted).size

    async def _load(self, wanted: Wanted, known: _Asked) -> None:
        good, _ = self._health.get(wanted.issuer, (None, None))
        error: str | None = "cancelled"
        try:
            visas = _read(await self._fetch(wanted))
            self._size += sum(map(len, visas)) - sum(map(len, known.visas))
            known.visas, known.good, good, error = visas, self._now(), self._now(), None
        except FetchError as failure:
            error = str(failure)
            log.warning("visas.failed", issuer=wanted.issuer, why=error)
        finally:
            known.tried = self._now()
            known.loading = None
            self._health[wanted.issuer] = (good, error)

    async def _fetch(self, wanted: Wanted) -> bytes:
        headers = {"x-rems-api-key": wanted.api_key, "x-rems-user-id": wanted.api_user}
        return await self._fetcher.fetch(
            f"{wanted.api.rstrip('/')}/api/permissions/{quote(wanted.sub, safe='')}?expired=false",
            limit=PASSPORT_BYTES,
            types=("application/json",),
            internal=wanted.internal,
            more={name: value for name, value in headers.items() if value},
        )


def _read(raw: bytes) -> tuple[str, ...]:
    """The visas of an answer `{"ga4gh_passport_v1": […]}`. FetchError for anything else: it is no answer then."""
    try:
        said: Any = strict_json.loads(raw, PASSPORT_BYTES)
    except strict_json.StrictJsonError:
        raise FetchError("not JSON") from None
    listed = said.get("ga4gh_passport_v1") if isinstance(said, dict) else None
    if not isinstance(listed, list) or not all(isinstance(one, str) for one in listed):
        raise FetchError("no list of visas")
    if len(listed) > PASSPORT_VISAS:
        raise FetchError(f"more than {PASSPORT_VISAS} visas")
    return tuple(dict.fromkeys(listed))
