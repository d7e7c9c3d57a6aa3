"""Do the addresses answer at which people read who decides about data, and how? For `broker doctor --links`.

A dataset cannot be registered without one (WHO 2024, 3.1-5); that it answers, only asking shows.
"""

import asyncio
from collections.abc import Iterable, Mapping
from pathlib import Path

from broker.adapters.outgoing import FetchError, Outgoing
from broker.core.rows import Dataset
from broker.database import every

_SECONDS, _BYTES, _AT_ONCE, _TOLD = 10.0, 8 * 1024 * 1024, 8, 20
_TYPES = ("text/html", "application/xhtml+xml", "text/plain", "application/pdf")


def links(store: Path | str) -> str:
    """How many answered. ValueError that names those that did not, and whose they are."""
    held = asyncio.run(every(store, Dataset))
    return asyncio.run(asked(held))


async def asked(held: Iterable[Dataset]) -> str:
    """Each address once, however many datasets name it; some at a time."""
    whose: dict[str, list[str]] = {}
    for row in held:
        if row.safeguards.governance is not None:
            whose.setdefault(row.safeguards.governance, []).append(row.id)
    outgoing, room = Outgoing(seconds=_SECONDS), asyncio.Semaphore(_AT_ONCE)
    try:
        answers = await asyncio.gather(*(_silent(outgoing, room, url) for url in whose))
    finally:
        await outgoing.close()
    silent = {url: why for url, why in zip(whose, answers, strict=True) if why is not None}
    if silent:
        raise ValueError(_told(silent, whose))
    return f"every address at which people read how data are governed answers ({len(whose)})"


async def _silent(outgoing: Outgoing, room: asyncio.Semaphore, url: str) -> str | None:
    """Why nobody can read it; None: it answers. It may be near: who wrote it down could apply files here."""
    async with room:
        try:
            await outgoing.fetch(url, limit=_BYTES, types=_TYPES, internal=True)
        except FetchError as failure:
            return str(failure)
    return None


def _told(silent: Mapping[str, str], whose: Mapping[str, list[str]]) -> str:
    lines = [f"{url}: {why} ({_of(whose[url])})" for url, why in list(silent.items())[:_TOLD]]
    more = len(silent) - len(lines)
    return "\n      ".join([*lines, *([f"and {more} more"] if more else [])])


def _of(datasets: list[str]) -> str:
    more = f" and {len(datasets) - 1} more" if len(datasets) > 1 else ""
    return f"{datasets[0]}{more}"
